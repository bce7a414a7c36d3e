import { type Endpoint, nextAttempt, nextHop, type Settlement } from '@millrace/domain';
import {
  type DeliveryRecord,
  encodeDelivery,
  encodeEndpointDisabled,
  type OutgoingMessage,
  type TopicNames,
} from '@millrace/protocol';

/** To the tier of the first hop; a delay shorter than every tier goes straight back and is held in memory. */
export const delayedDelivery = (topics: TopicNames, timeScale: number, delivery: DeliveryRecord): OutgoingMessage => {
  const tier = nextHop(delivery.task.remainingDelayMs / timeScale);
  return encodeDelivery(tier ? topics.retry(tier.name) : topics.deliveries, delivery);
};

export interface FollowingInput {
  readonly delivery: DeliveryRecord;
  readonly endpoint: Endpoint;
  readonly settlement: Settlement;
  readonly topics: TopicNames;
  /** `MILLRACE_TIME_SCALE`. */
  readonly timeScale: number;
  /** Unix ms, the end of the attempt. */
  readonly now: number;
}

/** Pure: the messages that carry out a settlement. */
export const followingMessages = (input: FollowingInput): OutgoingMessage[] => {
  const { delivery, endpoint, settlement, topics, timeScale, now } = input;
  switch (settlement.kind) {
    case 'succeeded':
      return [];
    case 'retry': {
      const task = nextAttempt(delivery.task, settlement.delayMs, settlement.plannedAt, now);
      return [delayedDelivery(topics, timeScale, { ...delivery, task })];
    }
    case 'exhausted':
    case 'expired':
      return [encodeDelivery(topics.deadLetter, delivery)];
    case 'endpoint_gone': {
      const disabled = encodeEndpointDisabled(topics.endpointLifecycle, {
        v: 1,
        kind: 'disabled',
        endpointId: endpoint.id,
        tenant: endpoint.tenant,
        endpointVersion: endpoint.version,
        reason: 'receiver_answered_410',
        at: now,
        deliveryId: delivery.task.deliveryId,
      });
      return [encodeDelivery(topics.deadLetter, delivery), disabled];
    }
  }
};
