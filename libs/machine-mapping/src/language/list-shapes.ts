import { type DocumentNode } from '../document/document-node';
import { type Shape, wrong } from './shape';

export const listOf = <T>(
  item: Shape<T>,
  options: { readonly says: string; readonly least?: number; readonly most: number },
): Shape<T[]> => ({
  schema: {
    description: `${options.says[0]!.toUpperCase()}${options.says.slice(1)}.`,
    type: 'array',
    items: item.schema,
    ...(options.least === undefined ? {} : { minItems: options.least }),
    maxItems: options.most,
  },
  read: (node, problems) => {
    if (node.kind !== 'list') return wrong(node, problems, options.says);
    if (node.items.length > options.most) {
      problems.add(node.place, 'too_many', `has ${node.items.length} entries; ${options.most} are allowed`);
      return undefined;
    }
    if (node.items.length < (options.least ?? 0)) {
      problems.add(node.place, 'missing', `must be ${options.says}, and is empty`);
      return undefined;
    }
    const items = node.items.map((inner) => item.read(inner, problems));
    return items.includes(undefined) ? undefined : (items as T[]);
  },
});

/** One of them, or a list of them. */
export const oneOrMore = <T>(item: Shape<T>, options: { readonly says: string; readonly most: number }): Shape<T[]> => {
  const list = listOf(item, { ...options, least: 1 });
  return {
    schema: { anyOf: [item.schema, list.schema] },
    read: (node, problems) => {
      if (node.kind === 'list') return list.read(node, problems);
      const single = item.read(node, problems);
      return single === undefined ? undefined : [single];
    },
  };
};

/** By what stands there: each alternative takes another kind of node, so only one can be meant. */
export const either = <A, B>(
  chooses: (node: DocumentNode) => boolean,
  first: Shape<A>,
  second: Shape<B>,
): Shape<A | B> => ({
  schema: { anyOf: [first.schema, second.schema] },
  read: (node, problems) => (chooses(node) ? first.read(node, problems) : second.read(node, problems)),
});
