import type { DocumentNode, MapNode } from '../document/document-node';
import type { Place } from '../document/mapping-problem';
import type { WrittenMapping } from '../language/mapping-shape';
import { ADDRESS_WORDS } from '../language/signal-shape';

/** What a document names that stands elsewhere: machines, configured sources and their data items. Plain data. */
export interface OutsideNames {
  readonly machines: readonly PlacedName[];
  readonly sources: readonly NamedSource[];
  readonly items: readonly NamedItem[];
}

export interface PlacedName {
  readonly name: string;
  readonly place: Place;
}

export interface NamedSource {
  /** Configured name; null: whichever feeds the machine. */
  readonly name: PlacedName | null;
  /** Kind of source that it is said to be. */
  readonly type: PlacedName;
}

export interface NamedItem {
  /** Configured name of its source; null: any. */
  readonly source: string | null;
  /** One of these is its path. */
  readonly paths: readonly string[];
  readonly ignoreCase: boolean;
  readonly place: Place;
}

/** `written` is what `root` says; `node` is a name of the language in sources and signals, so places are looked up there. */
export const outsideNames = (root: MapNode, written: WrittenMapping): OutsideNames => {
  const { machine, machines = [], sources, signals } = written;
  const named = sources.map(({ name: alias, named: place, value: { id, type } }) => {
    const byAlias = sources.length === 1 ? null : { name: alias, place };
    return {
      alias,
      name: id === undefined ? byAlias : { name: id, place: placeOf(root, 'sources', alias, 'id') },
      type: { name: type, place: placeOf(root, 'sources', alias, 'type') },
    };
  });
  const nameOf = new Map(named.map(({ alias, name }) => [alias, name?.name ?? null]));
  return {
    machines: (machine === undefined ? machines : [machine]).map(({ id }) => ({ name: id.text, place: id.node.place })),
    sources: named.map(({ name, type }) => ({ name, type })),
    items: signals.map(({ name: alias, value }): NamedItem => {
      // The form was checked: one of the words is there.
      const word = ADDRESS_WORDS.find((one) => value[one] !== undefined)!;
      const address = value[word]!;
      return {
        source: value.source === undefined ? null : (nameOf.get(value.source.text) ?? null),
        paths: typeof address === 'string' ? [address] : address,
        ignoreCase: value.ignoreCase,
        place: placeOf(root, 'signals', alias, word),
      };
    }),
  };
};

/** Where the value of a member stands that is there. */
const placeOf = (root: MapNode, ...way: readonly string[]): Place => {
  let node: DocumentNode = root;
  for (const name of way) node = node.kind === 'map' ? (node.members.get(name)?.node ?? node) : node;
  return node.place;
};
