import { encodeEndpoint, encodeRecoveryOrder } from '@millrace/protocol';
import type { ConfigurationWriter, WriteRequest } from '@millrace/service-runtime';
import { endpointChanged } from '@millrace/telemetry';
import { orderOf, steer } from '../recoveries/recovery';
import { noSuchEndpoint } from './change-endpoint.handler';
import type { EndpointTools, EndpointTransaction } from './endpoints.ports';

/** Its recovery jobs are cancelled with it: nobody could steer them afterwards. */
export class DeleteEndpoint {
  constructor(
    private readonly writer: ConfigurationWriter<EndpointTransaction>,
    private readonly tools: EndpointTools,
  ) {}

  async handle(request: WriteRequest, id: string): Promise<void> {
    const { tools } = this;
    await this.writer.write(request, async (tx) => {
      if (!(await tx.lock(id))) throw noSuchEndpoint();
      await tx.delete(id);
      const now = tools.now();
      const cancelled = (await tx.recoveries.lockOpen(id)).flatMap((recovery) => {
        const steered = steer(recovery, 'cancel', now);
        return steered.kind === 'changed' ? [steered.recovery] : [];
      });
      for (const recovery of cancelled) await tx.recoveries.update(recovery);
      return {
        answer: null,
        records: [
          encodeEndpoint(tools.topics.endpoints, id, null),
          ...cancelled.map((recovery) => encodeRecoveryOrder(tools.topics.recoveries, orderOf(recovery))),
        ],
        whenUnacknowledged: `The endpoint ${id} is deleted here; its deliveries end as soon as Kafka acknowledges it.`,
        tell: () =>
          endpointChanged(tools.logger, {
            tenant: request.tenant,
            endpointId: id,
            change: 'deleted',
            actor: request.actor,
          }),
      };
    });
  }
}
