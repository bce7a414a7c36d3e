import {
  PRIVATE_KEY_PREFIX,
  privateKeyProblem,
  SECRET_BYTES,
  SYMMETRIC_SECRET_PREFIX,
  secretBytes,
} from '@millrace/domain';
import { z } from 'zod';

const unpadded = (base64: string): string => base64.replace(/=+$/, '');

/**
 * A secret that a client brings: `whsec_` and the base64 of 24 to 64 bytes. The text must be the one that its bytes give,
 * because receivers that decode leniently and those that decode strictly must arrive at the same key.
 */
export const isClientSecret = (text: string): boolean => {
  if (text.length > 128) return false;
  const bytes = secretBytes(text);
  return (
    bytes !== null &&
    bytes.length >= SECRET_BYTES.least &&
    bytes.length <= SECRET_BYTES.most &&
    unpadded(bytes.toString('base64')) === unpadded(text.slice(SYMMETRIC_SECRET_PREFIX.length))
  );
};

/** Longest secret of the contracts that take any text. */
const TEXT_LENGTH = 512;
/** Half of a surrogate pair has no UTF-8 bytes; a control character is a slip of the clipboard. */
const FORBIDDEN = /[\u0000-\u001f\u007f]|\p{Surrogate}/u;

/** What is wrong with a secret that a client brings for such a contract; null when nothing is. */
export const clientSecretProblem = (text: string, form: 'standard' | 'text'): string | null => {
  if (text.startsWith(PRIVATE_KEY_PREFIX))
    return form === 'standard'
      ? privateKeyProblem(text)
      : `must not be a ${PRIVATE_KEY_PREFIX} key, which signs under the contract standard alone`;
  if (form === 'standard')
    return isClientSecret(text)
      ? null
      : `must be ${SYMMETRIC_SECRET_PREFIX} and the base64 of ${SECRET_BYTES.least} to ${SECRET_BYTES.most} bytes; leave it out and one is made`;
  if (text.length === 0 || text.length > TEXT_LENGTH) return `must have 1 to ${TEXT_LENGTH} characters`;
  return FORBIDDEN.test(text) ? 'must not hold control characters or half of a surrogate pair' : null;
};

/** Its form depends on the contract, so it is judged over the endpoint, by clientSecretProblem. */
export const clientSecret = z.string({ error: 'must be text' }).meta({
  description: `Leave it out and Millrace makes one. Never readable later. Contract \`standard\`: ${SYMMETRIC_SECRET_PREFIX} and base64, or ${PRIVATE_KEY_PREFIX} and the base64 of an Ed25519 seed and public key; those that sign the body alone: any text of at most ${TEXT_LENGTH} characters.`,
});
