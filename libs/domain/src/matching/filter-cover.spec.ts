import fc from 'fast-check';
import { anyAttributes, anyData, anyFilter } from '../../../test-environment/src/filter.arbitrary';
import { compileFilter } from './compile-filter';
import type { Filter, FilterValue } from './filter';
import { type CoverTerm, coverOf } from './filter-cover';
import { readFilter } from './filter-node';
import { valueAt } from './filter-path';

const text = ({ path, value }: CoverTerm) =>
  `${path.kind === 'data' ? path.steps.join('.') : `@${path.attribute}`}=${JSON.stringify(value)}`;
const cover = (filter: Filter, cost: (term: CoverTerm) => number = () => 0) =>
  coverOf(readFilter(filter), cost)?.map(text) ?? null;

describe('the cover of a filter', () => {
  it.each<[Filter, readonly string[] | null]>([
    [{}, null],
    [{ a: 1 }, ['a=1']],
    [{ 'a.b': null }, ['a.b=null']],
    [{ a: { $in: [1, '1', 1] } }, ['a=1', 'a="1"']],
    [{ a: { $gt: 1 }, b: 2 }, ['b=2']],
    [{ a: { $gt: 1 } }, null],
    [{ a: { $ne: 1 } }, null],
    [{ $not: { a: 1 } }, null],
    [{ a: { $exists: true } }, null],
    [{ $or: [{ a: 1 }, { b: 2 }] }, ['a=1', 'b=2']],
    [{ $or: [{ a: 1 }, { b: { $gt: 2 } }] }, null],
    [{ $or: [{ a: 1 }, { b: { $gt: 2 } }], c: 3 }, ['c=3']],
    [{ $and: [{ $or: [{ a: 1 }, { a: 2 }] }, { $or: [{ b: 1 }] }] }, ['b=1']],
    [{ '@subject': 'M-7' }, ['@subject="M-7"']],
    [{ '@time': '2026-02-17T13:59:55Z' }, null],
    [
      { $or: Array.from({ length: 3 }, (_, n) => ({ [`p${n}`]: { $in: Array.from({ length: 70 }, (_, v) => v) } })) },
      null,
    ],
  ])('%j', (filter, terms) => {
    expect(cover(filter)).toEqual(terms);
  });

  it('is the one that costs the least', () => {
    const costOfA = (term: CoverTerm) => (text(term).startsWith('a') ? 10 : 3);
    expect(cover({ a: 1, b: 2 }, costOfA)).toEqual(['b=2']);
    expect(cover({ a: 1, b: { $in: [1, 2] } }, costOfA)).toEqual(['b=1', 'b=2']);
    expect(cover({ a: 1, b: { $in: [1, 2, 3] } }, costOfA)).toEqual(['a=1']);
  });

  it('holds a term of every event that the filter takes', () => {
    let taken = 0;
    fc.assert(
      fc.property(anyFilter, anyData, anyAttributes, (filter, data, attributes) => {
        const terms = coverOf(readFilter(filter), () => 0);
        if (terms === null || !compileFilter(filter)({ data, attributes })) return;
        taken++;
        const found = (each: CoverTerm): FilterValue | unknown =>
          each.path.kind === 'data' ? valueAt(data, each.path.steps) : attributes[each.path.attribute];
        expect(terms.some((each) => found(each) === each.value)).toBe(true);
      }),
      { numRuns: 20_000 },
    );
    expect(taken).toBeGreaterThan(50);
  });
});
