import type { Filter, FilterCondition, FilterValue } from './filter';
import { type FilterPath, instantOf, readFilterPath } from './filter-path';

/** A filter as a tree of few kinds, without the ways in which each can be written. */
export type FilterNode =
  | { readonly kind: 'all' | 'any'; readonly nodes: readonly FilterNode[] }
  | { readonly kind: 'not'; readonly node: FilterNode }
  /** The value is there, and is one of these. */
  | { readonly kind: 'is'; readonly path: FilterPath; readonly values: readonly FilterValue[] }
  | {
      readonly kind: 'compare';
      readonly path: FilterPath;
      readonly operator: CompareOperator;
      readonly operand: string | number;
    }
  | { readonly kind: 'exists'; readonly path: FilterPath };

export const COMPARE_OPERATORS = ['$gt', '$gte', '$lt', '$lte'] as const;
export type CompareOperator = (typeof COMPARE_OPERATORS)[number];

/** Reads a filter that `filterProblems` finds nothing wrong with. The values of `@time` become Unix ms. */
export const readFilter = (filter: Filter): FilterNode =>
  all(Object.entries(filter).map(([name, expected]) => readEntry(name, expected)));

const readEntry = (name: string, expected: Filter[string]): FilterNode => {
  if (name === '$and') return all((expected as readonly Filter[]).map(readFilter));
  if (name === '$or') return { kind: 'any', nodes: (expected as readonly Filter[]).map(readFilter) };
  if (name === '$not') return { kind: 'not', node: readFilter(expected as Filter) };
  const path = readFilterPath(name);
  if (path === null) throw new Error(`'${name.slice(0, 64)}' is no name of a filter`);
  return typeof expected === 'object' && expected !== null
    ? readCondition(path, expected as FilterCondition)
    : isOneOf(path, [expected as FilterValue]);
};

const readCondition = (path: FilterPath, condition: FilterCondition): FilterNode =>
  all(Object.entries(condition).map(([operator, operand]) => readOperator(path, operator, operand)));

const readOperator = (path: FilterPath, operator: string, operand: unknown): FilterNode => {
  switch (operator) {
    case '$eq':
      return isOneOf(path, [operand as FilterValue]);
    case '$ne':
      return { kind: 'not', node: isOneOf(path, [operand as FilterValue]) };
    case '$in':
      return isOneOf(path, operand as readonly FilterValue[]);
    case '$exists': {
      const exists: FilterNode = { kind: 'exists', path };
      return operand === true ? exists : { kind: 'not', node: exists };
    }
    case '$not':
      return { kind: 'not', node: readCondition(path, operand as FilterCondition) };
    case '$gt':
    case '$gte':
    case '$lt':
    case '$lte':
      return { kind: 'compare', path, operator, operand: comparable(path, operand as string | number) };
    default:
      throw new Error(`'${operator.slice(0, 64)}' is no operator of a filter`);
  }
};

const all = (nodes: readonly FilterNode[]): FilterNode => (nodes.length === 1 ? nodes[0]! : { kind: 'all', nodes });

const isOneOf = (path: FilterPath, values: readonly FilterValue[]): FilterNode => ({
  kind: 'is',
  path,
  values: values.map((value) => comparable(path, value)),
});

const comparable = <T extends FilterValue>(path: FilterPath, value: T): T =>
  path.kind === 'attribute' && path.attribute === 'time' ? (instantOf(String(value)) as T) : value;
