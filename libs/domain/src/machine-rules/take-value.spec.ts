import { cpuMsOf } from '@millrace/test-environment';
import { nextDue } from '../signal/fold-signal';
import { SIGNAL_LIMITS, type Signal } from '../signal/signal';
import { foldUnder, lifecycle, START, signal, tick } from '../signal/signals.fixture';
import { rational } from '../unit/rational';
import { exactOf, heldOf, heldValues, knownNow } from './held-value';
import type { MappedSignal } from './mapping';
import { edge, mappingOf, TENTHS, threshold } from './mapping.fixture';
import { typedValue } from './typed-value';

describe('typedValue', () => {
  it.each<[Signal['value'], MappedSignal['type'], unknown]>([
    ['007', 'string', '007'],
    ['0x1E87', 'string', '0x1E87'],
    ['8100004F', 'string', '8100004F'],
    [7, 'string', '7'],
    ['007', 'int64', 7],
    ['0x1E87', 'int64', 'conflict'],
    ['9007199254740993', 'uint64', '9007199254740993'],
    ['-9223372036854775808', 'int64', '-9223372036854775808'],
    ['9223372036854775808', 'int64', 'conflict'],
    [-12, 'int64', -12],
    [-12, 'uint64', 'conflict'],
    [1.5, 'int64', 'conflict'],
    ['1.50', 'double', 1.5],
    [true, 'int64', 'conflict'],
    [1, 'bool', true],
    ['FALSE', 'bool', false],
    [2, 'bool', 'conflict'],
    ['yes', 'bool', 'conflict'],
    ['', 'double', 'nothing'],
    ['NaN', 'double', 'nothing'],
    [Number.NaN, null, 'nothing'],
    [Number.POSITIVE_INFINITY, 'float', 'nothing'],
    [null, 'string', 'nothing'],
    ['2026-02-17T13:00:00Z', 'datetime', '2026-02-17T13:00:00Z'],
    [0, 'datetime', '1970-01-01T00:00:00.000Z'],
    ['soon', 'datetime', 'conflict'],
    [{ a: 1 }, 'double', 'conflict'],
    ['7', null, '7'],
  ])('%j as %s', (value, type, expected) => {
    const typed = typedValue({ value, type: 'string' }, type);
    expect(typed.kind === 'value' ? typed.value : typed.kind).toEqual(expected);
  });

  const most = SIGNAL_LIMITS.valueLength - 1;
  it.each([
    `${' '.repeat(most)}x`,
    '9'.repeat(most),
    `0.${'0'.repeat(most - 2)}`,
    `${'9'.repeat(most)}x`,
    '-'.repeat(most),
  ])('takes no longer for a long text than its length, as any type (%.4s…)', (value) => {
    for (const type of ['int64', 'uint64', 'double', 'float', 'bool', 'datetime', 'string', null] as const)
      expect(cpuMsOf(() => typedValue({ value, type: 'int64' }, type))).toBeLessThan(1_000);
  });
});

const x = (ms: number, value: Signal['value'], over: Partial<Signal> = {}) =>
  signal(ms, 'x', value, { type: 'double', ...over });
const play = (
  mapped: Partial<MappedSignal>,
  signals: readonly Signal[],
  rules = [edge({ input: 'x', on: 'changed' })],
) => {
  const folded = foldUnder(mappingOf({ signals: { x: mapped }, rules }), signals, { restart: true });
  return { ...folded, held: heldOf(folded.state, 'x')!, types: folded.told.map(({ type }) => type) };
};

