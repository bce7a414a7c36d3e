import fc from 'fast-check';
import { compileFilter } from './compile-filter';
import { type EqualityFilter, filterOfEqualities, isEqualityFilter } from './equality-filter';
import { FILTER_LIMITS } from './filter';
import { filterProblems } from './filter-problems';

/** Nobody may ask for it: an equality filter is about the data. */
const NO_ATTRIBUTES = { type: 't', source: '/s', subject: 's', time: '2026-01-01T00:00:00Z', id: 'i' };
const matcher = (equalities: EqualityFilter) => {
  const filter = filterOfEqualities(equalities);
  expect(filterProblems(filter)).toEqual([]);
  const test = compileFilter(filter);
  return (data: unknown) => test({ data, attributes: NO_ATTRIBUTES });
};

describe('isEqualityFilter', () => {
  const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, index) => [`p${index}`, 1]));
  it.each<[unknown, boolean]>([
    [{}, true],
    [{ a: 'x', 'b.c': 1, d: true, e: null }, true],
    [many(FILTER_LIMITS.paths), true],
    [{ a: 'x'.repeat(FILTER_LIMITS.valueLength) }, true],
    [many(FILTER_LIMITS.paths + 1), false],
    [{ a: 'x'.repeat(FILTER_LIMITS.valueLength + 1) }, false],
    [{ ['p'.repeat(FILTER_LIMITS.pathLength + 1)]: 1 }, false],
    [{ '': 1 }, false],
    [{ a: [] }, false],
    [{ a: {} }, false],
    [{ a: { $gt: 1 } }, false],
    [{ a: undefined }, false],
    [{ a: Number.NaN }, false],
    [{ a: Number.POSITIVE_INFINITY }, false],
    [[], false],
    [null, false],
    ['x', false],
    [undefined, false],
  ])('row %#', (value, valid) => {
    expect(isEqualityFilter(value)).toBe(valid);
  });
});

describe('an equality filter', () => {
  const matches = (filter: EqualityFilter, json: string) => matcher(filter)(JSON.parse(json));
  it.each<[EqualityFilter, string, boolean]>([
    [{}, '{"a":1}', true],
    [{}, 'null', true],
    [{ a: 1 }, '{"a":1}', true],
    [{ a: 1 }, '{"a":1.0}', true],
    [{ a: 1 }, '{"a":"1"}', false],
    [{ a: '1' }, '{"a":1}', false],
    [{ a: true }, '{"a":1}', false],
    [{ a: null }, '{"a":null}', true],
    [{ a: null }, '{}', false],
    [{ a: 0 }, '{"a":-0}', true],
    [{ a: 1, b: 2 }, '{"a":1,"b":2}', true],
    [{ a: 1, b: 2 }, '{"a":1,"b":3}', false],
    [{ a: 1, b: 2 }, '{"a":1}', false],
    [{ 'shipping.method': 'express' }, '{"shipping":{"method":"express"}}', true],
    [{ 'shipping.method': 'express' }, '{"shipping.method":"express"}', false],
    [{ 'a.b.c': 1 }, '{"a":{"b":null}}', false],
    [{ 'a.b': 1 }, '{"a":"b"}', false],
    [{ 'a.length': 1 }, '{"a":"x"}', false],
    [{ 'items.0.id': 7 }, '{"items":[{"id":7}]}', true],
    [{ a: 1 }, '[1]', false],
    [{ a: 1 }, 'null', false],
    [{ a: 1 }, '"a"', false],
    [{ constructor: null }, '{}', false],
    [{ 'constructor.name': 'Object' }, '{}', false],
    [{ ['__proto__']: null }, '{}', false],
    [{ '__proto__.x': 1 }, '{"__proto__":{"x":1}}', true],
    [{ toString: null }, '{"a":1}', false],
    [{ '@type': 't' }, '{"@type":"t"}', true],
    [{ '@type': 't' }, '{}', false],
    [{ $or: 1 }, '{"$or":1}', true],
    [{ '@@a.b': 1 }, '{"@@a":{"b":1}}', true],
    [{ 'a.length': 1 }, '{"a":[7]}', false],
  ])('row %#: %j on %s is %s', (filter, json, expected) => {
    expect(matches(filter, json)).toBe(expected);
  });

  it('agrees with a walk over the parsed data, and never throws', () => {
    const name = fc.constantFrom('a', 'b', 'c', '0', '__proto__', 'constructor', '@id', '$and');
    const scalar = fc.oneof(fc.constantFrom(0, 1, '', 'x', true, false, null), fc.integer());
    const filter = fc.dictionary(
      fc.array(name, { minLength: 1, maxLength: 3 }).map((steps) => steps.join('.')),
      scalar,
      { maxKeys: 3, noNullPrototype: true },
    );
    const { data } = fc.letrec((tie) => ({
      data: fc.oneof(scalar, fc.dictionary(name, tie('data'), { maxKeys: 3 }), fc.array(tie('data'), { maxLength: 2 })),
    }));
    const at = (value: unknown, steps: string[]): unknown => {
      const [step, ...rest] = steps;
      if (step === undefined) return value;
      const entry =
        typeof value === 'object' && value !== null ? Object.entries(value).find(([key]) => key === step) : undefined;
      return entry ? at(entry[1], rest) : undefined;
    };
    fc.assert(
      fc.property(filter, data, (equalities, value) => {
        const expected = Object.entries(equalities).every(([path, wanted]) => at(value, path.split('.')) === wanted);
        expect(matcher(equalities)(value)).toBe(expected);
      }),
      { numRuns: 1000 },
    );
  });
});
