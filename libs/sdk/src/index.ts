export { type VerificationFailure, WebhookVerificationError } from './verify/verification-error';
export { type VerifiedWebhook, type VerifyWebhookInput, verifyWebhook } from './verify/verify-webhook';
export type { WebhookHeaders } from './verify/webhook-headers';
