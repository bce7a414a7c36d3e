import { isSchema, type Problem, pathTo, resolveReference, type Schema } from './schema-node';

/**
 * Whether a new version of a schema may follow the former one: what makes it incompatible, each at its place in the new
 * schema; empty when nothing does. Two promises are kept.
 *
 *   to publishers: data that the former version accepted is accepted. A member that the former version did not describe is no
 *     part of that, so a new one may be added with its own schema, though an open schema let anything pass under its name.
 *   to receivers: a member that the former version described is still described.
 *
 * The rule is sound and not complete. Keywords are compared by what each says; where a combination would have to be reasoned
 * about (`not`, `oneOf`, `if`, `patternProperties`), the new version must say the same as the former one, or
 * nothing. Both schemas must be usable by `problemsOfSchema`.
 */
export const incompatibilities = (former: Schema, next: Schema): Problem[] => {
  if (canonical(former) === canonical(next) && sameDefinitions(former, next)) return [];
  const found = [...new Comparison(former, next).run(), ...removedMembers(former, next)];
  return [...new Map(found.map((problem) => [`${problem.path}\n${problem.detail}`, problem])).values()].slice(
    0,
    MOST_TOLD,
  );
};

const MOST_TOLD = 50;
/** Comparisons of two schemas; the alternatives of one are compared with those of the other. */
const MOST_COMPARISONS = 5_000;

type Keywords = { readonly [keyword: string]: unknown };

class TooMany extends Error {}

class Comparison {
  /** What a reference says is the same in both versions. */
  private readonly steady: boolean;
  private comparisons = 0;
  private readonly assumed = new Set<string>();
  private readonly ids = new SchemaIds();

  constructor(
    private readonly former: Schema,
    private readonly next: Schema,
  ) {
    this.steady = [former, next].every(refersToDefinitionsAlone) && sameDefinitions(former, next);
  }

  run(): Problem[] {
    try {
      return this.compare({ olds: [this.former], shape: [this.former] }, this.next, 'schema');
    } catch (error) {
      if (!(error instanceof TooMany)) throw error;
      return [{ path: 'schema', detail: 'has too many alternatives to be compared with the former version' }];
    }
  }

  /** What `next` refuses although the former version accepts it. */
  private compare({ olds, shape }: Place, next: Schema, path: string): Problem[] {
    if (++this.comparisons > MOST_COMPARISONS) throw new TooMany();
    if (next === true || olds.includes(false)) return [];
    if (next === false) return [{ path, detail: 'allows nothing any more' }];
    const all = this.together(olds);
    if (!this.refers(next) && all.some((old) => this.ids.of(old) === this.ids.of(next))) return [];
    // A schema that contains itself meets the same question again, one level deeper; the answer is that of the rest.
    const question = [
      all.map((old) => `${this.ids.of(old)}${splitOf(old)}`),
      shape.map((each) => `${this.ids.of(each)}`),
    ]
      .map((each) => [...new Set(each)].sort().join())
      .join(';')
      .concat(`>${this.ids.of(next)}`);
    if (this.assumed.has(question)) return [];
    this.assumed.add(question);
    try {
      const cases = this.cases(all);
      return cases === null
        ? this.compareKeywords({ olds: all, shape }, next, path)
        : cases.flatMap((each) => this.compare({ olds: each, shape }, next, path));
    } finally {
      this.assumed.delete(question);
    }
  }

  /** Schemas that hold together, with what they refer to and consist of, which is taken out of them once. */
  private together(schemas: readonly Schema[]): Keywords[] {
    const all = new Set<Keywords>();
    const seen = new Set<Schema>();
    const add = (schema: Schema): void => {
      if (typeof schema === 'boolean' || seen.has(schema)) return;
      seen.add(schema);
      const parts: Schema[] = splitOf(schema).includes('allOf') ? [] : [...listOf(schema['allOf'])];
      if (typeof schema['$ref'] === 'string' && !splitOf(schema).includes('allOf'))
        parts.push(resolveReference(this.former, schema['$ref']) ?? true);
      all.add(parts.length === 0 ? schema : this.apart(schema, 'allOf'));
      for (const part of parts) add(part);
    };
    for (const schema of schemas) add(schema);
    return [...all];
  }

