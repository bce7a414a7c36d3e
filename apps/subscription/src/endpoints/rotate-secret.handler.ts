import { ENDPOINT_LIMITS, type RotatedSecretView } from '@millrace/protocol';
import { type ConfigurationWriter, Refused, type WriteRequest } from '@millrace/service-runtime';
import { endpointChanged } from '@millrace/telemetry';
import { noSuchEndpoint } from './change-endpoint.handler';
import { withSecrets } from './endpoint-changes';
import { newSecret, rotated, sealForEndpoint } from './endpoint-secrets';
import type { EndpointTools, EndpointTransaction } from './endpoints.ports';
import { recordOfEndpoint } from './stored-endpoint';

export class RotateSecret {
  constructor(
    private readonly writer: ConfigurationWriter<EndpointTransaction>,
    private readonly tools: EndpointTools,
  ) {}

  async handle(request: WriteRequest, id: string, overlapSeconds: number): Promise<RotatedSecretView> {
    const { tools } = this;
    return this.writer.write(request, async (tx) => {
      const endpoint = await tx.lock(id);
      if (!endpoint) throw noSuchEndpoint();
      const now = tools.now();
      const secret = newSecret(tools.random);
      const owner = { tenant: endpoint.tenant, endpointId: id };
      const fresh = sealForEndpoint(tools.encryptionKey, tools.random, owner, secret);
      const secrets = rotated(endpoint.secrets, fresh, now, overlapSeconds * 1000);
      if (secrets.length > ENDPOINT_LIMITS.secrets)
        throw new Refused(
          'conflict',
          `${ENDPOINT_LIMITS.secrets} secrets of this endpoint still sign; wait for one to end or rotate with overlapSeconds 0.`,
        );
      const changed = withSecrets(endpoint, secrets, now);
      await tx.update(changed);
      return {
        answer: { secret },
        records: [recordOfEndpoint(tools.topics.endpoints, changed)],
        whenUnacknowledged:
          `The new secret of ${id} is stored and signs as soon as Kafka acknowledges it. ` +
          'Repeat the request with the same Idempotency-Key to get it, or rotate again.',
        tell: () =>
          endpointChanged(tools.logger, {
            tenant: request.tenant,
            endpointId: id,
            change: 'secret_rotated',
            version: changed.version,
            actor: request.actor,
          }),
      };
    });
  }
}
