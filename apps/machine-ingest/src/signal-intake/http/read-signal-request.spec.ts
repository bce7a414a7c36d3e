import { readFileSync } from 'node:fs';
import { decodeSignal, encodeSignal } from '@millrace/protocol';
import fc from 'fast-check';
import { describeRecordings, recordingPath } from '../../test-support/recordings';
import { readSignalRequest } from './read-signal-request';
import type { SignalRequestContext } from './signal-of-item';

const context = {
  tenant: 'acme',
  receivedAt: Date.parse('2026-02-17T13:00:00Z'),
  repeatable: null,
  source: 'http',
  machine: null,
};
type Over = Partial<SignalRequestContext> & { contentType?: string };
const read = (body: unknown, { contentType, ...over }: Over = {}) => {
  const bytes = Buffer.isBuffer(body) ? body : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
  return readSignalRequest({ body: bytes, contentType }, { ...context, ...over });
};
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

it('keeps an object as it is, with the digits of a number that JavaScript would change', () => {
  const [plain, large] = signalsOf(
    read(
      '[{"machine":"M","path":"p","value":{"n":14400.0}},{"machine":"M","path":"p","value":{"n":12345678901234567890}}]',
    ),
  );
  expect(plain).toMatchObject({ value: { n: 14400 }, type: 'json' });
  expect(large).toMatchObject({ value: { n: '12345678901234567890' }, type: 'json' });
});

it('gives a signal the machine and the source of the place it came to', () => {
  const own = { source: 'gateway', machine: 'RF-9' };
  const [first, second] = signalsOf(
    read(
      [
        { path: 'execution', value: 'ACTIVE' },
        { ...good, source: 'line' },
      ],
      own,
    ),
  );
  expect(first).toMatchObject({ machine: 'RF-9', source: 'gateway' });
  expect(second).toMatchObject({ machine: 'RF-1', source: 'line' });
});

it.each([
  [
    {},
    [
      'machine is missing; it must name the machine',
      'path is missing; it must be text',
      'value is missing; it must be a number, text (at most 65536 characters), true, false, null or an object',
    ],
  ],
  [{ ...good, path: 7 }, ['path must be text']],
  [{ ...good, seq: 'one' }, ['seq must be a number']],
  [{ ...good, seq: -1 }, ['seq must be at least 0']],
  [{ ...good, flags: ['new'] }, [expect.stringMatching(/^flags\[0\] must be \w+, .* or \w+$/)]],
])('says of %j what is missing and what is another thing', (item, sentences) => {
  const reading = read(item);
  if (reading.kind !== 'problem') throw new Error('it was taken');
  expect(reading.problem.errors?.map(({ path, detail }) => `${path} ${detail}`)).toEqual(sentences);
});

it.each([
  ['short', 'W-17', []],
  ['as long as a code', 'w'.repeat(256), []],
  ['longer', 'w'.repeat(257), ['value.conditionId must have at most 256 characters']],
  ['a number', 17, ['value.conditionId must be text']],
  ['of two lines', 'a\nb', ['value.conditionId must not hold control characters']],
])('reads the name of an activation of a condition as it reads its code: %s', (_, conditionId, sentences) => {
  const value = { level: 'FAULT', nativeCode: '700', conditionId };
  const reading = read({ ...good, kind: 'condition', value });
  const wrong = reading.kind === 'problem' ? (reading.problem.errors ?? []) : [];
  expect(wrong.map(({ path, detail }) => `${path} ${detail}`)).toEqual(sentences);
  if (sentences.length === 0) expect(signalsOf(reading)[0]).toMatchObject({ kind: 'condition', value });
});