  /** The same schema, of which something is taken apart; it stays there as a whole, for a new version that says the same. */
  private apart(schema: Keywords, what: string): Keywords {
    const copy = split(schema, what);
    this.ids.same(copy, schema);
    return copy;
  }

  /** Alternatives of the former version, one after the other: what it accepted is what one of them accepted. */
  private cases(all: readonly Keywords[]): Schema[][] | null {
    for (const [index, schema] of all.entries()) {
      const apart = (keyword: string, alternatives: readonly (readonly Schema[])[]): Schema[][] => {
        const kept = this.apart(schema, keyword);
        const others = all.map((other, at) => (at === index ? kept : other));
        return alternatives.map((each) => [...others, ...each]);
      };
      const has = (keyword: string) => schema[keyword] !== undefined && !splitOf(schema).includes(keyword);
      if (has('anyOf'))
        return apart(
          'anyOf',
          listOf(schema['anyOf']).map((each) => [each]),
        );
      if (has('oneOf'))
        return apart(
          'oneOf',
          listOf(schema['oneOf']).map((each) => [each]),
        );
      if (has('if'))
        return apart('if', [
          [schema['if'] as Schema, (schema['then'] as Schema | undefined) ?? true],
          [(schema['else'] as Schema | undefined) ?? true],
        ]);
    }
    return null;
  }

  private compareKeywords(place: Place<Keywords>, next: Keywords, path: string): Problem[] {
    const { olds } = place;
    const types = possibleTypes(olds);
    const found: Problem[] = [];
    const add = (keyword: string, detail: string) => found.push({ path: pathTo(path, keyword), detail });
    found.push(...this.compareCombined(place, next, path));
    if (next['type'] !== undefined) {
      const allowed = typesOf(next['type']);
      const refused = [...types].filter((type) => !allowed.has(type) && !(type === 'integer' && allowed.has('number')));
      if (refused.length > 0) add('type', `no longer allows ${refused.join(', ')}`);
    }
    const values = valuesOf(next);
    if (values !== null) {
      const before = olds.map(valuesOf).filter((each) => each !== null);
      const keyword = next['const'] === undefined ? 'enum' : 'const';
      const lost = [...(before[0] ?? [])].filter((value) => !values.has(value));
      if (before.length === 0) add(keyword, 'allows certain values alone, where any were allowed');
      else if (before.every((each) => [...each].some((value) => !values.has(value))))
        add(keyword, `no longer allows ${lost.slice(0, 10).join(', ')}`);
    }
    if (types.has('number') || types.has('integer')) found.push(...compareBounds(olds, next, path, NUMBERS));
    if (types.has('number') || types.has('integer')) found.push(...compareMultiple(olds, next, path, types));
    if (types.has('string')) found.push(...compareBounds(olds, next, path, TEXTS), ...compareSame(olds, next, path));
    if (types.has('array')) found.push(...this.compareItems(place, next, path));
    if (types.has('object')) found.push(...this.compareMembers(place, next, path));
    return found;
  }

  private compareCombined(place: Place<Keywords>, next: Keywords, path: string): Problem[] {
    const { olds } = place;
    const found: Problem[] = [];
    if (typeof next['$ref'] === 'string')
      found.push(...this.compare(place, resolveReference(this.next, next['$ref']) ?? true, path));
    listOf(next['allOf']).forEach((inner, index) => {
      found.push(...this.compare(place, inner, pathTo(pathTo(path, 'allOf'), index)));
    });
    const alternatives = listOf(next['anyOf']);
    if (alternatives.length > 0) {
      const tries = alternatives.map((inner, index) =>
        this.compare(place, inner, pathTo(pathTo(path, 'anyOf'), index)),
      );
      if (tries.every((problems) => problems.length > 0))
        found.push({ path: pathTo(path, 'anyOf'), detail: 'has no alternative for what was allowed' });
    }
    for (const group of SAME_OR_NONE) {
      const said = pick(next, group);
      if (said === null) continue;
      if (this.refers(said) || !olds.some((old) => canonical(pick(old, group) ?? {}) === canonical(said)))
        found.push({
          path: pathTo(path, group[0]!),
          detail: `cannot be shown to allow all that was allowed: a new version says the same here, or nothing`,
        });
    }
    return found;
  }

