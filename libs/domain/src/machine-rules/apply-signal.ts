import type { Emit, SignalPosition } from '../signal/machine-event';
import { counted, type MachineState, type SourceState, STATE_LIMITS } from '../signal/machine-state';
import { readGap } from '../signal/reorder-buffer';
import type { Signal } from '../signal/signal';
import { type Moment, momentAt, momentOf } from '../signal/signal-time';
import { markAlarmsStale } from './alarm-book';
import { aliasesOf, mappedOf, settingsOfSource } from './alias-lookup';
import { heardDerived } from './expr-rule';
import type { Mapping, Rule } from './mapping';
import { type Heard, LIFECYCLE_WORDS, type LifecycleWord, type RuleContext } from './rule-kind';
import { isAnyDue, rulesThatHear, tellSignal, tellTime } from './rule-kinds';
import { LiveScope } from './scope';
import { isLoss } from './source-loss';
import { loseValues, takeValue } from './take-value';
import { tableEntries, tableValue } from './value-table';

/** What surrounds one signal whose turn has come. */
export interface Turn {
  readonly mapping: Mapping;
  readonly position: SignalPosition;
  readonly emit: Emit;
  /** It came after what was missing had been given up. */
  readonly late: boolean;
}

/**
 * One signal, in its turn, through all that a machine is: time first, so that what was due before it is told before it;
 * then its value into the state; then each rule of the mapping, in order.
 */
export const applySignal = (state: MachineState, signal: Signal, turn: Turn): MachineState => {
  const settings = settingsOfSource(turn.mapping, signal.source);
  if (turn.late || isHistorical(signal, settings.maxBacklogMs)) return applyHistory(state, signal, turn);
  const at = Math.max(state.at, Date.parse(signal.at));
  const moment = momentOf(signal, at, settings.maxSkewMs);
  const timed = passTime(state, at, signal, moment, turn);
  if (signal.path === '$tick') return timed.at === at ? timed : { ...timed, at };
  const clocked = signal.sourceTs === null ? timed : watchClock(timed, signal, moment, turn.emit);
  const lastSignal = { path: signal.path, source: signal.source, moment };
  if (signal.path === '$lifecycle') return applyLifecycle({ ...clocked, at, lastSignal }, signal, moment, turn);
  // One copy of the state for all that each signal changes.
  const alive: MachineState = { ...clocked, at, lastSignal, sources: withLife(clocked.sources, signal.source, at) };
  if (signal.path === '$gap') return applyGap(alive, signal, readGap(signal)?.lost ?? null, moment, turn);
  if (signal.kind === 'condition') return tellRules(alive, [{ kind: 'condition', signal }], moment, turn, alive);
  return applyValue(alive, signal, moment, turn);
};

/** Numbers of a session that were given up: counted, told to the rules, and flagged on the next value of the source. */
export const applyMissing = (state: MachineState, of: Signal, lost: number, turn: Turn): MachineState => {
  const gap = { ...of, path: '$gap', kind: 'lifecycle', type: 'json', value: { lost } } as const;
  return applyGap(state, gap, lost, momentOf({ ...of, sourceTs: null }, state.at), turn);
};

/** Stamps before this are clocks that were never set, not history. */
const FIRST_CREDIBLE_MS = Date.parse('2000-01-01T00:00:00Z');

const isHistorical = (signal: Signal, maxBacklogMs: number | null): boolean => {
  if (signal.flags.includes('historical')) return true;
  if (maxBacklogMs === null || signal.sourceTs === null) return false;
  const stamped = Date.parse(signal.sourceTs);
  return stamped >= FIRST_CREDIBLE_MS && Date.parse(signal.receiveTs) - stamped > maxBacklogMs;
};

const isOver = ({ sourceTs, receiveTs }: Signal): boolean =>
  sourceTs !== null && Date.parse(sourceTs) >= FIRST_CREDIBLE_MS && Date.parse(sourceTs) <= Date.parse(receiveTs);

/** History changes nothing of today. A message that is an event already is one whenever it comes. */
const applyHistory = (state: MachineState, signal: Signal, turn: Turn): MachineState => {
  const known = counted(state, turn.late ? 'late' : 'historical');
  const messages = turn.mapping.rules.filter(({ kind }) => kind === 'passthrough');
  if (messages.length === 0 || signal.value === null || signal.kind === 'condition') return known;
  const at = Math.max(state.at, Date.parse(signal.at));
  // what is over was when it says, however long ago
  const skewMs = isOver(signal) ? Number.POSITIVE_INFINITY : settingsOfSource(turn.mapping, signal.source).maxSkewMs;
  const moment = momentOf(signal, at, skewMs);
  const scope = new LiveScope(known);
  let next = known;
  for (const mapped of aliasesOf(turn.mapping, state, signal) ?? [])
    for (const rule of messages) {
      const heard = {
        kind: 'value',
        signal,
        mapped,
        value: signal.value,
        exact: null,
        snapshot: signal.flags.includes('snapshot'),
        afterGap: false,
      } as const;
      next = tellSignal(next, rule, { ...contextOf(turn, at, moment, scope), heard });
    }
  return next;
};

