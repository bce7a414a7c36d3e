import Ajv2020 from 'ajv/dist/2020';
import { compileSchema } from './compile-schema';
import { evaluationsOf } from './evaluations';
import { FORMATS } from './formats';
import { linearPattern, UnusablePattern } from './linear-pattern';
import {
  HOLDS_LIST,
  HOLDS_MAP,
  HOLDS_SCHEMA,
  isSchema,
  type Problem,
  pathTo,
  resolveReference,
  type Schema,
  stepsOfReference,
} from './schema-node';

/** A schema is a tenant's, and the processes that it is held against events in serve all tenants: everything has a bound. */
export const SCHEMA_LIMITS = {
  /** Characters as JSON. */
  characters: 64 * 1024,
  /** Levels of arrays and objects. */
  depth: 32,
  /** The code of the check grows with them, and twice as many are too much for the stack of what makes it. */
  schemas: 600,
  enumValues: 1_000,
  /** Items that are compared each with each. */
  unsortedUniqueItems: 256,
  /** Looks at one value of the data, in the worst case. */
  evaluations: 128,
  problems: 20,
} as const;

const ANNOTATIONS = ['$comment', 'default', 'deprecated', 'description', 'examples', 'readOnly', 'title', 'writeOnly'];
const VALUES = [
  'const',
  'contentEncoding',
  'contentMediaType',
  'dependentRequired',
  'enum',
  'exclusiveMaximum',
  'exclusiveMinimum',
  'format',
  'maxContains',
  'maxItems',
  'maxLength',
  'maxProperties',
  'maximum',
  'minContains',
  'minItems',
  'minLength',
  'minProperties',
  'minimum',
  'multipleOf',
  'pattern',
  'required',
  'type',
  'uniqueItems',
];
const KEYWORDS: ReadonlySet<string> = new Set([
  ...ANNOTATIONS,
  ...VALUES,
  ...HOLDS_SCHEMA,
  ...HOLDS_LIST,
  ...HOLDS_MAP,
  '$ref',
]);
const ONLY_AT_ROOT: ReadonlySet<string> = new Set(['$schema', '$id']);

/** Instead of what people write by habit. */
const INSTEAD: { readonly [keyword: string]: string } = {
  $anchor: "name the schema in '$defs' and refer to it as '#/$defs/…'",
  $dynamicAnchor: "name the schema in '$defs' and refer to it as '#/$defs/…'",
  $dynamicRef: "refer with '$ref'",
  $recursiveRef: "refer with '$ref'",
  additionalItems: "write 'items' for those after 'prefixItems'",
  definitions: "write '$defs'",
  dependencies: "write 'dependentRequired' or 'dependentSchemas'",
  discriminator: "write 'anyOf' with a 'const' in each",
  example: "write 'examples'",
  id: "write '$id'",
  unevaluatedItems: "write 'items'",
  unevaluatedProperties: "write 'additionalProperties'",
  nullable: 'write \'type\': ["…", "null"]',
};

/** Everything that keeps a schema from being used; empty when it can be. Never throws, and is itself bounded. */
export const problemsOfSchema = (schema: unknown): Problem[] => {
  if (!isSchema(schema)) return [{ path: 'schema', detail: 'must be a JSON Schema: an object, true or false' }];
  if (depthOf(schema) > SCHEMA_LIMITS.depth)
    return [{ path: 'schema', detail: `is nested more than ${SCHEMA_LIMITS.depth} levels deep` }];
  const characters = JSON.stringify(schema).length;
  if (characters > SCHEMA_LIMITS.characters)
    return [
      { path: 'schema', detail: `has ${characters} characters as JSON; ${SCHEMA_LIMITS.characters} are allowed` },
    ];
  const inspection = new Inspection(schema);
  inspection.schema(schema, 'schema');
  if (inspection.schemas > SCHEMA_LIMITS.schemas)
    return [
      { path: 'schema', detail: `has ${inspection.schemas} schemas in it; ${SCHEMA_LIMITS.schemas} are allowed` },
    ];
  const found = [...inspection.problems, ...problemsOfForm(schema)];
  if (found.length > 0) return unique(found).slice(0, SCHEMA_LIMITS.problems);
  const evaluations = evaluationsOf(schema, SCHEMA_LIMITS.evaluations);
  if (evaluations > SCHEMA_LIMITS.evaluations)
    return [
      {
        path: 'schema',
        detail: `could look at one value more than ${SCHEMA_LIMITS.evaluations} times; use fewer alternatives, or fewer references inside them`,
      },
    ];
  try {
    compileSchema(schema);
    return [];
  } catch (error) {
    return [{ path: 'schema', detail: `cannot be used: ${String(error).slice(0, 200)}` }];
  }
};

