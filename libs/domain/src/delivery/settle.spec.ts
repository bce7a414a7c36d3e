import fc from 'fast-check';
import { standard } from '../contract/standard';
import type { DeliveryTask } from './delivery-task';
import type { FailureClass, Outcome } from './outcome';
import { nextAttempt, type SettleInput, settle } from './settle';

const NOW = Date.UTC(2026, 1, 17, 14, 0, 0);
const DAY = 86_400_000;

const task: DeliveryTask = {
  deliveryId: '019c6c2a-0000-8000-8000-000000000000',
  tenant: 'default',
  endpointId: 'ep_1',
  eventId: 'evt_1',
  eventKey: 'a'.repeat(32),
  eventType: 'machine.alarm',
  eventTime: '2026-02-17T13:59:55Z',
  contract: { name: 'standard', version: 1 },
  trigger: { kind: 'event' },
  epoch: 0,
  attempt: 1,
  acceptedAt: NOW - 5_000,
  firstFailedAt: null,
  expiresAt: NOW + 30 * DAY,
  remainingDelayMs: 0,
  plannedAt: null,
  subject: null,
  chain: null,
  destination: null,
  replay: null,
};
const answered = (status: number, headers: { [name: string]: string } = {}): Outcome => ({
  kind: 'response',
  status,
  headers,
  body: Buffer.alloc(0),
  bodyTruncated: false,
  durationMs: 12,
});
const failed = (failure: FailureClass): Outcome => ({ kind: 'failure', failure, message: 'x', durationMs: 12 });
const settled = (outcome: Outcome, change: Partial<DeliveryTask> = {}, rest: Partial<SettleInput> = {}) =>
  settle({
    task: { ...task, ...change },
    contract: standard,
    endpoint: { retry: null },
    outcome,
    now: NOW,
    random: 0,
    timeScale: 1,
    ...rest,
  });
const retryIn = (delayMs: number) => ({ kind: 'retry', delayMs, plannedAt: NOW + delayMs });

