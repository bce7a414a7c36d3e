/** A schema as it stands: true, false, or an object of keywords. */
export type Schema = boolean | { readonly [keyword: string]: unknown };

/** What is wrong with a schema, or with data, and where. */
export interface Problem {
  readonly path: string;
  readonly detail: string;
}

export const isSchema = (value: unknown): value is Schema =>
  typeof value === 'boolean' || (typeof value === 'object' && value !== null && !Array.isArray(value));

/** Where in a schema, as people write it: `schema.properties.lines.items`. */
export const pathTo = (path: string, step: string | number): string =>
  typeof step === 'number'
    ? `${path}[${step}]`
    : /^[\w$-]{1,64}$/.test(step)
      ? `${path}.${step}`
      : `${path}[${JSON.stringify(step.slice(0, 64))}]`;

/** What stands behind the keywords that hold schemas. */
export const HOLDS_SCHEMA = [
  'additionalProperties',
  'contains',
  'else',
  'if',
  'items',
  'not',
  'propertyNames',
  'then',
] as const;
export const HOLDS_LIST = ['allOf', 'anyOf', 'oneOf', 'prefixItems'] as const;
export const HOLDS_MAP = ['$defs', 'dependentSchemas', 'patternProperties', 'properties'] as const;

/** A local reference as the steps to its schema; null for one that is not of the form `#` or `#/…`. */
export const stepsOfReference = (reference: string): string[] | null => {
  if (reference === '#') return [];
  if (!reference.startsWith('#/')) return null;
  try {
    return reference
      .slice(2)
      .split('/')
      .map((step) => decodeURIComponent(step).replaceAll('~1', '/').replaceAll('~0', '~'));
  } catch {
    return null;
  }
};

/** The schema that a local reference names; null when there is none. */
export const resolveReference = (root: Schema, reference: string): Schema | null => {
  const steps = stepsOfReference(reference);
  if (steps === null) return null;
  let at: unknown = root;
  for (const step of steps) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, step)) return null;
    at = (at as { [name: string]: unknown })[step];
  }
  return isSchema(at) ? at : null;
};
