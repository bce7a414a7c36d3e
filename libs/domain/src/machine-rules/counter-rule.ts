import { counted, type MachineState } from '../signal/machine-state';
import {
  add,
  compare,
  isZero,
  multiply,
  type Rational,
  rational,
  readRational,
  subtract,
  toNumber,
  toRational,
  writeRational,
  ZERO,
} from '../unit/rational';
import { stepOverEdge } from './counter-wrap';
import type { CounterRule, MappedSignal } from './mapping';
import type { Heard, RuleContext, RuleKind } from './rule-kind';
import { type RuleSlot, slotOf, withSlot } from './rule-slot';

/**
 * A counter, exactly. The first sample is the baseline and makes nothing; a rise is what was made; a fall is a wrap where
 * that is believable (at most `maxStep`, else half of the modulus), else a reset, never negative production. A rise above `maxStep` is withheld until the next sample
 * agrees with it (`ingest.counter_jump`). What is bad or not known moves nothing, and a snapshot counts what was made
 * while nobody listened.
 */
export interface CounterSlot extends RuleSlot {
  readonly kind: 'counter';
  /** Baseline: the last believed value, exactly, in the unit of `of`. */
  readonly value: string;
  /** All that was made since the first sample, exactly. */
  readonly total: string;
  /** A jump that waits for the next sample. */
  readonly jump: string | null;
  /** Unit and scale that the numbers above are in; under another the baseline begins anew. */
  readonly of: string;
}

/** How one sample moves a counter. */
export type CounterStep =
  | { readonly kind: 'counted' | 'wrapped' | 'reset' | 'confirmed'; readonly delta: Rational }
  | { readonly kind: 'jump' };

export interface CounterWays {
  /** In the unit of the values. */
  readonly modulus: Rational | null;
  readonly maxStep: Rational | null;
  readonly onDecrease: CounterRule['onDecrease'];
  readonly zeroBased: boolean;
}

export const counterStep = (
  baseline: Rational,
  jump: Rational | null,
  value: Rational,
  ways: CounterWays,
): CounterStep => {
  const believed = (step: Rational) => ways.maxStep === null || compare(step, ways.maxStep) <= 0;
  const delta = subtract(value, baseline);
  if (delta.n >= 0n) {
    if (believed(delta)) return { kind: 'counted', delta };
    if (jump === null) return { kind: 'jump' };
    const step = subtract(value, jump);
    return step.n >= 0n && believed(step) ? { kind: 'confirmed', delta } : { kind: 'jump' };
  }
  if (ways.modulus !== null && ways.onDecrease !== 'reset') {
    // `rollover` says that this counter is never reset: any step over the edge is one.
    const most = ways.onDecrease === 'rollover' ? ways.modulus : ways.maxStep;
    const wrapped = stepOverEdge(delta, ways.modulus, most);
    if (wrapped !== null) return { kind: 'wrapped', delta: wrapped };
  }
  return { kind: 'reset', delta: ways.zeroBased && value.n > 0n ? value : ZERO };
};

export const counterRule: RuleKind<CounterRule> = {
  onTime: (state) => state,

  onSignal: (state, rule, context) => {
    const { heard } = context;
    if (heard.kind !== 'value' || heard.exact === null || heard.mapped.alias !== rule.input) return state;
    const of = writeOf(heard.mapped);
    const slot = slotOf<CounterSlot>(state, rule);
    if (slot === null || slot.of !== of) {
      const total = slot?.total ?? '0';
      return withSlot<CounterSlot>(state, rule, {
        kind: 'counter',
        value: writeRational(heard.exact),
        total,
        jump: null,
        of,
      });
    }
    return applySample(state, rule, slot, heard, heard.exact, context);
  },

  nextDue: () => null,
};

const applySample = (
  state: MachineState,
  rule: CounterRule,
  slot: CounterSlot,
  heard: Extract<Heard, { readonly kind: 'value' }>,
  value: Rational,
  context: RuleContext,
): MachineState => {
  const baseline = readRational(slot.value);
  const jump = slot.jump === null ? null : readRational(slot.jump);
  const step = counterStep(baseline, jump, value, waysOf(rule, heard.mapped));
  const about = { machine: state.machine, path: heard.signal.path };
  const numbers = { previous: toNumber(baseline), current: toNumber(value) };
  if (step.kind === 'jump') {
    // Told once: a second sample that does not agree with the first is the jump that is waited for from now on.
    if (jump === null)
      context.emit({
        rule: rule.id,
        type: 'ingest.counter_jump',
        moment: context.moment,
        data: { ...about, ...numbers, maxStep: rule.maxStep },
      });
    const waiting = withSlot<CounterSlot>(state, rule, { ...slot, jump: writeRational(value) });
    return jump === null ? counted(waiting, 'counterJumps') : waiting;
  }
  if (step.kind === 'counted' && isZero(step.delta)) {
    return slot.jump === null ? state : withSlot<CounterSlot>(state, rule, { ...slot, jump: null });
  }
  const next: CounterSlot = {
    ...slot,
    value: writeRational(value),
    total: writeRational(add(readRational(slot.total), step.delta)),
    jump: null,
  };
  let moved = withSlot<CounterSlot>(state, rule, next);
  if (step.kind === 'reset') {
    context.emit({
      rule: rule.id,
      type: 'ingest.counter_reset',
      moment: context.moment,
      data: { ...about, ...numbers },
    });
    moved = counted(moved, 'counterResets');
  }
  if (rule.emit !== null && !isZero(step.delta))
    context.emit({
      rule: rule.id,
      type: rule.emit,
      moment: context.moment,
      data: {
        ...about,
        counter: rule.id,
        delta: toNumber(step.delta),
        ...numbers,
        unit: heard.mapped.unit,
        how: step.kind,
        // Made while nobody listened.
        bridged: heard.snapshot,
        since: context.moment.time,
        quality: heard.signal.quality,
      },
    });
  return moved;
};

const writeOf = (mapped: MappedSignal): string =>
  `${mapped.unit ?? ''} ${mapped.scale === null ? '1' : writeRational(mapped.scale)}`;

const ways = new WeakMap<CounterRule, WeakMap<MappedSignal, CounterWays>>();

const waysOf = (rule: CounterRule, mapped: MappedSignal): CounterWays => {
  let bySignal = ways.get(rule);
  if (bySignal === undefined) {
    bySignal = new WeakMap();
    ways.set(rule, bySignal);
  }
  let known = bySignal.get(mapped);
  if (known === undefined) {
    const raw = rule.modulus ?? mapped.modulus;
    known = {
      modulus: raw === null ? null : multiply(toRational(raw) ?? ZERO, mapped.scale ?? rational(1n)),
      maxStep: rule.maxStep === null ? null : toRational(rule.maxStep),
      onDecrease: rule.onDecrease,
      zeroBased: rule.zeroBased,
    };
    bySignal.set(mapped, known);
  }
  return known;
};
