/** What runs everywhere: in Node, browsers, workers and edge runtimes. */
export * from './client/errors';
export { Millrace, type MillraceOptions } from './client/millrace';
export { Pages } from './client/pages';
export type { CallOptions, Effects, FetchLike } from './client/transport';
export type * from './client/types/api-key';
export type * from './client/types/contract';
export type * from './client/types/delivery';
export type * from './client/types/endpoint';
export type * from './client/types/event';
export type * from './client/types/filter';
export type * from './client/types/health';
export type * from './client/types/machine';
export type * from './client/types/mapping';
export type * from './client/types/page';
export type * from './client/types/problem';
export type * from './client/types/quarantine';
export type * from './client/types/recovery';
export type * from './client/types/source';
export { GapDetector, type GapDetectorOptions, type GapStore, MemoryGapStore } from './gaps/gap-detector';
export {
  type Arrival,
  afterDelivery,
  emptyGapState,
  type Gap,
  type GapState,
  gapsOf,
  type NumberedDelivery,
} from './gaps/gap-state';
export { type ExpressRequest, type ExpressResponse, expressWebhook } from './receive/express';
export { type FastifyPart, fastifyWebhook } from './receive/fastify';
export type {
  ReceiverOptions,
  Reception,
  RefusalCode,
  RefusedWebhook,
  VerificationOptions,
  WebhookFunction,
  WebhookReply,
} from './receive/receive-webhook';
export { webWebhook } from './receive/web';
export type * from './receive/webhook-bodies';
export { sequenceOf, type WebhookInfo } from './receive/webhook-info';
export { CONTRACT_NAMES, type ContractName } from './verify/contract-name';
export { type VerificationFailure, WebhookVerificationError } from './verify/verification-error';
export type * from './verify/verify-input';
export { verifyWebhookAsync } from './verify/verify-webhook-async';
export type { WebhookHeaders } from './verify/webhook-headers';
