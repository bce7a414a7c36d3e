import type { DocumentNode, MapNode } from '../document/document-node';
import { type Place, ProblemList } from '../document/mapping-problem';
import type { WrittenMapping, WrittenSignal, WrittenSource } from '../language/mapping-shape';
import { mappingParts } from '../language/mapping-shape';
import type { WrittenRule } from '../language/rule-shapes';
import { type Shape } from '../language/shape';

/** What of a mapping has the right form, so that one misspelt word does not hide what else is wrong. */
export interface WrittenParts {
  readonly sources: readonly WrittenSource[];
  readonly signals: readonly WrittenSignal[];
  readonly rules: readonly WrittenRule[];
  readonly masterData: WrittenMapping['masterData'];
  /** All names that are written, also of parts whose form is wrong. */
  readonly names: {
    readonly sources: ReadonlySet<string>;
    readonly signals: ReadonlySet<string>;
    readonly rules: readonly RuleName[];
  };
}

export interface RuleName {
  readonly id: string;
  readonly kind: string;
  readonly place: Place;
}

/** `written` is the whole where its form is right. */
export const writtenParts = (root: MapNode, written: WrittenMapping | undefined): WrittenParts => ({
  ...(written ?? rightParts(root)),
  names: {
    sources: new Set(membersOf(root, 'sources').keys()),
    signals: new Set(membersOf(root, 'signals').keys()),
    rules: itemsOf(root, 'rules').flatMap(ruleName),
  },
});

/** What is wrong with the others was told when the whole was read. */
const rightParts = (root: MapNode): Omit<WrittenParts, 'names'> => {
  const told = new ProblemList();
  const masterData = root.members.get('masterData');
  return {
    sources: entriesOf(root, 'sources', mappingParts.source, told),
    signals: entriesOf(root, 'signals', mappingParts.signal, told),
    rules: itemsOf(root, 'rules').flatMap((node) => mappingParts.rule.read(node, told) ?? []),
    masterData: masterData === undefined ? [] : (mappingParts.masterData.read(masterData.node, told) ?? []),
  };
};

const membersOf = (root: MapNode, name: string): MapNode['members'] => {
  const node = root.members.get(name)?.node;
  return node?.kind === 'map' ? node.members : new Map();
};

const itemsOf = (root: MapNode, name: string): readonly DocumentNode[] => {
  const node = root.members.get(name)?.node;
  return node?.kind === 'list' ? node.items : [];
};

const entriesOf = <T>(root: MapNode, name: string, shape: Shape<T>, told: ProblemList) =>
  [...membersOf(root, name)].flatMap(([entry, { named, node }]) => {
    const value = shape.read(node, told);
    return value === undefined ? [] : [{ name: entry, named, value }];
  });

const textOf = (node: MapNode, name: string): string | null => {
  const member = node.members.get(name)?.node;
  return member?.kind === 'scalar' && typeof member.value === 'string' ? member.value : null;
};

const ruleName = (node: DocumentNode): RuleName[] => {
  if (node.kind !== 'map') return [];
  const id = textOf(node, 'id');
  return id === null ? [] : [{ id, kind: textOf(node, 'kind') ?? '', place: node.members.get('id')!.node.place }];
};
