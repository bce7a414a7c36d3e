import { decodeSignal, encodeSignal } from '@millrace/protocol';
import fc from 'fast-check';
import { readSignalRequest } from './read-signal-request';

const context = { tenant: 'acme', receivedAt: Date.parse('2026-02-17T13:00:00Z'), repeatable: null };
const read = (body: unknown, over: Partial<typeof context> | { repeatable: string } = {}) =>
  readSignalRequest(Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)), { ...context, ...over });
const signalsOf = (reading: ReturnType<typeof read>) => {
  if (reading.kind !== 'signals') throw new Error(JSON.stringify(reading.problem));
  return reading.signals;
};
const good = { machine: 'RF-1', path: 'execution', value: 'ACTIVE' };

it('fills in what a plain observation leaves out', () => {
  expect(signalsOf(read(good))[0]).toMatchObject({
    v: 1,
    tenant: 'acme',
    machine: 'RF-1',
    source: 'http',
    session: '',
    seq: null,
    kind: 'event',
    type: 'string',
    quality: 'good',
    sourceTs: null,
    receiveTs: '2026-02-17T13:00:00.000Z',
    flags: [],
  });
});

it.each([
  ['UNAVAILABLE', { value: null, quality: 'stale', qualityCode: 'mtc:UNAVAILABLE' }],
  [null, { value: null, quality: 'bad' }],
  [true, { value: true, type: 'bool' }],
  [1.5, { value: 1.5, type: 'double' }],
])('takes %j for what it says', (value, expected) => {
  expect(signalsOf(read({ ...good, value }))[0]).toMatchObject(expected);
});

it('keeps the digits of a 64-bit integer', () => {
  expect(signalsOf(read('[{"machine":"M","path":"p","value":9223372036854775807}]'))[0]).toMatchObject({
    value: '9223372036854775807',
    type: 'int64',
  });
});

it('numbers the signals of a request with an Idempotency-Key, so its repeat has no second effect', () => {
  const [first, second] = signalsOf(read([good, good], { repeatable: 'k' }));
  expect([first!.session, first!.seq, second!.seq]).toEqual(['k', 0, 1]);
});

it('takes the right ones of a batch and names the others', () => {
  const reading = read([
    good,
    { ...good, machine: 'no spaces' },
    { ...good, value: [1] },
    { ...good, path: '$tick' },
    7,
  ]);
  expect(signalsOf(reading)).toHaveLength(1);
  expect(reading).toMatchObject({
    rejected: [
      { index: 1, path: 'machine' },
      { index: 2, path: 'value' },
      { index: 3, path: 'path' },
      { index: 4, path: '' },
    ],
  });
});

it.each([
  ['{', 400, 'invalid_json'],
  ['[]', 422, 'invalid_request'],
  ['7', 422, 'invalid_request'],
  ['[{}]', 422, 'invalid_request'],
  [{ ...good, tenant: 'other' }, 422, 'invalid_request'],
  [{ ...good, seq: -1 }, 422, 'invalid_request'],
  [{ ...good, timestamp: '2026-02-30T25:00:00Z' }, 422, 'invalid_request'],
  [{ ...good, kind: 'condition', value: { level: 'LOUD' } }, 422, 'invalid_request'],
  [`${'['.repeat(40)}${']'.repeat(40)}`, 422, 'invalid_request'],
  [Array(10_001).fill(good), 413, 'too_large'],
])('refuses %.60j', (body, status, code) => {
  expect(read(body)).toMatchObject({ kind: 'problem', problem: { status, code } });
});

it('makes of any request signals that the translation can read, or a problem', () => {
  const member = fc.oneof(
    fc.string(),
    fc.double(),
    fc.boolean(),
    fc.constant(null),
    fc.json(),
    fc.object({ maxDepth: 2 }),
  );
  const item = fc.record(
    {
      machine: fc.constantFrom('M', 'M/1', ''),
      path: fc.string({ maxLength: 5 }),
      value: member,
      kind: fc.constantFrom('event', 'condition', 'sample', 'lifecycle'),
      seq: fc.oneof(fc.nat(), fc.double()),
      timestamp: fc.oneof(
        fc.string(),
        fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
      ),
      session: fc.string(),
      flags: fc.array(fc.constantFrom('historical', 'x')),
    },
    { requiredKeys: ['machine', 'path', 'value'] },
  );
  fc.assert(
    fc.property(fc.oneof(fc.array(item, { maxLength: 5 }), item, fc.anything()), (body) => {
      const reading = read(JSON.stringify(body) ?? '');
      if (reading.kind === 'problem') return expect(reading.problem.status).toBeLessThan(500);
      for (const signal of reading.signals) {
        const message = encodeSignal('signals', signal);
        const incoming = {
          ...message,
          partition: 0,
          offset: 0n,
          timestamp: 0,
          key: Buffer.from(message.key!),
          headers: {},
        };
        expect(decodeSignal(incoming)).toMatchObject({ kind: 'signal' });
      }
    }),
    { numRuns: 1000 },
  );
});
