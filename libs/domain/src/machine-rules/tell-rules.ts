import type { Emit, SignalPosition } from '../signal/machine-event';
import type { MachineState } from '../signal/machine-state';
import type { Signal } from '../signal/signal';
import type { Moment } from '../signal/signal-time';
import { heardDerived } from './expr-rule';
import type { Mapping, Rule } from './mapping';
import type { Telling } from './rule-failure';
import type { Heard, RuleContext } from './rule-kind';
import { rulesThatHear, tellSignal, tellStatus } from './rule-kinds';
import { LiveScope } from './scope';

/** What surrounds one signal whose turn has come. */
export interface Turn {
  readonly mapping: Mapping;
  readonly position: SignalPosition;
  readonly emit: Emit;
  /** Where `emit` puts it. */
  readonly telling: Telling;
  /** It came after what was missing had been given up. */
  readonly late: boolean;
}

export const contextOf = (turn: Turn, at: number, moment: Moment, scope: LiveScope): RuleContext => ({
  mapping: turn.mapping,
  position: turn.position,
  at,
  moment,
  scope,
  emit: turn.emit,
  telling: turn.telling,
});

/** Each rule in the order of the mapping; what an `expr` rule computes is heard by those after it. */
export const tellRules = (
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
  const snapshot = said.some((heard) => heard.kind === 'value' && heard.snapshot);
  const [first] = said;
  return first === undefined || next.status.current === before.status.current
    ? next
    : followStatus(next, first.signal, snapshot, moment, turn);
};

/**
 * `expr` rules come before those that decide the status. When it has become another, they compute again, and the rules
 * after them hear what is another by that.
 */
export const followStatus = (
  state: MachineState,
  signal: Signal,
  snapshot: boolean,
  moment: Moment,
  turn: Turn,
): MachineState => {
  if (!turn.mapping.rules.some(({ kind }) => kind === 'expr')) return state;
  const scope = new LiveScope(state);
  const context = contextOf(turn, state.at, moment, scope);
  const heard: Heard[] = [];
  let next = state;
  for (const rule of turn.mapping.rules) {
    for (const one of heard) {
      next = tellSignal(next, rule, { ...context, heard: one });
      scope.state = next;
    }
    if (rule.kind !== 'expr') continue;
    const again = tellStatus(next, rule, snapshot, { ...context, path: signal.path });
    const held = Object.hasOwn(again.derived, rule.id) ? again.derived[rule.id]! : null;
    if (again !== next && held !== null) heard.push(heardDerived(rule, held, { kind: 'life', signal }));
    next = again;
    scope.state = next;
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
