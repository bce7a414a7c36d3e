/** How one HTTP request to a receiver ended. */
export type Outcome =
  | {
      readonly kind: 'response';
      readonly status: number;
      /** Lower-case names; repeated headers joined by ", "; capped. */
      readonly headers: { readonly [name: string]: string };
      /** The first bytes of the body, at most `RESPONSE_BODY_KEPT`. */
      readonly body: Buffer;
      readonly bodyTruncated: boolean;
      readonly durationMs: number;
    }
  | {
      readonly kind: 'failure';
      readonly failure: FailureClass;
      /** A short text for people; never contains addresses that the tenant may not learn. */
      readonly message: string;
      readonly durationMs: number;
    };

/**
 * `timeout` nothing complete within the deadline · `dns` the name did not resolve · `connection` refused, reset, closed ·
 * `tls` handshake or certificate · `protocol` not HTTP, or headers too large · `blocked_destination` the address guard
 * said no, nothing was sent.
 */
export type FailureClass = 'timeout' | 'dns' | 'connection' | 'tls' | 'protocol' | 'blocked_destination';

export const RESPONSE_BODY_KEPT = 16 * 1024;

/** Name of an outcome in history, logs and metrics: `success`, `http_503`, `timeout`, … */
export const outcomeName = (outcome: Outcome, succeeded: boolean): string => {
  if (outcome.kind === 'failure') return outcome.failure;
  return succeeded ? 'success' : `http_${outcome.status}`;
};
