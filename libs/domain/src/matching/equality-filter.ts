/**
 * A filter over an event's data: an AND of equalities, `{ "shipping.method": "express", "priority": 1 }`.
 * A dotted name is a path; a path that is missing does not match.
 */
export type FilterValue = string | number | boolean | null;
export type EqualityFilter = { readonly [path: string]: FilterValue };

export const FILTER_LIMITS = { paths: 32, pathLength: 256, valueLength: 1024 } as const;

export const isEqualityFilter = (value: unknown): value is EqualityFilter => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const entries = Object.entries(value);
  return (
    entries.length <= FILTER_LIMITS.paths &&
    entries.every(
      ([path, expected]) =>
        path.length > 0 &&
        path.length <= FILTER_LIMITS.pathLength &&
        (expected === null ||
          typeof expected === 'boolean' ||
          (typeof expected === 'number' && Number.isFinite(expected)) ||
          (typeof expected === 'string' && expected.length <= FILTER_LIMITS.valueLength)),
    )
  );
};

/** Compiles a filter to a predicate over the parsed data. */
export const compileFilter = (filter: EqualityFilter): ((data: unknown) => boolean) => {
  const tests = Object.entries(filter).map(([path, expected]) => ({ steps: path.split('.'), expected }));
  return (data) =>
    tests.every(({ steps, expected }) => {
      let at: unknown = data;
      for (const step of steps) {
        if (typeof at !== 'object' || at === null || !Object.hasOwn(at, step)) return false;
        at = (at as Record<string, unknown>)[step];
      }
      return at === expected;
    });
};
