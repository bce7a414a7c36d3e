import type { Event } from '../event/event';
import { foldSignal } from '../signal/fold-signal';
import { type MachineState, newMachineState } from '../signal/machine-state';
import type { Signal } from '../signal/signal';

const received = '2026-02-17T15:30:04.000Z';
const message = (path: string, value: object, over: Partial<Signal> = {}): Signal => ({
  v: 1,
  tenant: 'acme',
  machine: 'rf-01',
  source: 'eclipse',
  session: '',
  seq: null,
  path,
  kind: 'event',
  value: value as { [name: string]: unknown },
  type: 'json',
  unit: null,
  quality: 'good',
  qualityCode: null,
  sourceTs: '2026-02-17T15:30:00Z',
  serverTs: null,
  receiveTs: received,
  at: received,
  clock: 'eclipse',
  flags: [],
  raw: { proto: 'http', ref: '' },
  ...over,
});

const fold = (signals: readonly Signal[]): Event[] => {
  let state: MachineState = newMachineState('acme', 'rf-01');
  return signals.flatMap((signal, n) => {
    const folded = foldSignal(state, signal, { partition: 0, offset: BigInt(n) }, () => null);
    state = folded.state;
    return folded.events;
  });
};

const bundle = { BundleCode: '12345-01', Complete: true, ScrapIn: 120, GoodIn: 14400 };

it('makes one event of a bundle, however often it is sent, and a correction of another content', () => {
  const events = fold([
    ...Array.from({ length: 50 }, () => message('bundle', bundle)),
    message('bundle', { ...bundle, ScrapIn: 130 }),
    message('bundle', bundle, { sourceTs: null }),
    message('bundle', { ...bundle, BundleCode: '12345-02' }),
  ]);
  expect(events.map(({ type, data }) => [type, JSON.parse(data)])).toEqual([
    ['bundle.completed', bundle],
    ['bundle.corrected', { ...bundle, ScrapIn: 130, integrity: { revision: 2 } }],
    ['bundle.completed', { ...bundle, BundleCode: '12345-02' }],
  ]);
});

it('remembers a thousand bundles of a machine that tells nothing else', () => {
  const bundles = Array.from({ length: 1_000 }, (_, n) => message('bundle', { ...bundle, BundleCode: `B-${n}` }));
  expect(fold([...bundles, ...bundles])).toHaveLength(1_000);
});

it('gives a bundle the same id wherever it lies in the log', () => {
  const [first] = fold([message('bundle', bundle)]);
  const [later] = fold([
    message('execution', {}, { value: 'ACTIVE', type: 'string' }),
    message('bundle', bundle),
  ]).filter(({ type }) => type === 'bundle.completed');
  expect(later!.id).toBe(first!.id);
});

it('tells a message that came late, at its own time and without a doubt about its clock', () => {
  const events = fold([
    message('bundle', bundle, { receiveTs: '2026-02-19T06:00:00Z', at: '2026-02-19T06:00:00Z', flags: ['historical'] }),
  ]);
  expect(events.map(({ type, time }) => [type, time])).toEqual([['bundle.completed', '2026-02-17T15:30:00Z']]);
});

it('tells a large bundle whole', () => {
  const Items = Array.from({ length: 2_000 }, (_, n) => ({ ItmId: n, PieceMark: `piece ${n}`, LengthIn: 240.5 }));
  const [event] = fold([message('bundle', { ...bundle, Items })]);
  expect(JSON.parse(event!.data)).toEqual({ ...bundle, Items });
});

it("makes the MES's own event of each of its types", () => {
  const envelope = (type: string, id: string) => ({ id, type, timestamp: '2026-02-17T15:30:00Z', data: { of: id } });
  const types = ['work_order.created', 'operation.completed', 'quality.ncr_created', 'inventory.material_consumed'];
  const events = fold(
    types.flatMap((type, n) => Array.from({ length: 3 }, () => message(type, envelope(type, `evt-${n}`)))),
  );
  expect(events.map(({ type, data }) => [type, data])).toEqual(
    types.map((type, n) => [type, JSON.stringify({ of: `evt-${n}` })]),
  );
});
