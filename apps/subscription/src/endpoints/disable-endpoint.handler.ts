import type { EndpointDisabled } from '@millrace/protocol';
import type { ConfigurationWriter } from '@millrace/service-runtime';
import { endpointChanged, type Logger } from '@millrace/telemetry';
import { disabledBy } from './endpoint-changes';
import type { EndpointTools, EndpointTransaction } from './endpoints.ports';
import { recordOfEndpoint } from './stored-endpoint';

/**
 * Carries out what the engine decided: the endpoint is disabled, because its receiver answered 410 or because too many
 * deliveries failed. Idempotent.
 */
export class DisableEndpoint {
  constructor(
    private readonly writer: ConfigurationWriter<EndpointTransaction>,
    private readonly tools: Pick<EndpointTools, 'topics' | 'now'>,
    private readonly logger: Logger,
  ) {}

  /** True when this fact changed the endpoint. */
  async handle(fact: EndpointDisabled): Promise<boolean> {
    const request = { tenant: fact.tenant, actor: 'engine', idempotent: null };
    return this.writer.writeWithoutWaiting(request, async (tx) => {
      const endpoint = await tx.lock(fact.endpointId);
      const disabled = endpoint && disabledBy(endpoint, fact, this.tools.now());
      if (!disabled) return { answer: false, records: [], whenUnacknowledged: '' };
      await tx.update(disabled);
      return {
        answer: true,
        records: [recordOfEndpoint(this.tools.topics.endpoints, disabled)],
        whenUnacknowledged: '',
        tell: () =>
          endpointChanged(this.logger, {
            tenant: disabled.tenant,
            endpointId: disabled.id,
            change: 'disabled',
            version: disabled.version,
            actor: 'engine',
          }),
      };
    });
  }
}