  private compareItems(place: Place<Keywords>, next: Keywords, path: string): Problem[] {
    const { olds } = place;
    const found = compareBounds(olds, next, path, ITEMS);
    if (next['uniqueItems'] === true && !olds.some((old) => old['uniqueItems'] === true))
      found.push({ path: pathTo(path, 'uniqueItems'), detail: 'no longer allows the same item twice' });
    const shape = this.shapeOf(place.shape);
    const at = (index: number): Place => ({
      olds: olds.map((old) => itemAt(old, index)),
      shape: shape.map((each) => itemAt(each, index)),
    });
    const places = Math.max(0, ...[...olds, next].map((schema) => listOf(schema['prefixItems']).length));
    for (let index = 0; index < places; index++) {
      const own = index < listOf(next['prefixItems']).length;
      const where = own ? pathTo(pathTo(path, 'prefixItems'), index) : pathTo(path, 'items');
      found.push(...this.compare(at(index), itemAt(next, index), where));
    }
    if (next['items'] !== undefined)
      found.push(...this.compare(at(places), itemAt(next, places), pathTo(path, 'items')));
    return found;
  }

  private compareMembers(place: Place<Keywords>, next: Keywords, path: string): Problem[] {
    const { olds } = place;
    const found = compareBounds(olds, next, path, MEMBERS);
    const required = new Set(olds.flatMap((old) => (old['required'] as string[] | undefined) ?? []));
    for (const name of (next['required'] as string[] | undefined) ?? [])
      if (!required.has(name))
        found.push({
          path: pathTo(path, 'required'),
          detail: `requires ${JSON.stringify(name)}, which was not required`,
        });
    const shape = this.shapeOf(place.shape);
    const at = (name: string): Place => ({
      olds: olds.flatMap((old) => memberIn(old, name)),
      shape: shape.flatMap((each) => memberIn(each, name)),
    });
    const withPatterns = shape.some((each) => each['patternProperties'] !== undefined);
    const members = mapOf(next['properties']);
    for (const [name, schema] of Object.entries(members)) {
      const before = at(name);
      // What no alternative of the former version describes is new, and may be as it likes.
      if (before.shape.length > 0 || withPatterns)
        found.push(...this.compare(before, schema, pathTo(pathTo(path, 'properties'), name)));
    }
    const rest = next['additionalProperties'] as Schema | undefined;
    if (rest === undefined || rest === true) return found;
    const where = pathTo(path, 'additionalProperties');
    // Members that were described and are not any more fall under the rest, and so does every name that was not.
    for (const name of new Set(shape.flatMap((each) => Object.keys(mapOf(each['properties'])))))
      if (!Object.hasOwn(members, name)) found.push(...this.compare(at(name), rest, where));
    const patterns = canonical(next['patternProperties'] ?? {});
    const restOf = (schema: Keywords): Schema[] =>
      schema['additionalProperties'] === undefined ||
      (schema['patternProperties'] !== undefined &&
        (canonical(schema['patternProperties']) !== patterns || this.refers(schema['patternProperties'])))
        ? []
        : [schema['additionalProperties'] as Schema];
    found.push(...this.compare({ olds: olds.flatMap(restOf), shape: shape.flatMap(restOf) }, rest, where));
    return found;
  }

  /** Whether what a schema says depends on another place, which may say something else in the other version. */
  private refers(value: unknown): boolean {
    return !this.steady && referencesIn(value).length > 0;
  }

  /** Everything that the former version says at one place of the data, in any of its alternatives. */
  private shapeOf(schemas: readonly Schema[]): Keywords[] {
    return withAlternatives(this.former, schemas);
  }
}

