import type { Emit } from '../signal/machine-event';
import { counted, type MachineState, STATE_LIMITS } from '../signal/machine-state';
import type { Signal } from '../signal/signal';
import type { Moment } from '../signal/signal-time';
import { compare, multiply, type Rational, subtract, toRational, ZERO } from '../unit/rational';
import { boundedValue, bytesOf, exactOf, type HeldValue, heldNumber } from './held-value';
import type { MappedSignal } from './mapping';
import type { Heard } from './rule-kind';
import { type TypedValue, typedValue } from './typed-value';
import { tableValue, withTableValue } from './value-table';

/**
 * A signal as the alias that it speaks for: its type and unit held to what the mapping declares, scaled exactly, put into
 * the state, and made what the rules hear. Null where it lies in the deadband: then it is only a sign of life.
 */
export const takeValue = (
  state: MachineState,
  signal: Signal,
  mapped: MappedSignal,
  moment: Moment,
  afterGap: boolean,
  emit: Emit,
): { readonly state: MachineState; readonly heard: Heard | null } => {
  const before = tableValue(state.values, mapped.alias);
  const usable = signal.quality === 'good' || signal.quality === 'uncertain';
  const typed: TypedValue = usable ? typedValue(signal, mapped.type) : { kind: 'nothing' };
  let next = state;
  const conflict = typed.kind === 'conflict' || signal.flags.includes('type_changed');
  if (conflict) {
    next = counted(next, 'typeChanged');
    if (before?.typeConflict !== true)
      emit({
        rule: `type ${mapped.alias}`,
        type: 'ingest.type_changed',
        moment,
        data: {
          machine: state.machine,
          path: signal.path,
          alias: mapped.alias,
          declared: mapped.type,
          given: signal.type,
          used: typed.kind === 'value',
        },
      });
  }
  const unit = unitOf(before, signal, mapped);
  if (unit.foreign !== null && before?.foreignUnit !== unit.foreign) {
    next = counted(next, 'unitChanged');
    emit({
      rule: `unit ${mapped.alias}`,
      type: 'ingest.unit_changed',
      moment,
      data: {
        machine: state.machine,
        path: signal.path,
        alias: mapped.alias,
        previous: unit.expected,
        current: unit.foreign,
      },
    });
  }
  const value = typed.kind === 'value' && unit.foreign === null ? scaled(typed, mapped) : null;
  const at = moment.at;
  const snapshot = signal.flags.includes('snapshot') || before?.lost === true;
  if (value !== null && before !== null && isInDeadband(before, value.exact, mapped, at)) {
    const held = { ...before, time: moment.time, at, samples: before.samples + 1, lost: false };
    next = counted(put(next, mapped, held, before), 'filtered');
    return { state: watchStale(next, mapped, at), heard: null };
  }
  const number = value === null || value.exact === null ? null : heldNumber(value.exact);
  const room = STATE_LIMITS.allValueBytes - state.valueBytes + bytesOf(before?.value ?? null);
  const held: HeldValue = {
    value: value === null ? (before?.value ?? null) : (number?.value ?? boundedValue(value.value, room)),
    exact: value === null ? (before?.exact ?? null) : (number?.exact ?? null),
    known: value !== null,
    quality: value === null && usable ? 'bad' : signal.quality,
    qualityCode: signal.qualityCode?.slice(0, 64) ?? null,
    time: moment.time,
    at,
    snapshot,
    lost: value === null && before?.lost === true,
    path: signal.path,
    source: signal.source,
    unit: before?.unit ?? unit.given,
    foreignUnit: unit.foreign,
    typeConflict: conflict || before?.typeConflict === true,
    passedAt: at,
    samples: (before?.samples ?? 0) + 1,
    unknowns: (before?.unknowns ?? 0) + (value === null ? 1 : 0),
  };
  if (value === null) next = counted(next, 'unknown');
  next = watchStale(put(next, mapped, held, before), mapped, at);
  if (value === null) return { state: next, heard: { kind: 'unknown', signal, mapped } };
  return {
    state: next,
    heard: {
      kind: 'value',
      signal,
      mapped,
      value: number?.value ?? value.value,
      exact: value.exact,
      snapshot,
      afterGap,
    },
  };
};

const put = (state: MachineState, mapped: MappedSignal, held: HeldValue, before: HeldValue | null): MachineState => ({
  ...state,
  values: withTableValue(state.values, mapped.alias, held),
  valueBytes: state.valueBytes - bytesOf(before?.value ?? null) + bytesOf(held.value),
});

const watchStale = (state: MachineState, mapped: MappedSignal, at: number): MachineState => {
  if (mapped.staleAfterMs === null) return state;
  const due = at + mapped.staleAfterMs;
  return state.staleDue !== null && state.staleDue <= due ? state : { ...state, staleDue: due };
};

