import fc from 'fast-check';
import { anyAttributes, anyData, anyFilter } from '../../../test-environment/src/filter.arbitrary';
import { compileFilter } from './compile-filter';
import type { Filter, FilterAttributes } from './filter';
import { filterProblems } from './filter-problems';

const ATTRIBUTES: FilterAttributes = {
  type: 'machine.alarm',
  source: '/line-1',
  subject: 'M-7',
  time: '2026-02-17T14:59:55.250+01:00',
  id: 'evt_1',
};

describe('a filter', () => {
  const matches = (filter: Filter, json: string, attributes: Partial<FilterAttributes> = {}) => {
    expect(filterProblems(filter)).toEqual([]);
    return compileFilter(filter)({ data: JSON.parse(json), attributes: { ...ATTRIBUTES, ...attributes } });
  };

  it.each<[string, Filter, string, boolean]>([
    ['nothing asked', {}, 'null', true],
    ['an equality', { a: 1 }, '{"a":1}', true],
    ['all of several', { a: 1, b: 2 }, '{"a":1,"b":3}', false],
    ['$eq', { a: { $eq: 'x' } }, '{"a":"x"}', true],
    ['$eq, no coercion', { a: { $eq: '1' } }, '{"a":1}', false],
    ['$eq null, null', { a: { $eq: null } }, '{"a":null}', true],
    ['$eq null, missing', { a: { $eq: null } }, '{}', false],
    ['$eq, a list is not its elements', { a: 1 }, '{"a":[1]}', false],
    ['$ne', { a: { $ne: 1 } }, '{"a":2}', true],
    ['$ne, equal', { a: { $ne: 1 } }, '{"a":1}', false],
    ['$ne, other type', { a: { $ne: 1 } }, '{"a":"1"}', true],
    ['$ne, missing', { a: { $ne: 1 } }, '{}', true],
    ['$ne null, missing', { a: { $ne: null } }, '{}', true],
    ['$ne, missing, but asked for', { a: { $ne: 1, $exists: true } }, '{}', false],
    ['$in', { a: { $in: [1, 'x', null] } }, '{"a":"x"}', true],
    ['$in, not in', { a: { $in: [1, 'x'] } }, '{"a":"1"}', false],
    ['$in null, missing', { a: { $in: [null, 1] } }, '{}', false],
    ['$gt', { a: { $gt: 1 } }, '{"a":1.5}', true],
    ['$gt, equal', { a: { $gt: 1 } }, '{"a":1}', false],
    ['$gte, equal', { a: { $gte: 1 } }, '{"a":1}', true],
    ['$lt', { a: { $lt: 1 } }, '{"a":0}', true],
    ['$lte, equal', { a: { $lte: 1 } }, '{"a":1}', true],
    ['$gt, text to number', { a: { $gt: 1 } }, '{"a":"2"}', false],
    ['$gt, number to text', { a: { $gt: '1' } }, '{"a":2}', false],
    ['$gt, text', { a: { $gt: 'a' } }, '{"a":"b"}', true],
    ['$lt, null', { a: { $lt: 1 } }, '{"a":null}', false],
    ['$lt, true', { a: { $lt: 2 } }, '{"a":true}', false],
    ['$lt, missing', { a: { $lt: 1 } }, '{}', false],
    ['a range', { a: { $gt: 1, $lt: 3 } }, '{"a":2}', true],
    ['a range, outside', { a: { $gt: 1, $lt: 3 } }, '{"a":3}', false],
    ['$exists', { a: { $exists: true } }, '{"a":null}', true],
    ['$exists, missing', { a: { $exists: true } }, '{}', false],
    ['$exists false', { 'a.b': { $exists: false } }, '{"a":1}', true],
    ['$exists, inherited', { toString: { $exists: true } }, '{}', false],
    ['$exists, __proto__', { ['__proto__']: { $exists: true } } as Filter, '{}', false],
    ['$exists, length of a list', { 'a.length': { $exists: true } }, '{"a":[1]}', false],
    ['$exists, index of a list', { 'a.0': { $exists: true } }, '{"a":[null]}', true],
    ['$not of operators', { a: { $not: { $gt: 1 } } }, '{"a":1}', true],
    ['$not of operators, missing', { a: { $not: { $gt: 1 } } }, '{}', true],
    ['$not of operators, other type', { a: { $not: { $gt: 1 } } }, '{"a":"x"}', true],
    ['$not of a filter', { $not: { a: 1, b: 1 } }, '{"a":1,"b":2}', true],
    ['$not of a filter that holds', { $not: { a: 1 } }, '{"a":1}', false],
    ['$or', { $or: [{ a: 1 }, { b: 1 }] }, '{"b":1}', true],
    ['$or, none', { $or: [{ a: 1 }, { b: 1 }] }, '{"c":1}', false],
    ['$or beside an equality', { c: 1, $or: [{ a: 1 }, { b: 1 }] }, '{"b":1}', false],
    ['$and', { $and: [{ $or: [{ a: 1 }, { a: 2 }] }, { b: 1 }] }, '{"a":2,"b":1}', true],
    ['@type', { '@type': 'machine.alarm' }, 'null', true],
    ['@type, not the member', { '@type': 'x' }, '{"@type":"x","type":"x"}', false],
    ['@@type is the member', { '@@type': 'x' }, '{"@type":"x"}', true],
    ['$$ref is the member', { '$$ref.id': 1 }, '{"$ref":{"id":1}}', true],
    ['further @ are plain', { 'a.@id': 1 }, '{"a":{"@id":1}}', true],
    ['@source and @id', { '@source': { $in: ['/line-1'] }, '@id': { $ne: 'evt_2' } }, 'null', true],
    ['@subject', { '@subject': { $gte: 'M-7', $lt: 'M-8' } }, 'null', true],
    ['@time, the same instant', { '@time': '2026-02-17T13:59:55.25Z' }, 'null', true],
    ['@time, $in', { '@time': { $in: ['2026-02-17T15:59:55.25+02:00'] } }, 'null', true],
    ['@time, later by the clock and earlier in truth', { '@time': { $lt: '2026-02-17T14:00:00Z' } }, 'null', true],
    ['@time, after', { '@time': { $gte: '2026-02-17T13:59:55.251Z' } }, 'null', false],
  ])('%s', (_name, filter, json, expected) => {
    expect(matches(filter, json)).toBe(expected);
  });

  it('finds no subject where an event has none', () => {
    const without = { subject: null };
    expect(matches({ '@subject': { $exists: false } }, 'null', without)).toBe(true);
    expect(matches({ '@subject': { $ne: 'M-7' } }, 'null', without)).toBe(true);
    expect(matches({ '@subject': { $gte: '' } }, 'null', without)).toBe(false);
    expect(matches({ '@subject': { $exists: true } }, 'null')).toBe(true);
  });

  it('finds nothing that was put on the prototype of all objects', () => {
    Object.defineProperty(Object.prototype, 'polluted', { value: 1, configurable: true, enumerable: true });
    try {
      expect(matches({ polluted: 1 }, '{}')).toBe(false);
      expect(matches({ polluted: { $exists: true } }, '{}')).toBe(false);
    } finally {
      delete (Object.prototype as { polluted?: unknown }).polluted;
    }
  });

  it('agrees with a plain evaluation of the same JSON, and never throws', () => {
    let holding = 0;
    let runs = 0;
    fc.assert(
      fc.property(anyFilter, anyData, anyAttributes, (filter, data, attributes) => {
        const problems = filterProblems(filter);
        // What is made by chance can have more conditions than a filter may.
        fc.pre(!problems.some(({ detail }) => /at most \d+ conditions/.test(detail)));
        expect(problems).toEqual([]);
        const expected = holds(filter, data, attributes);
        expect(compileFilter(filter)({ data, attributes })).toBe(expected);
        expect(compileFilter(JSON.parse(JSON.stringify(filter)))({ data, attributes })).toBe(expected);
        runs++;
        if (expected) holding++;
      }),
      { numRuns: 5_000 },
    );
    expect(holding / runs).toBeGreaterThan(0.2);
    expect(holding / runs).toBeLessThan(0.8);
  });
});

