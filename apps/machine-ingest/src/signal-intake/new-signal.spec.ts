import { SIGNAL_FLAGS, SIGNAL_QUALITIES } from '@millrace/domain';
import { encodeSignal } from '@millrace/protocol';
import fc from 'fast-check';
import { newSignal, type SaidSignal } from './new-signal';

const always = {
  tenant: 'default',
  machine: 'M-1',
  source: 's',
  session: 'x',
  path: 'Temp',
  kind: 'sample',
  value: 21.5,
  type: 'double',
  clock: 'device',
  receivedAt: Date.UTC(2026, 1, 17, 13),
  raw: { proto: 'mqtt', ref: 'a/b' },
} as const satisfies SaidSignal;

it('has of what is not said what most signals have', () => {
  expect(newSignal(always)).toStrictEqual({
    v: 1,
    tenant: 'default',
    machine: 'M-1',
    source: 's',
    session: 'x',
    seq: null,
    path: 'Temp',
    kind: 'sample',
    value: 21.5,
    type: 'double',
    unit: null,
    quality: 'good',
    qualityCode: null,
    sourceTs: null,
    serverTs: null,
    receiveTs: '2026-02-17T13:00:00.000Z',
    at: '2026-02-17T13:00:00.000Z',
    clock: 'device',
    flags: [],
    raw: { proto: 'mqtt', ref: 'a/b' },
  });
});

it('evaluates a recording at its own time', () => {
  const { receiveTs, at } = newSignal({ ...always, evaluatedAt: Date.UTC(2026, 1, 17, 14) });
  expect([receiveTs, at]).toEqual(['2026-02-17T13:00:00.000Z', '2026-02-17T14:00:00.000Z']);
});

const MEMBERS = [
  ...['v', 'tenant', 'machine', 'source', 'session', 'seq', 'idx', 'path', 'kind', 'value', 'type', 'unit', 'quality'],
  ...['qualityCode', 'sourceTs', 'serverTs', 'receiveTs', 'at', 'clock', 'flags', 'raw'],
];

it('keeps what is said, with its members in one order in whichever they were said', () => {
  const said = fc.record(
    {
      seq: fc.option(fc.nat()),
      idx: fc.nat(63),
      unit: fc.option(fc.constantFrom('mm', '[in_i]')),
      quality: fc.constantFrom(...SIGNAL_QUALITIES),
      qualityCode: fc.option(fc.string()),
      sourceTs: fc.option(fc.constant('2026-02-17T12:00:00Z')),
      serverTs: fc.option(fc.constant('2026-02-17T12:00:01Z')),
      flags: fc.subarray([...SIGNAL_FLAGS]),
      value: fc.oneof(fc.double(), fc.string(), fc.boolean(), fc.constant(null)),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(said, fc.boolean(), (more, first) => {
      const signal = newSignal(first ? { ...more, ...always, ...more } : { ...always, ...more });
      expect(signal).toMatchObject(more);
      expect(Object.keys(signal)).toEqual(MEMBERS.filter((name) => name !== 'idx' || more.idx !== undefined));
      expect(encodeSignal('signals', signal).key).toBe('default/M-1');
    }),
  );
});
