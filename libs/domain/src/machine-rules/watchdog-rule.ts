import type { MachineState } from '../signal/machine-state';
import { momentAt } from '../signal/signal-time';
import { isOfSource } from './alias-lookup';
import type { Mapping, WatchdogRule } from './mapping';
import type { RuleKind } from './rule-kind';
import { slotOf, withSlot } from './rule-slot';
import { comeBack } from './state-map-rule';
import { changeStatus, type OverrulingSlot } from './status-change';

/**
 * Silence of a source. Whatever is accepted from it is life: a value, mapped or not, a keep-alive, a birth. After `timeout`
 * without any the machine is offline, from the moment at which the time ran out; it is believed again when the source has
 * lived for `recoverAfter` without such a break.
 */
export interface WatchdogSlot extends OverrulingSlot {
  readonly kind: 'watchdog';
  /** Evaluation time at which it came to life again, Unix ms; null while it is silent, or never was. */
  readonly backSince: number | null;
}

export const watchdogRule: RuleKind<WatchdogRule> = {
  onTime: (state, rule, context) => {
    const last = lastLife(state, context.mapping, rule);
    if (last === null) return state;
    const slot = slotOf<WatchdogSlot>(state, rule);
    const silent = context.at >= last + rule.timeoutMs;
    if (!slot?.overrules) {
      if (!silent) return state;
      const since = momentAt(last + rule.timeoutMs);
      const overrules = { status: 'offline', word: null, reason: 'silent', quality: 'stale', since } as const;
      const known = withSlot<WatchdogSlot>(state, rule, { kind: 'watchdog', overrules, backSince: null });
      return changeStatus(known, overrules, rule, context);
    }
    if (slot.backSince === null) return state;
    if (silent) return withSlot<WatchdogSlot>(state, rule, { ...slot, backSince: null });
    return context.at >= slot.backSince + rule.recoverAfterMs
      ? comeBack(
          withSlot<WatchdogSlot>(state, rule, { kind: 'watchdog', overrules: null, backSince: null }),
          'alive',
          rule,
          context,
        )
      : state;
  },

  onSignal: (state, rule, context) => {
    const slot = slotOf<WatchdogSlot>(state, rule);
    if (!slot?.overrules || slot.backSince !== null) return state;
    // The source's last life is this very signal, or its word that it is gone, which is none.
    if (lastLife(state, context.mapping, rule) !== context.at) return state;
    const back = { ...slot, backSince: context.at };
    return rule.recoverAfterMs > 0
      ? withSlot<WatchdogSlot>(state, rule, back)
      : comeBack(
          withSlot<WatchdogSlot>(state, rule, { kind: 'watchdog', overrules: null, backSince: null }),
          'alive',
          rule,
          context,
        );
  },

  nextDue: (state, rule, mapping) => {
    const last = lastLife(state, mapping, rule);
    if (last === null) return null;
    const slot = slotOf<WatchdogSlot>(state, rule);
    if (!slot?.overrules) return last + rule.timeoutMs;
    return slot.backSince === null ? null : Math.min(slot.backSince + rule.recoverAfterMs, last + rule.timeoutMs);
  },
};

/** Evaluation time of the last sign of life of what is watched, Unix ms; null before the first. */
const lastLife = (state: MachineState, mapping: Mapping, rule: WatchdogRule): number | null => {
  let last: number | null = null;
  for (const source in state.sources)
    if (isOfSource(mapping, rule.source, source)) last = Math.max(last ?? 0, state.sources[source]!.at);
  return last;
};
