import type { ChangedEndpointView, EndpointChanges } from '@millrace/protocol';
import { endpointChanged } from '@millrace/telemetry';
import type { ConfigurationWriter, WriteRequest } from '../publication/configuration-write';
import { Refused } from '../refused';
import { requireContractLimits, requireContractSecret } from './contract-limits';
import { applyChanges } from './endpoint-changes';
import { headersToStore } from './endpoint-headers';
import { sealForEndpoint } from './endpoint-secrets';
import { viewOfEndpoint } from './endpoint-view';
import type { EndpointTools, EndpointTransaction } from './endpoints.ports';
import { recordOfEndpoint } from './stored-endpoint';
import { suggestedRecovery } from './suggested-recovery';

export const noSuchEndpoint = (): Refused => new Refused('not_found', 'There is no endpoint with this id.');

/** Settings whose bounds are the contract's. */
const CONTRACT_BOUND = ['contract', 'timeoutMs', 'retry', 'options'] as const;

const changeNamed = (asked: EndpointChanges): 'paused' | 'activated' | 'secret_rotated' | 'updated' => {
  if (asked.status !== undefined) return asked.status === 'paused' ? 'paused' : 'activated';
  return asked.secret === undefined ? 'updated' : 'secret_rotated';
};

export class ChangeEndpoint {
  constructor(
    private readonly writer: ConfigurationWriter<EndpointTransaction>,
    private readonly tools: EndpointTools,
  ) {}

  async handle(request: WriteRequest, id: string, asked: EndpointChanges): Promise<ChangedEndpointView> {
    const { tools } = this;
    const { secret, url, headers, startFrom: _startFrom, ...changes } = asked;
    const checkedUrl = url === undefined ? undefined : tools.checkUrl(url);
    return this.writer.write(request, async (tx) => {
      const endpoint = await tx.lock(id);
      if (!endpoint) throw noSuchEndpoint();
      if (endpoint.connectionId !== null && (url !== undefined || headers !== undefined))
        throw new Refused(
          'conflict',
          `Where this endpoint sends to is set by its connection: PATCH /v1/connections/${endpoint.connectionId}.`,
        );
      const owner = { tenant: endpoint.tenant, endpointId: id };
      const now = tools.now();
      const changed = applyChanges(
        endpoint,
        {
          ...changes,
          ...(checkedUrl === undefined ? {} : { url: checkedUrl }),
          ...(headers === undefined
            ? {}
            : { headers: headersToStore(tools.encryptionKey, tools.random, owner, headers, endpoint.headers) }),
          ...(secret === undefined
            ? {}
            : { sealedSecret: sealForEndpoint(tools.encryptionKey, tools.random, owner, secret) }),
        },
        now,
        request.actor,
      );
      if (secret !== undefined) requireContractSecret(changed.contract, secret);
      if (CONTRACT_BOUND.some((setting) => asked[setting] !== undefined)) requireContractLimits(changed);
      await tx.update(changed);
      return {
        answer: {
          ...viewOfEndpoint(changed, tools.conditionOf(id)),
          recovery: asked.status === 'active' ? suggestedRecovery(endpoint, now, tools.timeScale) : null,
        },
        records: [recordOfEndpoint(tools.topics.endpoints, changed)],
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
