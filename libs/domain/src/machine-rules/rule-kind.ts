import type { Emit, SignalPosition } from '../signal/machine-event';
import type { MachineState, RuleSlot } from '../signal/machine-state';
import type { Signal } from '../signal/signal';
import type { Moment } from '../signal/signal-time';
import type { Rational } from '../unit/rational';
import type { Scope } from './expression';
import type { MappedSignal, Mapping } from './mapping';
import type { Telling } from './rule-failure';

/**
 * What a kind of rule is to the fold. Each is a pure function over the machine's whole state and keeps what it remembers
 * in `state.rules[rule.id]`; nothing outside that slot is its own, but for the status and the alarms, which are the
 * machine's. A rule that meets a slot of another kind (the mapping was changed) begins anew.
 */
export interface RuleKind<R> {
  /**
   * Evaluation time has come to `context.at`, and at least one rule's `nextDue` lies at or before it; called for every rule
   * before the signal is looked at, so that what was due before it is told before it.
   */
  readonly onTime: (state: MachineState, rule: R, context: RuleContext) => MachineState;
  /** A signal has come; its value is in the state and in `context.scope.now` already. */
  readonly onSignal: (state: MachineState, rule: R, context: RuleContext & { readonly heard: Heard }) => MachineState;
  /** Evaluation time at which `onTime` has something to do, Unix ms; null when no timer runs. */
  readonly nextDue: (state: MachineState, rule: R, mapping: Mapping) => number | null;
  /**
   * What the rule remembers but for what is due at this evaluation time, which threw: an open run is not lost with the one
   * that has ended. Null where nothing is left; absent of kinds that remember one thing.
   */
  readonly withoutDue?: (state: MachineState, rule: R, at: number) => RuleSlot | null;
}

export interface RuleContext {
  readonly mapping: Mapping;
  readonly position: SignalPosition;
  /** Evaluation time, Unix ms: the only time there is. */
  readonly at: number;
  readonly moment: Moment;
  readonly scope: Scope;
  readonly emit: Emit;
  /** Where `emit` puts it: what a rule has told that throws in the end is withdrawn. */
  readonly telling: Telling;
}

/** One signal as the rules hear it. */
export type Heard =
  /** A mapped signal whose value is good or uncertain. */
  | {
      readonly kind: 'value';
      readonly signal: Signal;
      readonly mapped: MappedSignal;
      readonly value: NonNullable<Signal['value']>;
      /** The value in the declared unit, exactly; null where it is no number. */
      readonly exact: Rational | null;
      /** From a birth, /current, an initial read: it sets the state, but it is no edge, no piece, no raise. */
      readonly snapshot: boolean;
      /** The machine's numbering told of lost samples just before this one. */
      readonly afterGap: boolean;
    }
  /** A mapped signal of which nothing is known now: bad, stale, null, NaN. Rules freeze; nothing is ever 0. */
  | { readonly kind: 'unknown'; readonly signal: Signal; readonly mapped: MappedSignal }
  /** A condition, whether or not an alias names its item. */
  | { readonly kind: 'condition'; readonly signal: Signal }
  /** The source says something about itself: `$lifecycle`. */
  | { readonly kind: 'lifecycle'; readonly signal: Signal; readonly word: LifecycleWord }
  /** Numbered signals that never came: `$gap`. */
  | { readonly kind: 'gap'; readonly signal: Signal; readonly lost: number | null }
  /** Accepted, but of no meaning to the mapping: no alias names it, or it lies in the deadband. Only a sign of life. */
  | { readonly kind: 'life'; readonly signal: Signal };

/**
 * `connected`: a new session begins, values follow as a snapshot · `disconnected`: nothing is heard of the source any more ·
 * `alive`: a keep-alive, for a machine that has nothing to say · `birth`, `death`: the machine's own gateway says so.
 */
export const LIFECYCLE_WORDS = ['connected', 'disconnected', 'alive', 'birth', 'death'] as const;
export type LifecycleWord = (typeof LIFECYCLE_WORDS)[number];