const unique = (problems: readonly Problem[]): Problem[] => [
  ...new Map(problems.map((problem) => [`${problem.path}\n${problem.detail}`, problem])).values(),
];

const depthOf = (value: unknown, limit: number = SCHEMA_LIMITS.depth): number => {
  if (typeof value !== 'object' || value === null) return 0;
  if (limit === 0) return 1;
  let deepest = 0;
  for (const inner of Object.values(value)) deepest = Math.max(deepest, depthOf(inner, limit - 1));
  return deepest + 1;
};

/** The keywords by their form, by the meta-schema of the dialect. */
const metaSchema = new Ajv2020({ strict: false, allErrors: true, logger: false, validateFormats: false });

const problemsOfForm = (schema: Schema): Problem[] => {
  const { $schema: _, ...rest } = typeof schema === 'boolean' ? { $schema: undefined } : schema;
  if (typeof schema === 'boolean' || metaSchema.validateSchema(rest)) return [];
  // Of several forms that a keyword may have, each tells what it misses; the first says enough.
  const errors = new Map((metaSchema.errors ?? []).reverse().map((error) => [error.instancePath, error] as const));
  return [...errors.values()]
    .reverse()
    .filter(({ keyword }) => keyword !== 'anyOf' && keyword !== '$ref')
    .slice(0, SCHEMA_LIMITS.problems)
    .map(({ instancePath, message, params }) => ({
      path: (stepsOfReference(`#${instancePath}`) ?? []).reduce<string>(
        (path, step) => pathTo(path, /^\d+$/.test(step) ? Number(step) : step),
        'schema',
      ),
      detail: `${message}${'allowedValues' in params ? `: ${(params['allowedValues'] as unknown[]).join(', ')}` : ''}`,
    }));
};

/** What the dialect allows and Millrace does not, told at its place. */
class Inspection {
  readonly problems: Problem[] = [];
  schemas = 0;

  constructor(private readonly root: Schema) {}

  schema(schema: unknown, path: string): void {
    this.schemas++;
    if (typeof schema !== 'object' || schema === null || Array.isArray(schema)) return;
    const members = schema as { readonly [keyword: string]: unknown };
    for (const [keyword, value] of Object.entries(members)) this.keyword(keyword, value, path);
    this.uniqueItems(members, path);
    for (const keyword of HOLDS_SCHEMA)
      if (members[keyword] !== undefined) this.schema(members[keyword], pathTo(path, keyword));
    for (const keyword of HOLDS_LIST) {
      const list = members[keyword];
      if (Array.isArray(list))
        list.forEach((inner, index) => {
          this.schema(inner, pathTo(pathTo(path, keyword), index));
        });
    }
    for (const keyword of HOLDS_MAP) {
      const map = members[keyword];
      if (typeof map === 'object' && map !== null)
        for (const [name, inner] of Object.entries(map)) this.schema(inner, pathTo(pathTo(path, keyword), name));
    }
  }

