import type { MachineState } from '../signal/machine-state';
import type { Signal } from '../signal/signal';
import type { AliasName } from './expression';
import type { ExprRule, MappedSignal, MappedSource, Mapping } from './mapping';
import { tableValue } from './value-table';

/** What a mapping says of the names and sources of signals, found without a search for each signal. */
interface Index {
  readonly exact: ReadonlyMap<string, readonly MappedSignal[]>;
  /** By the name in lower case. */
  readonly anyCase: ReadonlyMap<string, readonly MappedSignal[]>;
  readonly sources: Map<string, MappedSource>;
}

const indexes = new WeakMap<Mapping, Index>();

const indexOf = (mapping: Mapping): Index => {
  let index = indexes.get(mapping);
  if (index === undefined) {
    const exact = new Map<string, MappedSignal[]>();
    const anyCase = new Map<string, MappedSignal[]>();
    for (const mapped of Object.values(mapping.signals))
      for (const path of mapped.paths) {
        const [names, name] = mapped.ignoreCase ? [anyCase, path.toLowerCase()] : [exact, path];
        const named = names.get(name);
        if (named === undefined) names.set(name, [mapped]);
        else if (!named.includes(mapped)) named.push(mapped);
      }
    index = { exact, anyCase, sources: new Map() };
    indexes.set(mapping, index);
  }
  return index;
};

const NONE: readonly MappedSignal[] = [];

/**
 * The aliases that a signal speaks for: those bound to its name, and those that are bound to none yet. Null for a name that
 * the mapping does not know at all.
 */
export const aliasesOf = (mapping: Mapping, state: MachineState, signal: Signal): readonly MappedSignal[] | null => {
  const index = indexOf(mapping);
  const exact = index.exact.get(signal.path) ?? NONE;
  const anyCase = index.anyCase.size === 0 ? NONE : (index.anyCase.get(signal.path.toLowerCase()) ?? NONE);
  if (exact.length === 0 && anyCase.length === 0) return null;
  const named = exact.length === 0 ? anyCase : anyCase.length === 0 ? exact : [...exact, ...anyCase];
  return named.every((mapped) => speaksFor(mapping, state, signal, mapped))
    ? named
    : named.filter((mapped) => speaksFor(mapping, state, signal, mapped));
};

const speaksFor = (mapping: Mapping, state: MachineState, signal: Signal, mapped: MappedSignal): boolean => {
  if (!isOfSource(mapping, mapped.source, signal.source)) return false;
  const held = tableValue(state.values, mapped.alias);
  return held === null || held.path === signal.path;
};

/** Whether the alias of a source stands for this configured source; null stands for every one. */
export const isOfSource = (mapping: Mapping, alias: string | null, source: string): boolean => {
  if (alias === null) return true;
  const mapped = Object.hasOwn(mapping.sources, alias) ? mapping.sources[alias]! : null;
  return mapped !== null && (mapped.source === null || mapped.source === source);
};

const PLAIN: MappedSource = { source: null, maxSkewMs: 300_000, maxBacklogMs: null, reorder: null };

/** How a source is to be listened to: by its own entry, else by the one that stands for every source. */
export const settingsOfSource = (mapping: Mapping, source: string): MappedSource => {
  const { sources } = indexOf(mapping);
  let settings = sources.get(source);
  if (settings === undefined) {
    const all = Object.values(mapping.sources);
    settings = all.find((one) => one.source === source) ?? all.find((one) => one.source === null) ?? PLAIN;
    if (sources.size < 256) sources.set(source, settings);
  }
  return settings;
};

const derivedSignals = new WeakMap<ExprRule, MappedSignal>();

/** What an `expr` rule computes, as the signal that it is to the rules after it. */
export const derivedSignal = (rule: ExprRule): MappedSignal => {
  let mapped = derivedSignals.get(rule);
  if (mapped === undefined) {
    mapped = {
      alias: rule.id,
      source: null,
      paths: [],
      ignoreCase: false,
      type: null,
      unit: rule.unit,
      scale: null,
      modulus: null,
      staleAfterMs: null,
      deadband: null,
    };
    derivedSignals.set(rule, mapped);
  }
  return mapped;
};

/** The alias's own entry, be it a signal or computed; null for a name that the mapping does not have. */
export const mappedOf = (mapping: Mapping, alias: AliasName): MappedSignal | null => {
  if (Object.hasOwn(mapping.signals, alias)) return mapping.signals[alias]!;
  const rule = mapping.rules.find((one) => one.kind === 'expr' && one.id === alias);
  return rule === undefined ? null : derivedSignal(rule as ExprRule);
};
