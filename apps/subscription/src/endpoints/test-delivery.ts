import {
  type Contract,
  type DeliveryTask,
  deliveryId,
  type Endpoint,
  type Event,
  eventKey,
  timeForDeliveryId,
} from '@millrace/domain';

export interface TestDelivery {
  readonly task: DeliveryTask;
  readonly body: Buffer;
}

/**
 * A delivery that no event of the log stands behind: an event in the log would match other endpoints too. It is made here
 * as fan-out makes one, for exactly one endpoint, and from then on it lives like any other (attempts, retries, history).
 * `testId` is random; `now` is Unix ms. Null where the contract has no body for the example.
 */
export const testDelivery = (
  endpoint: Endpoint,
  contract: Contract,
  test: { readonly testId: string; readonly eventType: string; readonly data: unknown },
  now: number,
  timeScale: number,
): TestDelivery | null => {
  const time = new Date(now).toISOString();
  const source = '/millrace/test';
  const id = `evt_test_${test.testId}`;
  const key = eventKey(endpoint.tenant, source, id);
  const event: Event = {
    id,
    key,
    sourceId: id,
    tenant: endpoint.tenant,
    type: test.eventType,
    source,
    subject: null,
    time,
    data: JSON.stringify(test.data),
    traceparent: null,
  };
  const trigger = { kind: 'test', id: test.testId } as const;
  const variant = contract.variantOf(endpoint.options);
  const rendering = contract.render(event, variant);
  if (rendering.kind === 'unrepresentable') return null;
  return {
    body: rendering.body,
    task: {
      deliveryId: deliveryId(key, timeForDeliveryId(time, now), endpoint.id, trigger),
      tenant: endpoint.tenant,
      endpointId: endpoint.id,
      eventId: id,
      eventKey: key,
      eventType: test.eventType,
      eventTime: time,
      subject: null,
      contract: { name: contract.name, version: contract.version },
      trigger,
      epoch: 0,
      attempt: 1,
      acceptedAt: now,
      firstFailedAt: null,
      // A test is of now, whenever what it carries was.
      expiresAt: now + Math.ceil(contract.expiry.ms * timeScale),
      remainingDelayMs: 0,
      plannedAt: null,
      chain: null,
      destination: null,
      replay: null,
    },
  };
};
