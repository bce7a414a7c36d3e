import type { DeviceModel } from './device-model';
import { openingSignals, type ToldBefore } from './opening-signals';
import type { Resumption } from './resumption';

const BEGINS = Date.UTC(2026, 1, 17, 13);
const NOW = BEGINS + 600_000;

const device = (...paths: string[]): DeviceModel =>
  ({ items: new Map(paths.map((id) => [id, { id, name: '' }])) }) as unknown as DeviceModel;
const route = (machine: string, ...paths: string[]) => ({ machine, device: device(...paths) });

const cursor = { instanceId: '7', epoch: 0, next: 5 };
const resumption = (kind: Resumption['kind'], gap: Resumption['gap'] = null): Resumption => ({
  kind,
  cursor,
  gap,
  present: 9,
});
const NOTHING: ToldBefore = { connected: [], models: new Map() };
const UP: ToldBefore = { connected: ['M-1'], models: new Map([['M-1', device('a', 'b')]]) };
const GAP = { from: 2, to: 4, lost: 3 };

it.each<[string, Resumption, ReturnType<typeof route>[], ToldBefore, string[], number]>([
  ['who is there at first', resumption('first'), [route('M-1', 'a')], NOTHING, ['M-1 connected'], 0],
  ['that a return missed nothing', resumption('resumed'), [route('M-1')], NOTHING, ['M-1 connected ingest:resumed'], 0],
  ['what a return missed', resumption('resumed', GAP), [route('M-1')], NOTHING, ['M-1 connected', 'M-1 gap 3'], 0],
  ['nothing of what was told', resumption('resumed'), [route('M-1', 'a', 'b')], UP, [], 0],
  ['another life', resumption('restarted'), [route('M-1', 'a', 'b')], UP, ['M-1 birth'], 0],
  ['what is no more', resumption('resumed'), [route('M-1', 'a', 'c')], UP, ['M-1 removed b'], 1],
  [
    'who has come and who has gone',
    resumption('resumed'),
    [route('M-2', 'a')],
    UP,
    ['M-2 connected ingest:resumed', 'M-1 disconnected'],
    0,
  ],
  [
    'all of it, machine by machine',
    resumption('restarted', GAP),
    [route('M-1', 'a'), route('M-2')],
    UP,
    ['M-1 birth', 'M-1 gap 3', 'M-1 removed b', 'M-2 connected', 'M-2 birth', 'M-2 gap 3'],
    1,
  ],
])('tells %s', (_, resumed, routes, before, expected, removed) => {
  const of = { tenant: 'default', source: 'agent' };
  const { signals, removedItems } = openingSignals(resumed, routes, before, of, { now: NOW, begins: BEGINS });
  const words = signals.map(({ machine, path, value, qualityCode }) => {
    if (path === '$gap') return `${machine} gap ${(value as { lost: number }).lost}`;
    if (path !== '$lifecycle') return `${machine} removed ${path}`;
    return `${machine} ${String(value)}${qualityCode === null ? '' : ` ${qualityCode}`}`;
  });
  expect([words, removedItems]).toEqual([expected, removed]);
  expect(new Set(signals.map(({ session, raw }) => `${session} ${raw.proto}`)).size).toBeLessThanOrEqual(1);
  // That a machine is read no more is so from now on; all else, since what waits in the buffer begins.
  for (const { value, receiveTs } of signals)
    expect(Date.parse(receiveTs)).toBe(value === 'disconnected' ? NOW : BEGINS);
});
