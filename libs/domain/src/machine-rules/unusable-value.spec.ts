import type { Signal } from '../signal/signal';
import { foldUnder, signal } from '../signal/signals.fixture';
import { rational } from '../unit/rational';
import { mappingOf } from './mapping.fixture';
import { whyUnusable } from './unusable-value';

describe('why a good value is of no use to the mapping', () => {
  const mapping = mappingOf({
    signals: {
      temp: { type: 'double', unit: 'Cel' },
      strokes: { type: 'uint64' },
      length: { type: 'double', unit: 'mm', scale: rational(254n, 10n) },
      name: { type: 'string' },
      any: {},
    },
  });
  const why = (...log: readonly Signal[]) => {
    const { state } = foldUnder(mapping, log, { restart: true });
    const last = log.at(-1)!;
    return whyUnusable(state, mapping.signals[last.path]!, last);
  };

  it.each<[string, Signal['value'], Partial<Signal>, unknown]>([
    ['temp', '54,5', {}, { code: 'wrong_type', expected: 'double' }],
    ['strokes', 'viele', {}, { code: 'wrong_type', expected: 'uint64' }],
    ['strokes', -1, { type: 'int64' }, { code: 'wrong_type', expected: 'uint64' }],
    ['name', { a: 1 }, { type: 'json' }, { code: 'wrong_type', expected: 'string' }],
    ['temp', 129, { type: 'double', unit: '[degF]' }, { code: 'wrong_unit', expected: 'Cel' }],
    ['temp', '54.5', {}, null],
    ['temp', '54,5', { quality: 'bad' }, null],
    ['temp', null, {}, null],
    ['any', '54,5', {}, null],
  ])('of %s as %j', (path, value, over, expected) => {
    expect(why(signal(0, path, value, over))).toEqual(expected);
  });

  it('is the unit as long as it is another than the first one where a scale makes the declared one of it', () => {
    const inch = signal(0, 'length', 2, { type: 'double', unit: '[in_i]' });
    const foot = signal(1_000, 'length', 3, { type: 'double', unit: '[ft_i]' });
    expect(why(inch)).toBeNull();
    expect(why(inch, foot)).toEqual({ code: 'wrong_unit', expected: '[in_i]' });
    expect(why(inch, foot, signal(2_000, 'length', 4, { type: 'double' }))).toEqual({
      code: 'wrong_unit',
      expected: '[in_i]',
    });
    expect(why(inch, foot, { ...inch, at: signal(3_000, '', 0).at })).toBeNull();
  });

  it('is none of another name that the alias could have come under', () => {
    const two = mappingOf({ signals: { temp: { paths: ['temp', 't2'], unit: 'Cel' } } });
    const { state } = foldUnder(two, [signal(0, 'temp', 1, { unit: 'K' })]);
    expect(whyUnusable(state, two.signals['temp']!, signal(0, 't2', 1))).toBeNull();
  });
});
