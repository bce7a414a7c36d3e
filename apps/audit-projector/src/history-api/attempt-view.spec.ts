import { attemptViews } from './attempt-view';
import type { StoredAttempt } from './history-reader.store';

const body = { text: '{}', missing: null } as const;
const stored = (over: Partial<StoredAttempt>): StoredAttempt => ({
  request_id: 'a',
  epoch: 0,
  attempt: 1,
  trace_id: 't',
  announced_at: '1000',
  announced_url: Buffer.from('https://r.example/'),
  finished_at: null,
  started_at: null,
  duration_ms: null,
  outcome: null,
  response_status: null,
  detail: null,
  response_body: null,
  ...over,
});
const outcomes = (rows: StoredAttempt[], ended = false) =>
  attemptViews(rows, ended, body).map(({ outcome }) => outcome);
const later = stored({ request_id: 'b', announced_at: '2000' });

it.each([
  ['alone', [stored({})], false, ['pending']],
  ['sent again after a crash', [stored({}), later], false, ['unknown', 'pending']],
  [
    'followed by the next attempt',
    [stored({}), stored({ request_id: 'b', attempt: 2 })],
    false,
    ['unknown', 'pending'],
  ],
  [
    'followed by a manual retry',
    [stored({ attempt: 3 }), stored({ request_id: 'b', epoch: 1 })],
    false,
    ['unknown', 'pending'],
  ],
  ['of a delivery that has ended', [stored({})], true, ['unknown']],
  [
    'after an earlier one that finished',
    [stored({ request_id: 'b', outcome: 'http_500', announced_at: '500' }), stored({})],
    false,
    ['http_500', 'pending'],
  ],
] as const)('shows a request without an answer: %s', (_title, rows, ended, expected) => {
  expect(outcomes([...rows], ended)).toEqual(expected);
});

it('shows what is known of a request that never answered', () => {
  expect(attemptViews([stored({})], false, body)[0]).toMatchObject({
    startedAt: '1970-01-01T00:00:01.000Z',
    durationMs: null,
    request: { url: 'https://r.example/', body: '{}', bodyMissing: null },
    response: null,
  });
});

it('shows a hostile answer as text', () => {
  const row = stored({
    outcome: 'http_999',
    response_status: 999,
    response_body: Buffer.from([0x3c, 0x62, 0x3e, 0x00, 0xff]),
    detail: Buffer.from(
      JSON.stringify({
        url: 'u',
        requestHeaders: {},
        responseHeaders: { a: '\ud800' },
        bodyTruncated: true,
        error: null,
      }),
    ),
  });
  expect(attemptViews([row], true, body)[0]?.response).toEqual({
    status: 999,
    headers: { a: '\ud800' },
    body: '<b>\0\ufffd',
    bodyTruncated: true,
  });
});
