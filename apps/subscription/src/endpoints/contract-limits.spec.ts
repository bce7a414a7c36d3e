import { type Contract, contractNamed, DEFAULT_OPTIONS, type Endpoint } from '@millrace/domain';
import type { Refused } from '@millrace/service-runtime';
import { requireContractLimits } from './contract-limits';

const standard = contractNamed('standard') as Contract;
const DAYS = standard.expiry.ms / 86_400_000;
const day = 86_400_000;

const refusalOf = (endpoint: Partial<Endpoint>): Refused['problem'] | null => {
  try {
    requireContractLimits({
      contract: 'standard',
      timeoutMs: null,
      retry: null,
      options: DEFAULT_OPTIONS,
      ...endpoint,
    });
    return null;
  } catch (error) {
    return (error as Refused).problem;
  }
};

test.each<Partial<Endpoint>>([
  {},
  { timeoutMs: standard.maxTimeoutMs },
  { retry: { delaysMs: [], jitter: 0 } },
  { retry: { delaysMs: Array(DAYS).fill(day), jitter: 0 } },
  { contract: 'of another build', timeoutMs: 10 ** 9 },
  { contract: 'nentropy', options: { ...DEFAULT_OPTIONS, signatureFormat: 'base64', integrationId: 'int_1' } },
  { contract: 'mes', options: { ...DEFAULT_OPTIONS, standardHeaders: false } },
])('takes %j', (endpoint) => {
  expect(refusalOf(endpoint)).toBeNull();
});

test.each<[Partial<Endpoint>, string, string]>([
  [
    { options: { ...DEFAULT_OPTIONS, standardHeaders: false } },
    'options.standardHeaders',
    'is not an option of the contract standard',
  ],
  [
    { contract: 'mes', options: { ...DEFAULT_OPTIONS, integrationId: 'int_1' } },
    'options.integrationId',
    'is not an option of the contract mes',
  ],
  [{ contract: 'mes', timeoutMs: 5_001 }, 'timeoutMs', 'must be at most 5000 ms'],
  [
    { timeoutMs: standard.maxTimeoutMs + 1 },
    'timeoutMs',
    'must be at most 30000 ms, the longest of the contract standard',
  ],
  [
    { retry: { delaysMs: Array(DAYS).fill(day), jitter: 0.1 } },
    'retry.delaysSeconds',
    'add up to 2851200 seconds with jitter; a delivery of the contract standard expires after 2592000',
  ],
])('refuses %j', (endpoint, path, detail) => {
  expect(refusalOf(endpoint)).toMatchObject({
    code: 'invalid_request',
    errors: [{ path, detail: expect.stringContaining(detail) }],
  });
});
