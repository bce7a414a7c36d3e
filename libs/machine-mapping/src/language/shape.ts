import { quoted } from '../document/did-you-mean';
import { type DocumentNode, type PlainValue, plainValue, type ScalarNode } from '../document/document-node';
import type { ProblemList } from '../document/mapping-problem';

export type JsonSchema = { readonly [keyword: string]: unknown };

/**
 * One form of the language: how it is checked, with the place of everything that is wrong, and how it is written in JSON
 * Schema for editors. Both come from one declaration, so they say the same.
 */
export interface Shape<T> {
  readonly schema: JsonSchema;
  /** undefined: it does not fit, and `problems` says why. */
  readonly read: (node: DocumentNode, problems: ProblemList) => T | undefined;
}

/** Text whose place matters later: a name of something else, an expression. */
export interface Word {
  readonly text: string;
  readonly node: ScalarNode;
}

export const found = (node: DocumentNode): string => {
  if (node.kind === 'map') return 'a map';
  if (node.kind === 'list') return 'a list';
  if (node.value === null) return 'nothing';
  if (typeof node.value === 'string' && !node.isBigInteger) return `the text ${quoted(node.value)}`;
  return typeof node.value === 'boolean' ? node.text : `the number ${node.text}`;
};

export const wrong = (node: DocumentNode, problems: ProblemList, wanted: string): undefined => {
  problems.add(node.place, 'wrong_type', `must be ${wanted}, and is ${found(node)}`);
  return undefined;
};

export const changed = <A, B>(shape: Shape<A>, change: (value: A) => B): Shape<B> => ({
  schema: shape.schema,
  read: (node, problems) => {
    const value = shape.read(node, problems);
    return value === undefined ? undefined : change(value);
  },
});

/** Any JSON, as it stands. */
export const anything = (says: string): Shape<{ readonly value: PlainValue; readonly node: DocumentNode }> => ({
  schema: { description: `${says[0]!.toUpperCase()}${says.slice(1)}.` },
  read: (node) => ({ value: plainValue(node), node }),
});
