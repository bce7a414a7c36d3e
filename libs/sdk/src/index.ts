export { CONTRACT_NAMES, type ContractName } from './verify/contract-name';
export { type VerificationFailure, WebhookVerificationError } from './verify/verification-error';
export type * from './verify/verify-input';
export { verifyWebhook } from './verify/verify-webhook';
export { verifyWebhookAsync } from './verify/verify-webhook-async';
export type { WebhookHeaders } from './verify/webhook-headers';
