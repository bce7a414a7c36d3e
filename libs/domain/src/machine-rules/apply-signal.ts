import { counted, type MachineState, STATE_LIMITS } from '../signal/machine-state';
import { readGap } from '../signal/reorder-buffer';
import type { Signal } from '../signal/signal';
import { FIRST_CREDIBLE_MS, type Moment, momentOf } from '../signal/signal-time';
import { markAlarmsStale } from './alarm-book';
import { aliasesOf, mappedOf, settingsOfSource } from './alias-lookup';
import { watchClock } from './clock-watch';
import { withoutRule } from './rule-failure';
import { type Heard, LIFECYCLE_WORDS, type LifecycleWord } from './rule-kind';
import { isAnyDue, tellSignal, tellTime } from './rule-kinds';
import { LiveScope } from './scope';
import { noteLife, withLife } from './source-life';
import { isLoss, isResumed } from './source-loss';
import { markStale } from './stale-values';
import { forgetLostValues, loseValues, regainValues } from './take-value';
import { takeValueAnew } from './take-value-anew';
import { contextOf, followStatus, type Turn, tellRules } from './tell-rules';
import { tableValue } from './value-table';

/**
 * One signal, in its turn, through all that a machine is: time first, so that what was due before it is told before it;
 * then its value into the state; then each rule of the mapping, in order.
 */
export const applySignal = (state: MachineState, signal: Signal, turn: Turn): MachineState => {
  const settings = settingsOfSource(turn.mapping, signal.source);
  if (isLate(signal, turn) || isHistorical(signal, settings.maxBacklogMs)) return applyHistory(state, signal, turn);
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

const isLate = (signal: Signal, turn: Turn): boolean => turn.late || signal.flags.includes('late');

/** A snapshot says what is so now, however long ago it began; a clock that was never set says nothing of when. */
const isHistorical = (signal: Signal, maxBacklogMs: number | null): boolean => {
  if (signal.flags.includes('historical')) return true;
  if (maxBacklogMs === null || signal.sourceTs === null || signal.flags.includes('snapshot')) return false;
  const stamped = Date.parse(signal.sourceTs);
  return stamped >= FIRST_CREDIBLE_MS && Date.parse(signal.receiveTs) - stamped > maxBacklogMs;
};

const isOver = ({ sourceTs, receiveTs }: Signal): boolean =>
  sourceTs !== null && Date.parse(sourceTs) >= FIRST_CREDIBLE_MS && Date.parse(sourceTs) <= Date.parse(receiveTs);

/** History changes nothing of today. A message that is an event already is one whenever it comes. */
const applyHistory = (state: MachineState, signal: Signal, turn: Turn): MachineState => {
  const known = counted(state, isLate(signal, turn) ? 'late' : 'historical');
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

/** What evaluation time has made due: values that nobody renewed, and the timers of the rules. */
const passTime = (state: MachineState, at: number, signal: Signal, moment: Moment, turn: Turn): MachineState => {
  const isStale = state.staleDue !== null && at >= state.staleDue;
  if (!isStale && !isAnyDue(state, turn.mapping, at)) return state;
  const timed = { ...state, at };
  const fresh = isStale ? stale(timed, signal, moment, turn) : timed;
  const scope = new LiveScope(fresh);
  const context = contextOf(turn, at, moment, scope);
  let next = fresh;
  for (const rule of turn.mapping.rules) {
    next = tellTime(next, rule, context);
    scope.state = next;
  }
  return next.status.current === fresh.status.current ? next : followStatus(next, signal, false, moment, turn);
};

/** Where it throws, no value is looked at for its age until the next one comes: it would throw at every record. */
const stale = (state: MachineState, signal: Signal, moment: Moment, turn: Turn): MachineState => {
  const told = turn.telling.drafts.length;
  try {
    return markStale(state, signal, turn);
  } catch (error) {
    const failed = { rule: { id: '$stale', kind: 'stale' }, on: 'time', path: null, told, error } as const;
    return withoutRule({ ...state, staleDue: null }, failed, { telling: turn.telling, moment, at: state.at });
  }
};

/**
 * The source lost the machine, or has it again. Silence of the source is written into the log, so that the rules see it:
 * its values are stale and so are its alarms, and what comes after it is a snapshot. Where the source says that it has missed
 * nothing (RESUMED_CODE), its values are known again, and what comes after it is news.
 */
const applyLifecycle = (state: MachineState, signal: Signal, moment: Moment, turn: Turn): MachineState => {
  const word = signal.value;
  if (!isLifecycleWord(word)) return state;
  const heard: Heard = { kind: 'lifecycle', signal, word };
  if (!isLoss(word)) {
    const alive = noteLife(state, signal.source, moment.at);
    if (!isResumed(signal)) {
      const begun = word === 'alive' ? alive : forgetLostValues(alive, signal.source);
      return tellRules(begun, [heard], moment, turn, begun);
    }
    const regained = regainValues(alive, signal, (alias) => mappedOf(turn.mapping, alias));
    return tellRules(regained.state, [...regained.heard, heard], moment, turn, alive);
  }
  const { source } = signal;
  const quiet = markAlarmsStale(state, (alarm) => alarm.source === source);
  const lost = loseValues(quiet, (held) => held.source === source, {
    qualityCode: `ingest:${word}`,
    lost: true,
    resumable: word === 'disconnected',
  });
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
  const noted = forgetLostValues(noteLife(state, signal.source, state.at, true), signal.source);
  const known = counted(counted(noted, 'gaps'), 'lost', lost ?? 0);
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
    const taken = takeValueAnew(next, signal, mapped, moment, afterGap, turn);
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
