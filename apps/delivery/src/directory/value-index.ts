import { type FilterValue, hasMember } from '@millrace/domain';

/** A level of the tree; the path from its root leads through members of the data. */
interface Node<T> {
  children: Map<string, Node<T>> | null;
  values: Map<FilterValue, Set<T>> | null;
}

/** Beyond so many names below a node it asks which names the data has, and not which of its own the data has. */
const FEW_CHILDREN = 16;

/**
 * Things by a path into JSON data and the value there. A look-up visits only the paths that both the index and the data have,
 * so it costs no more than the smaller of the two, and not what is held for other values.
 */
export class ValueIndex<T> {
  private readonly root: Node<T> = { children: null, values: null };

  get isEmpty(): boolean {
    return this.root.children === null;
  }

  add(steps: readonly string[], value: FilterValue, item: T): void {
    let node = this.root;
    for (const step of steps) {
      node.children ??= new Map();
      let child = node.children.get(step);
      if (!child) {
        child = { children: null, values: null };
        node.children.set(step, child);
      }
      node = child;
    }
    node.values ??= new Map();
    const items = node.values.get(value);
    if (items) items.add(item);
    else node.values.set(value, new Set([item]));
  }

  delete(steps: readonly string[], value: FilterValue, item: T): void {
    deleteBelow(this.root, steps, 0, value, item);
  }

  /** How many are held for this path and value. */
  count(steps: readonly string[], value: FilterValue): number {
    let node: Node<T> | undefined = this.root;
    for (const step of steps) node = node?.children?.get(step);
    return node?.values?.get(value)?.size ?? 0;
  }

  /** Every item whose path leads to its value in the data; one that is held by several of them comes as often. */
  forEachIn(data: unknown, visit: (item: T) => void): void {
    if (this.root.children) visitBelow(this.root, data, visit);
  }
}

const visitBelow = <T>(node: Node<T>, data: unknown, visit: (item: T) => void): void => {
  if (node.values) for (const item of node.values.get(data as FilterValue) ?? []) visit(item);
  const { children } = node;
  if (children === null || typeof data !== 'object' || data === null) return;
  if (children.size <= FEW_CHILDREN) {
    for (const [name, child] of children) if (hasMember(data, name)) visitBelow(child, data[name], visit);
    return;
  }
  for (const name of Object.keys(data)) {
    const child = children.get(name);
    if (child) visitBelow(child, (data as { readonly [name: string]: unknown })[name], visit);
  }
};

/** Takes away what has become empty, so that changes leave nothing behind. */
const deleteBelow = <T>(node: Node<T>, steps: readonly string[], depth: number, value: FilterValue, item: T): void => {
  const step = steps[depth];
  if (step === undefined) {
    const items = node.values?.get(value);
    items?.delete(item);
    if (items?.size === 0) node.values?.delete(value);
    if (node.values?.size === 0) node.values = null;
    return;
  }
  const child = node.children?.get(step);
  if (!child) return;
  deleteBelow(child, steps, depth + 1, value, item);
  if (child.values === null && child.children === null) node.children?.delete(step);
  if (node.children?.size === 0) node.children = null;
};
