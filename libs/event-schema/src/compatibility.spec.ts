import { BUILT_IN_EVENT_TYPES } from '@millrace/protocol';
import { withCpuTime } from '@millrace/test-environment';
import fc from 'fast-check';
import { problemsOfSchema } from './check-schema';
import { incompatibilities } from './compatibility';
import { compileSchema } from './compile-schema';
import { resolveReference, type Schema } from './schema-node';

const paths = (former: Schema, next: Schema) => incompatibilities(former, next).map(({ path }) => path);
const member = (schema: Schema): Schema => ({ type: 'object', properties: { a: schema } });

test.each<[string, Schema, Schema]>([
  ['the same', member({ type: 'string' }), member({ type: 'string' })],
  ['another description', { type: 'string', title: 'a' }, { type: 'string', title: 'b', description: 'c' }],
  ['another order of keywords', { type: 'string', minLength: 1 }, { minLength: 1, type: 'string' }],
  ['a new optional member', member({}), { properties: { a: {}, b: { type: 'integer' } } }],
  ['a member required no more', { ...(member({}) as object), required: ['a'] }, member({})],
  ['one type more', { type: 'string' }, { type: ['string', 'null'] }],
  ['number for integer', { type: 'integer' }, { type: 'number' }],
  ['one value more', { enum: ['a', 'b'] }, { enum: ['b', 'a', 'c'] }],
  ['a list of values for one', { const: 'a' }, { enum: ['a', 'b'] }],
  ['any value', { enum: ['a'] }, { type: 'string' }],
  ['looser bounds', { type: 'number', minimum: 1, maximum: 9 }, { type: 'number', minimum: 0, maximum: 10 }],
  ['an inclusive bound for an exclusive one', { exclusiveMinimum: 0 }, { minimum: 0 }],
  ['a lower exclusive bound', { minimum: 1 }, { exclusiveMinimum: 0 }],
  ['looser lengths', { maxLength: 5, minItems: 2 }, { maxLength: 6, minItems: 1 }],
  ['a bound on what cannot be there', { type: 'string' }, { type: 'string', minimum: 3, maxItems: 1 }],
  ['no pattern', { pattern: '^a' }, {}],
  ['a finer step', { multipleOf: 10 }, { multipleOf: 5 }],
  ['items as before', { items: { type: 'string' } }, { items: { type: ['string', 'null'] } }],
  [
    'a place in a list more',
    { prefixItems: [{}], items: { type: 'string' } },
    { prefixItems: [{}, { type: 'string' }], items: { type: 'string' } },
  ],
  ['an open schema for a closed one', { ...(member({}) as object), additionalProperties: false }, member({})],
  [
    'a member of a closed one more',
    { additionalProperties: false },
    { properties: { a: { type: 'string' } }, additionalProperties: false },
  ],
  ['an alternative more', { anyOf: [{ type: 'string' }] }, { anyOf: [{ type: 'null' }, { type: 'string' }] }],
  ['alternatives for one', { type: 'string' }, { anyOf: [{ type: 'null' }, { type: 'string' }] }],
  ['one type for alternatives', { oneOf: [{ type: 'string' }, { type: 'null' }] }, { type: ['string', 'null'] }],
  ['less that holds together', { allOf: [{ type: 'string' }, { minLength: 3 }] }, { allOf: [{ minLength: 2 }] }],
  ['the parts in one', { allOf: [{ type: 'string' }, { minLength: 3 }] }, { type: 'string', minLength: 3 }],
  [
    'a definition for what stood in place',
    member({ type: 'string' }),
    { ...(member({ $ref: '#/$defs/t' }) as object), $defs: { t: { type: 'string' } } },
  ],
  [
    'a tree that allows more',
    { properties: { v: { enum: [1] }, kids: { items: { $ref: '#' } } } },
    { properties: { v: { enum: [1, 2] }, kids: { items: { $ref: '#' } } } },
  ],
  ['the same negation', { not: { const: 1 }, type: 'integer' }, { not: { const: 1 } }],
  ['anything', { type: 'string' }, true],
  ['whatever follows nothing', false, { type: 'string' }],
])('accepts %s', (_, former, next) => {
  expect(incompatibilities(former, next)).toEqual([]);
});

