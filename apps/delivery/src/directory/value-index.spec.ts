import { type FilterValue, valueAt } from '@millrace/domain';
import fc from 'fast-check';
import { anyData } from '../../../../libs/test-environment/src/filter.arbitrary';
import { ValueIndex } from './value-index';

const found = (index: ValueIndex<string>, data: unknown) => {
  const items: string[] = [];
  index.forEachIn(data, (item) => items.push(item));
  return items.sort();
};

describe('a value index', () => {
  it('finds by path and value, whatever lies beside it', () => {
    const index = new ValueIndex<string>();
    index.add(['a', 'b'], 1, 'number');
    index.add(['a', 'b'], '1', 'text');
    index.add(['a'], null, 'null');
    index.add(['a', '0'], 1, 'element');
    expect(found(index, { a: { b: 1 } })).toEqual(['number']);
    expect(found(index, { a: { b: '1' } })).toEqual(['text']);
    expect(found(index, { a: null })).toEqual(['null']);
    expect(found(index, { a: [1, 1] })).toEqual(['element']);
    expect(found(index, {})).toEqual([]);
    expect(found(index, null)).toEqual([]);
  });

  it('finds the same when it holds many names', () => {
    const index = new ValueIndex<string>();
    for (let n = 0; n < 1_000; n++) index.add([`p${n}`, 'x'], 1, `i${n}`);
    expect(found(index, { p7: { x: 1 }, p8: { x: 2 }, p999: { x: 1 }, other: 1 })).toEqual(['i7', 'i999']);
    index.add(['0'], 1, 'element');
    expect(found(index, [1])).toEqual(['element']);
    index.add(['length'], 1, 'length');
    expect(found(index, [1])).toEqual(['element']);
    expect(found(index, { length: 1 })).toEqual(['length']);
  });

  it('holds nothing after everything was taken away', () => {
    const index = new ValueIndex<string>();
    index.add(['a', 'b'], 1, 'one');
    index.add(['a'], 1, 'two');
    index.delete(['a', 'b'], 1, 'one');
    expect(index.isEmpty).toBe(false);
    expect(found(index, { a: 1 })).toEqual(['two']);
    index.delete(['a'], 1, 'another');
    index.delete(['c', 'd'], 1, 'two');
    index.add(['a'], 1, 'three');
    index.delete(['a'], 1, 'two');
    expect(found(index, { a: 1 })).toEqual(['three']);
    index.delete(['a'], 1, 'three');
    expect(index.isEmpty).toBe(true);
  });

  it('agrees with a walk to every path', () => {
    const step = fc.constantFrom('a', 'b', '0', '__proto__', 'constructor', 'length');
    const steps = fc.array(step, { minLength: 1, maxLength: 3 });
    const value = fc.constantFrom<FilterValue[]>(0, 1, '1', true, null);
    // The further names make it ask the data for its names.
    fc.assert(
      fc.property(fc.array(fc.tuple(steps, value)), fc.constantFrom(0, 20), anyData, (held, further, data) => {
        const index = new ValueIndex<string>();
        for (const [path, at] of held) index.add(path, at, JSON.stringify([path, at]));
        for (let n = 0; n < further; n++) index.add([`p${n}`], 1, `further ${n}`);
        const expected = held.filter(([path, at]) => valueAt(data, path) === at).map((each) => JSON.stringify(each));
        expect(found(index, data)).toEqual([...new Set(expected)].sort());
        for (const [path, at] of held)
          expect(index.count(path, at)).toBe(
            new Set(held.filter((each) => JSON.stringify(each) === JSON.stringify([path, at])).map(String)).size,
          );
      }),
      { numRuns: 1_000 },
    );
  });
});
