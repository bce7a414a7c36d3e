import { BUILT_IN_EVENT_TYPES } from '@millrace/protocol';
import { problemsOfSchema, SCHEMA_LIMITS } from './check-schema';
import { compileSchema } from './compile-schema';
import type { Schema } from './schema-node';

const nested = (levels: number): Schema => (levels === 0 ? {} : { not: nested(levels - 1) });
const doubling = (levels: number): Schema => ({
  $defs: Object.fromEntries(
    Array.from({ length: levels }, (_, n) => [
      `d${n}`,
      n === 0 ? { type: 'string' } : { anyOf: [{ $ref: `#/$defs/d${n - 1}` }, { $ref: `#/$defs/d${n - 1}` }] },
    ]),
  ),
  $ref: `#/$defs/d${levels - 1}`,
});

test.each(BUILT_IN_EVENT_TYPES.map((type) => [type.name, type] as const))(
  'the schema of %s can be used, and its example fits',
  (_, { schema, example }) => {
    expect(problemsOfSchema(schema)).toEqual([]);
    expect(compileSchema(schema)(example)).toBeNull();
  },
);

test.each<[string, Schema]>([
  ['true', true],
  ['nothing', {}],
  ['its dialect, by name', { $schema: 'https://json-schema.org/draft/2020-12/schema', $id: 'urn:x' }],
  ['members of its own', { 'x-owner': { team: 'quality' } }],
  ['a tree', { properties: { children: { type: 'array', items: { $ref: '#' } } } }],
  ['a list that ends in null', { properties: { next: { anyOf: [{ type: 'null' }, { $ref: '#' }] } } }],
  ['two branches', { properties: { left: { $ref: '#' }, right: { $ref: '#' } } }],
  ['a few alternatives', doubling(6)],
  ['unique simple items', { items: { type: 'string' }, uniqueItems: true }],
  ['unique items, a few', { uniqueItems: true, maxItems: 20 }],
  ['a property named like a keyword', { properties: { $ref: { type: 'string' }, pattern: { type: 'string' } } }],
  ['an example that looks like a schema', { examples: [{ $ref: 'http://x', nullable: true }], const: { $ref: 'x' } }],
])('a schema may have %s', (_, schema) => {
  expect(problemsOfSchema(schema)).toEqual([]);
  expect(() => compileSchema(schema)({})).not.toThrow();
});

test.each<[string, unknown, string, string]>([
  ['no schema', 'string', 'schema', 'must be a JSON Schema'],
  ['an unknown type', { type: 'text' }, 'schema.type', 'equal to one of'],
  ['a wrong form', { properties: { a: { required: 'b' } } }, 'schema.properties.a.required', 'must be array'],
  ['another dialect', { $schema: 'http://json-schema.org/draft-07/schema#' }, 'schema.$schema', '2020-12'],
  ['a misspelt keyword', { propertys: {} }, 'schema.propertys', 'not a keyword'],
  ['a keyword of OpenAPI', { properties: { a: { nullable: true } } }, 'schema.properties.a.nullable', '"null"'],
  ['what ajv fails on', { unevaluatedProperties: false }, 'schema.unevaluatedProperties', 'additionalProperties'],
  ['an old keyword', { definitions: {} }, 'schema.definitions', "write '$defs'"],
  ['an id inside', { items: { $id: 'urn:x' } }, 'schema.items.$id', 'root'],
  ['a remote reference', { $ref: 'https://example.com/x.json' }, 'schema.$ref', 'nothing is fetched'],
  ['a file', { $ref: 'other.json#/a' }, 'schema.$ref', 'nothing is fetched'],
  ['a dangling reference', { $ref: '#/$defs/a' }, 'schema.$ref', 'where there is no schema'],
  ['a reference into an example', { $ref: '#/examples/0', examples: [{}] }, 'schema.$ref', 'not a place for a schema'],
  ['a reference up the prototypes', { $ref: '#/constructor' }, 'schema.$ref', 'where there is no schema'],
  ['a reference to itself', { $ref: '#' }, 'schema', 'times'],
  ['itself among alternatives', { anyOf: [{ type: 'null' }, { $ref: '#' }] }, 'schema', 'times'],
  ['doubling alternatives', doubling(20), 'schema', 'times'],
  ['doubling with the depth of the data', { items: { anyOf: [{ $ref: '#' }, { $ref: '#' }] } }, 'schema', 'times'],
  ['doubling by several keywords for one part', { items: { $ref: '#' }, contains: { $ref: '#' } }, 'schema', 'times'],
  ['look-ahead', { pattern: '^(?=a)' }, 'schema.pattern', 'look-ahead'],
  ['a wrong pattern', { patternProperties: { '(': {} } }, 'schema.patternProperties["("]', 'no regular expression'],
  ['an unknown format', { format: 'colour' }, 'schema.format', 'known are date'],
  ['a long enum', { enum: Array.from({ length: 1_001 }, (_, n) => n) }, 'schema.enum', '1000 are allowed'],
  ['unique items of any kind', { uniqueItems: true }, 'schema.uniqueItems', 'maxItems'],
  ['__proto__ among its members', JSON.parse('{"properties": {"__proto__": {}}}'), 'schema.properties', '__proto__'],
  ['a great depth', nested(40), 'schema', 'levels deep'],
  ['a great length', { description: 'x'.repeat(SCHEMA_LIMITS.characters) }, 'schema', 'characters'],
  ['very many schemas', { allOf: Array.from({ length: 601 }, () => ({})) }, 'schema', 'schemas in it'],
])('refuses %s, at its place', (_, schema, path, detail) => {
  const problems = problemsOfSchema(schema);
  expect(problems[0]).toEqual({ path, detail: expect.stringContaining(detail) });
});

test('a depth that no stack holds is refused too', () => {
  let schema: Schema = {};
  for (let n = 0; n < 7_000; n++) schema = { not: schema };
  expect(problemsOfSchema(schema)[0]?.detail).toMatch(/levels deep/);
});

test('names several problems, and not countless ones', () => {
  const properties = Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`p${n}`, { nullable: true }]));
  expect(problemsOfSchema({ properties })).toHaveLength(SCHEMA_LIMITS.problems);
});
