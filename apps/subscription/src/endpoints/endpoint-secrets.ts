import {
  type EncryptionKey,
  formatSecret,
  openSecret,
  SECRET_BYTES,
  type SealedEndpointSecret,
  sealSecret,
} from '@millrace/domain';

/** Where unpredictable bytes come from. */
export type Randomness = (bytes: number) => Buffer;

export const newSecret = (random: Randomness): string => formatSecret(random(SECRET_BYTES.generated));

/** Seals a secret for one endpoint under an id of its own; the current secret has no expiry. */
export const sealForEndpoint = (
  key: EncryptionKey,
  random: Randomness,
  owner: { readonly tenant: string; readonly endpointId: string },
  secret: string,
): SealedEndpointSecret => {
  const id = `sec_${random(10).toString('hex')}`;
  const binding = { tenant: owner.tenant, owner: owner.endpointId, secretId: id };
  return { id, sealed: sealSecret(key, random(12), binding, secret), expiresAt: null };
};

/** The clear text; throws when the key is another or the record was moved. */
export const openForEndpoint = (
  key: EncryptionKey,
  owner: { readonly tenant: string; readonly endpointId: string },
  secret: SealedEndpointSecret,
): string => openSecret(key, { tenant: owner.tenant, owner: owner.endpointId, secretId: secret.id }, secret.sealed);

/**
 * The list after a rotation, newest first: after the overlap only the new secret signs, so a secret that would have gone
 * on longer ends with it, and an overlap of 0 ends all old ones at once.
 */
export const rotated = (
  secrets: readonly SealedEndpointSecret[],
  fresh: SealedEndpointSecret,
  nowMs: number,
  overlapMs: number,
): SealedEndpointSecret[] => {
  const end = nowMs + overlapMs;
  const old = secrets
    .map((secret) => ({ ...secret, expiresAt: Math.min(secret.expiresAt ?? end, end) }))
    .filter((secret) => secret.expiresAt > nowMs);
  return [fresh, ...old];
};
