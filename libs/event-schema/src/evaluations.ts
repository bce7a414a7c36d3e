import { EVENT_LIMITS } from '@millrace/domain';
import { linearPattern } from './linear-pattern';
import { HOLDS_LIST, HOLDS_MAP, HOLDS_SCHEMA, resolveReference, type Schema } from './schema-node';

type Keywords = { readonly [keyword: string]: unknown };
type Counts = ReadonlyMap<Schema, number>;

/**
 * How often a schema can look at one value of the data, in the worst case. Ten alternatives that refer to ten alternatives
 * each are a hundred looks in a few lines, and a reference to itself inside two alternatives doubles with each level of the
 * data. Stops counting beyond `limit`, and says Infinity for a schema that would ask itself about the same value for ever.
 * The schema must be well-formed.
 */
export const evaluationsOf = (root: Schema, limit: number): number => {
  if (typeof root === 'boolean') return 1;
  const all = [...schemasIn(root)];
  let most = 0;
  // For each depth below a value that a schema is asked about: the looks at one value there.
  let above: Counts | null = null;
  for (let depth = 0; depth <= EVENT_LIMITS.depth; depth++) {
    const counts = countAt(root, all, above, limit);
    most = Math.max(most, counts.get(root)!);
    if (most > limit || (above !== null && all.every((schema) => above!.get(schema) === counts.get(schema)))) break;
    above = counts;
  }
  return most;
};

/** Looks at one value, so many levels below; `above` has those one level less deep, and null stands for the value itself. */
const countAt = (root: Schema, all: readonly Keywords[], above: Counts | null, limit: number): Counts => {
  const counts = new Map<Schema, number>([
    [true, above === null ? 1 : 0],
    [false, above === null ? 1 : 0],
  ]);
  const underWay = new Set<Schema>();
  const countOf = (schema: Schema): number => {
    const known = counts.get(schema);
    if (known !== undefined || typeof schema === 'boolean') return known ?? 1;
    if (underWay.has(schema)) return Number.POSITIVE_INFINITY;
    underWay.add(schema);
    let count = above === null ? ownCost(schema) : inside(schema, above);
    for (const other of aboutTheSame(root, schema)) {
      if (count > limit) break;
      count += countOf(other);
    }
    underWay.delete(schema);
    counts.set(schema, count);
    return count;
  };
  for (const schema of all) countOf(schema);
  return counts;
};

function* schemasIn(schema: Schema): Iterable<Keywords> {
  if (typeof schema === 'boolean') return;
  yield schema;
  for (const keyword of HOLDS_SCHEMA) if (schema[keyword] !== undefined) yield* schemasIn(schema[keyword] as Schema);
  for (const keyword of HOLDS_LIST) for (const inner of listIn(schema, keyword)) yield* schemasIn(inner);
  for (const keyword of HOLDS_MAP) for (const inner of valuesIn(schema, keyword)) yield* schemasIn(inner);
}

const listIn = (schema: Keywords, keyword: string): readonly Schema[] =>
  (schema[keyword] as readonly Schema[] | undefined) ?? [];
const valuesIn = (schema: Keywords, keyword: string): readonly Schema[] =>
  Object.values((schema[keyword] as { readonly [name: string]: Schema } | undefined) ?? {});

/** Those that are asked about the same value. */
function* aboutTheSame(root: Schema, schema: Keywords): Iterable<Schema> {
  if (typeof schema['$ref'] === 'string') yield resolveReference(root, schema['$ref']) ?? true;
  for (const keyword of ['not', 'if', 'then', 'else'])
    if (schema[keyword] !== undefined) yield schema[keyword] as Schema;
  for (const keyword of ['allOf', 'anyOf', 'oneOf']) yield* listIn(schema, keyword);
  yield* valuesIn(schema, 'dependentSchemas');
}

/** Of the schemas for parts of the value: a part meets one of `properties`, `items` and their like, and all of the others. */
const inside = (schema: Keywords, above: Counts): number => {
  const of = (part: unknown): number => (part === undefined ? 0 : above.get(part as Schema)!);
  const one = [
    ...valuesIn(schema, 'properties'),
    ...listIn(schema, 'prefixItems'),
    schema['items'],
    schema['additionalProperties'],
  ];
  const each = [...valuesIn(schema, 'patternProperties'), schema['contains'], schema['propertyNames']];
  return Math.max(0, ...one.map(of)) + each.reduce<number>((sum, part) => sum + of(part), 0);
};

/** One look, more where a look is at many values or runs a pattern. */
const ownCost = (schema: Keywords): number => {
  const values = Array.isArray(schema['enum']) ? schema['enum'].length / 8 : 0;
  const patterns = [
    ...(typeof schema['pattern'] === 'string' ? [schema['pattern']] : []),
    ...Object.keys((schema['patternProperties'] as object | undefined) ?? {}),
  ];
  return 1 + Math.floor(values + patterns.reduce((sum, pattern) => sum + linearPattern(pattern).states / 2, 0));
};
