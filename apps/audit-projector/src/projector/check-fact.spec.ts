import { checkFact } from './check-fact';
import {
  createdFact,
  DAY_MS,
  endedFact,
  finishedFact,
  ODDITIES,
  parkedFact,
  refusedCommandFact,
  reopenedFact,
  sampleEvent,
  startedFact,
  T0,
} from './sample-log.fixture';

const created = createdFact(sampleEvent('evt-1'), 'ep_1');
const started = startedFact(created, 1, T0);
const finished = finishedFact(started, 200, { kind: 'succeeded' });
const parked = parkedFact(created, { at: T0 });
const ended = endedFact(created, { at: T0, status: 'expired', reason: 'expired' });
const reopened = reopenedFact(created, 1, T0);
const refused = refusedCommandFact(created, { at: T0 });
const without = <Fact extends object>(fact: Fact, ...names: (keyof Fact)[]) =>
  Object.fromEntries(Object.entries(fact).filter(([name]) => !names.includes(name as keyof Fact)));

it.each([
  ['created', created],
  ['created by a test', { ...created, trigger: { kind: 'test', id: 't1' } }],
  ['attempt-started', started],
  ['attempt-finished', finished],
  ['a status of 999', { ...finished, response: { ...finished.response, status: 999 } }],
  ['created without a subject', { ...created, subject: null }],
  ['created with a subject that no text column takes', { ...created, subject: 'a\0\ud800' }],
  ['created by an earlier release', without(created, 'subject')],
  ['attempt-started without a place', { ...started, chain: null }],
  ['attempt-started of the first of its endpoint', { ...started, chain: { sequence: 1, previousId: null } }],
  ['attempt-started of an earlier release', without(started, 'recordOffset', 'chain')],
  ['parked', parked],
  ['parked behind another', { ...parked, reason: 'behind_key', behind: created.deliveryId }],
  ['parked by an earlier release', { ...without(parked, 'recordOffset', 'behind'), parkings: 1 }],
  ['ended', ended],
  ['ended by a command', { ...ended, by: 'key-1', commandId: 'cmd_1', recordOffset: 2 ** 40 }],
  ['reopened', reopened],
  ['command-refused', refused],
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
  ['a subject that is too long', { ...created, subject: 'x'.repeat(513) }, 'subject'],
  ['a subject that is no text', { ...created, subject: 7 }, 'subject'],
  ['an offset below zero', { ...started, recordOffset: -1 }, 'recordOffset'],
  ['an offset beyond what is exact', { ...parked, recordOffset: 2 ** 53 }, 'recordOffset'],
  ['a place that is no number', { ...started, chain: { sequence: '1', previousId: null } }, 'chain'],
  ['a place behind NUL', { ...started, chain: { sequence: 1, previousId: '\0' } }, 'chain'],
  ['behind what is no delivery', { ...parked, behind: 'x' }, 'behind'],
  ['an end by nobody that PostgreSQL takes', { ...ended, by: '\0' }, 'by'],
  ['reopened without a command', { ...reopened, commandId: '' }, 'commandId'],
  ['reopened at no epoch', { ...reopened, epoch: null }, 'epoch'],
  ['reopened by a number', { ...reopened, by: 1 }, 'by'],
  ['a refusal of another command', { ...refused, command: 'drop' }, 'command'],
  ['a refusal with a sentence', { ...refused, reason: 'It was late.' }, 'reason'],
  ['a refusal of a command with NUL', { ...refused, commandId: 'a\0' }, 'commandId'],
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
