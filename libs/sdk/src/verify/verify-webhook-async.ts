import { fromBase64, toBase64, toHex, utf8 } from './encoding';
import { WebhookVerificationError } from './verification-error';
import type { StandardWebhookInput, VerifiedLegacyWebhook, VerifiedWebhook, VerifyWebhookInput } from './verify-input';
import { noSignatureFits, type Proof, type Try, webhookProofs, wrongToken } from './webhook-proofs';

type Bytes = Uint8Array<ArrayBuffer>;

/** The time does not depend on where the two differ; WebCrypto has no comparison of its own. */
const equal = (one: Bytes, other: Bytes): boolean => {
  if (one.length !== other.length) return false;
  let difference = 0;
  for (let at = 0; at < one.length; at++) difference |= (one[at] as number) ^ (other[at] as number);
  return difference === 0;
};

const hmac = async (key: Bytes, message: Bytes): Promise<Bytes> => {
  const imported = await crypto.subtle.importKey('raw', key, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
  return new Uint8Array(await crypto.subtle.sign('HMAC', imported, message));
};

const ed25519Key = async (bytes: Bytes) => {
  try {
    return await crypto.subtle.importKey('raw', bytes, { name: 'Ed25519' }, false, ['verify']);
  } catch {
    throw new WebhookVerificationError(
      'invalid_secret',
      'The whpk_ key is not an Ed25519 public key, or this runtime does not know Ed25519.',
    );
  }
};

const fits = async ({ key, encoding, given }: Try, message: Bytes): Promise<boolean> => {
  if (key.kind === 'hmac') {
    const signature = await hmac(key.bytes, message);
    const expected = utf8(encoding === 'hex' ? toHex(signature) : toBase64(signature));
    return given.some((each) => equal(utf8(each), expected));
  }
  const publicKey = await ed25519Key(key.bytes);
  for (const each of given) {
    const bytes = fromBase64(each);
    if (bytes?.length === 64 && (await crypto.subtle.verify('Ed25519', publicKey, bytes, message))) return true;
  }
  return false;
};

const holds = async ({ message, tries }: Proof): Promise<boolean> => {
  for (const each of tries) if (await fits(each, message)) return true;
  return false;
};

/**
 * As `verifyWebhook`, with WebCrypto: for browsers, workers and edge runtimes, which have no `node:crypto`. The same input, the
 * same answers and refusals.
 */
export function verifyWebhookAsync(input: StandardWebhookInput): Promise<VerifiedWebhook>;
export function verifyWebhookAsync(input: VerifyWebhookInput): Promise<VerifiedWebhook | VerifiedLegacyWebhook>;
export async function verifyWebhookAsync(input: VerifyWebhookInput): Promise<VerifiedWebhook | VerifiedLegacyWebhook> {
  const { token, signatures, verified } = webhookProofs(input);
  if (token !== null && !token.expected.some((expected) => equal(expected, token.given))) throw wrongToken();
  for (const proof of signatures) if (!(await holds(proof))) throw noSignatureFits();
  return verified;
}
