import type { MachineState } from '../signal/machine-state';
import { UNAVAILABLE, UNAVAILABLE_CODE } from '../signal/signal';
import { heldOf } from './held-value';
import type { AvailabilityRule } from './mapping';
import type { RuleContext, RuleKind } from './rule-kind';
import { slotOf, withSlot } from './rule-slot';
import { isLossOf, isReturnOf } from './source-loss';
import { comeBack } from './state-map-rule';
import { changeStatus, type OverrulingSlot } from './status-change';

/** AVAILABLE or UNAVAILABLE for the machine as a whole: overrules its state, and gives it back. */
export interface AvailabilitySlot extends OverrulingSlot {
  readonly kind: 'availability';
}

export const availabilityRule: RuleKind<AvailabilityRule> = {
  onTime: (state) => state,

  onSignal: (state, rule, context) => {
    const { heard } = context;
    if (heard.kind === 'lifecycle') {
      // Where a stateMap is, it follows the source; a second word for it would have to be taken back by AVAILABLE.
      const followed = context.mapping.rules.some(({ kind }) => kind === 'stateMap');
      const held = heldOf(state, rule.input);
      if (!followed && isLossOf(heard, held)) return unavailable(state, rule, null, 'connection_lost', context);
      const lost = slotOf<AvailabilitySlot>(state, rule)?.overrules?.word === null;
      return lost && isReturnOf(heard, held, false) ? available(state, rule, heard.word, context) : state;
    }
    if ((heard.kind !== 'value' && heard.kind !== 'unknown') || heard.mapped.alias !== rule.input) return state;
    if (heard.signal.qualityCode === UNAVAILABLE_CODE)
      return unavailable(state, rule, UNAVAILABLE, rule.input, context);
    // An object is no word, and says neither.
    if (heard.kind === 'unknown' || typeof heard.value === 'object') return state;
    return heard.value === false || String(heard.value).trim().toUpperCase() === UNAVAILABLE
      ? unavailable(state, rule, UNAVAILABLE, rule.input, context)
      : available(state, rule, rule.input, context);
  },

  nextDue: () => null,
};

const unavailable = (
  state: MachineState,
  rule: AvailabilityRule,
  word: string | null,
  reason: string,
  context: RuleContext,
): MachineState => {
  const overrules = { status: 'offline', word, reason, quality: 'stale', since: context.moment } as const;
  const slot = slotOf<AvailabilitySlot>(state, rule);
  const known = slot?.overrules ? state : withSlot<AvailabilitySlot>(state, rule, { kind: 'availability', overrules });
  return changeStatus(known, overrules, rule, context);
};

const available = (state: MachineState, rule: AvailabilityRule, reason: string, context: RuleContext): MachineState => {
  if (!slotOf<AvailabilitySlot>(state, rule)?.overrules) return state;
  const free = withSlot<AvailabilitySlot>(state, rule, { kind: 'availability', overrules: null });
  return comeBack(free, reason, rule, context);
};
