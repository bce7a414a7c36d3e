import fc from 'fast-check';
import { jsonSignalValue } from './exact-json';

it.each<[string, object]>([
  ['{"a": 14400.0, "b": [1e2, -0.5]}', { a: 14400, b: [100, -0.5] }],
  [
    '{"a":9007199254740993,"b":{"c":[1,0.10000000000000000001]}}',
    { a: '9007199254740993', b: { c: [1, '0.10000000000000000001'] } },
  ],
  ['{"a":1e400,"b":"1e400"}', { a: '1e400', b: '1e400' }],
  ['{"a":18446744073709551615,"a":1}', { a: 1 }],
])('reads %s without changing a number', (text, expected) => {
  expect(jsonSignalValue(text)).toEqual(expected);
});

it('takes __proto__ for a name', () => {
  const value = jsonSignalValue('{"__proto__":{"admin":9007199254740993}}');
  expect(JSON.stringify(value)).toBe('{"__proto__":{"admin":"9007199254740993"}}');
  expect((value as { admin?: unknown }).admin).toBeUndefined();
});

it('reads whatever JavaScript wrote as JavaScript reads it', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (object) => {
      const text = JSON.stringify(object);
      expect(JSON.stringify(jsonSignalValue(text))).toBe(JSON.stringify(JSON.parse(text)));
    }),
  );
});
