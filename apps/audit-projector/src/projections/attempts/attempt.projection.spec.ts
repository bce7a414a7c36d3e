import { createdFact, finishedFact, sampleEvent, startedFact, T0 } from '../../projector/sample-log.fixture';
import { type AttemptDetail, attemptRow, mergeAttempts } from './attempt.projection';

const created = createdFact(sampleEvent('evt-1'), 'ep_1');
const started = startedFact(created, 1, T0);
const finished = finishedFact(started, 500, { kind: 'retry', nextAttemptAt: T0 + 5_000 });
const detailOf = (fact: typeof finished) => JSON.parse(attemptRow(fact).finished!.detail.toString()) as AttemptDetail;

it('joins the two halves of a request, in any order and any number of times', () => {
  const [a, b] = [attemptRow(started), attemptRow(finished)];
  const whole = mergeAttempts(a, b);
  expect(whole.started?.announcedAt).toBe(T0);
  expect(whole.finished).toMatchObject({
    startedAt: T0 + 3,
    durationMs: 117,
    outcome: 'http_500',
    responseStatus: 500,
  });
  expect(mergeAttempts(b, a)).toEqual(whole);
  expect([a, b, b, a, a].reduce(mergeAttempts)).toEqual(whole);
});

it('shows a request whose sender died', () => {
  expect(attemptRow(started)).toMatchObject({ attempt: 1, finished: null });
});

it('settles on the same of two answers to one request, whichever comes first', () => {
  const other = attemptRow({ ...finished, outcome: 'http_502' });
  expect(mergeAttempts(attemptRow(finished), other)).toEqual(mergeAttempts(other, attemptRow(finished)));
});

it.each([
  [
    'a body of 40,000 bytes',
    { response: { status: 200, headers: {}, body: Buffer.alloc(40_000).toString('base64'), bodyTruncated: true } },
    16_384,
  ],
  ['a body that is not base64', { response: { status: 200, headers: {}, body: '\0\0', bodyTruncated: false } }, 0],
])('caps %s', (_title, over, length) => {
  expect(attemptRow({ ...finished, ...over }).finished?.responseBody).toHaveLength(length);
});

it('keeps hostile headers as they are, and only so many', () => {
  const headers = { a: 'NUL \0, surrogate \ud800', b: 'x'.repeat(70_000), c: 'small' };
  const detail = detailOf({ ...finished, request: { url: 'http://r/\0', headers } });
  expect(detail.url).toBe('http://r/\0');
  expect(detail.requestHeaders).toEqual({ a: 'NUL \0, surrogate \ud800' });
});

it('does not let an odd duration out of range', () => {
  expect(attemptRow({ ...finished, durationMs: 1e300 }).finished?.durationMs).toBe(2_147_483_647);
  expect(attemptRow({ ...finished, durationMs: -4.2 }).finished?.durationMs).toBe(0);
});