test.each<[string, Schema, Schema, string[]]>([
  ['a member that is described no more', member({}), {}, ['data.a']],
  ['only the top of what went', member(member({ properties: { b: {} } })), {}, ['data.a']],
  ['a member in a list', { items: member({}) }, { items: {} }, ['data[].a']],
  ['a member in an alternative', { anyOf: [member({}), { type: 'null' }] }, { type: ['object', 'null'] }, ['data.a']],
  ['a member behind a definition', { $defs: { x: member({}) }, $ref: '#/$defs/x' }, { type: 'object' }, ['data.a']],
  ['a member that is required now', member({}), { ...(member({}) as object), required: ['a'] }, ['schema.required']],
  [
    'a new member that is required',
    { type: 'object' },
    { ...(member({}) as object), required: ['a'] },
    ['schema.required'],
  ],
  ['a narrower type', member({ type: ['string', 'null'] }), member({ type: 'string' }), ['schema.properties.a.type']],
  ['integer for number', { type: 'number' }, { type: 'integer' }, ['schema.type']],
  ['a type where there was none', {}, { type: 'object' }, ['schema.type']],
  ['one value less', { enum: ['a', 'b'] }, { enum: ['a'] }, ['schema.enum']],
  ['certain values alone', { type: 'string' }, { enum: ['a'] }, ['schema.enum']],
  ['one value alone', { enum: ['a', 'b'] }, { const: 'a' }, ['schema.const']],
  ['tighter bounds', { minimum: 0, maximum: 9 }, { minimum: 1, maximum: 8 }, ['schema.maximum', 'schema.minimum']],
  ['an exclusive bound for an inclusive one', { minimum: 0 }, { exclusiveMinimum: 0 }, ['schema.exclusiveMinimum']],
  ['tighter lengths', { minLength: 1 }, { minLength: 2, maxLength: 9 }, ['schema.maxLength', 'schema.minLength']],
  ['fewer items', { maxItems: 5 }, { maxItems: 4, minItems: 1 }, ['schema.maxItems', 'schema.minItems']],
  ['fewer members', {}, { maxProperties: 3, minProperties: 1 }, ['schema.maxProperties', 'schema.minProperties']],
  ['unique items', {}, { uniqueItems: true, maxItems: 3 }, ['schema.maxItems', 'schema.uniqueItems']],
  ['another pattern', { pattern: 'a' }, { pattern: 'b' }, ['schema.pattern']],
  ['a format', { type: 'string' }, { type: 'string', format: 'date' }, ['schema.format']],
  ['another step', { multipleOf: 5 }, { multipleOf: 10 }, ['schema.multipleOf']],
  ['narrower items', { items: {} }, { items: { type: 'string' } }, ['schema.items.type']],
  [
    'a closed schema',
    member({}),
    { ...(member({}) as object), additionalProperties: false },
    ['schema.additionalProperties'],
  ],
  [
    'a narrower rest',
    { additionalProperties: { type: ['string', 'null'] } },
    { additionalProperties: { type: 'string' } },
    ['schema.additionalProperties.type'],
  ],
  [
    'a member narrower than the rest was',
    { additionalProperties: { type: 'string' } },
    { properties: { a: { type: 'integer' } }, additionalProperties: { type: 'string' } },
    ['schema.properties.a.type'],
  ],
  [
    'an alternative less',
    { anyOf: [{ type: 'string' }, { type: 'null' }] },
    { anyOf: [{ type: 'string' }] },
    ['schema.anyOf'],
  ],
  [
    'an exclusive alternative more',
    { oneOf: [{ type: 'string' }] },
    { oneOf: [{ type: 'string' }, { minLength: 3 }] },
    ['schema.oneOf'],
  ],
  ['a negation', {}, { not: { type: 'string' } }, ['schema.not']],
  ['a condition', {}, { if: { required: ['a'] }, else: { required: ['b'] } }, ['schema.if']],
  ['another pattern of names', {}, { patternProperties: { '^x': { type: 'string' } } }, ['schema.patternProperties']],
  [
    'what narrows behind a definition',
    { $defs: { t: { enum: [1, 2] } }, $ref: '#/$defs/t' },
    { $defs: { t: { enum: [1] } }, $ref: '#/$defs/t' },
    ['schema.enum'],
  ],
  [
    'a narrower tree',
    { properties: { v: { enum: [1, 2] }, kids: { items: { $ref: '#' } } } },
    { properties: { v: { enum: [1] }, kids: { items: { $ref: '#' } } } },
    ['schema.properties.v.enum', 'schema.properties.kids.items.properties.v.enum'],
  ],
  [
    'a member narrower in one alternative',
    { anyOf: [member({ type: 'string' }), {}] },
    member({ type: 'string' }),
    ['schema.type', 'schema.properties.a.type'],
  ],
  ['alternatives that are none', { anyOf: [true] }, { type: 'string' }, ['schema.type']],
  ['nothing at all', { type: 'string' }, false, ['schema']],
])('names %s', (_, former, next, expected) => {
  expect(paths(former, next).sort()).toEqual([...expected].sort());
});

