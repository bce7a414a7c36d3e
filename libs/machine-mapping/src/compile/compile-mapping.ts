import type { Expression, MappedSignal, MappedSource, Mapping, Rule } from '@millrace/domain';
import { quoted } from '../document/did-you-mean';
import type { MapNode } from '../document/document-node';
import type { ProblemList } from '../document/mapping-problem';
import { ExpressionCompiler } from '../expression/expression-compiler';
import { RESERVED_NAMES } from '../expression/reserved-names';
import type { Vocabulary } from '../expression/vocabulary';
import type { WrittenMapping } from '../language/mapping-shape';
import type { WrittenRule } from '../language/rule-shapes';
import { wrongUnit } from '../language/ucum-hint';
import { type CompileContext, type SignalFacts, typedExpressionOf } from './compile-context';
import { compileRule } from './compile-rule';
import { compileSignal, factsOf } from './compile-signals';
import { compileSource } from './compile-sources';
import { inOrderOfEvaluation } from './rule-order';
import { type WrittenParts, writtenParts } from './written-parts';

/** What a mapping says of every machine that it serves. */
export type SharedRules = Pick<Mapping, 'sources' | 'signals' | 'rules'>;

/** Checks what the parts say of each other and compiles them; whatever is wrong is in `problems`, and then the result is not to be used. */
export const compileShared = (
  root: MapNode,
  written: WrittenMapping | undefined,
  problems: ProblemList,
  warnings: ProblemList,
): SharedRules => {
  const parts = writtenParts(root, written);
  checkNames(parts, problems);
  const { context, rules: ordered } = contextOf(parts, problems, warnings);
  const isOnly = parts.names.sources.size === 1;
  const sources: { [alias: string]: MappedSource } = {};
  for (const source of parts.sources) sources[source.name] = compileSource(source, isOnly);
  const signals: { [alias: string]: MappedSignal } = {};
  for (const signal of parts.signals) signals[signal.name] = compileSignal(context, signal);
  const rules: Rule[] = ordered.map((rule) => compileRule(context, rule));
  return { sources, signals, rules };
};

const UNKNOWN: SignalFacts = { type: 'dyn', unit: null, words: null, isJson: false, modulus: null, sourceType: null };

/** What the rules are compiled with, and the rules in the order of evaluation, in which each computed signal gets its type. */
const contextOf = (
  parts: WrittenParts,
  problems: ProblemList,
  warnings: ProblemList,
): { context: CompileContext; rules: readonly WrittenRule[] } => {
  const signals = new Map<string, SignalFacts>();
  for (const name of parts.names.signals) signals.set(name, UNKNOWN);
  for (const signal of parts.signals) signals.set(signal.name, factsOf(signal, parts.sources));
  for (const { id, kind } of parts.names.rules) if (kind === 'expr' && !signals.has(id)) signals.set(id, UNKNOWN);
  for (const rule of parts.rules)
    if (rule.kind === 'expr' && rule.unit !== undefined) signals.set(rule.id.text, { ...UNKNOWN, unit: rule.unit });
  // Names that expressions cannot have are refused where they are written.
  const types = new Map([...signals].flatMap(([name, { type }]) => (usableName(name) ? [[name, type] as const] : [])));
  const expressions = new ExpressionCompiler({ signals: types, ...restOfVocabulary(parts, signals) });
  const rules = inOrderOfEvaluation(parts.rules, expressions, problems);
  const computed = new Map<string, Expression>();
  for (const rule of rules) {
    if (rule.kind !== 'expr') continue;
    const id = rule.id.text;
    const { expression, type } = typedExpressionOf({ problems, warnings, expressions }, rule.value, 'any');
    computed.set(id, expression);
    // A name that a signal has too is refused already; it stays what the signal is.
    if (parts.names.signals.has(id) || !types.has(id)) continue;
    types.set(id, type);
    signals.set(id, { ...signals.get(id)!, type });
  }
  const ruleKinds = new Map(parts.names.rules.map(({ id, kind }) => [id, kind]));
  return {
    context: { problems, warnings, sources: parts.names.sources, signals, ruleKinds, expressions, computed },
    rules,
  };
};

const restOfVocabulary = (
  parts: WrittenParts,
  signals: ReadonlyMap<string, SignalFacts>,
): Omit<Vocabulary, 'signals'> => ({
  units: new Map(
    [...signals].flatMap(([name, { unit }]) =>
      unit === null || wrongUnit(unit) !== null ? [] : [[name, unit] as const],
    ),
  ),
  words: new Map([...signals].flatMap(([name, { words }]) => (words === null ? [] : [[name, words] as const]))),
  statusInputs: new Set(parts.rules.flatMap((rule) => (rule.kind === 'stateMap' ? [rule.input.text] : []))),
  masterData: new Map(
    parts.masterData.map(({ name, value }) => [
      name,
      new Map(value.map(({ name: key, value: block }) => [key, block.value])),
    ]),
  ),
});

const usableName = (name: string): boolean => /^[A-Za-z]\w*$/.test(name) && !RESERVED_NAMES.has(name);

const checkNames = (parts: WrittenParts, problems: ProblemList): void => {
  const reserved = (name: string) => `${quoted(name)} means something else in expressions; take another name`;
  for (const { name, named } of parts.signals)
    if (RESERVED_NAMES.has(name)) problems.add(named, 'reserved_name', reserved(name));
  const first = new Map<string, number>();
  for (const { id, kind, place } of parts.names.rules) {
    const line = first.get(id);
    if (line !== undefined)
      problems.add(
        place,
        'duplicate_id',
        `${quoted(id)} is the id of another rule already, in line ${line}; ids are part of the ids of events`,
      );
    else first.set(id, place.line);
    if (kind !== 'expr') continue;
    if (RESERVED_NAMES.has(id)) problems.add(place, 'reserved_name', reserved(id));
    if (parts.names.signals.has(id))
      problems.add(
        place,
        'duplicate_id',
        `${quoted(id)} is a signal already; the id of an expr rule is the name of a further one`,
      );
  }
};

export type WrittenMachine = { readonly id: string; readonly timeZone: string; readonly number: number | null };

/** Left out, local times are UTC. */
export const machinesOf = (written: WrittenMapping, problems: ProblemList): WrittenMachine[] => {
  const given = written.machine === undefined ? (written.machines ?? []) : [written.machine];
  const seen = new Set<string>();
  return given.map(({ id, timeZone, number }) => {
    if (seen.has(id.text)) problems.add(id.node.place, 'duplicate_id', `${quoted(id.text)} is there twice`);
    seen.add(id.text);
    return { id: id.text, timeZone: timeZone ?? 'UTC', number: number ?? null };
  });
};
