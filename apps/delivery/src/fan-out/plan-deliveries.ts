import { hash } from 'node:crypto';
import { type Contract, contractNamed, type DeliveryTask, deliveryId, type Event } from '@millrace/domain';
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

/** Endpoints that want the event and cannot have it, because their contract has no body for it. */
export interface Unrepresentable {
  readonly contract: string;
  readonly endpointIds: string[];
  /** Where the value stands that cannot be sent, and why. */
  readonly path: string;
  readonly detail: string;
}

export interface Plan {
  readonly planned: PlannedDelivery[];
  readonly unrepresentable: readonly Unrepresentable[];
}

/**
 * Pure: an event and the endpoints that want it give deliveries. The body is rendered once for all that share it. A repeat of
 * the same event gives the same delivery ids.
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
}: PlanInput): Plan => {
  const renderings = new Map<string, Rendered>();
  const planned: PlannedDelivery[] = [];
  for (const { endpoint } of matches) {
    const contract = contractNamed(endpoint.contract)!;
    const variant = contract.variantOf(endpoint.options);
    const shared = variant === null ? contract.name : `${contract.name}\n${variant}`;
    let rendered = renderings.get(shared);
    if (!rendered) {
      rendered = renderedFor(contract, variant, event, acceptedAt, timeScale);
      renderings.set(shared, rendered);
    }
    if (rendered.kind === 'unrepresentable') {
      rendered.endpointIds.push(endpoint.id);
      continue;
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
      expiresAt: rendered.expiresAt,
      remainingDelayMs: 0,
      plannedAt: null,
      chain: null,
      destination: endpoint.runUrls ? endpoint.url : null,
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
      ...(variant === null ? {} : { bodyVariant: variant }),
      traceId,
    };
    planned.push({ record: { task, body: rendered.body, traceparent }, created });
  }
  return { planned, unrepresentable: [...renderings.values()].filter((each) => each.kind === 'unrepresentable') };
};

type Rendered =
  | { readonly kind: 'body'; readonly body: Buffer; readonly sha256: string; readonly expiresAt: number }
  | ({ readonly kind: 'unrepresentable' } & Unrepresentable);

const renderedFor = (
  contract: Contract,
  variant: string | null,
  event: Event,
  acceptedAt: number,
  timeScale: number,
): Rendered => {
  const rendering = contract.render(event, variant);
  if (rendering.kind === 'unrepresentable') return { ...rendering, contract: contract.name, endpointIds: [] };
  const { body } = rendering;
  const expiresAt = contract.expiry.from(event, acceptedAt) + Math.ceil(contract.expiry.ms * timeScale);
  return { kind: 'body', body, sha256: hash('sha256', body, 'hex'), expiresAt };
};
