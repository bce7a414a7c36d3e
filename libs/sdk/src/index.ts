export * from './runs-anywhere';
export { verifyWebhook } from './verify/verify-webhook';
