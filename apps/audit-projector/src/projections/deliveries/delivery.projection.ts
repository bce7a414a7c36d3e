import { hash } from 'node:crypto';
import type { DeliveryFact, DeliveryStatus } from '@millrace/protocol';

/**
 * Rule: one row for each delivery; a row is the least upper bound of its facts, so their order and their repeats do not
 * matter.
 *
 * Two parts merge apart from each other. What the delivery is comes from `created`; a delivery created twice (fan-out
 * repeated after a crash, an event published twice) keeps the earlier. Where it stands comes from the fact that is
 * furthest in its chain: by epoch, then attempt, then rank. At one attempt an end outranks a planned retry, and an
 * acknowledged success outranks everything, because a second sender of the same attempt may report late; parked and
 * started follow each other in turn, so the later counts.
 *
 * Attempts are not counted here: a count is not idempotent. They are counted from their rows.
 */
export interface DeliveryRow {
  readonly tenant: string;
  readonly deliveryId: string;
  readonly created: CreatedPart | null;
  readonly state: DeliveryState;
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
  readonly traceId: string;
}

/** Every member takes part in the order, so that two different states are never equal. */
export interface DeliveryState {
  readonly epoch: number;
  readonly attempt: number;
  readonly rank: number;
  /** Unix ms of the fact. */
  readonly at: number;
  readonly status: DeliveryStatus;
  /** Unix ms, 0 when none is planned. */
  readonly nextAttemptAt: number;
  readonly reason: string;
}

const RANK = { underWay: 0, retryPlanned: 1, ended: 2, succeeded: 3 } as const;
/** From this rank on the delivery is over. */
export const RANK_ENDED = RANK.ended;

/** A delivery of which only `created` is known. */
export const AWAITING: DeliveryState = {
  epoch: 0,
  attempt: 0,
  rank: RANK.underWay,
  at: 0,
  status: 'pending',
  nextAttemptAt: 0,
  reason: '',
};

export const deliveryRow = (fact: DeliveryFact): DeliveryRow => ({
  tenant: fact.tenant,
  deliveryId: fact.deliveryId,
  created: createdPart(fact),
  state: stateOf(fact),
});

const createdPart = (fact: DeliveryFact): CreatedPart | null => {
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
    traceId: fact.traceId,
  };
  return { ...part, createdTie: hash('sha256', JSON.stringify(part)).slice(0, 16) };
};

const stateOf = (fact: DeliveryFact): DeliveryState => {
  if (fact.kind === 'created') return AWAITING;
  const open: DeliveryState = {
    epoch: fact.epoch,
    attempt: fact.attempt,
    rank: RANK.underWay,
    at: fact.at,
    status: fact.attempt > 1 ? 'retrying' : 'pending',
    nextAttemptAt: 0,
    reason: '',
  };
  switch (fact.kind) {
    case 'attempt-started':
      return open;
    case 'parked':
      return { ...open, status: 'parked', reason: fact.reason };
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

export const compareStates = (a: DeliveryState, b: DeliveryState): number =>
  a.epoch - b.epoch ||
  a.attempt - b.attempt ||
  a.rank - b.rank ||
  a.at - b.at ||
  compareText(a.status, b.status) ||
  a.nextAttemptAt - b.nextAttemptAt ||
  compareText(a.reason, b.reason);

const compareCreated = (a: CreatedPart, b: CreatedPart): number =>
  a.createdAt - b.createdAt || compareText(a.createdTie, b.createdTie);

/** Both rows are of one delivery. Commutative, associative, idempotent; the SQL merge keeps the same order. */
export const mergeDeliveries = (a: DeliveryRow, b: DeliveryRow): DeliveryRow => ({
  ...a,
  created:
    a.created === null || (b.created !== null && compareCreated(b.created, a.created) < 0) ? b.created : a.created,
  state: compareStates(b.state, a.state) > 0 ? b.state : a.state,
});
