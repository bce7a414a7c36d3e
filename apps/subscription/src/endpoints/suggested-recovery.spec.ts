import { contractNamed } from '@millrace/domain';
import type { StoredEndpoint } from './stored-endpoint';
import { suggestedRecovery } from './suggested-recovery';

const DAY = 86_400_000;
const now = Date.parse('2026-06-01T00:00:00.000Z');
const { retry, expiry } = contractNamed('standard')!;
const expiryMs = expiry.ms;
const schedule = retry.delaysMs.reduce((sum, delay) => sum + delay, 0) * (1 + retry.jitter);

const before = (status: StoredEndpoint['status'], daysAgo: number, more: Partial<StoredEndpoint> = {}) =>
  ({
    id: 'ep_1',
    contract: 'standard',
    status,
    statusSince: new Date(now - daysAgo * DAY).toISOString(),
    createdAt: '2026-01-01T00:00:00.000Z',
    retry: null,
    ...more,
  }) as StoredEndpoint;

const sinceOf = (endpoint: StoredEndpoint, timeScale = 1): number | null => {
  const suggestion = suggestedRecovery(endpoint, now, timeScale);
  return suggestion === null ? null : Date.parse(suggestion.suggested.since);
};

test('one that was disabled is offered what failed from a whole schedule before', () => {
  expect(suggestedRecovery(before('disabled', 1), now, 1)).toEqual({
    suggested: { only: 'failed', since: new Date(now - DAY - schedule).toISOString() },
    call: 'POST /v1/endpoints/ep_1/recover',
  });
});

test.each<[string, StoredEndpoint, number | null]>([
  [
    'a short schedule of its own counts as a day',
    before('disabled', 1, { retry: { delaysMs: [1000], jitter: 0 } }),
    now - 2 * DAY,
  ],
  [
    'never before it was made',
    before('disabled', 1, { createdAt: new Date(now - 1.5 * DAY).toISOString() }),
    now - 1.5 * DAY,
  ],
  ['never older than events are kept, with an hour to spare', before('disabled', 200), now - 35 * DAY + 3_600_000],
  ['one that was active has nothing to recover', before('active', 1), null],
  ['what a short pause parked goes on by itself', before('paused', 1), null],
  [
    'what a pause may have let expire',
    before('paused', (expiryMs - schedule) / DAY + 0.001),
    now - expiryMs - 0.001 * DAY,
  ],
  ['a contract that this build lacks', before('disabled', 1, { contract: 'other' }), null],
])('%s', (_, endpoint, since) => {
  expect(sinceOf(endpoint)).toBe(since);
});

test('a scaled site has scaled schedules', () => {
  expect(sinceOf(before('disabled', 1), 0.001)).toBe(Math.floor(now - DAY - schedule / 1000));
});
