import { elapsedMs, type Moment } from '../../signal/signal-time';
import type { Expression, SeenMachine } from '../expression';
import type { BundleRule } from '../mapping';
import { evaluated } from './bundle-fields';
import { BUNDLE_LIMITS, type Bundle, type BundleSlot, type Phase, type PhaseName, type Timing } from './bundle-state';

/**
 * What the machine does now for the bundle's time; null when that is not known, and then what it did last goes on: of an
 * input that is bad or stale nothing follows.
 */
export const phaseSeen = (rule: BundleRule, seen: SeenMachine): PhaseName | null => {
  const { run, delay } = rule.time;
  const known = (expression: Expression) => expression.inputs.every((alias) => seen.value(alias) !== null);
  if (known(run) && evaluated(run, seen) === true) return 'run';
  if (known(delay) && evaluated(delay, seen) === true) return 'delay';
  return known(run) && known(delay) ? 'unknown' : null;
};

/**
 * Another phase from this moment on. The time up to it goes to the bundle that runs; what it is told apart by is the
 * moment of the change, so a phase of an hour is one difference of two stamps of one clock and not the sum of a thousand.
 */
const changePhase = (slot: BundleSlot, is: PhaseName, moment: Moment): BundleSlot => {
  if (slot.phase.is === is && slot.phase.since !== null) return slot;
  const banked = bankTime(slot, moment);
  const ended = slot.phase.is === 'delay' ? { n: slot.phase.n, endedAt: moment.at } : slot.lastDelay;
  return { ...banked, phase: { is, since: moment, n: slot.phase.n + 1, reason: null }, lastDelay: ended };
};

/** The time of the present phase up to a moment, into the open bundle. */
export const bankTime = (slot: BundleSlot, until: Moment): BundleSlot =>
  slot.open === null ? slot : { ...slot, open: timedUntil(slot.open, slot.phase, until) };

export const timedUntil = (bundle: Bundle, phase: Phase, until: Moment): Bundle =>
  bundle.timing === null ? bundle : { ...bundle, timing: timed(bundle.timing, phase, until) };

const timed = (timing: Timing, phase: Phase, until: Moment): Timing => {
  const ms = elapsedMs(timing.since, until);
  switch (phase.is) {
    case 'run':
      return { ...timing, since: until, runMs: timing.runMs + ms };
    case 'unknown':
      return { ...timing, since: until, unknownMs: timing.unknownMs + ms };
    case 'delay':
      return ms === 0
        ? { ...timing, since: until }
        : {
            ...timing,
            since: until,
            delays: boundedDelays([...timing.delays, { n: phase.n, at: until.at, ms, reason: phase.reason }]),
          };
  }
};

/** The oldest two become one that no code can come for any more. */
export const boundedDelays = (delays: Timing['delays']): Timing['delays'] => {
  if (delays.length <= BUNDLE_LIMITS.delays) return delays;
  const byReason = new Map<string | null, Timing['delays'][number]>();
  const old = delays.slice(0, delays.length - BUNDLE_LIMITS.delays / 2);
  for (const delay of old) {
    const same = byReason.get(delay.reason);
    byReason.set(delay.reason, { n: -1, at: 0, ms: delay.ms + (same?.ms ?? 0), reason: delay.reason });
  }
  return [...byReason.values(), ...delays.slice(old.length)].slice(-BUNDLE_LIMITS.delays);
};

/** The bundle's time begins: at its opening, or when the machine first runs after it. */
const startTiming = (slot: BundleSlot, rule: BundleRule, moment: Moment): BundleSlot => {
  if (slot.open === null || slot.open.timing !== null) return slot;
  if (rule.start === 'first-running-after-open' && slot.phase.is !== 'run') return slot;
  const start = rule.start === 'open' ? slot.open.opened : moment;
  const timing: Timing = { start, since: start, runMs: 0, unknownMs: 0, pausedMs: 0, delays: [] };
  return { ...slot, open: { ...slot.open, timing } };
};

/** What it does is looked at after each signal, but not while the machine is out of sight. */
export const followPhase = (slot: BundleSlot, rule: BundleRule, seen: SeenMachine, moment: Moment): BundleSlot => {
  if (slot.outage !== null) return slot;
  const is = phaseSeen(rule, seen);
  return startTiming(is === null ? slot : changePhase(slot, is, moment), rule, moment);
};

/**
 * The time of an outage: the phase before it, where the machine comes back in the same; else by the rule's `gap`.
 * `bridge`: the phase before lasts until the machine is seen in another.
 */
export const timeOfOutage = (
  slot: BundleSlot,
  rule: BundleRule,
  after: PhaseName | null,
  from: Moment,
  to: Moment,
): BundleSlot => {
  if (after === null || after === slot.phase.is) return slot;
  const during = rule.time.gap === 'bridge' ? slot.phase.is : rule.time.gap;
  const out = during === slot.phase.is || slot.phase.since === null ? slot : changePhase(slot, during, from);
  return changePhase(out, after, to);
};
