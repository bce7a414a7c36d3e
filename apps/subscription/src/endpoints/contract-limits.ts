import { contractNamed, type Endpoint } from '@millrace/domain';
import { Refused } from '../refused';

/**
 * What an endpoint asks for and its contract does not allow: the settings may have come with different requests, so this is
 * judged over the endpoint that results. Throws Refused.
 */
export const requireContractLimits = (endpoint: Pick<Endpoint, 'contract' | 'timeoutMs' | 'retry'>): void => {
  const contract = contractNamed(endpoint.contract);
  if (contract === undefined) return;
  const refuse = (path: string, detail: string) => {
    throw new Refused('invalid_request', `The body is not valid, ${path}: ${detail}`, [{ path, detail }]);
  };
  if (endpoint.timeoutMs !== null && endpoint.timeoutMs > contract.maxTimeoutMs)
    refuse('timeoutMs', `must be at most ${contract.maxTimeoutMs} ms, the longest of the contract ${contract.name}`);
  if (endpoint.retry !== null) {
    const { delaysMs, jitter } = endpoint.retry;
    const longest = delaysMs.reduce((sum, delay) => sum + delay, 0) * (1 + jitter);
    if (longest > contract.expiryMs)
      refuse(
        'retry.delaysSeconds',
        `add up to ${Math.ceil(longest / 1000)} seconds with jitter; a delivery of the contract ${contract.name} expires after ${Math.floor(contract.expiryMs / 1000)}`,
      );
  }
};