/**
 * The unit that the machine gives is to stay what it was: the declared one, or the first where a scale makes the declared
 * one of it, or none is declared. Another makes the value unusable until the old one comes again.
 */
const unitOf = (
  before: HeldValue | null,
  signal: Signal,
  mapped: MappedSignal,
): { readonly given: string | null; readonly expected: string | null; readonly foreign: string | null } => {
  const given = signal.unit?.slice(0, 32) ?? null;
  const expected = mapped.unit !== null && mapped.scale === null ? mapped.unit : (before?.unit ?? null);
  if (given === null) return { given, expected, foreign: before?.foreignUnit ?? null };
  return { given, expected, foreign: expected !== null && given !== expected ? given : null };
};

const scaled = (
  typed: Extract<TypedValue, { readonly kind: 'value' }>,
  mapped: MappedSignal,
): { readonly value: HeldValue['value'] & {}; readonly exact: Rational | null } =>
  typed.exact === null || mapped.scale === null
    ? typed
    : { value: typed.value, exact: multiply(typed.exact, mapped.scale) };

const isInDeadband = (before: HeldValue, exact: Rational | null, mapped: MappedSignal, at: number): boolean => {
  if (mapped.deadband === null || exact === null || !before.known) return false;
  const { abs, maxTimeMs } = mapped.deadband;
  if (maxTimeMs !== null && at >= before.passedAt + maxTimeMs) return false;
  const last = exactOf(before);
  if (last === null) return false;
  const change = subtract(exact, last);
  return compare(change.n < 0n ? subtract(ZERO, change) : change, toRational(abs) ?? ZERO) <= 0;
};

/**
 * Nothing is known any more of the values that `concerned` names; gives their names, too. `resumable`: their source may come
 * back and have missed nothing.
 */
export const loseValues = (
  state: MachineState,
  concerned: (held: HeldValue, alias: string) => boolean,
  change: Pick<HeldValue, 'qualityCode' | 'lost'> & { readonly resumable: boolean },
): { readonly state: MachineState; readonly lost: readonly string[] } => {
  const { aliases } = state.values;
  const { qualityCode, resumable } = change;
  const lost: string[] = [];
  const held = state.values.held.map((one, place): HeldValue => {
    const alias = aliases[place]!;
    if (!concerned(one, alias)) return one;
    lost.push(alias);
    const { knownAs, ...rest } = one;
    const was = !resumable
      ? undefined
      : one.known && one.quality !== 'bad' && one.quality !== 'stale'
        ? one.quality
        : knownAs;
    const unknown = { ...rest, known: false, quality: 'stale', qualityCode, lost: change.lost || one.lost } as const;
    return was === undefined ? unknown : { ...unknown, knownAs: was };
  });
  return lost.length === 0 ? { state, lost } : { state: { ...state, values: { aliases, held } }, lost };
};

/** The source has missed something since it was lost: what was known then is not what is so, whatever it says later. */
export const forgetLostValues = (state: MachineState, source: string): MachineState => {
  const { aliases, held } = state.values;
  if (!held.some((one) => one.knownAs !== undefined && one.source === source)) return state;
  return {
    ...state,
    values: {
      aliases,
      held: held.map(({ knownAs, ...rest }) =>
        knownAs === undefined || rest.source === source ? rest : { ...rest, knownAs },
      ),
    },
  };
};

/**
 * The values that were known when `signal`'s source was lost are known again, for it has missed nothing; and what the rules
 * hear of each: a snapshot, since nothing has happened yet.
 */
export const regainValues = (
  state: MachineState,
  signal: Signal,
  mappedOf: (alias: string) => MappedSignal | null,
): { readonly state: MachineState; readonly heard: readonly Heard[] } => {
  const { aliases } = state.values;
  const heard: Heard[] = [];
  let { staleDue } = state;
  const held = state.values.held.map((one, place): HeldValue => {
    const { knownAs, ...rest } = one;
    const mapped = knownAs === undefined || one.source !== signal.source ? null : mappedOf(aliases[place]!);
    if (knownAs === undefined || mapped === null || one.value === null) return one;
    const { value, path } = one;
    const said = { path, kind: 'event', value, quality: knownAs, flags: ['snapshot'] } as const;
    const exact = exactOf(one);
    heard.push({
      kind: 'value',
      signal: { ...signal, ...said },
      mapped,
      value,
      exact,
      snapshot: true,
      afterGap: false,
    });
    // Nobody has said it again: it was last said when it was.
    if (mapped.staleAfterMs !== null)
      staleDue = Math.min(staleDue ?? Number.POSITIVE_INFINITY, one.at + mapped.staleAfterMs);
    return { ...rest, known: true, quality: knownAs, qualityCode: null, snapshot: true, lost: false };
  });
  return heard.length === 0 ? { state, heard } : { state: { ...state, staleDue, values: { aliases, held } }, heard };
};