describe('settle', () => {
  it.each([
    [{ delaysMs: [7_000], jitter: 0 }, 1, retryIn(7_000)],
    [{ delaysMs: [7_000], jitter: 0.5 }, 1, retryIn(7_000)],
    [{ delaysMs: [7_000], jitter: 0 }, 2, { kind: 'exhausted' }],
    [{ delaysMs: [], jitter: 0 }, 1, { kind: 'exhausted' }],
  ])('follows the own schedule %j of an endpoint at attempt %i', (retry, attempt, expected) => {
    expect(settled(answered(500), { attempt }, { endpoint: { retry } })).toEqual(expected);
  });

  it.each([200, 201, 204, 299])('is done after %i', (status) => {
    expect(settled(answered(status))).toEqual({ kind: 'succeeded' });
  });

  it('is done also past the expiry and after the last attempt', () => {
    expect(settled(answered(200), { expiresAt: NOW - 1, attempt: 99 })).toEqual({ kind: 'succeeded' });
  });

  it('takes 410 as the end of the endpoint', () => {
    expect(settled(answered(410))).toEqual({ kind: 'endpoint_gone' });
    expect(settled(answered(410), { attempt: 10 })).toEqual({ kind: 'endpoint_gone' });
  });

  it.each([199, 300, 302, 400, 404, 429, 500, 503, 999])('tries again after %i', (status) => {
    expect(settled(answered(status))).toEqual(retryIn(5_000));
  });

  it.each<FailureClass>(['timeout', 'dns', 'connection', 'tls', 'protocol', 'blocked_destination'])(
    'tries again after the failure %s',
    (failure) => {
      expect(settled(failed(failure))).toEqual(retryIn(5_000));
    },
  );

  it('follows the schedule of the contract to its end', () => {
    const delays = standard.retry.delaysMs.map((_, index) => settled(failed('timeout'), { attempt: index + 1 }));
    expect(delays).toEqual(standard.retry.delaysMs.map(retryIn));
    expect(settled(failed('timeout'), { attempt: standard.retry.delaysMs.length + 1 })).toEqual({ kind: 'exhausted' });
  });

  it('adds the jitter of the contract', () => {
    expect(settled(failed('timeout'), {}, { random: 0.5 })).toEqual(retryIn(5_250));
  });

  it('scales the schedule, rounded up to whole milliseconds', () => {
    expect(settled(failed('timeout'), {}, { timeScale: 0.01 })).toEqual(retryIn(50));
    expect(settled(failed('timeout'), {}, { timeScale: 0.000_01 })).toEqual(retryIn(1));
  });

  it.each([
    [429, '60', 60_000],
    [503, '60', 60_000],
    [503, '1', 5_000],
    [503, '0', 5_000],
    [503, '-1', 5_000],
    [503, 'abc', 5_000],
    [503, 'Tue, 17 Feb 2026 14:02:00 GMT', 120_000],
    [503, 'Tue, 17 Feb 2026 13:00:00 GMT', 5_000],
    [500, '60', 5_000],
    [302, '60', 5_000],
  ])('after %i with Retry-After %s waits %i ms', (status, value, delayMs) => {
    expect(settled(answered(status, { 'retry-after': value }))).toEqual(retryIn(delayMs));
  });

  it('does not scale what a receiver asks for', () => {
    const outcome = answered(429, { 'retry-after': '60' });
    expect(settled(outcome, {}, { timeScale: 0.01 })).toEqual(retryIn(60_000));
  });

  it('gives up a delivery that would be late: by schedule, or because the receiver asks for too long', () => {
    expect(settled(failed('timeout'), { expiresAt: NOW + 4_999 })).toEqual({ kind: 'expired' });
    expect(settled(failed('timeout'), { expiresAt: NOW + 5_000 })).toEqual(retryIn(5_000));
    expect(settled(answered(429, { 'retry-after': '999999999' }))).toEqual({ kind: 'expired' });
    expect(settled(answered(429, { 'retry-after': 'Fri, 31 Dec 9999 23:59:59 GMT' }))).toEqual({ kind: 'expired' });
  });

  it('knows no expiry where the task has none', () => {
    expect(settled(answered(429, { 'retry-after': '9999999' }), { expiresAt: null })).toEqual(retryIn(9_999_999_000));
  });

  it('says exhausted before expired when both are so', () => {
    expect(settled(failed('timeout'), { attempt: 10, expiresAt: NOW })).toEqual({ kind: 'exhausted' });
  });

  it('plans no retry shorter than the schedule, nor past the expiry', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 12 }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        fc.oneof(fc.nat().map(String), fc.string()),
        fc.constantFrom(200, 410, 429, 500, 503),
        (attempt, random, retryAfter, status) => {
          const settlement = settled(answered(status, { 'retry-after': retryAfter }), { attempt }, { random });
          if (settlement.kind !== 'retry') return;
          expect(settlement.delayMs).toBeGreaterThanOrEqual(standard.retry.delaysMs[attempt - 1]!);
          expect(settlement.plannedAt).toBeLessThanOrEqual(task.expiresAt!);
          expect(settlement.plannedAt).toBe(NOW + settlement.delayMs);
        },
      ),
    );
  });
});

describe('nextAttempt', () => {
  it('asks for one attempt more and keeps the time of the first failure', () => {
    const second = nextAttempt(task, 5_000, NOW + 5_000, NOW);
    expect(second).toEqual({
      ...task,
      attempt: 2,
      firstFailedAt: NOW,
      remainingDelayMs: 5_000,
      plannedAt: NOW + 5_000,
    });
    expect(nextAttempt(second, 1, NOW + 9_001, NOW + 9_000)).toMatchObject({ attempt: 3, firstFailedAt: NOW });
  });
});