/** One place of the data, as the former version sees it. */
interface Place<S extends Schema = Schema> {
  /** What holds there, all of it. */
  readonly olds: readonly S[];
  /** What may be said of it, in one alternative or another: this decides which members are new. */
  readonly shape: readonly Schema[];
}

/** Schemas with what they refer to, consist of, and offer as alternatives, for the same value. */
const withAlternatives = (root: Schema, schemas: readonly Schema[]): Keywords[] => {
  const all = new Set<Keywords>();
  const add = (schema: unknown): void => {
    if (!isSchema(schema) || typeof schema === 'boolean' || all.has(schema)) return;
    all.add(schema);
    if (typeof schema['$ref'] === 'string') add(resolveReference(root, schema['$ref']));
    for (const keyword of ['allOf', 'anyOf', 'oneOf']) for (const inner of listOf(schema[keyword])) add(inner);
    for (const keyword of ['if', 'then', 'else']) add(schema[keyword]);
    for (const inner of Object.values(mapOf(schema['dependentSchemas']))) add(inner);
  };
  for (const schema of schemas) add(schema);
  return [...all];
};

/** Numbers for schemas, the same for those that say the same. */
class SchemaIds {
  private readonly ofObject = new WeakMap<object, number>();
  private readonly ofText = new Map<string, number>();

  of(schema: Schema): number {
    const known = typeof schema === 'boolean' ? undefined : this.ofObject.get(schema);
    if (known !== undefined) return known;
    const text = canonical(schema);
    const id = this.ofText.get(text) ?? this.ofText.size;
    this.ofText.set(text, id);
    if (typeof schema !== 'boolean') this.ofObject.set(schema, id);
    return id;
  }

  same(schema: Keywords, as: Keywords): void {
    this.ofObject.set(schema, this.of(as));
  }
}

/** Keywords that belong together and are not taken apart. */
const SAME_OR_NONE: readonly (readonly string[])[] = [
  ['oneOf'],
  ['not'],
  ['if', 'then', 'else'],
  ['patternProperties'],
  ['propertyNames'],
  ['dependentRequired'],
  ['dependentSchemas'],
  ['contains', 'minContains', 'maxContains'],
];

const SPLIT = Symbol('alternatives that have been taken apart');
type Split = Keywords & { readonly [SPLIT]?: readonly string[] };

const splitOf = (schema: Keywords): readonly string[] => (schema as Split)[SPLIT] ?? [];
const split = (schema: Keywords, keyword: string): Keywords =>
  ({ ...schema, [SPLIT]: [...splitOf(schema), keyword] }) as Keywords;

const listOf = (value: unknown): readonly Schema[] => (Array.isArray(value) ? (value as Schema[]) : []);
const mapOf = (value: unknown): { readonly [name: string]: Schema } =>
  typeof value === 'object' && value !== null ? (value as { readonly [name: string]: Schema }) : {};

const itemAt = (schema: Keywords, index: number): Schema =>
  listOf(schema['prefixItems'])[index] ?? (schema['items'] as Schema | undefined) ?? true;

/** What a schema says about a member; nothing where it leaves it open. */
const memberIn = (schema: Keywords, name: string): Schema[] => {
  const members = mapOf(schema['properties']);
  if (Object.hasOwn(members, name)) return [members[name]!];
  const rest = schema['additionalProperties'];
  return rest === undefined || rest === true || schema['patternProperties'] !== undefined ? [] : [rest as Schema];
};

const pick = (schema: Keywords, names: readonly string[]): Keywords | null =>
  schema[names[0]!] === undefined
    ? null
    : Object.fromEntries(names.filter((name) => schema[name] !== undefined).map((name) => [name, schema[name]]));

const ANNOTATIONS: ReadonlySet<string> = new Set([
  '$comment',
  '$defs',
  '$id',
  '$schema',
  'contentEncoding',
  'contentMediaType',
  'default',
  'deprecated',
  'description',
  'examples',
  'readOnly',
  'title',
  'writeOnly',
]);
/** Below these, names are of members, not keywords. */
const NAMES: ReadonlySet<string> = new Set([
  'properties',
  'patternProperties',
  'dependentSchemas',
  'dependentRequired',
]);
const DATA: ReadonlySet<string> = new Set(['const', 'enum']);

