import type { BornLife, NodeMessage } from './node-state';
import { NODE_LIMITS } from './node-state';

/**
 * Where a message stands by its `seq`, which is a number modulo 256 of all messages of an edge node and no identity: after
 * 256 messages each number comes again (Sparkplug 3.0, 6.4.2). What is not the next one may be ahead (others are missing
 * or come later) or behind (it comes late); of the two the nearer is believed, and of one far ahead its stamp decides.
 */
export type Placed =
  | { readonly kind: 'next'; readonly seq: number }
  | { readonly kind: 'ahead'; readonly seq: number }
  | { readonly kind: 'late' };

export const placeMessage = (
  life: Pick<BornLife, 'next' | 'lastMs' | 'heardAt'>,
  { payload }: Pick<NodeMessage, 'payload'>,
  now: number,
): Placed => {
  const ahead = distance(life.next, payload.seq);
  if (ahead === 0) return { kind: 'next', seq: life.next };
  const notNewer = payload.timestamp === null || life.lastMs === null || payload.timestamp <= life.lastMs;
  if (ahead >= 128 && notNewer && now - life.heardAt <= NODE_LIMITS.lateMs) return { kind: 'late' };
  return { kind: 'ahead', seq: life.next + ahead };
};

/** How far on from `next` a number on the wire is; an encoder that leaves out 0, or all of them, is taken as in order. */
export const distance = (next: number, wire: number | null): number =>
  wire === null ? 0 : (wire - (next % 256) + 256) % 256;