  private keyword(keyword: string, value: unknown, path: string): void {
    const at = pathTo(path, keyword);
    if (ONLY_AT_ROOT.has(keyword)) {
      if (path !== 'schema') this.add(at, 'is allowed at the root of the schema alone');
      else if (keyword === '$schema' && !isOurDialect(value))
        this.add(at, 'must be https://json-schema.org/draft/2020-12/schema, or absent');
      return;
    }
    if (!KEYWORDS.has(keyword)) {
      const instead = Object.hasOwn(INSTEAD, keyword) ? INSTEAD[keyword] : "names of your own begin with 'x-'";
      if (!keyword.startsWith('x-')) this.add(at, `is not a keyword that is known here; ${instead}`);
      return;
    }
    if (keyword === '$ref') this.reference(value, at);
    if (keyword === 'pattern' && typeof value === 'string') this.pattern(value, at);
    if (keyword === 'patternProperties' && typeof value === 'object' && value !== null)
      for (const name of Object.keys(value)) this.pattern(name, pathTo(at, name));
    if (keyword === 'format' && typeof value === 'string' && !Object.hasOwn(FORMATS, value))
      this.add(at, `is not a format that is known here; known are ${Object.keys(FORMATS).join(', ')}`);
    if (keyword === 'enum' && Array.isArray(value) && value.length > SCHEMA_LIMITS.enumValues)
      this.add(at, `has ${value.length} values; ${SCHEMA_LIMITS.enumValues} are allowed`);
    const names =
      keyword === 'properties' && typeof value === 'object' && value !== null
        ? Object.keys(value)
        : keyword === 'required' && Array.isArray(value)
          ? value
          : [];
    if (names.includes('__proto__')) this.add(at, 'cannot name __proto__');
  }

  private reference(value: unknown, at: string): void {
    if (typeof value !== 'string') return;
    if (stepsOfReference(value) === null)
      this.add(at, "must refer to a place in the same schema, as '#/$defs/…'; nothing is fetched from elsewhere");
    else if (resolveReference(this.root, value) === null) this.add(at, `refers to ${value}, where there is no schema`);
    else if (!isPlaceOfSchema(this.root, stepsOfReference(value)!))
      this.add(at, `refers to ${value}, which is not a place for a schema; put it into '$defs'`);
  }

  private pattern(pattern: string, at: string): void {
    try {
      linearPattern(pattern);
    } catch (error) {
      if (!(error instanceof UnusablePattern)) throw error;
      this.add(at, error.message);
    }
  }

  /** Comparing each item with each takes the square of their number; of simple values a table tells. */
  private uniqueItems(schema: { readonly [keyword: string]: unknown }, path: string): void {
    if (schema['uniqueItems'] !== true) return;
    const { items, maxItems } = schema;
    if (typeof maxItems === 'number' && maxItems <= SCHEMA_LIMITS.unsortedUniqueItems) return;
    const types = typeof items === 'object' && items !== null ? [(items as { type?: unknown }).type].flat() : [];
    const simple = ['string', 'number', 'integer', 'boolean', 'null'];
    if (types.length === 1 && simple.includes(types[0] as string)) return;
    this.add(
      pathTo(path, 'uniqueItems'),
      `needs 'items' of one simple type, or 'maxItems' of at most ${SCHEMA_LIMITS.unsortedUniqueItems}`,
    );
  }

  private add(path: string, detail: string): void {
    if (this.problems.length < SCHEMA_LIMITS.problems) this.problems.push({ path, detail });
  }
}

const isOurDialect = (value: unknown): boolean =>
  typeof value === 'string' && /^https?:\/\/json-schema\.org\/draft\/2020-12\/schema#?$/.test(value);

/** Whether the steps go only through keywords that hold schemas: not into an `enum`, an example, or an unknown member. */
const isPlaceOfSchema = (root: Schema, steps: readonly string[]): boolean => {
  let at: unknown = root;
  for (let n = 0; n < steps.length; ) {
    const keyword = steps[n]!;
    const holder = at as { readonly [name: string]: unknown };
    if ((HOLDS_SCHEMA as readonly string[]).includes(keyword)) {
      at = holder[keyword];
      n++;
    } else if (([...HOLDS_LIST, ...HOLDS_MAP] as readonly string[]).includes(keyword) && n + 1 < steps.length) {
      at = (holder[keyword] as { readonly [name: string]: unknown })[steps[n + 1]!];
      n += 2;
    } else return false;
  }
  return true;
};
