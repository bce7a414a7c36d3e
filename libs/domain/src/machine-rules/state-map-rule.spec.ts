import type { Signal } from '../signal/signal';
import { foldUnder, lifecycle, START, signal, tick } from '../signal/signals.fixture';
import type { Rule } from './mapping';
import { availability, mappingOf, stateMap } from './mapping.fixture';

const words = (rule: Parameters<typeof stateMap>[0], said: ReadonlyArray<readonly [number, string | null]>) =>
  foldUnder(
    mappingOf({ signals: { state: {} }, rules: [stateMap(rule)] }),
    said.map(([ms, word]) => (word === null ? tick(ms) : signal(ms, 'state', word))),
  );
const changes = (rule: Parameters<typeof stateMap>[0], said: ReadonlyArray<readonly [number, string | null]>) =>
  words(rule, said)
    .told.filter(({ type }) => type === 'machine.status_changed')
    .map(({ previous, current, since }) => `${previous}>${current} ${new Date(since).toISOString().slice(17, 23)}`);

describe('stateMap', () => {
  it.each<[string, Parameters<typeof stateMap>[0], ReadonlyArray<readonly [number, string | null]>, string[]]>([
    [
      'tells at once without debounce',
      {},
      [
        [0, 'RUN'],
        [1, 'HALT'],
      ],
      ['unknown>running 00.000', 'running>idle 00.001'],
    ],
    [
      'tells what holds for the whole debounce, dated when it began',
      { debounceMs: 2_000 },
      [
        [0, 'RUN'],
        [1_999, null],
        [2_000, null],
      ],
      ['unknown>running 00.000'],
    ],
    [
      'forgets what does not hold',
      { debounceMs: 2_000 },
      [
        [0, 'RUN'],
        [2_000, null],
        [5_000, 'HALT'],
        [6_000, 'RUN'],
        [9_000, null],
      ],
      ['unknown>running 00.000'],
    ],
    [
      'begins the debounce anew with another candidate, and not with a repeat',
      { debounceMs: 2_000 },
      [
        [0, 'RUN'],
        [2_000, null],
        [5_000, 'HALT'],
        [6_000, 'WAIT'],
        [6_500, 'WAIT'],
        [7_900, 'WAIT'],
        [8_000, null],
      ],
      ['unknown>running 00.000', 'running>held 06.000'],
    ],
    [
      'forgets what an unknown word ends before its debounce is over',
      { debounceMs: 2_000 },
      [
        [0, 'RUN'],
        [2_000, null],
        [5_000, 'HALT'],
        [5_100, 'XYZ'],
        [9_000, null],
        [10_000, 'HALT'],
        [12_000, null],
      ],
      ['unknown>running 00.000', 'running>idle 10.000'],
    ],
    [
      'goes offline without debounce, and comes back after recoverAfter',
      { debounceMs: 1_000, recoverAfterMs: 3_000 },
      [
        [0, 'RUN'],
        [1_000, null],
        [2_000, 'OFF'],
        [3_000, 'RUN'],
        [5_999, null],
        [6_000, null],
      ],
      ['unknown>running 00.000', 'running>offline 02.000', 'offline>running 03.000'],
    ],
    [
      'waits with offline where that has a debounce of its own',
      { debounceOfflineMs: 1_000 },
      [
        [0, 'RUN'],
        [2_000, 'OFF'],
        [2_500, 'RUN'],
        [5_000, 'OFF'],
        [6_000, null],
      ],
      ['unknown>running 00.000', 'running>offline 05.000'],
    ],
    [
      'tells a transitional word only when it lasts',
      { transitional: ['Starting'], transitionalMs: 60_000, map: { RUN: 'running', STARTING: 'idle', HALT: 'held' } },
      [
        [0, 'HALT'],
        [1_000, 'Starting'],
        [9_000, 'RUN'],
        [20_000, 'starting'],
        [80_000, null],
      ],
      ['unknown>held 00.000', 'held>running 09.000', 'running>idle 20.000'],
    ],
    [
      'takes an unmapped word for what otherwise says',
      { otherwise: 'held' },
      [
        [0, 'RUN'],
        [1, 'DANCING'],
      ],
      ['unknown>running 00.000', 'running>held 00.001'],
    ],
  ])('%s', (_, rule, said, expected) => {
    expect(changes(rule, said)).toEqual(expected);
  });

  it('keeps the status for a word that it does not know, and tells each once', () => {
    const { told, state } = words({}, [
      [0, 'RUN'],
      [1, 'DANCING'],
      [2, 'DANCING'],
    ]);
    expect(told.map(({ type }) => type)).toEqual(['machine.status_changed', 'ingest.unmapped_value']);
    expect(state.status.current).toBe('running');
    expect(state.counts.unmappedValues).toBe(2);
  });

  it('stands still while nothing is known: no debounce goes on', () => {
    const mapping = mappingOf({ signals: { state: {} }, rules: [stateMap({ debounceMs: 2_000 })] });
    const { told, state } = foldUnder(mapping, [
      signal(0, 'state', 'RUN'),
      tick(2_000),
      signal(3_000, 'state', 'HALT'),
      signal(4_000, 'state', null, { quality: 'bad' }),
      tick(60_000),
      signal(70_000, 'state', 'HALT'),
      tick(70_999),
    ]);
    expect(told.map(({ current }) => current)).toEqual(['running']);
    expect(state.status.quality).toBe('bad');
    expect(foldUnder(mapping, [signal(0, 'state', 'RUN'), tick(2_000)]).told).toHaveLength(1);
  });

  it('goes on with what is left of the debounce when the word comes again', () => {
    const mapping = mappingOf({ signals: { state: {} }, rules: [stateMap({ debounceMs: 2_000 })] });
    const { told } = foldUnder(mapping, [
      signal(0, 'state', 'HALT'),
      tick(2_000),
      signal(3_000, 'state', 'RUN'),
      signal(4_000, 'state', null, { quality: 'bad' }),
      signal(70_000, 'state', 'RUN'),
      tick(71_000),
    ]);
    expect(told.map(({ current }) => current)).toEqual(['idle', 'running']);
  });

  it('follows the loss of its own source and of no other', () => {
    const mapping = mappingOf({ signals: { state: {} }, rules: [stateMap()] });
    const { told } = foldUnder(mapping, [
      signal(0, 'state', 'RUN'),
      lifecycle(1_000, 'disconnected', { source: 'another' }),
      lifecycle(2_000, 'death'),
      lifecycle(3_000, 'birth'),
      signal(3_000, 'state', 'RUN', { flags: ['snapshot'] }),
    ]);
    expect(told.map(({ current, reason }) => [current, reason])).toEqual([
      ['running', 'state'],
      ['offline', 'death'],
      ['running', 'state'],
    ]);
  });

  describe('of a machine that has never said its state', () => {
    const play = (rule: Parameters<typeof stateMap>[0], log: readonly Signal[], others: readonly Rule[] = []) =>
      foldUnder(mappingOf({ signals: { state: {}, avail: {}, temp: {} }, rules: [stateMap(rule), ...others] }), log, {
        restart: true,
      });
    const told = (...args: Parameters<typeof play>) =>
      play(...args).told.map(({ current, reason, since }) => [current, reason, Date.parse(since) - START]);
    const gone = [signal(0, 'temp', '20'), lifecycle(1_000, 'disconnected')];

    it.each(['connected', 'birth', 'alive'] as const)('takes a lost connection back when its source is %s', (word) => {
      const log = [...gone, lifecycle(5_000, word), signal(5_000, 'temp', '21')];
      expect(told({}, log)).toEqual([
        ['offline', 'connection_lost', 1_000],
        ['unknown', word, 5_000],
      ]);
      expect(play({}, log).state.status).toMatchObject({ current: 'unknown', sourceState: null, quality: 'good' });
    });

    it('says nothing of a loss that is shorter than its debounce', () => {
      expect(told({ debounceLostMs: 10_000 }, [...gone, lifecycle(5_000, 'connected'), tick(60_000)])).toEqual([]);
    });

    it('waits for recoverAfter, and anew when the source is lost meanwhile', () => {
      const log = [
        ...gone,
        lifecycle(5_000, 'connected'),
        lifecycle(6_000, 'disconnected'),
        lifecycle(20_000, 'connected'),
        lifecycle(21_000, 'alive'),
        tick(22_999),
      ];
      expect(told({ recoverAfterMs: 3_000 }, log)).toEqual([['offline', 'connection_lost', 1_000]]);
      expect(told({ recoverAfterMs: 3_000 }, [...log, tick(23_000)])).toEqual([
        ['offline', 'connection_lost', 1_000],
        ['unknown', 'connected', 20_000],
      ]);
    });

    it('tells of every outage, and the first state that it says', () => {
      const log = [...gone, lifecycle(2_000, 'connected'), lifecycle(3_000, 'disconnected')];
      expect(told({}, [...log, lifecycle(4_000, 'connected'), signal(5_000, 'state', 'RUN')])).toEqual([
        ['offline', 'connection_lost', 1_000],
        ['unknown', 'connected', 2_000],
        ['offline', 'connection_lost', 3_000],
        ['unknown', 'connected', 4_000],
        ['running', 'state', 5_000],
      ]);
    });

    it('takes a death back with a birth, and not with the connection to its gateway', () => {
      const log = [signal(0, 'temp', '20'), lifecycle(1_000, 'death'), lifecycle(2_000, 'connected')];
      expect(told({}, log)).toEqual([['offline', 'death', 1_000]]);
      expect(told({}, [...log, lifecycle(3_000, 'birth')]).at(-1)).toEqual(['unknown', 'birth', 3_000]);
    });

    it('leaves what is overruled as it is, and comes back from that to nothing that is known', () => {
      const log = [...gone, signal(2_000, 'avail', 'UNAVAILABLE'), lifecycle(3_000, 'connected')];
      expect(told({}, log, [availability()])).toEqual([['offline', 'connection_lost', 1_000]]);
      expect(told({}, [...log, signal(4_000, 'avail', 'AVAILABLE')], [availability()]).at(-1)).toEqual([
        'unknown',
        'avail',
        4_000,
      ]);
      const only = [signal(0, 'avail', 'UNAVAILABLE'), signal(1_000, 'avail', 'AVAILABLE')];
      expect(told({}, only, [availability()]).at(-1)).toEqual(['unknown', 'avail', 1_000]);
    });
  });

  it('is offline until it says a word again, where it has ever said one', () => {
    const { told } = foldUnder(mappingOf({ signals: { state: {}, temp: {} }, rules: [stateMap()] }), [
      signal(0, 'state', 'RUN'),
      lifecycle(1_000, 'disconnected'),
      lifecycle(2_000, 'connected'),
      signal(2_000, 'temp', '20'),
      lifecycle(9_000, 'alive'),
    ]);
    expect(told.map(({ current }) => current)).toEqual(['running', 'offline']);
  });

  it('says nothing of a short loss where offline has a debounce, nor of the snapshot after it', () => {
    const mapping = mappingOf({ signals: { state: {} }, rules: [stateMap({ debounceOfflineMs: 5_000 })] });
    const { told } = foldUnder(mapping, [
      signal(0, 'state', 'RUN'),
      lifecycle(2_000, 'disconnected'),
      lifecycle(4_000, 'connected'),
      signal(4_000, 'state', 'RUN', { flags: ['snapshot'] }),
      tick(60_000),
    ]);
    expect(told.map(({ current }) => current)).toEqual(['running']);
  });

  it("waits for a lost connection longer than for a death that the machine's gateway tells", () => {
    const mapping = mappingOf({ signals: { state: {} }, rules: [stateMap({ debounceLostMs: 60_000 })] });
    const play = (word: 'disconnected' | 'death') =>
      foldUnder(mapping, [signal(0, 'state', 'RUN'), lifecycle(2_000, word), tick(61_999), tick(62_000)]).told.map(
        ({ current, reason, since }) => [current, reason, since],
      );
    expect(play('death').at(-1)).toEqual(['offline', 'death', new Date(START + 2_000).toISOString()]);
    expect(play('disconnected').at(-1)).toEqual(['offline', 'connection_lost', new Date(START + 2_000).toISOString()]);
    const before = foldUnder(mapping, [signal(0, 'state', 'RUN'), lifecycle(2_000, 'disconnected'), tick(61_999)]);
    expect(before.told.map(({ current }) => current)).toEqual(['running']);
  });

  it('is overruled by availability, and comes back to what it says by then, after recoverAfter', () => {
    const mapping = mappingOf({
      signals: { state: {}, avail: {} },
      rules: [stateMap({ recoverAfterMs: 3_000 }), availability()],
    });
    const { told, state } = foldUnder(mapping, [
      signal(0, 'state', 'RUN'),
      signal(1_000, 'avail', 'UNAVAILABLE'),
      signal(2_000, 'state', 'HALT'),
      signal(6_000, 'avail', 'AVAILABLE'),
      tick(8_999),
      tick(9_000),
    ]);
    expect(told.map(({ current, reason }) => [current, reason])).toEqual([
      ['running', 'state'],
      ['offline', 'avail'],
      ['idle', 'avail'],
    ]);
    expect(state.status.sourceState).toBe('HALT');
  });

  it.each<[{ [name: string]: unknown }]>([[{ toString: 0 }], [{ toString: 0, valueOf: 0 }], [{ state: 'AVAILABLE' }]])(
    'and its availability hear no word in %j',
    (odd) => {
      const mapping = mappingOf({ signals: { state: {}, avail: {} }, rules: [stateMap(), availability()] });
      const { told } = foldUnder(mapping, [
        signal(0, 'state', 'RUN'),
        signal(1_000, 'avail', 'UNAVAILABLE'),
        signal(2_000, 'state', odd),
        signal(3_000, 'avail', odd),
        signal(4_000, 'avail', 'AVAILABLE'),
      ]);
      expect(told.map(({ current }) => current)).toEqual(['running', 'offline', 'running']);
    },
  );
});
