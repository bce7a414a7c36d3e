import { contractNamed, sealHeldHeaders } from '@millrace/domain';
import type { ChangedEndpointView, EndpointChanges } from '@millrace/protocol';
import { type ConfigurationWriter, Refused, type WriteRequest } from '@millrace/service-runtime';
import { endpointChanged } from '@millrace/telemetry';
import { refusedMember, requireContractLimits, requireContractSecret } from './contract-limits';
import { applyChanges } from './endpoint-changes';
import { headersToStore } from './endpoint-headers';
import { openForEndpoint, sealForEndpoint } from './endpoint-secrets';
import { viewOfEndpoint } from './endpoint-view';
import type { EndpointTools, EndpointTransaction } from './endpoints.ports';
import { recordOfEndpoint, type StoredEndpoint } from './stored-endpoint';
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
      requireOwnSettings(endpoint, asked);
      const owner = { tenant: endpoint.tenant, endpointId: id };
      if (secret === undefined) this.requireFittingSecret(endpoint, asked.contract ?? endpoint.contract);
      const now = tools.now();
      const changed = applyChanges(
        endpoint,
        {
          ...changes,
          ...(checkedUrl === undefined ? {} : { url: checkedUrl }),
          headers:
            headers === undefined
              ? sealHeldHeaders(tools.encryptionKey, tools.random, owner, endpoint.headers)
              : headersToStore(tools.encryptionKey, tools.random, owner, headers, endpoint.headers),
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

  /**
   * A secret was brought or made for a contract. Another one may not be able to sign with it, and one whose API shows secrets
   * again would show one that its owner was told is never shown. Throws Refused.
   */
  private requireFittingSecret(endpoint: StoredEndpoint, contract: string): void {
    if (contract === endpoint.contract) return;
    if (contractNamed(contract)?.revealsSecret)
      throw refusedMember('secret', `must be given with a change to ${contract}, whose API shows secrets again`);
    const [current] = endpoint.secrets;
    if (!current) return;
    const held = openForEndpoint(
      this.tools.encryptionKey,
      { tenant: endpoint.tenant, endpointId: endpoint.id },
      current,
    );
    requireContractSecret(contract, held);
  }
}

/** What an export configuration is made of is not changed behind its back. Throws Refused. */
const requireOwnSettings = ({ connectionId }: StoredEndpoint, asked: EndpointChanges): void => {
  if (connectionId === null) return;
  if (asked.url !== undefined || asked.headers !== undefined)
    throw new Refused(
      'conflict',
      `Where this endpoint sends to is set by its connection: PATCH /v1/connections/${connectionId}.`,
    );
  if (asked.contract !== undefined || asked.eventTypes !== undefined)
    throw new Refused(
      'conflict',
      'Contract and event types of this endpoint are set by its export configuration; delete that for another.',
    );
};