/** The semantics once more, straight from the JSON of a filter and as slowly as may be. */
const MISSING = Symbol('missing');

const holds = (filter: object, data: unknown, attributes: FilterAttributes): boolean =>
  Object.entries(filter).every(([name, expected]) => {
    if (name === '$and') return expected.every((each: object) => holds(each, data, attributes));
    if (name === '$or') return expected.some((each: object) => holds(each, data, attributes));
    if (name === '$not') return !holds(expected, data, attributes);
    const isTime = name === '@time';
    const condition = typeof expected === 'object' && expected !== null ? expected : { $eq: expected };
    return satisfies(find(name, data, attributes), condition, isTime ? (text) => Date.parse(text as string) : (x) => x);
  });

const find = (name: string, data: unknown, attributes: FilterAttributes): unknown => {
  if (/^@[^@]/.test(name)) {
    const value = attributes[name.slice(1) as keyof FilterAttributes];
    if (value === null) return MISSING;
    return name === '@time' ? Date.parse(value.replace('.0001', '')) : value;
  }
  let at = data;
  for (const step of (/^(@@|\$\$)/.test(name) ? name.slice(1) : name).split('.')) {
    const members = typeof at === 'object' && at !== null ? Object.entries(at) : [];
    const member = members.find(([key]) => key === step);
    if (member === undefined) return MISSING;
    at = member[1];
  }
  return at;
};

const satisfies = (value: unknown, condition: object, convert: (operand: unknown) => unknown): boolean =>
  Object.entries(condition).every(([operator, raw]) => {
    if (operator === '$in') return raw.some((each: unknown) => value === convert(each));
    if (operator === '$exists') return (value !== MISSING) === raw;
    if (operator === '$not') return !satisfies(value, raw, convert);
    const operand = convert(typeof raw === 'string' ? raw.replace('.0001', '') : raw) as number;
    if (operator === '$eq') return value === operand;
    if (operator === '$ne') return value !== operand;
    if (typeof value !== typeof operand) return false;
    const order = { $gt: [1], $gte: [0, 1], $lt: [-1], $lte: [-1, 0] }[operator] as number[];
    const given = value as number;
    return order.includes(given === operand ? 0 : given > operand ? 1 : -1);
  });