test('every built-in schema may follow itself', () => {
  for (const { name, schema } of BUILT_IN_EVENT_TYPES)
    expect([name, incompatibilities(schema, schema)]).toEqual([name, []]);
});

const NAMES = ['a', 'b', 'c'];
const leaf = fc.constantFrom(null, true, 0, 1, 2, 3.5, '', 'x', 'xy');
const documents = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    leaf,
    fc.dictionary(fc.constantFrom(...NAMES), tie('value'), { maxKeys: 3 }),
    fc.array(tie('value'), { maxLength: 3 }),
  ),
})).value;

const schemas = fc.letrec<{ schema: Schema }>((tie) => {
  const list = fc.array(tie('schema'), { minLength: 1, maxLength: 2 });
  return {
    schema: fc.oneof(
      { maxDepth: 3 },
      { weight: 1, arbitrary: fc.constantFrom<Schema>(true, {}, { $ref: '#/$defs/d' }) },
      {
        weight: 6,
        arbitrary: fc
          .record<Record<string, unknown>, never>(
            {
              type: fc.constantFrom(
                'object',
                'object',
                'array',
                'string',
                'integer',
                ['number', 'null'],
                ['object', 'string'],
              ),
              enum: fc.subarray([0, 1, 'x', null], { minLength: 1 }),
              minimum: fc.integer({ min: 0, max: 2 }),
              exclusiveMinimum: fc.integer({ min: 0, max: 2 }),
              maximum: fc.integer({ min: 1, max: 3 }),
              multipleOf: fc.constantFrom(1, 2),
              minLength: fc.integer({ min: 0, max: 2 }),
              maxItems: fc.integer({ min: 1, max: 3 }),
              items: tie('schema'),
              prefixItems: list,
              properties: fc.dictionary(fc.constantFrom(...NAMES), tie('schema'), { maxKeys: 2 }),
              required: fc.uniqueArray(fc.constantFrom(...NAMES), { maxLength: 1 }),
              additionalProperties: fc.oneof(fc.constant(false), tie('schema')),
              patternProperties: tie('schema').map((schema) => ({ '^c': schema })),
              anyOf: list,
              oneOf: list,
              allOf: list,
              not: tie('schema'),
              if: tie('schema'),
              // biome-ignore lint/suspicious/noThenProperty: a keyword of the dialect
              then: tie('schema'),
              else: tie('schema'),
            },
            { requiredKeys: [] },
          )
          .chain((all) =>
            fc
              .subarray(Object.entries(all), { maxLength: Math.min(3, Object.keys(all).length) })
              .map((some) => Object.fromEntries(some) as Schema),
          ),
      },
    ),
  };
}).schema;
const roots = fc
  .tuple(schemas, schemas)
  .map(([root, d]): Schema => (typeof root === 'boolean' ? root : { ...root, $defs: { d } }));

/** Loosens or tightens one thing somewhere, so that versions are close to each other as they are in life. */
const mutated = (root: Schema, seed: readonly number[]): Schema => {
  const copy = structuredClone(root) as Schema;
  const places: { [keyword: string]: unknown }[] = [];
  const collect = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    if (!Array.isArray(value)) places.push(value as { [keyword: string]: unknown });
    for (const inner of Object.values(value)) collect(inner);
  };
  collect(copy);
  seed.forEach((n) => {
    const place = places[n % places.length];
    if (!place) return;
    const keywords = Object.keys(place).filter((name) => name !== '$defs' && name !== 'd');
    const keyword = keywords[n % Math.max(1, keywords.length)];
    if (keyword === undefined) return;
    const value = place[keyword];
    if (typeof value === 'number') place[keyword] = value + (n % 3) - 1;
    else if (Array.isArray(value) && value.length > 1 && n % 2) place[keyword] = value.slice(1);
    else if (n % 3 === 0) delete place[keyword];
  });
  return copy;
};