/** What a schema says, as text: without annotations, in one order. Definitions are left out, since they are referred to. */
const canonical = (value: unknown): string => JSON.stringify(normal(value, 'schema'));

const normal = (value: unknown, kind: 'schema' | 'names' | 'data'): unknown => {
  if (Array.isArray(value)) return value.map((inner) => normal(inner, kind));
  if (typeof value !== 'object' || value === null) return value;
  return Object.entries(value)
    .filter(([name]) => kind !== 'schema' || !(ANNOTATIONS.has(name) || name.startsWith('x-')))
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, inner]) => [
      name,
      normal(
        inner,
        kind === 'data'
          ? 'data'
          : kind === 'names'
            ? 'schema'
            : NAMES.has(name)
              ? 'names'
              : DATA.has(name)
                ? 'data'
                : 'schema',
      ),
    ]);
};

const referencesIn = (value: unknown): string[] =>
  typeof value !== 'object' || value === null
    ? []
    : Object.entries(value).flatMap(([name, inner]) =>
        name === '$ref' && typeof inner === 'string' ? [inner] : referencesIn(inner),
      );

const refersToDefinitionsAlone = (schema: Schema): boolean =>
  referencesIn(schema).every((reference) => reference.startsWith('#/$defs/'));

const sameDefinitions = (former: Schema, next: Schema): boolean => {
  const [before, now] = [former, next].map((schema) =>
    JSON.stringify(normal(typeof schema === 'boolean' ? {} : (schema['$defs'] ?? {}), 'names')),
  );
  return before === now;
};

const TYPES = ['array', 'boolean', 'integer', 'null', 'number', 'object', 'string'] as const;
type Type = (typeof TYPES)[number];

const typesOf = (value: unknown): Set<Type> => new Set([value].flat() as Type[]);

const typeOf = (value: unknown): Type => {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value as Type;
};

/** The types of what all of the schemas accept; `number` stands for those that are not whole, too. */
const possibleTypes = (schemas: readonly Keywords[]): Set<Type> => {
  let possible = new Set<Type>(TYPES);
  for (const schema of schemas) {
    const said: Set<Type>[] = [];
    if (schema['type'] !== undefined) said.push(typesOf(schema['type']));
    if (schema['const'] !== undefined) said.push(new Set([typeOf(schema['const'])]));
    if (Array.isArray(schema['enum'])) said.push(new Set(schema['enum'].map(typeOf)));
    for (const types of said)
      possible = new Set(
        [...possible].filter((type) => types.has(type) || (type === 'integer' && types.has('number'))),
      );
  }
  return possible;
};

/** Of `enum` and `const`: the values, each as canonical text; null when any is allowed. */
const valuesOf = (schema: Keywords): Set<string> | null => {
  const text = (value: unknown) => JSON.stringify(normal(value, 'data'));
  if (schema['const'] !== undefined) return new Set([text(schema['const'])]);
  return Array.isArray(schema['enum']) ? new Set(schema['enum'].map(text)) : null;
};

/** Keywords that set a limit, in the sense in which a larger or a smaller one is looser; `also` implies it as well. */
interface Bound {
  readonly keyword: string;
  readonly upper: boolean;
  readonly also?: string;
  /** A value that says nothing. */
  readonly nothing?: number;
}
const NUMBERS: readonly Bound[] = [
  { keyword: 'maximum', upper: true, also: 'exclusiveMaximum' },
  { keyword: 'minimum', upper: false, also: 'exclusiveMinimum' },
  { keyword: 'exclusiveMaximum', upper: true },
  { keyword: 'exclusiveMinimum', upper: false },
];
const lengths = (most: string, least: string): readonly Bound[] => [
  { keyword: most, upper: true },
  { keyword: least, upper: false, nothing: 0 },
];
const TEXTS = lengths('maxLength', 'minLength');
const ITEMS = lengths('maxItems', 'minItems');
const MEMBERS = lengths('maxProperties', 'minProperties');

