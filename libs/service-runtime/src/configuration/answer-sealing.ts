import { type EncryptionKey, openSecret, type SecretBinding, sealSecret } from '@millrace/domain';
import type { IdempotentRequest, ResponseSealing } from '@millrace/postgres';

const boundTo = (request: IdempotentRequest): SecretBinding => ({
  tenant: request.tenant,
  owner: `idempotency ${request.route}`,
  secretId: request.key,
});

/** Kept answers hold secrets and keys that are shown once, so they are sealed like the secrets themselves. */
export const answerSealing = (key: EncryptionKey, random: (bytes: number) => Buffer): ResponseSealing => ({
  seal: (request, text) => sealSecret(key, random(12), boundTo(request), text),
  open: (request, sealed) => openSecret(key, boundTo(request), sealed),
});
