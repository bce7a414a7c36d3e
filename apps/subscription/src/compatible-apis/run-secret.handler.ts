import { DEFAULT_OPTIONS } from '@millrace/domain';
import { type EclipsRunSecretView, encodeEndpoint } from '@millrace/protocol';
import { type ConfigurationWriter, Refused, type WriteRequest } from '@millrace/service-runtime';
import { endpointChanged } from '@millrace/telemetry';
import { newEndpointId } from '../endpoints/endpoint-id';
import { newSecret, sealForEndpoint } from '../endpoints/endpoint-secrets';
import type { EndpointTools, EndpointTransaction } from '../endpoints/endpoints.ports';
import { recordOfEndpoint, type StoredEndpoint } from '../endpoints/stored-endpoint';

/**
 * The secret that signs what goes to the `webhook_url` of a run, one for each tenant. It belongs to an endpoint that stands
 * for all those URLs; without it they are refused.
 */
export class RunSecret {
  constructor(
    private readonly writer: ConfigurationWriter<EndpointTransaction>,
    private readonly tools: EndpointTools,
  ) {}

  /** Shown once. Throws Refused when there is one already. */
  async create(request: WriteRequest): Promise<EclipsRunSecretView> {
    const { tools } = this;
    return this.writer.write(request, async (tx) => {
      if (await tx.lockRunUrls())
        throw new Refused(
          'conflict',
          'There is a run secret already, and it cannot be read again. If it is lost, DELETE /v1/webhooks/run-secret and make a new one.',
        );
      const now = tools.now();
      const id = newEndpointId(now, tools.random(10));
      const secret = newSecret(tools.random);
      const at = new Date(now).toISOString();
      const endpoint: StoredEndpoint = {
        id,
        tenant: request.tenant,
        version: 1,
        url: '',
        eventTypes: [],
        filter: null,
        contract: 'eclips',
        headers: {},
        status: 'active',
        statusReason: null,
        statusSince: at,
        statusBy: request.actor,
        timeoutMs: null,
        ordering: 'none',
        rateLimit: null,
        retry: null,
        options: DEFAULT_OPTIONS,
        runUrls: true,
        connectionId: null,
        description: 'URLs that the events of runs bring themselves',
        createdAt: at,
        updatedAt: at,
        secrets: [
          sealForEndpoint(tools.encryptionKey, tools.random, { tenant: request.tenant, endpointId: id }, secret),
        ],
      };
      await tx.insert(endpoint);
      return {
        answer: { secret, created_at: at },
        records: [recordOfEndpoint(tools.topics.endpoints, endpoint)],
        whenUnacknowledged:
          'The run secret is stored and signs as soon as Kafka acknowledges it. Repeat the request with the same Idempotency-Key to get it, or delete it and make another.',
        tell: () => this.tell(request, endpoint, 'created'),
      };
    });
  }

  /** From then on run URLs are refused. Throws Refused when there is none. */
  async delete(request: WriteRequest): Promise<void> {
    await this.writer.write(request, async (tx) => {
      const endpoint = await tx.lockRunUrls();
      if (!endpoint) throw new Refused('not_found', 'There is no run secret.');
      await tx.delete(endpoint.id);
      return {
        answer: null,
        records: [encodeEndpoint(this.tools.topics.endpoints, endpoint.id, null)],
        whenUnacknowledged: 'The run secret is deleted here, and signs no more as soon as Kafka acknowledges it.',
        tell: () => this.tell(request, endpoint, 'deleted'),
      };
    });
  }

  private tell(request: WriteRequest, { id, version }: StoredEndpoint, change: 'created' | 'deleted'): void {
    endpointChanged(this.tools.logger, {
      tenant: request.tenant,
      endpointId: id,
      change,
      version,
      actor: request.actor,
    });
  }
}
