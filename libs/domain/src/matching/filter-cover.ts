import type { FilterValue } from './filter';
import type { FilterNode } from './filter-node';
import type { FilterPath } from './filter-path';

/** A value at a path. */
export interface CoverTerm {
  readonly path: FilterPath;
  readonly value: FilterValue;
}

/** Beyond so many terms a filter is tried on each event instead of being looked up. */
const COVER_TERMS = 200;

/**
 * Terms of which every event that the filter takes has at least one, so that the filter can be found by them; null when there
 * are none, as for `$gt` or `$not`. Of several choices the one whose terms cost the least.
 */
export const coverOf = (node: FilterNode, cost: (term: CoverTerm) => number): readonly CoverTerm[] | null =>
  cheapestCover(node, cost)?.terms ?? null;

interface Cover {
  readonly terms: readonly CoverTerm[];
  readonly cost: number;
}

const cheapestCover = (node: FilterNode, cost: (term: CoverTerm) => number): Cover | null => {
  switch (node.kind) {
    case 'is':
      return coverOfValues(node.path, node.values, cost);
    case 'all': {
      let best: Cover | null = null;
      for (const each of node.nodes) {
        const cover = cheapestCover(each, cost);
        if (cover !== null && (best === null || cover.cost < best.cost)) best = cover;
      }
      return best;
    }
    case 'any': {
      const covers = node.nodes.map((each) => cheapestCover(each, cost));
      const terms: CoverTerm[] = [];
      let sum = 0;
      for (const cover of covers) {
        if (cover === null || terms.length + cover.terms.length > COVER_TERMS) return null;
        terms.push(...cover.terms);
        sum += cover.cost;
      }
      return { terms, cost: sum };
    }
    case 'not':
    case 'compare':
    case 'exists':
      return null;
  }
};

const coverOfValues = (
  path: FilterPath,
  values: readonly FilterValue[],
  cost: (term: CoverTerm) => number,
): Cover | null => {
  // A time is compared as an instant, which many texts stand for.
  if (path.kind === 'attribute' && path.attribute === 'time') return null;
  const terms = [...new Set(values)].map((value) => ({ path, value }));
  let sum = 0;
  for (const term of terms) sum += 1 + cost(term);
  return { terms, cost: sum };
};
