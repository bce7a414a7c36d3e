import { isTenantName } from '@millrace/domain';
import { z } from 'zod';
import { storableText } from './endpoints-text';
import { SCOPE_ALIASES, SCOPES, type Scope } from './scopes';

/** Requests and answers of `/v1/api-keys` (scope `admin`). */
export const API_KEY_LIMITS = { nameLength: 200, perTenant: 1000 } as const;

const scopeNames = [...SCOPES, ...Object.keys(SCOPE_ALIASES)];

const scope = z
  .enum(scopeNames as [string, ...string[]], { error: `must be one of ${SCOPES.join(', ')}` })
  .transform((name): Scope => SCOPE_ALIASES[name] ?? (name as Scope));

export const createApiKeyRequest = z
  .strictObject({
    name: storableText('name')
      .min(1, { error: 'must not be empty' })
      .max(API_KEY_LIMITS.nameLength, { error: `must have at most ${API_KEY_LIMITS.nameLength} characters` }),
    scopes: z
      .array(scope, { error: 'must be a list of scopes' })
      .min(1, { error: 'must name at least one scope' })
      .max(scopeNames.length, { error: `must name at most ${scopeNames.length} scopes` })
      .transform((scopes) => [...new Set(scopes)]),
    tenant: z
      .string({ error: 'must be text' })
      .refine(isTenantName, { error: 'must be 1 to 64 letters, digits, _ and -, beginning with a letter or digit' })
      .optional()
      .meta({
        description:
          'Tenant of the key; the caller’s own when left out. Only the site’s own key may name another: the first key of a tenant brings it into being.',
      }),
    expiresAt: z.iso
      .datetime({ offset: true, error: 'must be an RFC 3339 time, for example 2027-01-31T00:00:00Z' })
      .nullable()
      .default(null)
      .meta({ description: 'The key stops working at this time; null for never.' }),
  })
  .meta({ id: 'CreateApiKeyRequest' });
export type CreateApiKeyRequest = z.input<typeof createApiKeyRequest>;
export type NewApiKeySettings = z.output<typeof createApiKeyRequest>;

export const apiKeyView = z
  .object({
    id: z.string(),
    tenant: z.string(),
    name: z.string(),
    scopes: z.array(z.enum(SCOPES)),
    expiresAt: z.string().nullable(),
    createdAt: z.string(),
  })
  .meta({ id: 'ApiKey' });
export type ApiKeyView = z.output<typeof apiKeyView>;

export const createdApiKeyView = apiKeyView
  .extend({ key: z.string().meta({ description: 'The key itself; shown here and never again.' }) })
  .meta({ id: 'CreatedApiKey' });
export type CreatedApiKeyView = z.output<typeof createdApiKeyView>;
