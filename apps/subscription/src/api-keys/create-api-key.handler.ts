import {
  API_KEY_LIMITS,
  type ApiKeyView,
  type CreatedApiKeyView,
  encodeApiKey,
  type NewApiKeySettings,
} from '@millrace/protocol';
import {
  type ConfigurationWriter,
  generateApiKey,
  Refused,
  SITE_KEY_ID,
  type WriteRequest,
} from '@millrace/service-runtime';
import { apiKeyChanged, type Logger } from '@millrace/telemetry';
import type { ApiKeyTransaction, StoredApiKey } from './api-keys.ports';

export interface ApiKeyTools {
  readonly topic: string;
  readonly random: (bytes: number) => Buffer;
  /** Unix ms. */
  readonly now: () => number;
  readonly logger: Logger;
}

export const viewOfApiKey = (key: StoredApiKey): ApiKeyView => ({
  id: key.id,
  tenant: key.tenant,
  name: key.name,
  scopes: [...key.scopes],
  expiresAt: key.expiresAt?.toISOString() ?? null,
  createdAt: key.createdAt.toISOString(),
});

export class CreateApiKey {
  constructor(
    private readonly writer: ConfigurationWriter<ApiKeyTransaction>,
    private readonly tools: ApiKeyTools,
  ) {}

  /** A key for another tenant is the site's business: only the key that the site was set up with may make one. */
  async handle(asked: WriteRequest, settings: NewApiKeySettings): Promise<CreatedApiKeyView> {
    const { tools } = this;
    const tenant = settings.tenant ?? asked.tenant;
    if (tenant !== asked.tenant && asked.actor !== SITE_KEY_ID)
      throw new Refused(
        'insufficient_scope',
        "Only the site's own key (MILLRACE_ADMIN_KEY) makes keys for another tenant.",
        [{ path: 'tenant', detail: `must be ${JSON.stringify(asked.tenant)} or left out` }],
      );
    const request: WriteRequest = { ...asked, tenant };
    const expiresAt = settings.expiresAt === null ? null : new Date(settings.expiresAt);
    return this.writer.write(request, async (tx) => {
      const now = tools.now();
      if (expiresAt !== null && expiresAt.getTime() <= now)
        throw new Refused('invalid_request', 'The key would never work.', [
          { path: 'expiresAt', detail: 'must lie in the future' },
        ]);
      if ((await tx.countForAdding()) >= API_KEY_LIMITS.perTenant)
        throw new Refused('conflict', `A tenant has at most ${API_KEY_LIMITS.perTenant} keys; revoke one first.`);
      const { id, text, sha256 } = generateApiKey(tools.random);
      const stored: StoredApiKey = {
        tenant: request.tenant,
        id,
        name: settings.name,
        sha256,
        scopes: settings.scopes,
        expiresAt,
        createdAt: new Date(now),
      };
      await tx.insert(stored);
      return {
        answer: { ...viewOfApiKey(stored), key: text },
        records: [
          encodeApiKey(tools.topic, id, {
            v: 1,
            id,
            tenant: stored.tenant,
            name: stored.name,
            sha256: stored.sha256,
            scopes: stored.scopes,
            expiresAt: expiresAt?.getTime() ?? null,
          }),
        ],
        whenUnacknowledged:
          `The key ${id} is stored and works as soon as Kafka acknowledges it. ` +
          'Repeat the request with the same Idempotency-Key to see it; without such a key revoke it and make another.',
        tell: () =>
          apiKeyChanged(tools.logger, { tenant: request.tenant, keyId: id, change: 'created', actor: request.actor }),
      };
    });
  }
}
