import type { MachineState } from '../signal/machine-state';
import { availabilityRule } from './availability-rule';
import { bundleRule } from './bundle/bundle-rule';
import { conditionRule } from './condition-rule';
import { counterRule } from './counter-rule';
import { edgeRule } from './edge-rule';
import { computeAgain, exprRule } from './expr-rule';
import type { AliasName } from './expression';
import type { ExprRule, Mapping, Rule, RuleKindName } from './mapping';
import { passthroughRule } from './passthrough-rule';
import { failedRule, withoutRule } from './rule-failure';
import type { Heard, RuleContext, RuleKind } from './rule-kind';
import { type RuleSlot, withSlot } from './rule-slot';
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

/** Time for one rule. One that throws has done nothing; where its own timer was due, it goes on with what is left of it. */
export const tellTime = (state: MachineState, rule: Rule, context: RuleContext): MachineState => {
  const told = context.telling.drafts.length;
  try {
    const kind = kindOf(rule);
    // That it cannot say when it is due would be found nowhere else.
    kind.nextDue(state, rule, context.mapping);
    return kind.onTime(state, rule, context);
  } catch (error) {
    const due = timerOf(state, rule, context.mapping);
    const on = due !== null && due <= context.at ? 'timer' : 'time';
    const left = on === 'timer' ? leftOf(state, rule, context) : null;
    return withoutRule(state, { rule, on, path: null, told, error, left }, context);
  }
};

/**
 * What a rule whose timer threw goes on with: what was not due. Nothing of it the second time, for then it may be what is left
 * that it cannot work with, and it would tell nothing any more.
 */
const leftOf = (state: MachineState, rule: Rule, { at, mapping }: RuleContext): RuleSlot | null => {
  if (failedRule(state, rule.id)?.told.includes('timer')) return null;
  const kind = kindOf(rule);
  try {
    const left = kind.withoutDue?.(state, rule, at) ?? null;
    if (left === null) return null;
    const due = kind.nextDue(withSlot(state, rule, left), rule, mapping);
    return due === null || due > at ? left : null;
  } catch {
    return null;
  }
};

/** A signal for one rule. One that throws has done nothing. */
export const tellSignal = (
  state: MachineState,
  rule: Rule,
  context: RuleContext & { readonly heard: Heard },
): MachineState => {
  const told = context.telling.drafts.length;
  try {
    return kindOf(rule).onSignal(state, rule, context);
  } catch (error) {
    return withoutRule(state, { rule, on: 'signal', path: context.heard.signal.path, told, error }, context);
  }
};

/** Another status for one rule that computes. One that throws has done nothing. */
export const tellStatus = (
  state: MachineState,
  rule: ExprRule,
  snapshot: boolean,
  context: RuleContext & { readonly path: string },
): MachineState => {
  const told = context.telling.drafts.length;
  try {
    return computeAgain(state, rule, snapshot, context);
  } catch (error) {
    return withoutRule(state, { rule, on: 'signal', path: context.path, told, error }, context);
  }
};

/**
 * Evaluation time at which a rule has something to do, Unix ms; null when no timer of it runs. A time at which it threw is
 * over. One that cannot say when it is due is due at once, and begins anew; if it cannot say even then, it has no timer.
 */
const timerOf = (state: MachineState, rule: Rule, mapping: Mapping): number | null => {
  const failedAt = state.failedRules === undefined ? null : (failedRule(state, rule.id)?.timerAt ?? null);
  try {
    const due = kindOf(rule).nextDue(state, rule, mapping);
    if (due !== null && typeof due !== 'number') throw new TypeError('it is due at what is no time');
    return due === null || failedAt === null || due > failedAt ? due : null;
  } catch {
    return failedAt === null || Object.hasOwn(state.rules, rule.id) ? state.at : null;
  }
};

/** Kinds that follow signals and never time. */
const UNTIMED: readonly RuleKindName[] = ['availability', 'edge', 'counter', 'expr', 'passthrough'];

/** Rules of a mapping, sorted out once so that a signal costs what it concerns. */
interface Plan {
  /** Those that can have a timer. */
  readonly timed: readonly Rule[];
  /** Those that a mere sign of life may move: a watchdog, and whatever follows the status. */
  readonly onLife: readonly Rule[];
  /** Those that a condition may move. */
  readonly onCondition: readonly Rule[];
  /** Those that a value of an alias may move; null where rules compute values for others, and each hears each. */
  readonly onAlias: Map<AliasName, readonly Rule[]> | null;
}

const plans = new WeakMap<Mapping, Plan>();

/** Kinds that hear values of their input and no others. */
const ofOneInput = (rule: Rule): rule is Extract<Rule, { readonly input: AliasName }> => 'input' in rule;

const planOf = (mapping: Mapping): Plan => {
  let plan = plans.get(mapping);
  if (plan === undefined) {
    const { rules } = mapping;
    plan = {
      timed: rules.filter((rule) => !UNTIMED.includes(rule.kind)),
      onLife: rules.some(({ kind }) => kind === 'watchdog') ? rules.filter((rule) => !ofOneInput(rule)) : [],
      onCondition: rules.filter(({ kind }) => kind !== 'stateMap' && kind !== 'counter' && kind !== 'passthrough'),
      onAlias: rules.some(({ kind }) => kind === 'expr') ? null : new Map(),
    };
    plans.set(mapping, plan);
  }
  return plan;
};

/** The rules that what is heard may move, in the order of the mapping. */
export const rulesThatHear = (mapping: Mapping, heard: readonly Heard[]): readonly Rule[] => {
  const plan = planOf(mapping);
  const [one] = heard;
  if (one === undefined || heard.length > 1) return mapping.rules;
  switch (one.kind) {
    case 'life':
      return plan.onLife;
    case 'condition':
      return plan.onCondition;
    case 'value':
    case 'unknown': {
      if (plan.onAlias === null) return mapping.rules;
      const { alias } = one.mapped;
      let rules = plan.onAlias.get(alias);
      if (rules === undefined) {
        rules = mapping.rules.filter(
          (rule) => rule.kind !== 'condition' && (!ofOneInput(rule) || rule.input === alias),
        );
        plan.onAlias.set(alias, rules);
      }
      return rules;
    }
    default:
      return mapping.rules;
  }
};

/** Whether any of the rules has something to do at this evaluation time. */
export const isAnyDue = (state: MachineState, mapping: Mapping, at: number): boolean => {
  for (const rule of planOf(mapping).timed) {
    const due = timerOf(state, rule, mapping);
    if (due !== null && due <= at) return true;
  }
  return false;
};

/** Evaluation time at which the first of the rules has something to do, Unix ms; null when no timer runs. */
export const rulesDue = (state: MachineState, mapping: Mapping): number | null => {
  let due: number | null = null;
  for (const rule of planOf(mapping).timed) {
    const its = timerOf(state, rule, mapping);
    if (its !== null && (due === null || its < due)) due = its;
  }
  return due;
};
