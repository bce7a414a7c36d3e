/**
 * Numbers of the NotificationMessages of one subscription (OPC 10000-4, 7.25): 1 for the first, one more for each that
 * carries something, 1 again after 4294967295. A keep-alive carries the number that comes next and uses none up.
 */
export interface NotificationOrder {
  /** Number that the next message with content must have. */
  readonly next: number;
}

const HIGHEST = 4_294_967_295;

export const firstNotification: NotificationOrder = { next: 1 };

const plus = (number: number, by: number): number => ((number - 1 + by) % HIGHEST) + 1;

/** How many numbers b is ahead of a; negative where it is behind. Number 0 does not occur. */
const distance = (a: number, b: number): number => {
  const ahead = (((b - a) % HIGHEST) + HIGHEST) % HIGHEST;
  return ahead > HIGHEST / 2 ? ahead - HIGHEST : ahead;
};

export type OrderedNotification =
  /** Seen before: a message that was asked for again and then came by itself. */
  | { readonly kind: 'repeated' }
  /** `missing`: numbers of the messages before it that have not come, in order; at most `MOST_ASKED_AGAIN` are listed. */
  | {
      readonly kind: 'taken';
      readonly order: NotificationOrder;
      readonly missing: readonly number[];
      /** Messages that are missing; more than are listed where the list would be too long. */
      readonly lost: number;
    };

/** No server keeps more than some dozens of messages for a client that asks again. */
export const MOST_ASKED_AGAIN = 100;

export const takeNotification = (order: NotificationOrder, number: number, keepAlive: boolean): OrderedNotification => {
  const ahead = distance(order.next, number);
  if (ahead < 0) return { kind: 'repeated' };
  // The newest are kept longest, so these are the ones worth asking for.
  const asked = Math.min(ahead, MOST_ASKED_AGAIN);
  const missing = Array.from({ length: asked }, (_, index) => plus(order.next, ahead - asked + index));
  return { kind: 'taken', order: { next: keepAlive ? number : plus(number, 1) }, missing, lost: ahead };
};
