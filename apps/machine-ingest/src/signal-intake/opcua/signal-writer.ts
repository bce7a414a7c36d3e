import type { ConditionValue, Signal } from '@millrace/domain';
import type { FoundItem } from './find-items';
import type { ReadValue } from './read-value';

export interface SignalWriterOptions {
  readonly tenant: string;
  readonly source: string;
  /** Milliseconds of a clock that nobody sets. */
  readonly monotonic: () => number;
}

export type Loss =
  /** Numbers of the first and the last message that is missing, and how many of those between could not be had again. */
  | { readonly kind: 'messages'; readonly first: number; readonly last: number; readonly lost: number }
  | { readonly kind: 'queue'; readonly path: string }
  /** Between a subscription and the next one nobody listened. */
  | { readonly kind: 'subscription' };

type Word = 'connected' | 'disconnected' | 'alive';
type Fields = Pick<Signal, 'path' | 'kind' | 'value' | 'type'> & Partial<Signal>;

const NUMBERS: ReadonlySet<string> = new Set(['int64', 'uint64', 'double', 'float']);

/**
 * Writes signals, and numbers them: OPC UA numbers messages, not values, so each machine's signals of a session are counted as
 * they are written. A value is written once, since what a server repeats after a break is known by its message's number.
 */
export class SignalWriter {
  private session = '';
  private counts = new Map<string, number>();
  private readonly writtenAt = new Map<string, number>();

  constructor(private readonly options: SignalWriterOptions) {}

  /** From here on signals are of this session. */
  enter(session: string): void {
    if (session === this.session) return;
    this.session = session;
    this.counts = new Map();
  }

  /** How long nothing was written of a machine, ms. */
  silenceOf(machine: string): number {
    return this.options.monotonic() - (this.writtenAt.get(machine) ?? Number.NEGATIVE_INFINITY);
  }

  lifecycle(machine: string, word: Word, at: number): Signal {
    return this.write(machine, '$lifecycle', at, {
      path: '$lifecycle',
      kind: 'lifecycle',
      value: word,
      type: 'string',
    });
  }

  /**
   * A loss: of messages on the way, of values in the queue that the server has for a path, or of all that was said while there
   * was no subscription. Which numbers of the session are missing nobody can say: signals are numbered as they are written,
   * and how many values were in a message is not known.
   */
  gap(machine: string, at: number, loss: Loss): Signal {
    const value = { from: null, to: null, lost: loss.kind === 'messages' ? loss.lost : null, ...loss };
    return this.write(machine, loss.kind === 'queue' ? loss.path : '$gap', at, {
      path: '$gap',
      kind: 'lifecycle',
      value,
      type: 'json',
    });
  }

  value(
    item: FoundItem,
    unit: string | null,
    read: ReadValue,
    type: Signal['type'],
    snapshot: boolean,
    at: number,
  ): Signal {
    return this.write(item.machine, item.nodeId, at, {
      path: item.path,
      kind: NUMBERS.has(type) ? 'sample' : 'event',
      value: read.value,
      type,
      unit,
      quality: read.quality,
      qualityCode: read.qualityCode,
      sourceTs: read.sourceTs,
      serverTs: read.serverTs,
      clock: `ua:${this.options.source}`,
      flags: [...(snapshot ? (['snapshot'] as const) : []), ...(read.overflow ? (['overflow'] as const) : [])],
    });
  }

  condition(
    machine: string,
    condition: {
      readonly conditionId: string;
      readonly path: string;
      readonly value: ConditionValue;
      readonly sourceTs: string | null;
      readonly serverTs: string | null;
    },
    snapshot: boolean,
    at: number,
  ): Signal {
    return this.write(machine, condition.conditionId, at, {
      path: condition.path,
      kind: 'condition',
      value: { ...condition.value },
      type: 'condition',
      sourceTs: condition.sourceTs,
      serverTs: condition.serverTs,
      clock: `ua:${this.options.source}`,
      flags: snapshot ? ['snapshot'] : [],
    });
  }

  private write(machine: string, ref: string, at: number, fields: Fields): Signal {
    const seq = this.counts.get(machine) ?? 0;
    this.counts.set(machine, seq + 1);
    this.writtenAt.set(machine, this.options.monotonic());
    const moment = new Date(at).toISOString();
    return {
      v: 1,
      tenant: this.options.tenant,
      machine,
      source: this.options.source,
      session: this.session,
      seq,
      unit: null,
      quality: 'good',
      qualityCode: null,
      sourceTs: null,
      serverTs: null,
      receiveTs: moment,
      at: moment,
      clock: 'millrace',
      flags: [],
      raw: { proto: 'ua', ref },
      ...fields,
    };
  }
}
