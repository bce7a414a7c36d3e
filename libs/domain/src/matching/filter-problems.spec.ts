import { withCpuTime } from '@millrace/test-environment';
import fc from 'fast-check';
import { anyFilter } from '../../../test-environment/src/filter.arbitrary';
import { compileFilter } from './compile-filter';
import { FILTER_LIMITS } from './filter';
import { filterProblems, isFilter } from './filter-problems';

const nested = (depth: number): object => (depth === 1 ? { a: 1 } : { $and: [nested(depth - 1)] });
const notted = (depth: number): object => (depth === 0 ? { $gt: 1 } : { $not: notted(depth - 1) });
const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, n) => [`p${n}`, n]));

describe('a value is a filter', () => {
  it.each<[string, unknown]>([
    ['without conditions', {}],
    ['with every kind of value', { a: 'x', 'b.c': 1, d: true, e: null }],
    ['with every operator', { a: { $eq: 1, $ne: 2, $in: [1], $gt: 0, $gte: 0, $lt: 2, $lte: '2', $exists: true } }],
    ['of groups', { $and: [{ a: 1 }], $or: [{ a: 1 }, { b: 1 }], $not: { c: 1 } }],
    ['of attributes', { '@type': 'a', '@source': 'b', '@subject': { $exists: false }, '@id': { $in: ['c'] } }],
    ['of a time', { '@time': { $gte: '2026-02-17T13:59:55.123456+01:00' } }],
    ['of doubled signs', { '@@type': 1, $$or: 2, '@@@': 3, '@@': 4 }],
    ['of 32 paths', many(FILTER_LIMITS.conditions)],
    ['of 5 levels', nested(FILTER_LIMITS.depth)],
    ['of 5 levels within a condition', { a: notted(FILTER_LIMITS.depth - 1) }],
    ['of 100 values', { a: { $in: Array.from({ length: FILTER_LIMITS.inValues }, (_, n) => n) } }],
    ['of long values', { a: { $in: Array(FILTER_LIMITS.inValues).fill('x'.repeat(FILTER_LIMITS.valueLength)) } }],
    ['of a long path', { ['p'.repeat(FILTER_LIMITS.pathLength)]: 1 }],
    ['over __proto__, which is data', JSON.parse('{"__proto__": 1, "constructor": {"$exists": true}}')],
  ])('%s', (_name, value) => {
    expect(filterProblems(value)).toEqual([]);
  });

  it('whatever is made of its parts', () => {
    const isTooMany = ({ detail }: { readonly detail: string }) => /at most \d+ conditions/.test(detail);
    fc.assert(fc.property(anyFilter, (filter) => filterProblems(filter).every(isTooMany)));
  });
});

