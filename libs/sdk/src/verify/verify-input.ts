import type { WebhookHeaders } from './webhook-headers';

interface Received {
  /**
   * The body exactly as it came, before any JSON parser. A string is taken as UTF-8. For `proign` and `mes`, whose bytes are
   * always those of `JSON.stringify`, `JSON.stringify(request.body)` of a parsed body does as well.
   */
  readonly body: Uint8Array | string;
  readonly headers: WebhookHeaders;
  /** Unix ms; the time of the call. */
  readonly now?: number | undefined;
}

type Secret = string | readonly string[];

export interface StandardWebhookInput extends Received {
  readonly contract?: 'standard' | undefined;
  /** `whsec_…` (HMAC-SHA256) or `whpk_…` (Ed25519); several while a secret is being rotated. */
  readonly secret: Secret;
  /** How far `webhook-timestamp` may lie from now, in both directions; 300. */
  readonly toleranceSeconds?: number | undefined;
}

interface ReplayProtection {
  /**
   * Also verifies the three Standard Webhooks headers, which cover the id and the time of the attempt, and refuses the webhook
   * when they are missing. Without it the signature of this contract says nothing about time: whoever recorded a webhook can
   * send it again at any time.
   */
  readonly replayProtection?: boolean | undefined;
  /** Of `webhook-timestamp`, in both directions; 300. Only with `replayProtection`. */
  readonly toleranceSeconds?: number | undefined;
}

export interface LegacyWebhookInput extends Received, ReplayProtection {
  readonly contract: 'eclips' | 'proign' | 'mes';
  /** The secret as the endpoint has it, whatever it looks like; several while it is being rotated. */
  readonly secret: Secret;
}

/** How `X-Webhook-Signature` is written: bare hex, `sha256=` and hex (`sha256_hex` is the endpoint's word for it), or base64. */
export type SignatureFormat = 'hex' | 'prefixed' | 'sha256_hex' | 'base64';

export interface NentropyWebhookInput extends Received, ReplayProtection {
  readonly contract: 'nentropy';
  readonly secret: Secret;
  /** As the endpoint's setting has it; `hex`. */
  readonly signatureFormat?: SignatureFormat | undefined;
}

/** Eclipse Pro signs nothing. Give `bearerToken`, `secret` or, best, both: all that is given must hold. */
export interface EclipseWebhookInput extends Received {
  readonly contract: 'eclipse';
  /** The connection's token; says who calls, not that the bytes are theirs. Several while it is being changed. */
  readonly bearerToken?: Secret | undefined;
  /** The endpoint's secret: the Standard Webhooks headers must be there and fit, which proves bytes, id and time. */
  readonly secret?: Secret | undefined;
  /** Of `webhook-timestamp`, in both directions; 300. Only with `secret`. */
  readonly toleranceSeconds?: number | undefined;
}

export type VerifyWebhookInput = StandardWebhookInput | LegacyWebhookInput | NentropyWebhookInput | EclipseWebhookInput;

export interface VerifiedWebhook {
  readonly valid: true;
  /** The same on every attempt: keep it to recognise a webhook that comes again. */
  readonly id: string;
  /** Unix seconds of this attempt. */
  readonly timestamp: number;
}

/** Of a contract whose own signature covers neither id nor time: both are null unless the Standard Webhooks headers were verified. */
export interface VerifiedLegacyWebhook {
  readonly valid: true;
  readonly id: string | null;
  readonly timestamp: number | null;
}
