import { counted, type MachineState, STATE_LIMITS } from '../signal/machine-state';
import type { MachineStatus } from '../signal/machine-status';
import { type Signal, UNAVAILABLE, UNAVAILABLE_CODE } from '../signal/signal';
import { heldOf } from './held-value';
import type { StateMapRule } from './mapping';
import type { Heard, RuleContext, RuleKind } from './rule-kind';
import { type RuleSlot, slotOf, withSlot } from './rule-slot';
import { isLossOf, isReturnOf } from './source-loss';
import { changeStatus, overruling, type StatusClaim } from './status-change';
import { dueOf, freeze, isOver, thaw, type Waiting, wait } from './waiting';

/**
 * The machine's status by its own word for it, in arrival order. What it says is compared with what was told last, and a
 * change is told when it has held for the whole of its delay, dated when it began:
 *
 *   to offline   debounceOffline; debounceLost where it is the connection of the source that is lost
 *   else         debounce (transitional words: transitionalMs), and at least recoverAfter out of offline
 *
 * Where the machine has never said a word, a lost connection is taken back when a source is there again: nothing is known of
 * it then, as before. What has said one is there again when it says one again.
 *
 * A word that the mapping does not know keeps the status and is told once (`ingest.unmapped_value`); what was about to be
 * told holds no more, since the machine says another word now.
 */
export interface StateMapSlot extends RuleSlot {
  readonly kind: 'stateMap';
  /** What the machine is by this rule; null before it has said anything. */
  readonly stands: StatusClaim | null;
  readonly candidate: Candidate | null;
}

interface Candidate {
  readonly claim: StatusClaim;
  readonly waiting: Waiting;
}

const CONNECTION_LOST = 'connection_lost';
const DEATH = 'death';
/** A word of the machine has a word, whatever its signal is called. */
const isLostConnection = ({ word, reason }: StatusClaim): boolean => word === null && reason === CONNECTION_LOST;

const EMPTY: StateMapSlot = { kind: 'stateMap', stands: null, candidate: null };

export const stateMapRule: RuleKind<StateMapRule> = {
  onTime: (state, rule, context) => {
    const slot = slotOf<StateMapSlot>(state, rule);
    return slot?.candidate && isOver(slot.candidate.waiting, context.at)
      ? settle(state, rule, slot, slot.candidate.claim, context)
      : state;
  },

  onSignal: (state, rule, context) => {
    const { heard } = context;
    switch (heard.kind) {
      case 'value':
      case 'unknown':
        return heard.mapped.alias === rule.input ? applyWord(state, rule, heard, context) : state;
      case 'lifecycle':
        return isLossOf(heard, heldOf(state, rule.input))
          ? propose(
              state,
              rule,
              {
                status: 'offline',
                word: null,
                reason: heard.word === 'death' ? DEATH : CONNECTION_LOST,
                quality: 'stale',
                since: context.moment,
              },
              context,
            )
          : takeBack(state, rule, heard, context);
      default:
        return state;
    }
  },

  nextDue: (state, rule) => dueOf(slotOf<StateMapSlot>(state, rule)?.candidate?.waiting ?? null),
};

const applyWord = (
  state: MachineState,
  rule: StateMapRule,
  heard: Extract<Heard, { readonly kind: 'value' | 'unknown' }>,
  context: RuleContext,
): MachineState => {
  const word = wordOf(heard);
  if (word === null) return hold(state, rule, heard.signal.quality, context);
  const upper = word.toUpperCase();
  const { status: mapped, transitional } = wordsOf(rule).get(upper) ?? { status: undefined, transitional: false };
  if (mapped === undefined && heard.kind === 'unknown') return hold(state, rule, heard.signal.quality, context);
  if (mapped === undefined && rule.otherwise === 'unknown') return unmapped(state, rule, heard.signal, word, context);
  const claim: StatusClaim = {
    status: mapped ?? rule.otherwise,
    word: upper.slice(0, 128),
    reason: rule.input,
    quality: heard.signal.quality,
    since: context.moment,
  };
  return propose(state, rule, claim, context, transitional);
};

/** The word that was said; UNAVAILABLE is one, so that a mapping can name it. */
const wordOf = (heard: Extract<Heard, { readonly kind: 'value' | 'unknown' }>): string | null => {
  if (heard.signal.qualityCode === UNAVAILABLE_CODE) return UNAVAILABLE;
  if (heard.kind === 'unknown' || typeof heard.value === 'object') return null;
  return String(heard.value).trim();
};

interface Word {
  readonly status: MachineStatus | undefined;
  readonly transitional: boolean;
}
const words = new WeakMap<StateMapRule, ReadonlyMap<string, Word>>();

const wordsOf = (rule: StateMapRule): ReadonlyMap<string, Word> => {
  let known = words.get(rule);
  if (known === undefined) {
    const transitional = new Set(rule.transitional.map((word) => word.toUpperCase()));
    const all = new Map<string, Word>();
    for (const word of transitional) all.set(word, { status: undefined, transitional: true });
    for (const [word, status] of Object.entries(rule.map))
      all.set(word.toUpperCase(), { status, transitional: transitional.has(word.toUpperCase()) });
    known = all;
    words.set(rule, known);
  }
  return known;
};

