import type { Endpoint } from '@millrace/domain';
import { type CreatedEndpointView, encodeEndpoint, type NewEndpointSettings } from '@millrace/protocol';
import { endpointChanged } from '@millrace/telemetry';
import type { ConfigurationWriter, WriteRequest } from '../publication/configuration-write';
import { Refused } from '../refused';
import { newEndpointId } from './endpoint-id';
import { newSecret, sealForEndpoint } from './endpoint-secrets';
import { viewOfEndpoint } from './endpoint-view';
import type { EndpointTools, EndpointTransaction } from './endpoints.ports';

export class CreateEndpoint {
  constructor(
    private readonly writer: ConfigurationWriter<EndpointTransaction>,
    private readonly tools: EndpointTools,
  ) {}

  async handle(request: WriteRequest, settings: NewEndpointSettings): Promise<CreatedEndpointView> {
    const { tools } = this;
    const url = tools.checkUrl(settings.url);
    return this.writer.write(request, async (tx) => {
      if ((await tx.countForAdding()) >= tools.endpointsPerTenant)
        throw new Refused('conflict', `A tenant has at most ${tools.endpointsPerTenant} endpoints; delete one first.`);
      const now = tools.now();
      const id = newEndpointId(now, tools.random(10));
      const secret = settings.secret ?? newSecret(tools.random);
      const endpoint: Endpoint = {
        id,
        tenant: request.tenant,
        version: 1,
        url,
        eventTypes: settings.eventTypes,
        filter: settings.filter,
        contract: settings.contract,
        headers: settings.headers,
        status: 'active',
        statusReason: null,
        timeoutMs: settings.timeoutMs,
        description: settings.description,
        createdAt: new Date(now).toISOString(),
        updatedAt: new Date(now).toISOString(),
        secrets: [
          sealForEndpoint(tools.encryptionKey, tools.random, { tenant: request.tenant, endpointId: id }, secret),
        ],
      };
      await tx.insert(endpoint);
      return {
        answer: { ...viewOfEndpoint(endpoint), secret },
        records: [encodeEndpoint(tools.topics.endpoints, id, endpoint)],
        whenUnacknowledged:
          `The endpoint ${id} is stored and takes effect as soon as Kafka acknowledges it. ` +
          'Repeat the request with the same Idempotency-Key to get it with its secret; without such a key do not create it again: find it in the list and rotate its secret.',
        tell: () =>
          endpointChanged(tools.logger, {
            tenant: request.tenant,
            endpointId: id,
            change: 'created',
            version: 1,
            actor: request.actor,
          }),
      };
    });
  }
}
