export * from './address/address-class';
export * from './address/address-policy';
export * from './destination/check-destination';
export * from './sending/webhook-client';
export * from './sending/webhook-request';
