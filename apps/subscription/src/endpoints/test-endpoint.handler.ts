import { createHash } from 'node:crypto';
import { contractNamed } from '@millrace/domain';
import { type DeliveryCreated, encodeDelivery, encodeFacts } from '@millrace/protocol';
import { type ConfigurationWriter, Refused, type WriteRequest } from '@millrace/service-runtime';
import { noSuchEndpoint } from './change-endpoint.handler';
import type { EndpointTools, EndpointTransaction } from './endpoints.ports';
import { testDelivery } from './test-delivery';

/** The data of an example of a type, from the tenant's catalogue. */
export type ExampleOf = (tenant: string, eventType: string) => Promise<unknown>;

/** What was sent: the body as text, byte for byte. */
export interface SentTest {
  readonly deliveryId: string;
  readonly body: string;
}

export interface TraceOrigin {
  readonly traceId: string;
  readonly traceparent: string;
}

/**
 * Sends one test delivery. Its two records, the task and the fact that it exists, go through the same outbox as
 * configuration: both or neither are published, and a repeat with the same Idempotency-Key sends nothing twice.
 */
export class TestEndpoint {
  constructor(
    private readonly writer: ConfigurationWriter<EndpointTransaction>,
    private readonly tools: EndpointTools,
    private readonly exampleOf: ExampleOf,
  ) {}

  async handle(request: WriteRequest, id: string, eventType: string, trace: TraceOrigin): Promise<SentTest> {
    const { tools } = this;
    const data = await this.exampleOf(request.tenant, eventType);
    return this.writer.write(request, async (tx) => {
      const endpoint = await tx.lock(id);
      if (!endpoint) throw noSuchEndpoint();
      const contract = contractNamed(endpoint.contract);
      if (!contract) throw new Error(`Endpoint ${id} has the contract ${endpoint.contract}, which this build lacks.`);
      const now = tools.now();
      const testId = tools.random(10).toString('hex');
      const made = testDelivery(endpoint, contract, { testId, eventType, data }, now, tools.timeScale);
      if (made === null)
        throw new Refused(
          'conflict',
          `The example of ${eventType} cannot be sent under the contract ${contract.name}.`,
        );
      const { task, body } = made;
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
        trigger: task.trigger,
        acceptedAt: now,
        bodySha256: createHash('sha256').update(body).digest('hex'),
        traceId: trace.traceId,
      };
      return {
        answer: { deliveryId: task.deliveryId, body: body.toString() },
        records: [
          encodeDelivery(tools.topics.deliveries, { task, body, traceparent: trace.traceparent }),
          // Keyed like the task: both topics have the same partitions, so the fact lands beside the endpoint's others.
          ...encodeFacts(tools.topics.deliveryLog, 0, [created]).map(({ partition: _, ...message }) => ({
            ...message,
            key: endpoint.id,
          })),
        ],
        whenUnacknowledged: `The test delivery ${task.deliveryId} is stored and goes out as soon as Kafka acknowledges it.`,
      };
    });
  }
}
