import type { Outcome } from '@millrace/domain';
import type { AllowedDestination, InsecureEndpoints } from '../address/address-policy';
import type { WebhookRequest } from './webhook-request';

export interface WebhookClientOptions {
  readonly insecure: InsecureEndpoints;
  readonly allowedDestinations?: readonly AllowedDestination[];
  readonly connectTimeoutMs?: number;
}

export class WebhookClient {
  constructor(readonly options: WebhookClientOptions) {}

  send(_request: WebhookRequest): Promise<Outcome> {
    return Promise.resolve({ kind: 'failure', failure: 'connection', message: 'not built yet', durationMs: 0 });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
