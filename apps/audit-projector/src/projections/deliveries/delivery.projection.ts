import { hash } from 'node:crypto';
import type { CommandRefused, DeliveryFact, DeliveryStatus } from '@millrace/protocol';

/**
 * Rule: one row for each delivery; a row is the least upper bound of its facts, so their order and their repeats do not
 * matter.
 *
 * Four parts merge apart from each other. What the delivery is comes from `created`; a delivery created twice (fan-out
 * repeated after a crash, an event published twice) keeps the earlier. Where it stands comes from the fact that counts
 * most: a later epoch counts more than all of an older one, so a reopened delivery goes on whatever still comes from
 * before. Within an epoch an acknowledged success outranks every other end, because a second sender may report late, and
 * an end outranks all that goes on; else the later attempt counts, and at one attempt a planned retry; parked and started
 * follow each other in turn, so the later counts. Where its record lies, and its place among the deliveries of its
 * endpoint, only grow: the largest is the latest.
 *
 * Attempts are not counted here: a count is not idempotent. They are counted from their rows.
 */
export interface DeliveryRow {
  readonly tenant: string;
  readonly deliveryId: string;
  readonly created: CreatedPart | null;
  readonly state: DeliveryState;
  /** Offset of its latest record in `deliveries`; null before one is known to have arrived. */
  readonly recordOffset: number | null;
  readonly chain: ChainPart | null;
}

/** Its place among the deliveries of its endpoint. */
export interface ChainPart {
  readonly sequence: number;
  /** Id of the event before it; '' for the first. */
  readonly previousEventId: string;
}

export interface CreatedPart {
  /** Unix ms. */
  readonly createdAt: number;
  /** Decides between two that were created in the same millisecond. */
  readonly createdTie: string;
  readonly endpointId: string;
  readonly eventId: string;
  readonly eventKey: string;
  readonly eventType: string;
  readonly contract: string;
  readonly contractVersion: number;
  readonly trigger: 'event' | 'test' | 'recovery';
  readonly triggerId: string;
  readonly acceptedAt: number;
  readonly bodySha256: string;
  readonly bodyVariant: string | null;
  readonly traceId: string;
  /** A producer's text, which may hold anything. */
  readonly subject: string | null;
}

/** Every member takes part in the order, so that two different states are never equal. */
export interface DeliveryState {
  /** Raised by each manual retry. */
  readonly epoch: number;
  /** Within its epoch; 0 when it was reopened and no attempt has begun. */
  readonly attempt: number;
  readonly rank: number;
  /** Unix ms of the fact. */
  readonly at: number;
  readonly status: DeliveryStatus;
  /** Unix ms, 0 when none is planned. */
  readonly nextAttemptAt: number;
  readonly reason: string;
  /** The delivery that must end first, while one is known; else ''. */
  readonly behind: string;
}

/** All facts but those that change nothing of a delivery. */
export type DeliveryStateFact = Exclude<DeliveryFact, CommandRefused>;

const RANK = { underWay: 0, retryPlanned: 1, ended: 2, succeeded: 3 } as const;
/** From this rank on the delivery is over. */
export const RANK_ENDED = RANK.ended;
export const RANK_SUCCEEDED = RANK.succeeded;

/** A delivery of which only `created` is known. */
export const AWAITING: DeliveryState = {
  epoch: 0,
  attempt: 0,
  rank: RANK.underWay,
  at: 0,
  status: 'pending',
  nextAttemptAt: 0,
  reason: '',
  behind: '',
};

export const deliveryRow = (fact: DeliveryStateFact): DeliveryRow => ({
  tenant: fact.tenant,
  deliveryId: fact.deliveryId,
  created: createdPart(fact),
  state: stateOf(fact),
  recordOffset: 'recordOffset' in fact ? (fact.recordOffset ?? null) : null,
  chain: chainPart(fact),
});