describe('values (check 16)', () => {
  it('keeps a whole number above 2^53 exactly, as a value and in expressions', () => {
    const { held } = play({ type: 'uint64' }, [x(0, '18446744073709551615', { type: 'uint64' })]);
    expect(held).toMatchObject({ value: '18446744073709551615', known: true });
    expect(exactOf(held)).toEqual(rational(2n ** 64n - 1n));
    expect(knownNow(held)).toBe(2n ** 64n - 1n);
  });

  it('scales exactly', () => {
    const { held } = play({ type: 'int64', scale: TENTHS, unit: '[in_i]' }, [x(0, 3)]);
    expect(exactOf(held)).toEqual(rational(3n, 10n));
    expect(held.value).toBe(0.3);
    const thirds = play({ type: 'int64', scale: rational(1n, 3n) }, [x(0, 1)]).held;
    expect(exactOf(thirds)).toEqual(rational(1n, 3n));
  });

  it.each([
    ['bad', { quality: 'bad', qualityCode: 'ua:0x80000000' }, 5],
    ['stale', { quality: 'stale' }, 5],
    ['null', {}, null],
    ['not a number', {}, 'NaN'],
  ] as const)('freezes what is %s at what was known last', (_, over, value) => {
    const { held, state } = play({ type: 'double' }, [x(0, 3), x(1, value, over)]);
    expect(held).toMatchObject({ value: 3, known: false, unknowns: 1, samples: 2 });
    expect(knownNow(held)).toBeNull();
    expect(state.counts.unknown).toBe(1);
  });

  it('takes uncertain for a value, and overflow for a value after a gap', () => {
    const { told, state } = play({ type: 'double' }, [
      x(0, 1),
      x(1, 2, { quality: 'uncertain', qualityCode: 'ua:0x40000000' }),
      x(2, 3, { flags: ['overflow'], qualityCode: 'ua:0x00000480' }),
      x(3, 4),
    ]);
    expect(told.map(({ quality }) => quality)).toEqual(['uncertain', 'uncertain', 'good']);
    expect(state.counts.overflow).toBe(1);
  });

  it('flags the first value after a gap that the source tells of', () => {
    const gap = signal(1, '$gap', { from: 5, to: 9, lost: 5 }, { kind: 'lifecycle', type: 'json', sourceTs: null });
    const { told, state } = play({ type: 'double' }, [x(0, 1), gap, x(2, 2), x(3, 3)]);
    expect(told.map(({ quality }) => quality)).toEqual(['uncertain', 'good']);
    expect(state.counts).toMatchObject({ gaps: 1, lost: 5 });
  });

  it('tells a wrong type once and takes what can be taken without loss', () => {
    const { types, held, state } = play({ type: 'int64' }, [
      x(0, 1),
      x(1, 'broken'),
      x(2, 1.5),
      x(3, '2'),
      x(4, 'broken'),
    ]);
    expect(types.filter((type) => type === 'ingest.type_changed')).toHaveLength(1);
    expect(state.counts.typeChanged).toBe(3);
    expect(held).toMatchObject({ value: 2, known: false });
  });

  it('does not use a value in another unit, until the old one comes again', () => {
    const { told, held, state } = play({ type: 'double', unit: '[in_i]' }, [
      x(0, 10, { unit: '[in_i]' }),
      x(1, 254, { unit: 'mm' }),
      x(2, 255),
      x(3, 11, { unit: '[in_i]' }),
    ]);
    expect(told.map(({ type, value, current }) => [type, value ?? current])).toEqual([
      ['ingest.unit_changed', 'mm'],
      ['machine.door_opened', 11],
    ]);
    expect(held).toMatchObject({ value: 11, known: true, unknowns: 2 });
    expect(state.counts.unitChanged).toBe(1);
  });

  it('holds a unit that no mapping declares to the first that came', () => {
    const { types } = play({ type: 'double' }, [x(0, 10), x(1, 11, { unit: 'mm' }), x(2, 12, { unit: 'cm' })]);
    expect(types).toEqual(['machine.door_opened', 'ingest.unit_changed']);
  });

  it('leaves out what lies in the deadband, but for one each maxTime', () => {
    const { told, held, state } = play({ type: 'double', deadband: { abs: 0.5, maxTimeMs: 60_000 } }, [
      x(0, 20),
      x(1_000, 20.5),
      x(2_000, 20.6),
      x(30_000, 20.2),
      x(62_000, 20.3),
    ]);
    expect(told.map(({ value }) => value)).toEqual([20.6, 20.3]);
    expect(held.samples).toBe(5);
    expect(state.counts.filtered).toBe(2);
  });

  it('marks a value stale that nobody renews, tells the rules, and asks for the time to do so', () => {
    const mapping = mappingOf({
      signals: { x: { type: 'double', staleAfterMs: 30_000 } },
      rules: [threshold({ input: 'x', onDelayMs: 40_000 })],
    });
    const log = [x(0, 70), x(10_000, 90)];
    expect(nextDue(foldUnder(mapping, log.slice(0, 1)).state, mapping)).toBe(START + 30_000);
    const still = foldUnder(mapping, [...log, tick(30_000), tick(39_999)]).state;
    expect(heldOf(still, 'x')!.known).toBe(true);
    const stale = foldUnder(mapping, [...log, tick(30_000), tick(40_000), tick(200_000)]);
    expect(heldOf(stale.state, 'x')).toMatchObject({
      known: false,
      quality: 'stale',
      qualityCode: 'ingest:stale',
      value: 90,
    });
    expect(stale.told).toEqual([]);
    expect(nextDue(stale.state, mapping)).toBeNull();
  });

  it('knows nothing of what comes from a lost source', () => {
    const { held } = play({ type: 'double' }, [x(0, 1), lifecycle(1, 'disconnected')]);
    expect(held).toMatchObject({ known: false, value: 1, quality: 'stale', lost: true });
  });

  it('shows the names that no alias has', () => {
    const { state } = play({}, [signal(0, 'y', 1), signal(1, 'y', 2), signal(2, 'z', 2)]);
    expect(Object.keys(state.unmapped)).toEqual(['y', 'z']);
    expect(state.counts.unmapped).toBe(3);
  });

  it('gives one signal to each of the aliases that name it', () => {
    const mapping = mappingOf({
      signals: { inches: { paths: ['x'], type: 'double' }, tenths: { paths: ['x'], type: 'double', scale: TENTHS } },
    });
    const { state } = foldUnder(mapping, [x(0, 5)]);
    expect(heldValues(state).map(([alias, { value }]) => [alias, value])).toEqual([
      ['inches', 5],
      ['tenths', 0.5],
    ]);
  });
});
