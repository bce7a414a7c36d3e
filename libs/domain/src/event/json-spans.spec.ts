import { cpuMsOf } from '@millrace/test-environment';
import fc from 'fast-check';
import { jsonArrayItems, jsonObjectMembers, jsonText } from '../../../test-environment/src/json-text.arbitrary';
import { arraySpans, nestingDepth, objectSpans } from './json-spans';

const cut = (text: string): { [name: string]: string } =>
  Object.fromEntries([...objectSpans(text)].map(([name, { start, end }]) => [name, text.slice(start, end)]));

describe('objectSpans', () => {
  it.each<[string, { [name: string]: string }]>([
    ['{}', {}],
    [' \n{ }\t', {}],
    ['{"a": 1, "b":[2]}', { a: '1', b: '[2]' }],
    ['{"a":1}', { a: '1' }],
    ['{"a":-0.0e+1 ,"b":null}', { a: '-0.0e+1', b: 'null' }],
    ['{"a":"}","b":"\\"","c":"\\\\"}', { a: '"}"', b: '"\\""', c: '"\\\\"' }],
    ['{"a":{"data":1},"data":{"data":2}}', { a: '{"data":1}', data: '{"data":2}' }],
    ['{"data":1,"data":2}', { data: '2' }],
    ['{"d\\u0061ta":1}', { data: '1' }],
    ['{"a":[1,{"b":"]}"},[]] }', { a: '[1,{"b":"]}"},[]]' }],
    ['{"":"x"," ":"y"}', { '': '"x"', ' ': '"y"' }],
    ['{"a":"\u2028","b":"\ufeff"}', { a: '"\u2028"', b: '"\ufeff"' }],
  ])('cuts %s', (text, expected) => {
    expect(cut(text)).toEqual(expected);
  });

  it('takes __proto__ as a name like any other', () => {
    const spans = objectSpans('{"__proto__":{"polluted":1},"constructor":2}');
    expect([...spans.keys()]).toEqual(['__proto__', 'constructor']);
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });

  it('cuts any object into texts whose values are those of JSON.parse, duplicates and odd escapes included', () => {
    fc.assert(
      fc.property(jsonObjectMembers, (members) => {
        const text = `{${members.map(([name, value]) => `${name}:${value}`).join(',')}}`;
        const expected = new Map(members.map(([name, value]) => [JSON.parse(name), value.trim()]));
        expect(new Map([...objectSpans(text)].map(([name, { start, end }]) => [name, text.slice(start, end)]))).toEqual(
          expected,
        );
        // Names are not compared with those of JSON.parse over the whole text: V8 in Node 24 reads the name "\/" as a
        // backslash after it has met an object of the same shape whose name is one.
      }),
      { numRuns: 1000 },
    );
  });

  it('cuts an object that stands inside a larger text', () => {
    const text = '[{"a":1},{"b": {"c":2} }]';
    const [first, second] = arraySpans(text);
    expect(text.slice(first!.start, first!.end)).toBe('{"a":1}');
    const b = objectSpans(text, second).get('b')!;
    expect(text.slice(b.start, b.end)).toBe('{"c":2}');
  });

  it('needs no stack for hostile nesting', () => {
    const deep = '['.repeat(200_000) + ']'.repeat(200_000);
    expect(cut(`{"a":${deep},"b":1}`)['b']).toBe('1');
  });
});

describe('arraySpans', () => {
  it('cuts any array into the texts of its elements', () => {
    fc.assert(
      fc.property(jsonArrayItems, (items) => {
        const text = `[${items.join(',')}]`;
        expect(arraySpans(text).map(({ start, end }) => text.slice(start, end))).toEqual(
          items.map((item) => item.trim()),
        );
      }),
      { numRuns: 1000 },
    );
  });

  it.each([
    ['[]', []],
    [' [ ] ', []],
    ['[1,2]', ['1', '2']],
    ['[ "a,b" , [1,2] ]', ['"a,b"', '[1,2]']],
  ])('cuts %s', (text, expected) => {
    expect(arraySpans(text).map(({ start, end }) => text.slice(start, end))).toEqual(expected);
  });
});

describe('nestingDepth', () => {
  const depthOf = (value: unknown): number =>
    typeof value === 'object' && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depthOf)) : 0;

  it.each([
    ['1', 0],
    ['"[[["', 0],
    ['"\\"[["', 0],
    ['[]', 1],
    ['{"a":[{}]}', 3],
    ['[[],[[]]]', 3],
    ['', 0],
    ['"unfinished \\', 0],
    [']]]]', 0],
    ['[[[', 3],
  ])('of %s is %i', (text, depth) => {
    expect(nestingDepth(text)).toBe(depth);
  });

  it('is that of the parsed value', () => {
    // A duplicate name hides its first value from JSON.parse, so texts with one are left out.
    const unique = jsonText.filter((text) => !/"[^"]*"\s*:/.test(text));
    fc.assert(fc.property(unique, (text) => expect(nestingDepth(text)).toBe(depthOf(JSON.parse(text)))));
    fc.assert(fc.property(fc.json(), (text) => expect(nestingDepth(text)).toBe(depthOf(JSON.parse(text)))));
  });

  it('reads 2 MB of the worst text in about a second at most', () => {
    for (const unit of ['[', '"\\"', '{"a":', '"']) {
      const text = unit.repeat(2_000_000 / unit.length);
      expect(cpuMsOf(() => nestingDepth(text))).toBeLessThan(1_000);
    }
  });
});
