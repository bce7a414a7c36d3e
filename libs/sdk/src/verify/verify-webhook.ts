import { createHmac, createPublicKey, timingSafeEqual, verify } from 'node:crypto';
import { fromBase64, utf8 } from './encoding';
import { WebhookVerificationError } from './verification-error';
import type { StandardWebhookInput, VerifiedLegacyWebhook, VerifiedWebhook, VerifyWebhookInput } from './verify-input';
import { noSignatureFits, type Proof, type Try, webhookProofs, wrongToken } from './webhook-proofs';

const equal = (one: Uint8Array, other: Uint8Array): boolean =>
  one.length === other.length && timingSafeEqual(one, other);

/** SubjectPublicKeyInfo of Ed25519 (RFC 8410); the 32 bytes of the key follow it. */
const ED25519_SPKI_HEADER = Buffer.from('302a300506032b6570032100', 'hex');

const ed25519Key = (bytes: Uint8Array) => {
  try {
    return createPublicKey({ key: Buffer.concat([ED25519_SPKI_HEADER, bytes]), format: 'der', type: 'spki' });
  } catch {
    throw new WebhookVerificationError('invalid_secret', 'The whpk_ key is not an Ed25519 public key.');
  }
};

const fits = ({ key, encoding, given }: Try, message: Uint8Array): boolean => {
  if (key.kind === 'hmac') {
    const expected = utf8(createHmac('sha256', key.bytes).update(message).digest(encoding));
    return given.some((signature) => equal(utf8(signature), expected));
  }
  const publicKey = ed25519Key(key.bytes);
  return given.some((signature) => {
    const bytes = fromBase64(signature);
    return bytes?.length === 64 && verify(null, message, publicKey, bytes);
  });
};

const holds = ({ message, tries }: Proof): boolean => tries.some((each) => fits(each, message));

/**
 * Verifies a webhook of any of the six contracts; Standard Webhooks 1.0 unless told. Signatures and tokens are compared in
 * constant time. For Node; {@link verifyWebhookAsync} runs everywhere.
 *
 * @throws WebhookVerificationError with a stable `code`; answer such a request with 400 or 401.
 * @throws TypeError when an option is not what it must be.
 *
 * @example
 * app.post('/hooks', express.raw({ type: '*\/*' }), (request, response) => {
 *   const { id } = verifyWebhook({ body: request.body, headers: request.headers, secret: process.env.WEBHOOK_SECRET });
 *   …
 * });
 */
export function verifyWebhook(input: StandardWebhookInput): VerifiedWebhook;
export function verifyWebhook(input: VerifyWebhookInput): VerifiedWebhook | VerifiedLegacyWebhook;
export function verifyWebhook(input: VerifyWebhookInput): VerifiedWebhook | VerifiedLegacyWebhook {
  const { token, signatures, verified } = webhookProofs(input);
  if (token !== null && !token.expected.some((expected) => equal(expected, token.given))) throw wrongToken();
  if (!signatures.every(holds)) throw noSignatureFits();
  return verified;
}
