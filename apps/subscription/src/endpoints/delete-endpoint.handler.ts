import { encodeEndpoint } from '@millrace/protocol';
import { endpointChanged } from '@millrace/telemetry';
import type { ConfigurationWriter, WriteRequest } from '../publication/configuration-write';
import { noSuchEndpoint } from './change-endpoint.handler';
import type { EndpointTools, EndpointTransaction } from './endpoints.ports';

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
      return {
        answer: null,
        records: [encodeEndpoint(tools.topics.endpoints, id, null)],
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
