import { nextDue } from '../signal/fold-signal';
import { foldUnder, lifecycle, START, signal, tick } from '../signal/signals.fixture';
import { mappingOf, run, stateMap, watchdog } from './mapping.fixture';

const mapping = (over: Parameters<typeof watchdog>[0] = {}) =>
  mappingOf({
    sources: { line: { source: 'shdr:RF-1' } },
    signals: { state: { source: 'line' } },
    rules: [stateMap(), watchdog({ source: 'line', ...over }), run({ counters: [] })],
  });
const statuses = (...args: Parameters<typeof foldUnder>) =>
  foldUnder(args[0], args[1], { restart: true })
    .told.filter(({ type }) => type === 'machine.status_changed')
    .map(({ current, reason, since }) => `${current} ${reason} ${(Date.parse(since) - START) / 1000}`);

describe('watchdog', () => {
  it('is offline when the source is silent, from when the time ran out', () => {
    expect(statuses(mapping(), [signal(0, 'state', 'RUN'), tick(29_999), tick(30_500), tick(90_000)])).toEqual([
      'running state 0',
      'offline silent 30',
    ]);
  });

  it('takes whatever the source sends for life, but nothing of others and not the word that it is gone', () => {
    const log = [
      signal(0, 'state', 'RUN'),
      signal(20_000, 'unknown_item', '1'),
      lifecycle(40_000, 'alive'),
      signal(60_000, 'state', null, { quality: 'bad' }),
      tick(80_000),
    ];
    expect(statuses(mapping(), log)).toEqual(['running state 0']);
    const others = [signal(0, 'state', 'RUN'), signal(20_000, 'state', 'RUN', { source: 'another' }), tick(31_000)];
    expect(statuses(mapping(), others)).toEqual(['running state 0', 'offline silent 30']);
    const gone = mapping({ timeoutMs: 5_000 });
    expect(statuses(gone, [signal(0, 'state', 'RUN'), lifecycle(4_000, 'disconnected'), tick(6_000)])).toEqual([
      'running state 0',
      'offline connection_lost 4',
    ]);
  });

  it('believes the source again after it has lived long enough without a break', () => {
    const log = [
      signal(0, 'state', 'RUN'),
      tick(30_000),
      signal(40_000, 'other', '1'),
      tick(45_000),
      tick(49_999),
      tick(50_000),
    ];
    expect(statuses(mapping({ recoverAfterMs: 10_000 }), log)).toEqual([
      'running state 0',
      'offline silent 30',
      'running alive 50',
    ]);
    expect(statuses(mapping(), log)).toEqual(['running state 0', 'offline silent 30', 'running alive 40']);
  });

  it('asks for time at every stage', () => {
    const due = (...log: Parameters<typeof foldUnder>[1]) => {
      const rules = mapping({ recoverAfterMs: 10_000 });
      const at = nextDue(foldUnder(rules, log).state, rules);
      return at === null ? null : (at - START) / 1000;
    };
    expect(due()).toBeNull();
    const idle = signal(0, 'state', 'HALT');
    expect(due(idle)).toBe(30);
    expect(due(idle, tick(30_000))).toBeNull();
    expect(due(idle, tick(30_000), signal(40_000, 'x', '1'))).toBe(50);
  });
});