describe('NDJSON', () => {
  const ndjson = { contentType: 'application/x-ndjson; charset=utf-8' };

  it('takes the right lines and names the others by their place', () => {
    const lines = [JSON.stringify(good), '{"machine":', '', JSON.stringify({ ...good, path: '$tick' }), '[1]', '7'];
    const body = Buffer.concat([
      Buffer.from(`${lines.join('\r\n')}\n`),
      Buffer.from([0xff, 0xfe, 0x0a]),
      Buffer.from(JSON.stringify({ ...good, value: 'READY' })),
    ]);
    const reading = read(body, ndjson);
    expect(signalsOf(reading).map(({ value }) => value)).toEqual(['ACTIVE', 'READY']);
    expect(reading).toMatchObject({
      rejected: [
        { index: 1, code: 'invalid_json' },
        { index: 3, path: 'path', code: 'invalid_signal' },
        { index: 4, code: 'invalid_signal' },
        { index: 5, code: 'invalid_signal' },
        { index: 6, code: 'invalid_json' },
      ],
    });
  });

  it('numbers what can be repeated, each machine by itself and without holes', () => {
    const other = { ...good, machine: 'RF-2' };
    const body = [good, other, '', { path: 1 }, good, other]
      .map((line) => (line === '' ? '' : JSON.stringify(line)))
      .join('\n');
    const signals = signalsOf(read(body, { ...ndjson, repeatable: 'k' }));
    expect(signals.map(({ machine, seq }) => [machine, seq])).toEqual([
      ['RF-1', 0],
      ['RF-2', 0],
      ['RF-1', 1],
      ['RF-2', 1],
    ]);
  });

  it.each([
    ['', 422, 'invalid_request'],
    ['\n \n', 422, 'invalid_request'],
    ['{', 422, 'invalid_request'],
    [`${'['.repeat(50_000)}\n`, 422, 'invalid_request'],
    [`${JSON.stringify(good)}\n`.repeat(10_001), 413, 'too_large'],
  ])('refuses %.40j', (body, status, code) => {
    expect(read(body, ndjson)).toMatchObject({ kind: 'problem', problem: { status, code } });
  });

  it('is read only where the header says so', () => {
    expect(read(`${JSON.stringify(good)}\n${JSON.stringify(good)}`)).toMatchObject({
      problem: { status: 400, code: 'invalid_json' },
    });
  });
});

describe('a recorded signal', () => {
  const recorded = {
    v: 1,
    tenant: 'acme',
    ...good,
    source: 'sim-1',
    session: 's1',
    seq: 4,
    type: 'boolean',
    value: false,
    unit: null,
    quality: 'good',
    qualityCode: null,
    sourceTs: '2026-02-17T12:59:55.1234567Z',
    receiveTs: '2020-01-01T00:00:00Z',
    at: '2020-01-01T00:00:00Z',
    flags: ['snapshot'],
  };

  it('is received now, with its own numbering and stamp', () => {
    expect(signalsOf(read(recorded))[0]).toMatchObject({
      source: 'sim-1',
      session: 's1',
      seq: 4,
      type: 'bool',
      value: false,
      sourceTs: '2026-02-17T12:59:55.1234567Z',
      receiveTs: '2026-02-17T13:00:00.000Z',
      at: '2026-02-17T13:00:00.000Z',
      flags: ['snapshot'],
    });
  });

  it.each([
    [{ tenant: 'other' }, 'tenant'],
    [{ v: 2 }, 'v'],
    [{ path: '$lifecycle' }, 'path'],
    [{ colour: 'red' }, ''],
  ])('with %j is refused', (wrong, path) => {
    expect(read([good, { ...recorded, ...wrong }])).toMatchObject({ rejected: [{ index: 1, path }] });
  });
});

describeRecordings('the recording of a roll-forming line', () => {
  it('is taken as it lies in its file', () => {
    const body = readFileSync(recordingPath('rollform-synthetic', 'base.ndjson'));
    const reading = read(body, { contentType: 'application/x-ndjson' });
    expect(reading).toMatchObject({ rejected: [] });
    expect(signalsOf(reading)).toHaveLength(body.toString().trim().split('\n').length);
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
  [{ ...good, type: 'condition', value: { level: 'LOUD' } }, 422, 'invalid_request'],
  [{ ...good, type: 'condition', value: 'FAULT' }, 422, 'invalid_request'],
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