describe('a value is no filter, and it is said where', () => {
  it.each<[string, unknown, readonly (string | number)[], string]>([
    ['a list', [], [], 'must be an object'],
    ['null', null, [], 'must be an object'],
    ['text', '$where', [], 'must be an object'],
    ['nothing', undefined, [], 'must be an object'],
    ['an empty path', { '': 1 }, [''], 'must not be empty'],
    ['a long path', { ['p'.repeat(FILTER_LIMITS.pathLength + 1)]: 1 }, ['p'.repeat(257)], 'at most 256'],
    ['a long value', { a: 'x'.repeat(FILTER_LIMITS.valueLength + 1) }, ['a'], 'at most 1024'],
    ['NaN', { a: Number.NaN }, ['a'], 'a finite number'],
    ['infinity', { a: { $lt: Number.POSITIVE_INFINITY } }, ['a', '$lt'], 'a finite number'],
    ['undefined', { a: undefined }, ['a'], 'must be text'],
    ['a list of values', { a: [1, 2] }, ['a'], '$in'],
    ['no operator', { a: {} }, ['a'], 'at least one operator'],
    ['an object', { shipping: { method: 'x' } }, ['shipping', 'method'], '"shipping.method"'],
    ['a regular expression', { a: { $regex: '(a+)+$' } }, ['a', '$regex'], 'is not an operator'],
    ['a RegExp', { a: /x/ }, ['a'], 'at least one operator'],
    ['a function as text', { $where: 'while(true);' }, ['$where'], '$and, $or and $not'],
    ['$nor', { $nor: [{ a: 1 }] }, ['$nor'], '$and, $or and $not'],
    ['$options', { a: { $eq: 1, $options: 'i' } }, ['a', '$options'], 'is not an operator'],
    ['inherited names', { a: { constructor: 1 } }, ['a', 'constructor'], 'is not an operator'],
    ['__proto__ as an operator', JSON.parse('{"a":{"__proto__":{"$gt":1}}}'), ['a', '__proto__'], 'is not an operator'],
    ['$in of no list', { a: { $in: 'x' } }, ['a', '$in'], '1 to 100'],
    ['$in of nothing', { a: { $in: [] } }, ['a', '$in'], '1 to 100'],
    ['$in of 101', { a: { $in: Array(101).fill(1) } }, ['a', '$in'], '1 to 100'],
    ['$in of an object', { a: { $in: [1, { $gt: 1 }] } }, ['a', '$in', 1], 'must be text'],
    ['$gt of null', { a: { $gt: null } }, ['a', '$gt'], 'a number or text'],
    ['$gt of true', { a: { $gt: true } }, ['a', '$gt'], 'a number or text'],
    ['$gt of a list', { a: { $gt: [1] } }, ['a', '$gt'], 'a number or text'],
    ['$exists of 1', { a: { $exists: 1 } }, ['a', '$exists'], 'true or false'],
    ['$not of a value', { a: { $not: 1 } }, ['a', '$not'], 'an object of operators'],
    ['$not of nothing', { a: { $not: {} } }, ['a', '$not'], 'at least one operator'],
    ['$not of a list', { $not: [{ a: 1 }] }, ['$not'], 'must be an object'],
    ['$not of an empty filter', { $not: {} }, ['$not'], 'at least one condition'],
    ['$or of nothing', { $or: [] }, ['$or'], 'at least one filter'],
    ['$or of an object', { $or: { a: 1 } }, ['$or'], 'at least one filter'],
    ['$or of an empty filter', { $or: [{ a: 1 }, {}] }, ['$or', 1], 'at least one condition'],
    ['$and below a path', { a: { $and: [{ $gt: 1 }] } }, ['a', '$and'], 'is not an operator'],
    ['six levels', nested(6), ['$and', 0, '$and', 0, '$and', 0, '$and', 0, '$and', 0], '5 levels'],
    ['six levels within a condition', { a: notted(5) }, ['a', '$not', '$not', '$not', '$not', '$not'], '5 levels'],
    ['an unknown attribute', { '@tenant': 'x' }, ['@tenant'], 'is not an attribute'],
    ['a path below an attribute', { '@type.a': 'x' }, ['@type.a'], 'is not an attribute'],
    ['@ alone', { '@': 'x' }, ['@'], '@@'],
    ['$ alone', { $: 'x' }, ['$'], '$$'],
    ['an attribute as a number', { '@subject': 7 }, ['@subject'], 'must be text'],
    ['no subject as null', { '@subject': null }, ['@subject'], '$exists'],
    ['a time that is none', { '@time': { $gt: 'yesterday' } }, ['@time', '$gt'], 'RFC 3339'],
    ['a time that no calendar has', { '@time': '2026-13-01T00:00:00Z' }, ['@time'], 'RFC 3339'],
    ['U+0000 in a path', { 'a\0': 1 }, ['a\0'], 'U+0000'],
    ['half a surrogate pair', { a: { $in: ['\ud800'] } }, ['a', '$in', 0], 'surrogate'],
    ['33 paths', many(33), [], 'at most 32 conditions'],
    ['33 conditions', { $or: [many(16), many(16), { a: { $gt: 1 } }] }, [], 'at most 32 conditions'],
    [
      'too much text',
      { a: { $in: Array(100).fill('x'.repeat(1_000)) }, b: { $in: Array(100).fill('x'.repeat(1_000)) } },
      [],
      'in all',
    ],
  ])('%s', (_name, value, path, detail) => {
    const problems = filterProblems(value);
    expect(problems).toHaveLength(1);
    expect(problems[0]!.path).toEqual(path);
    expect(problems[0]!.detail).toContain(detail);
    expect(isFilter(value)).toBe(false);
  });

  it('several at once, the first twenty', () => {
    expect(filterProblems({ a: [], b: {}, $or: [{ c: [] }] }).map((problem) => problem.path)).toEqual([
      ['a'],
      ['b'],
      ['$or', 0, 'c'],
    ]);
    expect(filterProblems(Object.fromEntries(Array.from({ length: 100_000 }, (_, n) => [`p${n}`, []])))).toHaveLength(
      20,
    );
  });

  it('in a time that hostile input does not stretch', () => {
    let deep: object = { a: 1 };
    for (let level = 0; level < 100_000; level++) deep = level % 2 === 0 ? { $not: deep } : { $or: [deep] };
    const wide = { $or: Array(100_000).fill({ a: 1 }) };
    const empty = { $and: Array(100_000).fill({}) };
    const values = { a: { $in: Array(1_000_000).fill('x') } };
    const text = { a: 'x'.repeat(10_000_000) };
    const inputs = [deep, wide, empty, values, text];
    const { result, cpuMs } = withCpuTime(() => inputs.map((value) => filterProblems(value).length));
    for (const found of result) expect(found).toBeGreaterThan(0);
    expect(cpuMs).toBeLessThan(2_000);
  });

  it('whatever JSON it is: either said what is wrong, or it can be compiled and asked', () => {
    const name = fc.constantFrom('a', '$in', '$not', '$and', '$gt', '@type', '@time', '__proto__', '$$a', '');
    const { json } = fc.letrec((tie) => ({
      json: fc.oneof(
        { maxDepth: 4 },
        fc.constantFrom(1, 'x', null, true),
        fc.dictionary(name, tie('json'), { maxKeys: 3 }),
        fc.array(tie('json'), { maxLength: 3 }),
      ),
    }));
    const attributes = { type: 't', source: 's', subject: null, time: '2026-01-01T00:00:00Z', id: 'i' };
    let filters = 0;
    fc.assert(
      fc.property(json, json, (value, data) => {
        if (!isFilter(value)) return;
        filters++;
        expect(typeof compileFilter(value)({ data, attributes })).toBe('boolean');
      }),
      { numRuns: 5_000 },
    );
    expect(filters).toBeGreaterThan(100);
  });
});
