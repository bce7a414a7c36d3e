import { encodeApiKey } from '@millrace/protocol';
import { type ConfigurationWriter, Refused, type WriteRequest } from '@millrace/service-runtime';
import { apiKeyChanged } from '@millrace/telemetry';
import type { ApiKeyTransaction } from './api-keys.ports';
import type { ApiKeyTools } from './create-api-key.handler';

export const noSuchApiKey = (): Refused => new Refused('not_found', 'There is no API key with this id.');

export class RevokeApiKey {
  constructor(
    private readonly writer: ConfigurationWriter<ApiKeyTransaction>,
    private readonly tools: Pick<ApiKeyTools, 'topic' | 'logger'>,
  ) {}

  async handle(request: WriteRequest, id: string): Promise<void> {
    await this.writer.write(request, async (tx) => {
      if (!(await tx.delete(id))) throw noSuchApiKey();
      return {
        answer: null,
        records: [encodeApiKey(this.tools.topic, id, null)],
        whenUnacknowledged: `The key ${id} is revoked here and stops working as soon as Kafka acknowledges it.`,
        tell: () =>
          apiKeyChanged(this.tools.logger, {
            tenant: request.tenant,
            keyId: id,
            change: 'revoked',
            actor: request.actor,
          }),
      };
    });
  }
}