const createdPart = (fact: DeliveryStateFact): CreatedPart | null => {
  if (fact.kind !== 'created') return null;
  const part = {
    createdAt: fact.at,
    endpointId: fact.endpointId,
    eventId: fact.eventId,
    eventKey: fact.eventKey,
    eventType: fact.eventType,
    contract: fact.contract,
    contractVersion: fact.contractVersion,
    trigger: fact.trigger.kind,
    triggerId: fact.trigger.kind === 'event' ? '' : fact.trigger.id,
    acceptedAt: fact.acceptedAt,
    bodySha256: fact.bodySha256,
    bodyVariant: fact.bodyVariant,
    traceId: fact.traceId,
    // no subject and an absent one are the same, and give the same tie
    subject: fact.subject ?? undefined,
  };
  return {
    ...part,
    bodyVariant: part.bodyVariant ?? null,
    subject: part.subject ?? null,
    createdTie: hash('sha256', JSON.stringify(part)).slice(0, 16),
  };
};

const chainPart = (fact: DeliveryStateFact): ChainPart | null => {
  if (fact.kind !== 'attempt-started' || !fact.chain) return null;
  return { sequence: fact.chain.sequence, previousEventId: fact.chain.previousId ?? '' };
};

const stateOf = (fact: DeliveryStateFact): DeliveryState => {
  if (fact.kind === 'created') return AWAITING;
  if (fact.kind === 'reopened') return { ...AWAITING, epoch: fact.epoch, at: fact.at };
  const open: DeliveryState = {
    ...AWAITING,
    epoch: fact.epoch,
    attempt: fact.attempt,
    at: fact.at,
    status: fact.attempt > 1 ? 'retrying' : 'pending',
  };
  switch (fact.kind) {
    case 'attempt-started':
      return open;
    case 'parked':
      return { ...open, status: 'parked', reason: fact.reason, behind: fact.behind ?? '' };
    case 'ended':
      return { ...open, rank: RANK.ended, status: fact.status, reason: fact.reason };
    case 'attempt-finished':
      switch (fact.result.kind) {
        case 'succeeded':
          return { ...open, rank: RANK.succeeded, status: 'succeeded' };
        case 'retry':
          return { ...open, rank: RANK.retryPlanned, status: 'retrying', nextAttemptAt: fact.result.nextAttemptAt };
        case 'failed':
          return { ...open, rank: RANK.ended, status: 'failed', reason: fact.result.reason };
        case 'expired':
          return { ...open, rank: RANK.ended, status: 'expired' };
      }
  }
};

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
/** 0 while it goes on, 1 for an end, 2 for a success. */
const finality = ({ rank }: DeliveryState): number => Math.max(rank, RANK.retryPlanned) - RANK.retryPlanned;

export const compareStates = (a: DeliveryState, b: DeliveryState): number =>
  a.epoch - b.epoch ||
  finality(a) - finality(b) ||
  a.attempt - b.attempt ||
  a.rank - b.rank ||
  a.at - b.at ||
  compareText(a.status, b.status) ||
  a.nextAttemptAt - b.nextAttemptAt ||
  compareText(a.reason, b.reason) ||
  compareText(a.behind, b.behind);

const compareCreated = (a: CreatedPart, b: CreatedPart): number =>
  a.createdAt - b.createdAt || compareText(a.createdTie, b.createdTie);

const compareChains = (a: ChainPart, b: ChainPart): number =>
  a.sequence - b.sequence || compareText(a.previousEventId, b.previousEventId);

/** The one that is there; of two the one that `isNewer` than the other. */
const either = <Part>(a: Part | null, b: Part | null, isNewer: (b: Part, a: Part) => boolean): Part | null => {
  if (a === null || b === null) return a ?? b;
  return isNewer(b, a) ? b : a;
};

/** Both rows are of one delivery. Commutative, associative, idempotent; the SQL merge keeps the same order. */
export const mergeDeliveries = (a: DeliveryRow, b: DeliveryRow): DeliveryRow => ({
  tenant: a.tenant,
  deliveryId: a.deliveryId,
  created: either(a.created, b.created, (next, known) => compareCreated(next, known) < 0),
  state: compareStates(b.state, a.state) > 0 ? b.state : a.state,
  recordOffset: either(a.recordOffset, b.recordOffset, (next, known) => next > known),
  chain: either(a.chain, b.chain, (next, known) => compareChains(next, known) > 0),
});
