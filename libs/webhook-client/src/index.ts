export * from './address/address-class';
export * from './address/address-policy';
export type { NameResolver, ResolvedAddress } from './connecting/name-resolver';
export { checkDestination, type DestinationCheck, type DestinationPolicy } from './destination/check-destination';
export { WebhookClient, type WebhookClientOptions } from './sending/webhook-client';
export type { WebhookRequest } from './sending/webhook-request';
