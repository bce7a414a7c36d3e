import { bareBundleResult } from './bare-bundle-result';
import type { Contract } from './contract';
import { membersOf } from './members';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/** The id of an export configuration: its endpoint's, under Eclipse's word. */
export const eclipseExportId = (endpointId: string): string => endpointId.replace(/^ep_/, 'ex_');
export const endpointIdOfExport = (exportId: string): string => exportId.replace(/^ex_/, 'ep_');

/**
 * Eclipse Pro: a bundle's completion goes to a plant's system as the bare BundleResult. A connection's bearer token is the
 * endpoint's own header `Authorization`. Retried every 10 minutes until the bundle is 30 days old; a receiver that cannot be
 * reached is down at once, and tried with one delivery every 10 minutes.
 */
export const eclipse: Contract = {
  name: 'eclipse',
  version: 1,
  timeoutMs: 30_000,
  maxTimeoutMs: 30_000,
  retry: { delaysMs: [10 * MINUTE], jitter: 0, repeatsLast: true },
  breaker: {
    countsHttpFailures: false,
    consecutive: { failures: 1, distinctDeliveries: 1 },
    rate: null,
    probeInterval: { firstMs: 10 * MINUTE, longestMs: 10 * MINUTE, factor: 1 },
    disableAfter: null,
  },
  expiry: {
    ms: 30 * DAY,
    from: (event, acceptedAt) =>
      [endTimeOf(event.data), timeOf(event.time)].find((at) => canBe(at, acceptedAt)) ?? acceptedAt,
    renewed: false,
  },
  options: ['standardHeaders', 'traceContext'],
  secrets: 'standard',
  revealsSecret: false,
  rewrites: false,
  variantOf: () => null,
  render: (event) => ({ kind: 'body', body: Buffer.from(bareBundleResult(event)) }),
  headers: () => [
    ['content-type', 'application/json'],
    ['user-agent', 'Millrace/1.0'],
  ],
  succeeded: (status) => status >= 200 && status < 300,
  explains: () => null,
  disables: () => false,
  honoursRetryAfter: () => false,
};

/**
 * Whether something that was accepted then can have ended at that time: not after it, zones and clocks aside, and not at the
 * first of all times, which is how some systems write that they know none.
 */
const canBe = (at: number | null, acceptedAt: number): at is number =>
  at !== null && at >= EARLIEST && at <= acceptedAt + DAY;

const EARLIEST = Date.UTC(2000, 0);

const timeOf = (time: string): number => Date.parse(time.replace(/(\.\d{3})\d+/, '$1'));

/**
 * Unix ms of the bundle's EndTime, or null when it has none. The plant's times name no zone; they are taken for UTC, which is
 * wrong by hours at most, of 30 days.
 */
const endTimeOf = (data: string): number | null => {
  const value: unknown = JSON.parse(membersOf(data).get('EndTime') ?? 'null');
  if (typeof value !== 'string' || !/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}/.test(value)) return null;
  const named = /(Z|[+-]\d{2}:?\d{2})$/i.test(value) ? value : `${value}Z`;
  const at = timeOf(named);
  return Number.isNaN(at) ? null : at;
};
