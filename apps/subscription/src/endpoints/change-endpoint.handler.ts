import { type EndpointChanges, type EndpointView, encodeEndpoint } from '@millrace/protocol';
import { endpointChanged } from '@millrace/telemetry';
import type { ConfigurationWriter, WriteRequest } from '../publication/configuration-write';
import { Refused } from '../refused';
import { applyChanges } from './endpoint-changes';
import { sealForEndpoint } from './endpoint-secrets';
import { viewOfEndpoint } from './endpoint-view';
import type { EndpointTools, EndpointTransaction } from './endpoints.ports';

export const noSuchEndpoint = (): Refused => new Refused('not_found', 'There is no endpoint with this id.');

const changeNamed = (asked: EndpointChanges): 'paused' | 'activated' | 'secret_rotated' | 'updated' => {
  if (asked.status !== undefined) return asked.status === 'paused' ? 'paused' : 'activated';
  return asked.secret === undefined ? 'updated' : 'secret_rotated';
};

export class ChangeEndpoint {
  constructor(
    private readonly writer: ConfigurationWriter<EndpointTransaction>,
    private readonly tools: EndpointTools,
  ) {}

  async handle(request: WriteRequest, id: string, asked: EndpointChanges): Promise<EndpointView> {
    const { tools } = this;
    const { secret, url, ...changes } = asked;
    const checkedUrl = url === undefined ? undefined : tools.checkUrl(url);
    return this.writer.write(request, async (tx) => {
      const endpoint = await tx.lock(id);
      if (!endpoint) throw noSuchEndpoint();
      const owner = { tenant: endpoint.tenant, endpointId: id };
      const changed = applyChanges(
        endpoint,
        {
          ...changes,
          ...(checkedUrl === undefined ? {} : { url: checkedUrl }),
          ...(secret === undefined
            ? {}
            : { sealedSecret: sealForEndpoint(tools.encryptionKey, tools.random, owner, secret) }),
        },
        tools.now(),
      );
      await tx.update(changed);
      return {
        answer: viewOfEndpoint(changed),
        records: [encodeEndpoint(tools.topics.endpoints, id, changed)],
        whenUnacknowledged: `The change of ${id} is stored (version ${changed.version}) and takes effect as soon as Kafka acknowledges it.`,
        tell: () =>
          endpointChanged(tools.logger, {
            tenant: request.tenant,
            endpointId: id,
            change: changeNamed(asked),
            version: changed.version,
            actor: request.actor,
          }),
      };
    });
  }
}
