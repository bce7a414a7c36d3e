import { createHmac, createPublicKey, createSecretKey, type KeyObject, timingSafeEqual, verify } from 'node:crypto';
import { WebhookVerificationError } from './verification-error';

/** A secret that was read: the version of the signatures that it verifies, and how. */
export interface VerificationKey {
  readonly version: 'v1' | 'v1a';
  /** `signature` as it stands after the comma. */
  fits(signature: string, prefix: string, body: Uint8Array): boolean;
}

const SYMMETRIC = 'whsec_';
const PUBLIC = 'whpk_';
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;
/** SubjectPublicKeyInfo of Ed25519 (RFC 8410); the 32 bytes of the key follow it. */
const ED25519_SPKI_HEADER = Buffer.from('302a300506032b6570032100', 'hex');

const hmacKey = (key: KeyObject): VerificationKey => ({
  version: 'v1',
  fits: (signature, prefix, body) => {
    const expected = Buffer.from(createHmac('sha256', key).update(prefix).update(body).digest('base64'));
    const given = Buffer.from(signature);
    return given.length === expected.length && timingSafeEqual(given, expected);
  },
});

const ed25519Key = (key: KeyObject): VerificationKey => ({
  version: 'v1a',
  fits: (signature, prefix, body) => {
    const given = BASE64.test(signature) ? Buffer.from(signature, 'base64') : null;
    return given?.length === 64 && verify(null, Buffer.concat([Buffer.from(prefix), body]), key, given);
  },
});

/** Reads `whsec_<base64>` (also without its prefix) or `whpk_<base64>`. */
export const readVerificationKey = (secret: string): VerificationKey => {
  const isPublic = typeof secret === 'string' && secret.startsWith(PUBLIC);
  const encoded =
    typeof secret !== 'string'
      ? ''
      : isPublic
        ? secret.slice(PUBLIC.length)
        : secret.startsWith(SYMMETRIC)
          ? secret.slice(SYMMETRIC.length)
          : secret;
  if (!BASE64.test(encoded))
    throw new WebhookVerificationError('invalid_secret', 'A secret is whsec_… or, for public keys, whpk_… and base64.');
  const bytes = Buffer.from(encoded, 'base64');
  if (bytes.length === 0 || (isPublic && bytes.length !== 32))
    throw new WebhookVerificationError('invalid_secret', 'The secret has the wrong length.');
  if (!isPublic) return hmacKey(createSecretKey(bytes));
  try {
    const key = Buffer.concat([ED25519_SPKI_HEADER, bytes]);
    return ed25519Key(createPublicKey({ key, format: 'der', type: 'spki' }));
  } catch {
    throw new WebhookVerificationError('invalid_secret', 'The whpk_ key is not an Ed25519 public key.');
  }
};
