import { WebhookVerificationError } from './verification-error';
import { readVerificationKey } from './verification-key';
import { signedParts, type WebhookHeaders } from './webhook-headers';

export interface VerifyWebhookInput {
  /** The body exactly as it came, before any JSON parser. A string is taken as UTF-8. */
  readonly body: Buffer | Uint8Array | string;
  readonly headers: WebhookHeaders;
  /** `whsec_…` (HMAC-SHA256) or `whpk_…` (Ed25519); several while a secret is being rotated. */
  readonly secret: string | readonly string[];
  /** How far `webhook-timestamp` may lie from now, in both directions; 300. */
  readonly toleranceSeconds?: number;
  /** Unix ms; the time of the call. */
  readonly now?: number;
}

export interface VerifiedWebhook {
  readonly valid: true;
  /** The same on every attempt: keep it to recognise a webhook that comes again. */
  readonly id: string;
  /** Unix seconds of this attempt. */
  readonly timestamp: number;
}

/** Signatures looked at in one header; a sender adds one for each secret that is still valid. */
const SIGNATURES_READ = 32;

const bytesOf = (body: unknown): Uint8Array => {
  if (typeof body === 'string') return Buffer.from(body);
  if (body instanceof Uint8Array) return body;
  throw new WebhookVerificationError(
    'invalid_body',
    'The body must be the bytes as they came (Buffer, Uint8Array or string), not a parsed object.',
  );
};

/**
 * Verifies a webhook by Standard Webhooks 1.0. Signatures are compared in constant time.
 *
 * @throws WebhookVerificationError with a stable `code`; answer such a request with 400 or 401.
 * @throws TypeError when `toleranceSeconds` is not a number of seconds.
 *
 * @example
 * app.post('/hooks', express.raw({ type: '*\/*' }), (request, response) => {
 *   const { id } = verifyWebhook({ body: request.body, headers: request.headers, secret: process.env.WEBHOOK_SECRET });
 *   …
 * });
 */
export const verifyWebhook = (input: VerifyWebhookInput): VerifiedWebhook => {
  const { toleranceSeconds = 300, now = Date.now() } = input;
  if (!Number.isFinite(toleranceSeconds) || toleranceSeconds < 0 || !Number.isFinite(now))
    throw new TypeError('toleranceSeconds must be a number of seconds, and now a time in Unix milliseconds.');
  const body = bytesOf(input.body);
  const secrets = typeof input.secret === 'string' ? [input.secret] : (input.secret ?? []);
  if (secrets.length === 0) throw new WebhookVerificationError('invalid_secret', 'No secret was given.');
  const keys = secrets.map(readVerificationKey);

  const parts = signedParts(input.headers);
  if (!/^\d{1,15}$/.test(parts.timestamp))
    throw new WebhookVerificationError('invalid_header', 'webhook-timestamp is not a number of Unix seconds.');
  const timestamp = Number(parts.timestamp);
  const age = Math.floor(now / 1000) - timestamp;
  if (age > toleranceSeconds)
    throw new WebhookVerificationError('timestamp_too_old', `The webhook was signed ${age} s ago.`);
  if (age < -toleranceSeconds)
    throw new WebhookVerificationError('timestamp_too_new', `The webhook was signed ${-age} s in the future.`);

  const prefix = `${parts.id}.${parts.timestamp}.`;
  for (const entry of parts.signatures.split(' ').slice(0, SIGNATURES_READ)) {
    const comma = entry.indexOf(',');
    const version = entry.slice(0, comma);
    const signature = entry.slice(comma + 1);
    for (const key of keys)
      if (key.version === version && key.fits(signature, prefix, body)) return { valid: true, id: parts.id, timestamp };
  }
  throw new WebhookVerificationError(
    'no_matching_signature',
    'No signature fits: the secret is another, or the body is not the bytes that were sent.',
  );
};
