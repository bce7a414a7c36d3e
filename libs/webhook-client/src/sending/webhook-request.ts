/** One HTTP POST to a receiver. */
export interface WebhookRequest {
  /** Absolute http(s) URL, as `checkDestination` returned it. */
  readonly url: string;
  /** In the order in which they are sent; `host`, `content-length` and `connection` belong to the client. */
  readonly headers: ReadonlyArray<readonly [name: string, value: string]>;
  readonly body: Buffer;
  /** Total deadline in ms: DNS, connect, TLS, request, response headers and body. */
  readonly timeoutMs: number;
}