const compareBounds = (olds: readonly Keywords[], next: Keywords, path: string, bounds: readonly Bound[]): Problem[] =>
  bounds.flatMap(({ keyword, upper, also, nothing }) => {
    const limit = next[keyword];
    if (typeof limit !== 'number' || limit === nothing) return [];
    const before = olds
      .flatMap((old) => [old[keyword], also === undefined ? undefined : old[also]])
      .filter((value) => typeof value === 'number');
    // Of an exclusive bound, an inclusive one that is stricter implies it.
    const strict = upper ? 'maximum' : 'minimum';
    const inclusive = keyword.startsWith('exclusive')
      ? olds.map((old) => old[strict]).filter((value) => typeof value === 'number')
      : [];
    const holds =
      before.some((value) => (upper ? value <= limit : value >= limit)) ||
      inclusive.some((value) => (upper ? value < limit : value > limit));
    if (holds) return [];
    const was = before.length === 0 ? 'there was no limit' : `it was ${before.join(', ')}`;
    return [{ path: pathTo(path, keyword), detail: `is narrower: ${limit}, where ${was}` }];
  });

const compareMultiple = (
  olds: readonly Keywords[],
  next: Keywords,
  path: string,
  types: ReadonlySet<Type>,
): Problem[] => {
  const step = next['multipleOf'];
  if (typeof step !== 'number') return [];
  const whole = Number.isInteger(step);
  const holds =
    (step === 1 && !types.has('number')) ||
    olds.some((old) => {
      const before = old['multipleOf'];
      return before === step || (whole && Number.isInteger(before) && (before as number) % step === 0);
    });
  return holds
    ? []
    : [{ path: pathTo(path, 'multipleOf'), detail: `no longer allows what is not a multiple of ${step}` }];
};

/** Of texts: what cannot be compared but for being the same. */
const compareSame = (olds: readonly Keywords[], next: Keywords, path: string): Problem[] =>
  ['pattern', 'format'].flatMap((keyword) =>
    next[keyword] === undefined || olds.some((old) => old[keyword] === next[keyword])
      ? []
      : [
          {
            path: pathTo(path, keyword),
            detail: `is ${JSON.stringify(next[keyword])}, where ${olds.every((old) => old[keyword] === undefined) ? 'there was none' : 'it was another'}`,
          },
        ],
  );

/** Members that were described and are not, by where they are in the data; of a whole part that went, its top alone. */
const removedMembers = (former: Schema, next: Schema): Problem[] => {
  const before = describedMembers(former);
  const now = describedMembers(next);
  const removed = [...before].filter((path) => !now.has(path)).sort((one, other) => one.length - other.length);
  const told: string[] = [];
  for (const path of removed)
    if (!told.some((top) => path.startsWith(`${top}.`) || path.startsWith(`${top}[`))) told.push(path);
  return told.map((path) => ({ path, detail: 'was described, and is not any more' }));
};

const MOST_MEMBERS = 20_000;

const describedMembers = (root: Schema): Set<string> => {
  const found = new Set<string>();
  const walk = (schemas: readonly Schema[], path: string, above: readonly Keywords[]): void => {
    const all = withAlternatives(root, schemas).filter((schema) => !above.includes(schema));
    if (all.length === 0 || found.size > MOST_MEMBERS) return;
    const within = [...above, ...all];
    for (const name of new Set(all.flatMap((schema) => Object.keys(mapOf(schema['properties']))))) {
      const inner = all.flatMap((schema) => memberIn(schema, name)).filter((schema) => schema !== false);
      if (inner.length === 0) continue;
      const member = pathTo(path, name);
      found.add(member);
      walk(inner, member, within);
    }
    walk(
      all.flatMap((schema) => [...listOf(schema['prefixItems']), (schema['items'] as Schema | undefined) ?? true]),
      `${path}[]`,
      within,
    );
    walk(
      all.flatMap((schema) => (isSchema(schema['additionalProperties']) ? [schema['additionalProperties']] : [])),
      `${path}.*`,
      within,
    );
  };
  walk([root], 'data', []);
  return found;
};