type Keywords = { readonly [keyword: string]: unknown };
const alternatives = (root: Schema, schemas: readonly unknown[]): Keywords[] => {
  const all = new Set<Keywords>();
  const add = (schema: unknown): void => {
    if (typeof schema !== 'object' || schema === null || all.has(schema as Keywords)) return;
    const it = schema as Keywords;
    all.add(it);
    if (typeof it['$ref'] === 'string') add(resolveReference(root, it['$ref']));
    for (const keyword of ['allOf', 'anyOf', 'oneOf']) for (const inner of (it[keyword] as unknown[]) ?? []) add(inner);
    for (const keyword of ['if', 'then', 'else']) add(it[keyword]);
  };
  for (const schema of schemas) add(schema);
  return [...all];
};

/** Whether data has a member that the new version describes and the former one did not. */
const hasNewMember = (data: unknown, former: [Schema, unknown[]], next: [Schema, unknown[]]): boolean => {
  if (typeof data !== 'object' || data === null) return false;
  const [olds, news] = [former, next].map(([root, schemas]) => alternatives(root, schemas)) as [Keywords[], Keywords[]];
  const item = (schema: Keywords, n: number) =>
    (schema['prefixItems'] as unknown[] | undefined)?.[n] ?? schema['items'];
  if (Array.isArray(data))
    return data.some((inner, n) =>
      hasNewMember(inner, [former[0], olds.map((old) => item(old, n))], [next[0], news.map((each) => item(each, n))]),
    );
  const of = (all: Keywords[], name: string) =>
    all.flatMap((schema) => {
      const members = (schema['properties'] ?? {}) as { [name: string]: unknown };
      if (Object.hasOwn(members, name)) return [members[name]];
      const rest = schema['additionalProperties'];
      return rest === undefined || rest === true || schema['patternProperties'] !== undefined ? [] : [rest];
    });
  const patterned = olds.some((old) => old['patternProperties'] !== undefined);
  return Object.entries(data).some(([name, inner]) => {
    const before = of(olds, name);
    const describedNow = news.some((each) => Object.hasOwn((each['properties'] ?? {}) as object, name));
    if (describedNow && before.length === 0 && !patterned) return true;
    return hasNewMember(inner, [former[0], before], [next[0], of(news, name)]);
  });
};

test('what a compatible version refuses, the former one refused too, or did not describe', () => {
  let compatible = 0;
  let accepted = 0;
  fc.assert(
    fc.property(
      roots,
      fc.oneof(
        roots.map((next) => () => next),
        fc.array(fc.nat(1_000), { maxLength: 3 }).map((seed) => (former: Schema) => mutated(former, seed)),
      ),
      fc.array(documents, { minLength: 5, maxLength: 15 }),
      (former, after, data) => {
        const next = after(former);
        fc.pre(problemsOfSchema(former).length === 0 && problemsOfSchema(next).length === 0);
        if (incompatibilities(former, next).length > 0) return;
        compatible++;
        const [old, now] = [compileSchema(former), compileSchema(next)];
        for (const each of data) {
          if (old(each) !== null || hasNewMember(each, [former, [former]], [next, [next]])) continue;
          accepted++;
          expect([former, next, each, now(each)]).toEqual([former, next, each, null]);
        }
      },
    ),
    { numRuns: Number(process.env['SCHEMA_RUNS'] ?? 1_500) },
  );
  // Otherwise it would hold because nothing was looked at.
  expect(compatible).toBeGreaterThan(100);
  expect(accepted).toBeGreaterThan(100);
});

test('a schema may follow itself', () => {
  fc.assert(
    fc.property(roots, (former) => {
      fc.pre(typeof former === 'object' && problemsOfSchema(former).length === 0);
      expect(incompatibilities(former, former)).toEqual([]);
    }),
  );
});

test('alternatives without end are refused, and quickly', () => {
  const many = (text: string): Schema => ({
    allOf: Array.from({ length: 8 }, (_, n) => ({
      anyOf: [{ title: 'x', minLength: n }, { pattern: `${text}${n}` }, { maxLength: n }],
    })),
  });
  const { result, cpuMs } = withCpuTime(() => incompatibilities(many('a'), { pattern: 'c' }));
  expect(result).toEqual([{ path: 'schema', detail: expect.stringContaining('too many alternatives') }]);
  expect(cpuMs).toBeLessThan(5_000);
});
