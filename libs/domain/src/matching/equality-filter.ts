import { FILTER_LIMITS, type Filter, type FilterValue } from './filter';

/**
 * The filter of contract `proign`: an AND of equalities over an event's data, `{ "shipping.method": "express", "priority": 1 }`.
 * Every name is a dotted path into the data, also one that begins with `@` or `$`.
 */
export interface EqualityFilter {
  readonly [path: string]: FilterValue;
}

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

/** The same as a filter of an endpoint. */
export const filterOfEqualities = (equalities: EqualityFilter): Filter =>
  Object.fromEntries(
    Object.entries(equalities).map(([path, expected]) => [/^[@$]/.test(path) ? path[0] + path : path, expected]),
  );
