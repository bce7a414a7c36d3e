import { fromBase64, utf8 } from './encoding';
import { WebhookVerificationError } from './verification-error';

/** A secret that was read: what its signatures are made with. */
export type VerificationKey =
  | { readonly kind: 'hmac'; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'ed25519'; readonly bytes: Uint8Array<ArrayBuffer> };

const SYMMETRIC = 'whsec_';
const PUBLIC = 'whpk_';

const invalid = (message: string) => new WebhookVerificationError('invalid_secret', message);

/** Of one secret or several; none is a mistake of the receiver's own settings. */
export const secretsOf = (secret: unknown): readonly string[] => {
  const secrets = secret === undefined || secret === null ? [] : Array.isArray(secret) ? secret : [secret];
  if (secrets.length === 0) throw invalid('No secret was given; is the variable that holds it set?');
  if (secrets.some((each) => typeof each !== 'string' || each === ''))
    throw invalid('A secret that was given is empty or not text; is the variable that holds it set?');
  return secrets;
};

const publicKey = (secret: string): VerificationKey => {
  const bytes = fromBase64(secret.slice(PUBLIC.length));
  if (bytes === null || bytes.length !== 32) throw invalid('A whpk_ key is the base64 of 32 bytes.');
  return { kind: 'ed25519', bytes };
};

/** Reads `whsec_<base64>` (also without its prefix) or `whpk_<base64>`, as Standard Webhooks has it. */
export const standardKey = (secret: string): VerificationKey => {
  if (secret.startsWith(PUBLIC)) return publicKey(secret);
  const bytes = fromBase64(secret.startsWith(SYMMETRIC) ? secret.slice(SYMMETRIC.length) : secret);
  if (bytes === null) throw invalid('A secret is whsec_… or, for public keys, whpk_… and base64.');
  if (bytes.length === 0) throw invalid('The secret has the wrong length.');
  return { kind: 'hmac', bytes };
};

/**
 * The key of the Standard Webhooks headers that go out beside another contract's own. Secrets of those contracts are any text:
 * what is not `whsec_` and base64 is the key as it stands, in UTF-8.
 */
export const keyBesideContract = (secret: string): VerificationKey => {
  if (secret.startsWith(PUBLIC)) return publicKey(secret);
  const bytes = secret.startsWith(SYMMETRIC) ? fromBase64(secret.slice(SYMMETRIC.length)) : null;
  return { kind: 'hmac', bytes: bytes !== null && bytes.length > 0 ? bytes : utf8(secret) };
};

/** The key of the older contracts' own signatures: the whole text of the secret, `whsec_` included. */
export const textKey = (secret: string): VerificationKey => ({ kind: 'hmac', bytes: utf8(secret) });
