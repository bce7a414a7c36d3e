import type { StreamsHeader } from './streams-document';

/** What is kept of how far an agent has been read. */
export interface MtconnectCursor {
  readonly instanceId: string;
  /** Counts lives that an agent has under one instanceId: one that began its numbering anew without saying so. */
  readonly epoch: number;
  /** Sequence to ask for next. */
  readonly next: number;
}

/** Where to go on, after the agent has told where its buffer stands. */
export interface Resumption {
  readonly kind: 'first' | 'resumed' | 'restarted';
  readonly cursor: MtconnectCursor;
  /** Sequences that the agent no longer has, both ends included. */
  readonly gap: Gap | null;
  /** First sequence after what the agent had when it was asked. */
  readonly present: number;
}

export interface Gap {
  readonly from: number;
  readonly to: number;
  readonly lost: number;
}

export const gapOf = (from: number, to: number): Gap | null => (to >= from ? { from, to, lost: to - from + 1 } : null);

/** The session of an agent's numbering. */
export const sessionOf = ({ instanceId, epoch }: MtconnectCursor): string =>
  epoch === 0 ? instanceId : `${instanceId}.${epoch}`;

/**
 * `first`: nothing was read before; what the agent has held for long is not history of ours, so reading begins with the present.
 * `resumed`: the same numbering, from where it was left.
 * `restarted`: another instance, or a numbering that is behind what was read: from the beginning of its buffer.
 *
 * `outran`: how often the buffer has been outrun in a row. A full buffer moves while it is asked, so after the second time
 * nothing older than the present is asked for: the gap grows, and it ends.
 */
export const resumptionOf = (before: MtconnectCursor | null, header: StreamsHeader, outran: number): Resumption => {
  const last = header.lastSequence ?? (header.nextSequence ?? 1) - 1;
  const first = Math.min(header.firstSequence ?? 1, last + 1);
  const present = last + 1;
  const at = (epoch: number, next: number): MtconnectCursor => ({ instanceId: header.instanceId, epoch, next });
  if (before === null) return { kind: 'first', cursor: at(0, present), gap: null, present };
  const same = before.instanceId === header.instanceId;
  const resumed = same && before.next <= present;
  const begin = resumed ? before.next : 1;
  const epoch = !same ? 0 : resumed ? before.epoch : before.epoch + 1;
  const oldest = outran >= 2 ? present : Math.max(begin, first);
  return {
    kind: resumed ? 'resumed' : 'restarted',
    cursor: at(epoch, oldest),
    gap: gapOf(begin, oldest - 1),
    present,
  };
};

/** A cursor as it was kept; null for one that is none of ours. */
export const readCursor = (kept: { readonly [member: string]: unknown } | null): MtconnectCursor | null => {
  if (kept === null) return null;
  const { instanceId, epoch, next } = kept;
  return typeof instanceId === 'string' && Number.isSafeInteger(epoch) && Number.isSafeInteger(next)
    ? { instanceId, epoch: epoch as number, next: next as number }
    : null;
};
