import type { Contract } from '../contract/contract';
import type { RetryPolicy } from '../retry-schedule/retry-policy';
import type { BreakerRules } from './breaker-rules';
import type { Endpoint } from './endpoint';

/** The schedule of an endpoint's retries: its own list, else that of its contract. */
export const retryPolicyOf = (endpoint: Pick<Endpoint, 'retry'>, contract: Pick<Contract, 'retry'>): RetryPolicy =>
  endpoint.retry ?? contract.retry;

/** Ms that one request may take: what the endpoint asks for, within what its contract allows. */
export const timeoutOf = (
  endpoint: Pick<Endpoint, 'timeoutMs'>,
  contract: Pick<Contract, 'timeoutMs' | 'maxTimeoutMs'>,
): number => Math.min(endpoint.timeoutMs ?? contract.timeoutMs, contract.maxTimeoutMs);

/** When it counts as down, and what counts towards disabling it. */
export const breakerOf = (endpoint: Pick<Endpoint, 'options'>, { breaker }: Pick<Contract, 'breaker'>): BreakerRules =>
  breaker.disableAfter === null || breaker.disableAfter.counts === endpoint.options.disableCounts
    ? breaker
    : { ...breaker, disableAfter: { ...breaker.disableAfter, counts: endpoint.options.disableCounts } };
