import { isTimestamp } from '../event/read-cloud-event';
import { FILTER_ATTRIBUTES, type FilterAttribute } from './filter';

/** What the name in front of a condition stands for. */
export type FilterPath =
  | { readonly kind: 'data'; readonly steps: readonly string[] }
  | { readonly kind: 'attribute'; readonly attribute: FilterAttribute };

/**
 * `@type` is an attribute, anything else a dotted path into the data. A member of the data whose name begins with `@` or `$`
 * has that sign doubled: `@@type` is the member `@type`, `$$ref.id` the member `id` of `$ref`. Null for what is none of these.
 */
export const readFilterPath = (name: string): FilterPath | null => {
  const sign = name[0];
  if (sign !== '@' && sign !== '$') return { kind: 'data', steps: name.split('.') };
  if (name[1] === sign) return { kind: 'data', steps: name.slice(1).split('.') };
  const attribute = sign === '@' ? FILTER_ATTRIBUTES.find((each) => each === name.slice(1)) : undefined;
  return attribute === undefined ? null : { kind: 'attribute', attribute };
};

/** The value at a path of parsed JSON, undefined where there is none. Only what stands in the JSON itself is found. */
export const valueAt = (data: unknown, steps: readonly string[]): unknown => {
  let at = data;
  for (const step of steps) {
    if (!hasMember(at, step)) return undefined;
    at = at[step];
  }
  return at;
};

/** Elements of arrays are members by their index; the length of an array is no member. */
export const hasMember = (value: unknown, name: string): value is { readonly [name: string]: unknown } =>
  typeof value === 'object' &&
  value !== null &&
  Object.hasOwn(value, name) &&
  !(name === 'length' && Array.isArray(value));

/** Unix ms of an RFC 3339 time, NaN for anything else. Digits beyond the millisecond do not count. */
export const instantOf = (time: string): number =>
  isTimestamp(time) ? Date.parse(time.replace(/(\.\d{3})\d+/, '$1')) : Number.NaN;
