import type { Signal } from '../signal/signal';
import { foldUnder, lifecycle, signal } from '../signal/signals.fixture';
import { rational, readRational, toRational } from '../unit/rational';
import { type CounterSlot, type CounterWays, counterStep } from './counter-rule';
import { counter, mappingOf, TENTHS } from './mapping.fixture';

const PLAIN: CounterWays = { modulus: null, maxStep: rational(50n), onDecrease: 'auto', zeroBased: true };
const WRAPS = { ...PLAIN, modulus: rational(65_536n) };

describe('counterStep', () => {
  it.each<[number, number | null, number, CounterWays, string]>([
    [5, null, 7, PLAIN, 'counted 2'],
    [5, null, 5, PLAIN, 'counted 0'],
    [5, null, 55, PLAIN, 'counted 50'],
    [5, null, 56, PLAIN, 'jump'],
    [5, 1_000, 1_003, PLAIN, 'confirmed 998'],
    [5, 1_000, 7, PLAIN, 'counted 2'],
    [5, 1_000, 9_000, PLAIN, 'jump'],
    [12, null, 0, PLAIN, 'reset 0'],
    [12, null, 5, PLAIN, 'reset 5'],
    [12, null, 5, { ...PLAIN, zeroBased: false }, 'reset 0'],
    [65_530, null, 4, WRAPS, 'wrapped 10'],
    [60_000, null, 4, WRAPS, 'reset 4'],
    [65_530, null, 4, { ...WRAPS, onDecrease: 'reset' }, 'reset 4'],
    [60_000, null, 4, { ...WRAPS, onDecrease: 'rollover' }, 'wrapped 5540'],
    [100, null, 0, { ...WRAPS, maxStep: null }, 'reset 0'],
    [65_530, null, 4, { ...WRAPS, maxStep: null }, 'wrapped 10'],
    [32_768, null, 0, { ...WRAPS, maxStep: null }, 'wrapped 32768'],
    [32_767, null, 0, { ...WRAPS, maxStep: null }, 'reset 0'],
    [100, null, 0, { ...WRAPS, maxStep: null, onDecrease: 'rollover' }, 'wrapped 65436'],
    [4_294_967_290, null, 4, { ...PLAIN, modulus: rational(2n ** 32n) }, 'wrapped 10'],
    [5, null, -3, PLAIN, 'reset 0'],
  ])('from %d (jump %j) to %d', (baseline, jump, value, ways, expected) => {
    const step = counterStep(toRational(baseline)!, jump === null ? null : toRational(jump), toRational(value)!, ways);
    expect(step.kind === 'jump' ? 'jump' : `${step.kind} ${step.delta.n}`).toBe(expected);
  });
});

const count = (ms: number, value: Signal['value'], over: Partial<Signal> = {}) =>
  signal(ms, 'count', value, { type: 'int64', ...over });

const play = (rule: Parameters<typeof counter>[0], signals: readonly Signal[], mapped: object = { type: 'int64' }) => {
  const { told, state } = foldUnder(mappingOf({ signals: { count: mapped }, rules: [counter(rule)] }), signals, {
    restart: true,
  });
  const slot = state.rules['parts'] as CounterSlot | undefined;
  return {
    deltas: told.filter(({ type }) => type === 'production.counted').map(({ delta }) => delta),
    audit: told.filter(({ type }) => type.startsWith('ingest.')).map(({ type }) => type),
    total: readRational(slot?.total ?? '0'),
    told,
    state,
  };
};

describe('counters (check 14)', () => {
  it.each<[string, Parameters<typeof counter>[0], Signal[], number[], string[]]>([
    ['the first sample is the baseline', {}, [count(0, 100)], [], []],
    ['a rise is what was made', {}, [count(0, 100), count(1, 103), count(2, 103), count(3, 104)], [3, 1], []],
    ['16 bits wrap', { modulus: 65_536, maxStep: 50 }, [count(0, 65_530), count(1, 65_535), count(2, 3)], [5, 4], []],
    ['32 bits wrap', { modulus: 2 ** 32, maxStep: 50 }, [count(0, 2 ** 32 - 2), count(1, 1)], [3], []],
    ['a reset to zero', { maxStep: 50 }, [count(0, 40), count(1, 0), count(2, 2)], [2], ['ingest.counter_reset']],
    ['a reset to five', { maxStep: 50 }, [count(0, 40), count(1, 5), count(2, 7)], [5, 2], ['ingest.counter_reset']],
    [
      'a jump is withheld until the next sample agrees',
      { maxStep: 50 },
      [count(0, 10), count(1, 1_000), count(2, 1_001)],
      [991],
      ['ingest.counter_jump'],
    ],
    [
      'a jump that the next sample takes back never was',
      { maxStep: 50 },
      [count(0, 10), count(1, 1_000), count(2, 12)],
      [2],
      ['ingest.counter_jump'],
    ],
    [
      'a bad sample in between moves nothing',
      { maxStep: 50 },
      [count(0, 10), count(1, null, { quality: 'bad' }), count(2, 0, { quality: 'bad' }), count(3, 12)],
      [2],
      [],
    ],
    [
      'text is a number without loss; what is none is told once and moves nothing',
      {},
      [count(0, '10', { type: 'string' }), count(1, '12.0'), count(2, '13.5'), count(3, 'x'), count(4, '14')],
      [2, 2],
      ['ingest.type_changed'],
    ],
    [
      'a rebirth says the same again',
      {},
      [count(0, 10), lifecycle(1, 'death'), lifecycle(2, 'birth'), count(2, 10, { flags: ['snapshot'] }), count(3, 11)],
      [1],
      [],
    ],
  ])('%s', (_, rule, signals, deltas, audit) => {
    const played = play(rule, signals);
    expect(played.deltas).toEqual(deltas);
    expect(played.audit).toEqual(audit);
  });

  it('counts what was made while nobody listened, and says so', () => {
    const { told } = play({}, [count(0, 10), lifecycle(1, 'disconnected'), count(9, 13, { flags: ['snapshot'] })]);
    expect(told.filter(({ type }) => type === 'production.counted')).toMatchObject([{ delta: 3, bridged: true }]);
  });

  it('adds floats up exactly', () => {
    const values = [0, 16.422603607177734, 32.84520721435547, 49.2678108215332];
    const { total } = play(
      { maxStep: null },
      values.map((value, n) => count(n, value, { type: 'float' })),
      { type: 'float' },
    );
    expect(total).toEqual(toRational('49.2678108215332'));
    const tenths = play(
      {},
      [0.1, 0.2, 0.3].map((value, n) => count(n, value)),
      { type: 'double' },
    );
    expect(tenths.deltas).toEqual([0.1, 0.1]);
  });

  it('wraps where the raw number wraps, whatever its scale', () => {
    const { deltas } = play({ maxStep: 50 }, [count(0, 65_530), count(1, 4)], {
      type: 'int64',
      scale: TENTHS,
      unit: '[in_i]',
      modulus: 65_536,
    });
    expect(deltas).toEqual([1]);
  });

  it('counts beyond 2^53 without loss', () => {
    const { total } = play({}, [count(0, '9007199254740993'), count(1, '9007199254740994')], { type: 'uint64' });
    expect(total).toEqual(rational(1n));
  });

  it('begins anew under another unit', () => {
    const { state } = play({}, [count(0, 10), count(1, 12)]);
    expect(state.rules['parts']).toMatchObject({ value: '12', total: '2', of: ' 1' });
  });
});
