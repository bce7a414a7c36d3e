import type { MachineState } from '../signal/machine-state';
import { availabilityRule } from './availability-rule';
import { bundleRule } from './bundle/bundle-rule';
import { conditionRule } from './condition-rule';
import { counterRule } from './counter-rule';
import { edgeRule } from './edge-rule';
import { exprRule } from './expr-rule';
import type { Mapping, Rule, RuleKindName } from './mapping';
import { passthroughRule } from './passthrough-rule';
import type { Heard, RuleContext, RuleKind } from './rule-kind';
import { runRule } from './run-rule';
import { stateMapRule } from './state-map-rule';
import { thresholdRule } from './threshold-rule';
import { watchdogRule } from './watchdog-rule';

/** All kinds of rule that there are. */
const RULE_KINDS: { readonly [K in RuleKindName]: RuleKind<Extract<Rule, { readonly kind: K }>> } = {
  stateMap: stateMapRule,
  availability: availabilityRule,
  edge: edgeRule,
  threshold: thresholdRule,
  condition: conditionRule,
  counter: counterRule,
  watchdog: watchdogRule,
  run: runRule,
  bundle: bundleRule,
  expr: exprRule,
  passthrough: passthroughRule,
};

const kindOf = (rule: Rule): RuleKind<Rule> => RULE_KINDS[rule.kind] as RuleKind<Rule>;

export const tellTime = (state: MachineState, rule: Rule, context: RuleContext): MachineState =>
  kindOf(rule).onTime(state, rule, context);

export const tellSignal = (
  state: MachineState,
  rule: Rule,
  context: RuleContext & { readonly heard: Heard },
): MachineState => kindOf(rule).onSignal(state, rule, context);

/** Evaluation time at which the first of the rules has something to do, Unix ms; null when no timer runs. */
export const rulesDue = (state: MachineState, mapping: Mapping): number | null => {
  let due: number | null = null;
  for (const rule of mapping.rules) {
    const its = kindOf(rule).nextDue(state, rule, mapping);
    if (its !== null && (due === null || its < due)) due = its;
  }
  return due;
};
