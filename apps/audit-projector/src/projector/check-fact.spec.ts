import { createdFact, DAY_MS, finishedFact, ODDITIES, sampleEvent, startedFact, T0 } from '../../test/sample-log';
import { checkFact } from './check-fact';

const created = createdFact(sampleEvent('evt-1'), 'ep_1');
const started = startedFact(created, 1, T0);
const finished = finishedFact(started, 200, { kind: 'succeeded' });

it.each([
  ['created', created],
  ['created by a test', { ...created, trigger: { kind: 'test', id: 't1' } }],
  ['attempt-started', started],
  ['attempt-finished', finished],
  ['a status of 999', { ...finished, response: { ...finished.response, status: 999 } }],
  ['parked', { ...created, kind: 'parked', epoch: 0, attempt: 1, parkings: 0, reason: 'lane_full' }],
  ['ended', { ...created, kind: 'ended', epoch: 0, attempt: 1, status: 'expired', reason: 'expired' }],
])('takes %s', (_title, fact) => {
  expect(checkFact(fact, T0)).toEqual({ kind: 'fact', fact });
});

it('takes a fact that is 99 days behind its event', () => {
  expect(checkFact({ ...started, at: T0 + 99 * DAY_MS }, T0 + 99 * DAY_MS).kind).toBe('fact');
});

it.each([
  ['null', null, 'not an object'],
  ['an array', [], 'not an object'],
  ['another kind', { ...created, kind: 'constructor' }, 'kind'],
  ["an id that is not a delivery's", { ...created, deliveryId: 'x' }, 'deliveryId'],
  ['a tenant with NUL', { ...created, tenant: 'a\0' }, 'tenant'],
  ['an endpoint with a lone surrogate', { ...created, endpointId: '\udc00' }, 'endpointId'],
  ['the year 10000', { ...created, at: 253_402_300_800_000 }, 'at'],
  ['a fraction of a millisecond', { ...created, at: 1.5 }, 'at'],
  ['a type with NUL', { ...created, eventType: 'a\0b' }, 'eventType'],
  ['a trigger without id', { ...created, trigger: { kind: 'test' } }, 'trigger'],
  ['a request id that is no UUID', { ...started, requestId: '1' }, 'requestId'],
  ['an epoch beyond integer', { ...started, epoch: 2 ** 31 }, 'epoch'],
  ['an attempt below zero', { ...started, attempt: -1 }, 'attempt'],
  ['headers that are not texts', { ...finished, request: { url: '', headers: { a: 1 } } }, 'request'],
  ['a status that is no number', { ...finished, response: { ...finished.response, status: '200' } }, 'response'],
  ['an unknown result', { ...finished, result: { kind: 'won' } }, 'result'],
  ['an outcome that is no word', { ...finished, outcome: '<b>' }, 'outcome'],
  ['a duration that is no number', { ...finished, durationMs: null }, 'durationMs'],
])('refuses %s', (_title, fact, reason) => {
  expect(checkFact(fact, T0)).toEqual({ kind: 'refused', reason });
});

it('refuses a day that cannot be, which would make a partition of its own', () => {
  expect(checkFact(created, T0 + 101 * DAY_MS).kind).toBe('refused');
  expect(checkFact(created, T0 - 3 * DAY_MS).kind).toBe('refused');
});

it('never throws', () => {
  for (const value of ODDITIES) {
    const text = value?.toString('utf8') ?? '';
    const facts: unknown[] = text.includes('"facts"') ? (JSON.parse(text) as { facts: unknown[] }).facts : [text];
    for (const fact of facts) expect(() => checkFact(fact, T0)).not.toThrow();
  }
});