/** A source is there again, and what was said of the machine was only that it is not. */
const takeBack = (
  state: MachineState,
  rule: StateMapRule,
  heard: Extract<Heard, { readonly kind: 'lifecycle' }>,
  context: RuleContext,
): MachineState => {
  const slot = slotOf<StateMapSlot>(state, rule);
  const said = slot?.candidate?.claim ?? slot?.stands ?? null;
  if (said === null || said.status !== 'offline' || said.word !== null) return state;
  return isReturnOf(heard, heldOf(state, rule.input), said.reason === DEATH)
    ? propose(state, rule, unknownSince(context, heard.word), context)
    : state;
};

const unknownSince = ({ moment }: Pick<RuleContext, 'moment'>, reason: string): StatusClaim => ({
  status: 'unknown',
  word: null,
  reason,
  quality: 'good',
  since: moment,
});

const delayOf = (state: MachineState, rule: StateMapRule, claim: StatusClaim, transitional: boolean): number => {
  if (claim.status === 'offline') return isLostConnection(claim) ? rule.debounceLostMs : rule.debounceOfflineMs;
  const debounce = transitional ? Math.max(rule.transitionalMs, rule.debounceMs) : rule.debounceMs;
  return state.status.current === 'offline' ? Math.max(debounce, rule.recoverAfterMs) : debounce;
};

const propose = (
  state: MachineState,
  rule: StateMapRule,
  claim: StatusClaim,
  context: RuleContext,
  transitional = false,
): MachineState => {
  const slot = slotOf<StateMapSlot>(state, rule) ?? EMPTY;
  if (claim.status === (slot.stands?.status ?? state.status.current)) {
    const stands = { ...claim, since: slot.stands?.since ?? claim.since };
    const kept = withSlot<StateMapSlot>(state, rule, { ...slot, stands, candidate: null });
    return overruling(kept, context.mapping) === null ? changeStatus(kept, stands, rule, context) : kept;
  }
  const delay = delayOf(state, rule, claim, transitional);
  const again = slot.candidate?.claim.status === claim.status ? slot.candidate : null;
  const candidate: Candidate =
    again === null
      ? { claim, waiting: wait(context.at, delay) }
      : {
          claim: { ...claim, since: again.claim.since },
          waiting:
            again.waiting.kind === 'frozen' ? thaw(again.waiting, context.at) : wait(again.claim.since.at, delay),
        };
  return isOver(candidate.waiting, context.at)
    ? settle(state, rule, slot, candidate.claim, context)
    : withSlot<StateMapSlot>(state, rule, { ...slot, candidate });
};

const settle = (
  state: MachineState,
  rule: StateMapRule,
  slot: StateMapSlot,
  claim: StatusClaim,
  context: RuleContext,
): MachineState => {
  const settled = withSlot<StateMapSlot>(state, rule, { ...slot, stands: claim, candidate: null });
  return overruling(settled, context.mapping) === null ? changeStatus(settled, claim, rule, context) : settled;
};

/** Nothing is known of the state: what was said last stands, and no delay goes on. */
const hold = (
  state: MachineState,
  rule: StateMapRule,
  quality: Signal['quality'],
  context: RuleContext,
): MachineState => {
  const slot = slotOf<StateMapSlot>(state, rule);
  if (slot === null) return state;
  const held =
    slot.candidate === null
      ? state
      : withSlot<StateMapSlot>(state, rule, {
          ...slot,
          candidate: { ...slot.candidate, waiting: freeze(slot.candidate.waiting, context.at) },
        });
  const unsure = quality === 'good' || quality === 'uncertain' ? 'bad' : quality;
  return held.status.quality === unsure || overruling(held, context.mapping) !== null
    ? held
    : { ...held, status: { ...held.status, quality: unsure } };
};

const unmapped = (
  state: MachineState,
  rule: StateMapRule,
  signal: Signal,
  word: string,
  context: RuleContext,
): MachineState => {
  const slot = slotOf<StateMapSlot>(state, rule);
  const kept = slot?.candidate ? withSlot<StateMapSlot>(state, rule, { ...slot, candidate: null }) : state;
  const more = counted(kept, 'unmappedValues');
  const value = word.slice(0, 128);
  const known = `${signal.path}=${value}`;
  if (state.unmappedValues.includes(known) || state.unmappedValues.length >= STATE_LIMITS.unmappedValues) return more;
  context.emit({
    rule: rule.id,
    type: 'ingest.unmapped_value',
    moment: context.moment,
    data: { machine: state.machine, path: signal.path, value, status: state.status.current },
  });
  return { ...more, unmappedValues: [...state.unmappedValues, known] };
};

/**
 * What overruled the state is over: the machine is again what its state says, after recoverAfter. One that has said no state,
 * or whose mapping knows none, is there, and no more is known of it.
 */
export const comeBack = (
  state: MachineState,
  reason: string,
  rule: { readonly id: string; readonly emit: string | null },
  context: RuleContext,
): MachineState => {
  if (overruling(state, context.mapping) !== null) return state;
  for (const one of context.mapping.rules) {
    if (one.kind !== 'stateMap') continue;
    const slot = slotOf<StateMapSlot>(state, one);
    // What it is about to be told to be comes in its time.
    if (slot?.stands == null && slot?.candidate != null) return state;
    if (slot?.stands == null) continue;
    const claim: StatusClaim = { ...slot.stands, reason, since: context.moment };
    if (one.recoverAfterMs === 0 || claim.status === 'offline') return changeStatus(state, claim, rule, context);
    return withSlot<StateMapSlot>(state, one, {
      ...slot,
      stands: { ...claim, status: 'offline' },
      candidate: { claim, waiting: wait(context.at, one.recoverAfterMs) },
    });
  }
  return changeStatus(state, unknownSince(context, reason), rule, context);
};
