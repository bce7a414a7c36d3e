import type { DisableCount } from './disable-count';
import { type EndpointDown, type EndpointHealth, type EndpointUp, HEALTHY } from './endpoint-health';
import { type FailureRow, type FailureWindow, WINDOW_BUCKETS, type WindowBucket } from './failure-counts';

/** Reads what this or another release stored; `HEALTHY` for anything it does not understand: what is down is found out again. */
export const readHealth = (value: unknown): EndpointHealth => {
  if (!isMembers(value) || !isDisableCount(value['disabling'])) return HEALTHY;
  if (isDown(value)) return value;
  // Earlier releases did not write when it came back.
  return isUp(value) ? { ...value, recoveredAt: isTime(value['recoveredAt']) ? value['recoveredAt'] : null } : HEALTHY;
};

interface Members {
  readonly [name: string]: unknown;
}

const isMembers = (value: unknown): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

const isTime = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);

const isUp = (value: Members): value is Members & EndpointUp =>
  value['kind'] === 'up' &&
  isRow(value['row']) &&
  isWindow(value['window']) &&
  (value['ramp'] === null ||
    (isMembers(value['ramp']) &&
      isCount(value['ramp']['limit']) &&
      value['ramp']['limit'] > 0 &&
      isCount(value['ramp']['successes'])));

const isDown = (value: Members): value is Members & EndpointDown =>
  value['kind'] === 'down' &&
  (value['reason'] === 'transport' || value['reason'] === 'failure_rate') &&
  isTime(value['since']) &&
  isTime(value['probeAt']) &&
  isTime(value['intervalMs']) &&
  value['intervalMs'] > 0 &&
  (value['probing'] === null || typeof value['probing'] === 'string') &&
  isCount(value['failedProbes']);

const isDisableCount = (value: unknown): value is DisableCount =>
  isMembers(value) && isCount(value['failures']) && [0, 50, 70, 90, 100].includes(value['alerted'] as number);

const isRow = (value: unknown): value is FailureRow =>
  isMembers(value) &&
  isCount(value['failures']) &&
  isCount(value['transport']) &&
  Array.isArray(value['deliveries']) &&
  value['deliveries'].every(isCount);

const isBucket = (value: unknown): value is WindowBucket =>
  isRow(value) && isMembers(value) && isTime(value['startedAt']) && isCount(value['requests']);

const isWindow = (value: unknown): value is FailureWindow =>
  isMembers(value) &&
  isBucket(value['current']) &&
  Array.isArray(value['earlier']) &&
  value['earlier'].length <= WINDOW_BUCKETS &&
  value['earlier'].every(isBucket);
