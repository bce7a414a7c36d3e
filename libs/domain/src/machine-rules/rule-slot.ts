import type { MachineState, RuleSlot } from '../signal/machine-state';
import type { Rule } from './mapping';

export type { RuleSlot };

/**
 * What the rule remembers, or null where it begins: it is new, or its id stood for another kind before the mapping was
 * changed. `S` is the kind's own form of a slot.
 */
export const slotOf = <S extends RuleSlot>(state: MachineState, rule: Pick<Rule, 'id' | 'kind'>): S | null => {
  const slot = Object.hasOwn(state.rules, rule.id) ? state.rules[rule.id] : undefined;
  return slot !== undefined && slot.kind === rule.kind ? (slot as S) : null;
};

export const withSlot = <S extends RuleSlot>(state: MachineState, rule: Pick<Rule, 'id'>, slot: S): MachineState => ({
  ...state,
  rules: { ...state.rules, [rule.id]: slot },
});
