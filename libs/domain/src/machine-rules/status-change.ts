import type { MachineState } from '../signal/machine-state';
import type { MachineStatus } from '../signal/machine-status';
import type { SignalQuality } from '../signal/signal';
import { elapsedSeconds, type Moment } from '../signal/signal-time';
import type { Mapping, Rule } from './mapping';
import type { RuleContext } from './rule-kind';
import type { RuleSlot } from './rule-slot';

/** What a rule holds the machine to be. */
export interface StatusClaim {
  readonly status: MachineStatus;
  /** In the machine's own word. */
  readonly word: string | null;
  readonly reason: string;
  readonly quality: SignalQuality;
  /** When it began. */
  readonly since: Moment;
}

/** Slot of a rule that can put the machine offline whatever its state says: unavailable, silent. */
export interface OverrulingSlot extends RuleSlot {
  readonly overrules: StatusClaim | null;
}

const claimOf = (state: MachineState, rule: Rule): StatusClaim | null => {
  const slot = Object.hasOwn(state.rules, rule.id) ? state.rules[rule.id]! : null;
  return slot === null || slot.kind !== rule.kind ? null : (slot as OverrulingSlot).overrules;
};

/** The claim that counts while a rule of the mapping overrules the others; null when none does. */
export const overruling = (state: MachineState, mapping: Mapping): StatusClaim | null => {
  for (const rule of mapping.rules) {
    if (rule.kind !== 'availability' && rule.kind !== 'watchdog') continue;
    const claim = claimOf(state, rule);
    if (claim !== null) return claim;
  }
  return null;
};

/**
 * The machine's status as it is now to be, told when it is another than the last told one. Its beginning never lies before
 * that of the status it follows.
 */
export const changeStatus = (
  state: MachineState,
  claim: StatusClaim,
  rule: Pick<Rule, 'id' | 'emit'>,
  context: Pick<RuleContext, 'at' | 'emit'>,
): MachineState => {
  const previous = state.status;
  if (previous.current === claim.status)
    return previous.sourceState === claim.word && previous.quality === claim.quality
      ? state
      : { ...state, status: { ...previous, sourceState: claim.word, quality: claim.quality } };
  const since = previous.since !== null && claim.since.at < previous.since.at ? previous.since : claim.since;
  if (rule.emit !== null)
    context.emit({
      rule: rule.id,
      type: rule.emit,
      moment: { ...since, at: context.at },
      data: {
        machine: state.machine,
        previous: previous.current,
        current: claim.status,
        since: since.time,
        previousSeconds: previous.since === null ? null : elapsedSeconds(previous.since, since),
        reason: claim.reason,
        sourceState: claim.word,
        quality: claim.quality,
      },
    });
  return {
    ...state,
    status: {
      current: claim.status,
      since,
      reason: claim.reason,
      sourceState: claim.word,
      quality: claim.quality,
    },
  };
};
