import type { Edge } from './edge';
import type { FoundEdge } from './used-names';

export interface Stand {
  readonly name: string;
  readonly edge: Edge;
}

/**
 * `a.changed` is no member of a number, so the type checker is given a name of the same length in its place, one that no
 * signal can have. What it finds wrong then still stands where the author wrote it.
 */
export const withoutEdges = (text: string, edges: readonly FoundEdge[]): { text: string; edges: Stand[] } => {
  let changed = text;
  const stands = edges.map(({ start, end, edge }, n) => {
    const name = `_e${n}`.padEnd(end - start, '_');
    changed = changed.slice(0, start) + name + changed.slice(end);
    return { name, edge };
  });
  return { text: changed, edges: stands };
};
