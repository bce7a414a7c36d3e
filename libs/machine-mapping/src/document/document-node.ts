import type { Place } from './mapping-problem';

/** One value of a document, with its place in the text. */
export type DocumentNode = MapNode | ListNode | ScalarNode;

export interface MapNode {
  readonly kind: 'map';
  readonly place: Place;
  readonly members: ReadonlyMap<string, Member>;
}

export interface Member {
  /** Where its name stands. */
  readonly named: Place;
  readonly node: DocumentNode;
}

export interface ListNode {
  readonly kind: 'list';
  readonly place: Place;
  readonly items: readonly DocumentNode[];
}

export interface ScalarNode {
  readonly kind: 'scalar';
  readonly place: Place;
  /** Integers beyond 2^53 are their digits. */
  readonly value: string | number | boolean | null;
  /** It is a whole number that no double holds, so `value` is its digits. */
  readonly isBigInteger: boolean;
  /** As it was written, so that 007 can be a code. */
  readonly text: string;
  /** Place of a character of the text; the start of the value where it is not written character by character. */
  readonly placeAt: (index: number) => Place;
}

export type PlainValue =
  | string
  | number
  | boolean
  | null
  | readonly PlainValue[]
  | { readonly [member: string]: PlainValue };

/** The value without its places. */
export const plainValue = (node: DocumentNode): PlainValue => {
  switch (node.kind) {
    case 'scalar':
      return node.value;
    case 'list':
      return node.items.map(plainValue);
    case 'map':
      return Object.fromEntries([...node.members].map(([name, { node: inner }]) => [name, plainValue(inner)]));
  }
};
