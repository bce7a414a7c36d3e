import {
  type DeliveryTask,
  type Endpoint,
  type Event,
  eventKey,
  type HealthChange,
  isOperationalType,
  OPERATIONS_SOURCE,
  type Settlement,
} from '@millrace/domain';
import { encodeEvent, type OutgoingMessage, type TopicNames } from '@millrace/protocol';

/**
 * What happened to endpoints and deliveries, as events that can be subscribed to like any other. They never loop: nothing is
 * told of a delivery that carries such an event, the endpoint that one is about does not get it, and its failures do not
 * count towards taking an endpoint for down.
 */
export interface OperationalContext {
  readonly topics: Pick<TopicNames, 'events'>;
  readonly endpoint: Endpoint;
  readonly task: DeliveryTask;
  readonly outcome: string | null;
  /** Deliveries of the endpoint that are parked now. */
  readonly parked: number;
  /** Unix ms. */
  readonly now: number;
}

/** Deterministic: the same end of the same attempt gives the same id, so a repeat after a crash is one event. */
const operational = (context: OperationalContext, type: string, data: object): OutgoingMessage => {
  const { topics, endpoint, task, now } = context;
  const id = `op_${type.replace('.', '_')}_${task.deliveryId}_${task.epoch}_${task.attempt}`;
  const event: Event = {
    id,
    key: eventKey(endpoint.tenant, OPERATIONS_SOURCE, id),
    sourceId: id,
    tenant: endpoint.tenant,
    type,
    source: OPERATIONS_SOURCE,
    subject: endpoint.id,
    time: new Date(now).toISOString(),
    data: JSON.stringify(data),
    traceparent: null,
  };
  return encodeEvent(topics.events('operations'), event);
};

/** Without the query, which often holds a token. */
const urlOf = (endpoint: Endpoint): string => endpoint.url.replace(/[?#].*$/, '');

const aboutEndpoint = (context: OperationalContext) => ({
  endpointId: context.endpoint.id,
  url: urlOf(context.endpoint),
  contract: context.endpoint.contract,
  parked: context.parked,
});

/** What the health of an endpoint did, each change as an event. */
export const healthEvents = (context: OperationalContext, changes: readonly HealthChange[]): OutgoingMessage[] =>
  changes.map((change) => operational(context, TYPE_OF[change.kind], healthData(context, change)));

const TYPE_OF = {
  went_down: 'endpoint.down',
  recovered: 'endpoint.recovered',
  disable_warning: 'endpoint.disable_warning',
  disable: 'endpoint.disabled',
} as const;

const healthData = (context: OperationalContext, change: HealthChange): object => {
  const subject = { ...aboutEndpoint(context), since: new Date(context.now).toISOString() };
  switch (change.kind) {
    case 'went_down':
      return { ...subject, reason: change.reason, failures: change.failures };
    case 'recovered':
      return { ...subject, reason: 'delivery_succeeded', downSince: new Date(change.downSince).toISOString() };
    case 'disable_warning': {
      const { share, failures, limit } = change;
      return { ...subject, reason: 'failures_in_a_row', failures, limit, share };
    }
    case 'disable':
      return { ...subject, reason: 'too_many_failures', failures: change.failures, limit: change.limit };
  }
};

/** Of a delivery that ended without success; none for one that carries an operational event or a test. */
export const settlementEvents = (context: OperationalContext, settlement: Settlement): OutgoingMessage[] => {
  const { task } = context;
  const messages: OutgoingMessage[] = [];
  if (settlement.kind === 'endpoint_gone')
    messages.push(
      operational(context, 'endpoint.disabled', {
        ...aboutEndpoint(context),
        reason: 'receiver_answered_410',
        since: new Date(context.now).toISOString(),
      }),
    );
  if (settlement.kind === 'exhausted' || settlement.kind === 'expired')
    messages.push(...endedEvents(context, settlement.kind, task.attempt));
  return messages;
};

/** @param attempts requests that were made, those of earlier chains not counted */
export const endedEvents = (
  context: OperationalContext,
  kind: 'exhausted' | 'expired',
  attempts: number,
): OutgoingMessage[] => {
  const { task, outcome, endpoint } = context;
  if (isOperationalType(task.eventType) || task.trigger.kind === 'test') return [];
  return [
    operational(context, `delivery.${kind}`, {
      deliveryId: task.deliveryId,
      eventId: task.eventId,
      eventType: task.eventType,
      endpointId: endpoint.id,
      attempts,
      lastOutcome: outcome,
      reason: kind,
    }),
  ];
};
