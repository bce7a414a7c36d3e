/**
 * Why a webhook was not accepted. Stable.
 *
 * `missing_header` a header that the contract has is not there · `invalid_header` one is there twice or is not of its form ·
 * `invalid_body` not bytes or text (an object that was parsed already, say) · `invalid_secret` none given, or one that cannot
 * be a secret of this contract · `timestamp_too_old`, `timestamp_too_new` outside the tolerance: a replay, or a wrong clock ·
 * `no_matching_signature` the body, the id or the timestamp was changed, or the secret is another · `wrong_token` the
 * request carries no bearer token, or another one (contract `eclipse`).
 */
export type VerificationFailure =
  | 'missing_header'
  | 'invalid_header'
  | 'invalid_body'
  | 'invalid_secret'
  | 'timestamp_too_old'
  | 'timestamp_too_new'
  | 'no_matching_signature'
  | 'wrong_token';

export class WebhookVerificationError extends Error {
  override readonly name = 'WebhookVerificationError';
  constructor(
    readonly code: VerificationFailure,
    message: string,
  ) {
    super(message);
  }
}
