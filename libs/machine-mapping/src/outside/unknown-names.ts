import { nearestWord, quoted } from '../document/did-you-mean';
import { type MappingProblem, ProblemList } from '../document/mapping-problem';
import type { NamedItem, NamedSource, OutsideNames } from './outside-names';

/** What is known of the world of a mapping when it is sent; more may come. */
export interface KnownWorld {
  /** Sources that are configured. */
  readonly sources: readonly { readonly name: string; readonly type: string }[];
  /** Machines that were heard. */
  readonly machines: readonly string[];
  /** Data items that were heard of the machines of the mapping. */
  readonly items: readonly { readonly source: string; readonly path: string }[];
  /** False where there are more items than those. */
  readonly areAllItems: boolean;
}

/** To look for the nearest of many words takes its time, and the first few warnings are those that are read. */
const SUGGESTIONS = 20;
const CANDIDATES = 2_000;
const LISTED = 10;

/**
 * Warnings of names that nothing known answers to: what they stand for may come later, or they are misspelt, and then the
 * mapping waits for ever. One mistake is told once: of a source that is not known no item is told.
 */
export const unknownNames = (names: OutsideNames, world: KnownWorld): MappingProblem[] => {
  const warnings = new ProblemList();
  const hint = hints();
  const heard = new Map<string, HeardPaths>();
  for (const { source, path } of world.items) {
    const paths = heard.get(source) ?? new HeardPaths();
    heard.set(source, paths);
    paths.all.add(path);
  }
  const machines = new Set(world.machines);
  for (const { name, place } of names.machines)
    if (!machines.has(name))
      warnings.add(
        place,
        'unknown_machine',
        () => `nothing was heard of a machine ${quoted(name)} yet${hint(name, world.machines, 0)}`,
      );
  const types = new Map(world.sources.map(({ name, type }) => [name, type]));
  for (const source of names.sources) warnOfSource(source, { types, heard }, hint, warnings);
  if (world.areAllItems) for (const item of names.items) warnOfItem(item, heard, hint, warnings);
  return warnings.inOrder();
};

/** What one source has told of. */
class HeardPaths {
  readonly all = new Set<string>();
  /** In lower case; made when it is first asked for. */
  private anyCase: Set<string> | null = null;

  has(path: string, ignoreCase: boolean): boolean {
    if (this.all.has(path) || !ignoreCase) return this.all.has(path);
    this.anyCase ??= new Set([...this.all].map((one) => one.toLowerCase()));
    return this.anyCase.has(path.toLowerCase());
  }
}

/** `listed`: of more words than this none is listed. */
type Hint = (word: string, known: Iterable<string>, listed?: number) => string;

/** `; did you mean 'slitter'?`, or the words where there are few, or nothing. */
const hints = (): Hint => {
  let left = SUGGESTIONS;
  return (word, known, listed = LISTED) => {
    if (left-- <= 0) return '';
    const candidates: string[] = [];
    for (const one of known) {
      if (candidates.length >= CANDIDATES) break;
      candidates.push(one);
    }
    const nearest = nearestWord(word, candidates);
    if (nearest !== null) return `; did you mean '${nearest}'?`;
    return candidates.length === 0 || candidates.length > listed ? '' : `; known: ${candidates.map(quoted).join(', ')}`;
  };
};

interface Sources {
  /** Of the configured ones, by name. */
  readonly types: ReadonlyMap<string, string>;
  /** Paths by the name of the source that brought them, configured or not. */
  readonly heard: ReadonlyMap<string, HeardPaths>;
}

/** A recording of a peer speaks as the peer. */
const isOfType = (is: string, said: string): boolean => is === said || is === `${said}-recording`;

const warnOfSource = ({ name, type }: NamedSource, known: Sources, hint: Hint, warnings: ProblemList): void => {
  const { types, heard } = known;
  if (name === null) {
    warnOfType(type, known, warnings);
    return;
  }
  const is = types.get(name.name);
  if (is !== undefined && !isOfType(is, type.name))
    warnings.add(type.place, 'unknown_source', `the source ${quoted(name.name)} is of type ${is}, not ${type.name}`);
  else if (is === undefined && !heard.has(name.name))
    warnings.add(
      name.place,
      'unknown_source',
      () =>
        `no source ${quoted(name.name)} is configured, and nothing was heard of one${hint(name.name, new Set([...types.keys(), ...heard.keys()]))}`,
    );
};

/** Of a source that is whichever feeds the machine. What is posted to `POST /v1/signals` needs none that is configured. */
const warnOfType = (
  { name: type, place }: NamedSource['type'],
  { types, heard }: Sources,
  warnings: ProblemList,
): void => {
  if (heard.size === 0) {
    if (type !== 'http' && ![...types.values()].some((is) => isOfType(is, type)))
      warnings.add(place, 'unknown_source', `no source of type ${type} is configured`);
    return;
  }
  const feeds = [...heard.keys()].map((name) => ({ name, type: types.get(name) }));
  if (feeds.some((one) => one.type === undefined || isOfType(one.type, type))) return;
  const named = feeds.slice(0, LISTED).map((one) => `${quoted(one.name)} (${one.type})`);
  warnings.add(place, 'unknown_source', `nothing was heard of a source of type ${type}, but of ${named.join(', ')}`);
};

const warnOfItem = (
  { source, paths, ignoreCase, place }: NamedItem,
  heard: Sources['heard'],
  hint: Hint,
  warnings: ProblemList,
): void => {
  const sources = source === null ? [...heard.keys()] : heard.has(source) ? [source] : [];
  if (sources.length === 0) return;
  if (paths.some((path) => sources.some((name) => heard.get(name)!.has(path, ignoreCase)))) return;
  const known = function* () {
    for (const name of sources) yield* heard.get(name)!.all;
  };
  const [first = ''] = paths;
  const what = paths.length === 1 ? quoted(first) : `any of ${paths.map(quoted).join(', ')}`;
  warnings.add(
    place,
    'unknown_path',
    () => `${source === null ? 'nothing has' : `${quoted(source)} has not`} told of ${what} yet${hint(first, known())}`,
  );
};
