import { contractNamed } from '@millrace/domain';
import { auditEntry, type ConfigurationWriter, type WriteRequest } from '@millrace/service-runtime';
import { secretRevealed } from '@millrace/telemetry';
import { noSuchEndpoint } from './change-endpoint.handler';
import { openForEndpoint } from './endpoint-secrets';
import type { EndpointTools, EndpointTransaction } from './endpoints.ports';

/** Shows a secret again, where a contract's own API does so. It is shown only when the audit log has who asked. */
export class RevealSecret {
  constructor(
    private readonly writer: ConfigurationWriter<EndpointTransaction>,
    private readonly tools: EndpointTools,
  ) {}

  /** The secret that signs now. Throws Refused for an endpoint of another contract. */
  async handle(request: WriteRequest, id: string, contract: string): Promise<string> {
    const { tools } = this;
    let secret = '';
    await this.writer.write(request, async (tx) => {
      const endpoint = await tx.lock(id);
      const [current] = endpoint?.secrets ?? [];
      if (!endpoint || !current || endpoint.contract !== contract || !contractNamed(contract)?.revealsSecret)
        throw noSuchEndpoint();
      secret = openForEndpoint(tools.encryptionKey, { tenant: endpoint.tenant, endpointId: id }, current);
      await tx.audit.insert(auditEntry(tools, request, { action: 'secret.revealed', object: id }));
      return {
        answer: null,
        records: [],
        whenUnacknowledged: '',
        tell: () => secretRevealed(tools.logger, { tenant: request.tenant, endpointId: id, actor: request.actor }),
      };
    });
    return secret;
  }
}
