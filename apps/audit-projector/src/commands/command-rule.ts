import type { DeliveryStatus, ProblemCode } from '@millrace/protocol';

/** What is asked of one delivery. */
export type CommandWish =
  | { readonly kind: 'retry'; readonly force: boolean }
  | { readonly kind: 'cancel' }
  | { readonly kind: 'skip' };

export type CommandDecision =
  | { readonly kind: 'send' }
  | { readonly kind: 'refuse'; readonly code: ProblemCode; readonly detail: string };

const SEND: CommandDecision = { kind: 'send' };
const refuse = (code: ProblemCode, detail: string): CommandDecision => ({ kind: 'refuse', code, detail });

/**
 * Whether a command is worth sending, by what the history knows of the delivery. The history may be a moment behind, so
 * the endpoint's owner decides again, by the epoch; this rule says at once what cannot come to anything.
 *
 * | | retry | cancel | skip |
 * |---|---|---|---|
 * | pending | no | yes | no |
 * | retrying | yes | yes | when others wait behind it |
 * | parked | no | yes | no |
 * | succeeded | no | no | no |
 * | failed, cancelled | yes | no | no |
 * | expired | by force | no | no |
 */
export const decideCommand = (
  wish: CommandWish,
  status: DeliveryStatus,
  othersWaitBehind: boolean,
): CommandDecision => {
  switch (wish.kind) {
    case 'retry':
      return decideRetry(status, wish.force);
    case 'cancel':
      return isOpen(status) ? SEND : over(status);
    case 'skip':
      if (!isOpen(status)) return over(status);
      if (status === 'pending') return refuse('delivery_pending', 'Its first attempt is not over; cancel it instead.');
      if (status === 'parked') return refuse('delivery_parked', 'It waits itself; cancel it instead.');
      return othersWaitBehind
        ? SEND
        : refuse('nothing_waits_behind', 'No other delivery of its key waits behind it; cancel it instead.');
  }
};

const decideRetry = (status: DeliveryStatus, force: boolean): CommandDecision => {
  switch (status) {
    case 'failed':
    case 'cancelled':
    case 'retrying':
      return SEND;
    case 'expired':
      if (force) return SEND;
      return refuse('delivery_expired', 'Its time has run out. To send it all the same, set force and say a reason.');
    case 'succeeded':
      return refuse('delivery_succeeded', 'Its receiver has acknowledged it; to send it once more, use a recovery.');
    case 'pending':
      return refuse('delivery_pending', 'Its first attempt is not over.');
    case 'parked':
      return refuse('delivery_parked', 'It goes on by itself when what it waits for is over; see statusReason.');
  }
};

const isOpen = (status: DeliveryStatus): boolean =>
  status === 'pending' || status === 'retrying' || status === 'parked';

const over = (status: DeliveryStatus): CommandDecision =>
  status === 'succeeded'
    ? refuse('delivery_succeeded', 'Its receiver has acknowledged it.')
    : refuse('delivery_ended', `It has ended as ${status}.`);