const contextOf = (turn: Turn, at: number, moment: Moment, scope: LiveScope): RuleContext => ({
  mapping: turn.mapping,
  position: turn.position,
  at,
  moment,
  scope,
  emit: turn.emit,
});

/** What evaluation time has made due: values that nobody renewed, and the timers of the rules. */
const passTime = (state: MachineState, at: number, signal: Signal, moment: Moment, turn: Turn): MachineState => {
  const isStale = state.staleDue !== null && at >= state.staleDue;
  if (!isStale && !isAnyDue(state, turn.mapping, at)) return state;
  const timed = { ...state, at };
  const fresh = isStale ? markStale(timed, signal, turn) : timed;
  const scope = new LiveScope(fresh);
  const context = contextOf(turn, at, moment, scope);
  let next = fresh;
  for (const rule of turn.mapping.rules) {
    next = tellTime(next, rule, context);
    scope.state = next;
  }
  return next;
};

const markStale = (state: MachineState, signal: Signal, turn: Turn): MachineState => {
  const { mapping } = turn;
  const limitOf = (alias: string): number | null =>
    Object.hasOwn(mapping.signals, alias) ? mapping.signals[alias]!.staleAfterMs : null;
  const marked = loseValues(
    state,
    (held, alias) => {
      const limit = limitOf(alias);
      return held.known && limit !== null && state.at >= held.at + limit;
    },
    { qualityCode: 'ingest:stale', lost: false },
  );
  let staleDue: number | null = null;
  for (const [alias, held] of tableEntries(marked.state.values)) {
    const limit = limitOf(alias);
    if (held.known && limit !== null) staleDue = Math.min(staleDue ?? Number.POSITIVE_INFINITY, held.at + limit);
  }
  const next = { ...marked.state, staleDue };
  return marked.lost.length === 0 ? next : tellUnknown(next, marked.lost, signal, 'ingest:stale', state, turn);
};

/** Rules hear of values that nothing is known of any more, although no signal says so. */
const tellUnknown = (
  state: MachineState,
  aliases: readonly string[],
  signal: Signal,
  qualityCode: string,
  before: MachineState,
  turn: Turn,
): MachineState => {
  const unknown = aliases.flatMap((alias): Heard[] => {
    const mapped = mappedOf(turn.mapping, alias);
    const held = tableValue(state.values, alias)!;
    return mapped === null
      ? []
      : [
          {
            kind: 'unknown',
            mapped,
            signal: {
              ...signal,
              path: held.path,
              source: held.source,
              kind: 'event',
              value: null,
              quality: 'stale',
              qualityCode,
            },
          },
        ];
  });
  return tellRules(counted(state, 'unknown', unknown.length), unknown, momentAt(state.at), turn, before);
};

/** A stamp that cannot be right is counted, and told once for each time that a clock goes wrong. */
const watchClock = (state: MachineState, signal: Signal, moment: Moment, emit: Emit): MachineState => {
  if (signal.sourceTs === null) return state;
  if (!moment.suspect) {
    if (state.suspectClocks.length === 0) return state;
    const clock = nameOfClock(signal);
    return state.suspectClocks.includes(clock)
      ? { ...state, suspectClocks: state.suspectClocks.filter((one) => one !== clock) }
      : state;
  }
  const known = counted(state, 'clockSuspect');
  const clock = nameOfClock(signal);
  if (known.suspectClocks.includes(clock) || known.suspectClocks.length >= STATE_LIMITS.suspectClocks) return known;
  emit({
    rule: 'clock',
    type: 'ingest.clock_suspect',
    moment,
    data: {
      machine: state.machine,
      path: signal.path,
      source: signal.source,
      clock: signal.clock,
      stamp: signal.sourceTs,
      received: signal.receiveTs,
    },
  });
  return { ...known, suspectClocks: [...known.suspectClocks, clock] };
};

const nameOfClock = ({ source, clock }: Signal): string => `${source}\n${clock}`;

const withLife = (
  sources: MachineState['sources'],
  source: string,
  at: number,
  gap?: boolean,
): MachineState['sources'] => {
  const known = Object.hasOwn(sources, source) ? sources[source]! : null;
  if (known !== null && known.at === at && (gap === undefined || known.gap === gap)) return sources;
  const next: { [source: string]: SourceState } = { ...sources, [source]: { at, gap: gap ?? known?.gap ?? false } };
  if (known !== null) return next;
  const names = Object.keys(next);
  if (names.length > STATE_LIMITS.sources) delete next[names.reduce((a, b) => (next[a]!.at <= next[b]!.at ? a : b))];
  return next;
};

