import { type Contract, chosenOptions, contractNamed, type Endpoint } from '@millrace/domain';
import { clientSecretProblem } from '@millrace/protocol';
import { Refused } from '@millrace/service-runtime';

export const refusedMember = (path: string, detail: string): Refused =>
  new Refused('invalid_request', `The body is not valid, ${path}: ${detail}`, [{ path, detail }]);

const refuse = (path: string, detail: string): never => {
  throw refusedMember(path, detail);
};

/**
 * What an endpoint asks for and its contract does not allow: the settings may have come with different requests, so this is
 * judged over the endpoint that results. Throws Refused.
 */
export const requireContractLimits = (
  endpoint: Pick<Endpoint, 'contract' | 'timeoutMs' | 'retry' | 'options'>,
): void => {
  const contract = contractNamed(endpoint.contract);
  if (contract === undefined) return;
  if (endpoint.timeoutMs !== null && endpoint.timeoutMs > contract.maxTimeoutMs)
    refuse('timeoutMs', `must be at most ${contract.maxTimeoutMs} ms, the longest of the contract ${contract.name}`);
  if (endpoint.retry !== null) requireRetryWithinExpiry(endpoint.retry, contract);
  for (const option of chosenOptions(endpoint.options))
    if (!contract.options.includes(option))
      refuse(
        `options.${option}`,
        `is not an option of the contract ${contract.name}, which has ${contract.options.join(', ')}`,
      );
};

const requireRetryWithinExpiry = ({ delaysMs, jitter }: NonNullable<Endpoint['retry']>, contract: Contract): void => {
  const longest = delaysMs.reduce((sum, delay) => sum + delay, 0) * (1 + jitter);
  if (longest > contract.expiry.ms)
    refuse(
      'retry.delaysSeconds',
      `add up to ${Math.ceil(longest / 1000)} seconds with jitter; a delivery of the contract ${contract.name} expires after ${Math.floor(contract.expiry.ms / 1000)}`,
    );
};

/** A secret that a client brings has the form that the endpoint's contract signs with. Throws Refused. */
export const requireContractSecret = (contractName: string, secret: string): void => {
  const problem = clientSecretProblem(secret, contractNamed(contractName)?.secrets ?? 'standard');
  if (problem !== null) refuse('secret', problem);
};
