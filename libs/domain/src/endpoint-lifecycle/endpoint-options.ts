/** What an endpoint may choose about its deliveries beyond what its contract fixes. */
export interface EndpointOptions {
  /** The three headers of Standard Webhooks beside those of another contract. */
  readonly standardHeaders: boolean;
  /** The header `traceparent`. */
  readonly traceContext: boolean;
  /** How `X-Webhook-Signature` is written: bare hex, hex behind `sha256=`, or base64. */
  readonly signatureFormat: SignatureFormat;
  /** `integrationId` of events whose data has none. */
  readonly integrationId: string | null;
  /** What counts towards being disabled: deliveries that ended without success, or failed attempts. */
  readonly disableCounts: 'deliveries' | 'attempts';
}

export const SIGNATURE_FORMATS = ['hex', 'sha256_hex', 'base64'] as const;
export type SignatureFormat = (typeof SIGNATURE_FORMATS)[number];

export const DEFAULT_OPTIONS: EndpointOptions = Object.freeze({
  standardHeaders: true,
  traceContext: true,
  signatureFormat: 'hex',
  integrationId: null,
  disableCounts: 'deliveries',
});

/** Names of the options that are not as they are by default. */
export const chosenOptions = (options: EndpointOptions): Array<keyof EndpointOptions> =>
  (Object.keys(DEFAULT_OPTIONS) as Array<keyof EndpointOptions>).filter(
    (name) => options[name] !== DEFAULT_OPTIONS[name],
  );
