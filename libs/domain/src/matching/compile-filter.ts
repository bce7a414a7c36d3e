import type { Filter, FilterInput } from './filter';
import { type CompareOperator, type FilterNode, readFilter } from './filter-node';
import { type FilterPath, instantOf, valueAt } from './filter-path';

export type FilterTest = (input: FilterInput) => boolean;

/** Compiles a filter, that `filterProblems` finds nothing wrong with, once to closures; they never throw. */
export const compileFilter = (filter: Filter): FilterTest => compileNode(readFilter(filter));

const compileNode = (node: FilterNode): FilterTest => {
  switch (node.kind) {
    case 'all': {
      const tests = node.nodes.map(compileNode);
      return (input) => tests.every((test) => test(input));
    }
    case 'any': {
      const tests = node.nodes.map(compileNode);
      return (input) => tests.some((test) => test(input));
    }
    case 'not': {
      const test = compileNode(node.node);
      return (input) => !test(input);
    }
    case 'is': {
      const read = reader(node.path);
      if (node.values.length === 1) {
        const [expected] = node.values;
        return (input) => read(input) === expected;
      }
      const values: ReadonlySet<unknown> = new Set(node.values);
      return (input) => values.has(read(input));
    }
    case 'compare': {
      const read = reader(node.path);
      const { operand } = node;
      const kind = typeof operand;
      const holds = COMPARISONS[node.operator];
      return (input) => {
        const value = read(input);
        return typeof value === kind && holds(value as typeof operand, operand);
      };
    }
    case 'exists': {
      const read = reader(node.path);
      return (input) => read(input) !== undefined;
    }
  }
};

/** Both sides are of one type. Text is compared by its UTF-16 code units, as everywhere in JavaScript. */
const COMPARISONS: { readonly [operator in CompareOperator]: <T extends string | number>(a: T, b: T) => boolean } = {
  $gt: (a, b) => a > b,
  $gte: (a, b) => a >= b,
  $lt: (a, b) => a < b,
  $lte: (a, b) => a <= b,
};

/** Gives undefined where there is no value; JSON has no such value. */
const reader = (path: FilterPath): ((input: FilterInput) => unknown) => {
  if (path.kind === 'data') {
    const { steps } = path;
    return (input) => valueAt(input.data, steps);
  }
  const { attribute } = path;
  if (attribute === 'time') return (input) => instantOf(input.attributes.time);
  return (input) => input.attributes[attribute] ?? undefined;
};
