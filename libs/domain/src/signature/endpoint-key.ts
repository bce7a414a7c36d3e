import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import { importSigningKey, PRIVATE_KEY_PREFIX, type SigningKey, secretBytes } from './standard-webhooks';

/** A secret of an endpoint, imported once for both ways of signing with it: importing costs five times a signature. */
export interface EndpointKey {
  /** For Standard Webhooks: the bytes that a `whsec_…` encodes; of any other text its UTF-8 bytes. */
  readonly standard: SigningKey;
  /** For the contracts whose key is the secret as it is written: the UTF-8 bytes of the whole text. */
  readonly text: KeyObject;
}

export const importEndpointKey = (secret: string): EndpointKey => {
  const text = createSecretKey(Buffer.from(secret));
  const isStandard = secret.startsWith(PRIVATE_KEY_PREFIX) || (secretBytes(secret)?.length ?? 0) > 0;
  return { standard: isStandard ? importSigningKey(secret) : { kind: 'hmac', key: text }, text };
};

/**
 * HMAC-SHA256 over the body alone. Those who sign so have one signature for one request: the newest key signs, also during a
 * rotation's overlap.
 */
export const bodyHmac = (keys: readonly EndpointKey[], body: Buffer, encoding: 'hex' | 'base64'): string =>
  createHmac('sha256', keys[0]!.text).update(body).digest(encoding);