const noteLife = (state: MachineState, source: string, at: number, gap?: boolean): MachineState => ({
  ...state,
  sources: withLife(state.sources, source, at, gap),
});

/**
 * The source lost the machine, or has it again. Silence of the source is written into the log, so that the rules see it:
 * its values are stale and so are its alarms, and what comes after it is a snapshot.
 */
const applyLifecycle = (state: MachineState, signal: Signal, moment: Moment, turn: Turn): MachineState => {
  const word = signal.value;
  if (!isLifecycleWord(word)) return state;
  const heard: Heard = { kind: 'lifecycle', signal, word };
  if (!isLoss(word)) {
    const alive = noteLife(state, signal.source, moment.at);
    return tellRules(alive, [heard], moment, turn, alive);
  }
  const { source } = signal;
  const quiet = markAlarmsStale(state, (alarm) => alarm.source === source);
  const lost = loseValues(quiet, (held) => held.source === source, { qualityCode: `ingest:${word}`, lost: true });
  return tellRules(lost.state, [heard], moment, turn, state);
};

const isLifecycleWord = (word: Signal['value']): word is LifecycleWord =>
  (LIFECYCLE_WORDS as readonly unknown[]).includes(word);

const applyGap = (
  state: MachineState,
  signal: Signal,
  lost: number | null,
  moment: Moment,
  turn: Turn,
): MachineState => {
  const known = counted(counted(noteLife(state, signal.source, state.at, true), 'gaps'), 'lost', lost ?? 0);
  return tellRules(known, [{ kind: 'gap', signal, lost }], moment, turn, known);
};

const applyValue = (state: MachineState, signal: Signal, moment: Moment, turn: Turn): MachineState => {
  const aliases = aliasesOf(turn.mapping, state, signal);
  const life: Heard[] = [{ kind: 'life', signal }];
  if (aliases === null || aliases.length === 0) {
    const known = aliases === null ? noteUnmapped(state, signal.path, moment.at) : state;
    return tellRules(known, life, moment, turn, known);
  }
  const overflow = signal.flags.includes('overflow');
  const gap = state.sources[signal.source]?.gap === true;
  const afterGap = overflow || gap || signal.flags.includes('gap');
  let next = overflow ? counted(state, 'overflow') : state;
  if (gap) next = noteLife(next, signal.source, moment.at, false);
  const heard: Heard[] = [];
  for (const mapped of aliases) {
    if (next.values.aliases.length >= STATE_LIMITS.values && tableValue(next.values, mapped.alias) === null) continue;
    const taken = takeValue(next, signal, mapped, moment, afterGap, turn.emit);
    next = taken.state;
    if (taken.heard !== null) heard.push(taken.heard);
  }
  return tellRules(next, heard.length === 0 ? life : heard, moment, turn, state);
};

const noteUnmapped = (state: MachineState, path: string, at: number): MachineState => {
  const counts = { ...state.counts, unmapped: state.counts.unmapped + 1 };
  return Object.hasOwn(state.unmapped, path) || Object.keys(state.unmapped).length >= STATE_LIMITS.unmapped
    ? { ...state, counts }
    : { ...state, counts, unmapped: { ...state.unmapped, [path]: at } };
};

/** Each rule in the order of the mapping; what an `expr` rule computes is heard by those after it. */
const tellRules = (
  state: MachineState,
  said: readonly Heard[],
  moment: Moment,
  turn: Turn,
  before: MachineState,
): MachineState => {
  const rules = rulesThatHear(turn.mapping, said);
  if (rules.length === 0) return state;
  const scope = new LiveScope(before, state);
  const contextFor = (heard: Heard) => ({ ...contextOf(turn, state.at, moment, scope), heard });
  let contexts = said.map(contextFor);
  let next = state;
  for (const rule of rules) {
    for (const context of contexts) {
      next = tellSignal(next, rule, context);
      scope.state = next;
    }
    const computed = rule.kind === 'expr' ? computedNow(next, rule, said, before) : null;
    if (computed !== null) contexts = [...contexts, contextFor(computed)];
  }
  return next;
};

/** What an `expr` rule has computed at this signal, as the rules after it hear it; null where it computed nothing. */
const computedNow = (
  state: MachineState,
  rule: Extract<Rule, { readonly kind: 'expr' }>,
  said: readonly Heard[],
  before: MachineState,
): Heard | null => {
  const held = Object.hasOwn(state.derived, rule.id) ? state.derived[rule.id]! : null;
  const was = Object.hasOwn(before.derived, rule.id) ? before.derived[rule.id]! : null;
  return held === null || held === was ? null : heardDerived(rule, held, said[said.length - 1]!);
};
