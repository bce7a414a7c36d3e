import { hash } from 'node:crypto';
import { contractNamed, type DeliveryTask, deliveryId, type Event } from '@millrace/domain';
import type { DeliveryCreated, DeliveryRecord } from '@millrace/protocol';
import type { DirectoryEntry } from '../directory/match-index';

/** What one event becomes for one endpoint. */
export interface PlannedDelivery {
  readonly record: DeliveryRecord;
  readonly created: DeliveryCreated;
}

export interface PlanInput {
  readonly event: Event;
  readonly matches: readonly DirectoryEntry[];
  /** Unix ms at which Kafka accepted the event. */
  readonly acceptedAt: number;
  /** Unix ms that go into the delivery ids: those of the event's first appearance. */
  readonly idTime: number;
  /** `MILLRACE_TIME_SCALE`. */
  readonly timeScale: number;
  readonly traceparent: string;
  readonly traceId: string;
  /** Unix ms, for the fact. */
  readonly now: number;
}

/**
 * Pure: an event and the endpoints that want it give deliveries. The body is rendered once for each contract and shared.
 * A repeat of the same event gives the same delivery ids.
 */
export const planDeliveries = ({
  event,
  matches,
  acceptedAt,
  idTime,
  timeScale,
  traceparent,
  traceId,
  now,
}: PlanInput): PlannedDelivery[] => {
  const bodies = new Map<string, { body: Buffer; sha256: string }>();
  return matches.map(({ endpoint }) => {
    const contract = contractNamed(endpoint.contract)!;
    let rendered = bodies.get(contract.name);
    if (!rendered) {
      const body = contract.body(event);
      rendered = { body, sha256: hash('sha256', body, 'hex') };
      bodies.set(contract.name, rendered);
    }
    const trigger = { kind: 'event' } as const;
    const task: DeliveryTask = {
      deliveryId: deliveryId(event.key, idTime, endpoint.id, trigger),
      tenant: event.tenant,
      endpointId: endpoint.id,
      eventId: event.id,
      eventKey: event.key,
      eventType: event.type,
      eventTime: event.time,
      subject: event.subject,
      contract: { name: contract.name, version: contract.version },
      trigger,
      epoch: 0,
      attempt: 1,
      acceptedAt,
      firstFailedAt: null,
      expiresAt: acceptedAt + Math.ceil(contract.expiryMs * timeScale),
      remainingDelayMs: 0,
      plannedAt: null,
      chain: null,
      replay: null,
    };
    const created: DeliveryCreated = {
      kind: 'created',
      at: now,
      deliveryId: task.deliveryId,
      tenant: task.tenant,
      endpointId: task.endpointId,
      eventId: task.eventId,
      eventKey: task.eventKey,
      eventType: task.eventType,
      subject: task.subject,
      contract: contract.name,
      contractVersion: contract.version,
      trigger,
      acceptedAt,
      bodySha256: rendered.sha256,
      traceId,
    };
    return { record: { task, body: rendered.body, traceparent }, created };
  });
};
