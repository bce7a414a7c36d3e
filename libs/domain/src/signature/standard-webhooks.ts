import { createHmac, createPrivateKey, createPublicKey, createSecretKey, type KeyObject, sign } from 'node:crypto';

/**
 * Signatures of Standard Webhooks 1.0: `v1,<base64 HMAC-SHA256>` and `v1a,<base64 Ed25519>` over `id.timestamp.body`.
 * Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 *
 * A key is imported once and kept: importing a raw secret on every call costs five times the signature itself.
 */
export type SigningKey =
  | { readonly kind: 'hmac'; readonly key: KeyObject }
  | { readonly kind: 'ed25519'; readonly key: KeyObject };

export const SYMMETRIC_SECRET_PREFIX = 'whsec_';
export const PRIVATE_KEY_PREFIX = 'whsk_';

/** Bytes of a secret that a client may bring. */
export const SECRET_BYTES = { generated: 32, least: 24, most: 64 } as const;

const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;

/** The key bytes of `whsec_<base64>`, or null when the text is not of that form. */
export const secretBytes = (secret: string): Buffer | null => {
  const encoded = secret.startsWith(SYMMETRIC_SECRET_PREFIX) ? secret.slice(SYMMETRIC_SECRET_PREFIX.length) : '';
  return BASE64.test(encoded) ? Buffer.from(encoded, 'base64') : null;
};

export const formatSecret = (bytes: Buffer): string => `${SYMMETRIC_SECRET_PREFIX}${bytes.toString('base64')}`;

/** PKCS #8 header of an Ed25519 private key (RFC 8410); the 32-byte seed follows it. */
const ED25519_PKCS8_HEADER = Buffer.from('302e020100300506032b657004220420', 'hex');

/** Imports `whsec_…`, or `whsk_…` (base64 of seed and public key). Throws a TypeError for any other text. */
export const importSigningKey = (secret: string): SigningKey => {
  if (secret.startsWith(PRIVATE_KEY_PREFIX)) {
    const bytes = Buffer.from(secret.slice(PRIVATE_KEY_PREFIX.length), 'base64');
    if (bytes.length !== 64 && bytes.length !== 32)
      throw new TypeError('A whsk_ key holds 64 bytes: seed and public key.');
    const der = Buffer.concat([ED25519_PKCS8_HEADER, bytes.subarray(0, 32)]);
    return { kind: 'ed25519', key: createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }) };
  }
  const bytes = secretBytes(secret);
  if (!bytes || bytes.length === 0) throw new TypeError('A signing secret is whsec_ and base64, or whsk_ and base64.');
  return { kind: 'hmac', key: createSecretKey(bytes) };
};

/** One signature, as it stands in `webhook-signature`. `timestamp` is in Unix seconds. */
export const signStandard = (key: SigningKey, id: string, timestamp: number, body: Buffer): string => {
  const prefix = `${id}.${timestamp}.`;
  if (key.kind === 'hmac') return `v1,${createHmac('sha256', key.key).update(prefix).update(body).digest('base64')}`;
  return `v1a,${sign(null, Buffer.concat([Buffer.from(prefix), body]), key.key).toString('base64')}`;
};

/** The header's whole value: one signature for each key, newest first, separated by spaces. */
export const standardSignatureHeader = (
  keys: readonly SigningKey[],
  id: string,
  timestamp: number,
  body: Buffer,
): string => keys.map((key) => signStandard(key, id, timestamp, body)).join(' ');

/** What is wrong with a `whsk_…` key that a client brings; null when it can sign and its public half is that of its seed. */
export const privateKeyProblem = (secret: string): string | null => {
  const encoded = secret.slice(PRIVATE_KEY_PREFIX.length);
  const bytes = BASE64.test(encoded) ? Buffer.from(encoded, 'base64') : Buffer.alloc(0);
  if (bytes.length !== 64)
    return `must be ${PRIVATE_KEY_PREFIX} and the base64 of 64 bytes: an Ed25519 seed and its public key`;
  const der = createPublicKey(importSigningKey(secret).key).export({ format: 'der', type: 'spki' });
  return der.subarray(-32).equals(bytes.subarray(32)) ? null : 'holds a public key that is not that of its seed';
};
