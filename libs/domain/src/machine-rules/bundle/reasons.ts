import type { Moment } from '../../signal/signal-time';
import { type Rational, readRational, writeRational } from '../../unit/rational';
import type { BundleReason, BundleRule } from '../mapping';
import {
  type AheadReason,
  BUNDLE_LIMITS,
  type Bundle,
  type BundleSlot,
  type Delay,
  type Exact,
  type Timing,
} from './bundle-state';
import { plus, sum } from './exact-sums';
import { bankTime } from './run-and-delay-time';

/**
 * Codes come after what they explain: the controller measures, and asks the operator afterwards. What has no code waits;
 * a code takes what waits within its window, also in a bundle that is closed, which is then told again.
 */
export const addScrap = (slot: BundleSlot, bundle: Bundle, rule: BundleRule, length: Rational, at: number): Bundle => {
  const ahead = inTime(slot.ahead.scrap, rule.reasons.scrap, at);
  if (ahead !== null) return withScrapReason(bundle, ahead.reason, writeRational(length));
  const waiting = [...bundle.scrapWaiting, { at, length: writeRational(length) }];
  if (waiting.length <= BUNDLE_LIMITS.scrapWaiting) return { ...bundle, scrapWaiting: waiting };
  const [first, second, ...rest] = waiting;
  const merged = { at: second!.at, length: plus(second!.length, readRational(first!.length)) };
  return { ...bundle, scrapWaiting: [merged, ...rest] };
};

/** The operator's code for scrap. */
export const giveScrapReason = (slot: BundleSlot, code: BundleReason, reason: string, at: number): BundleSlot => {
  switch (code.attribute) {
    case 'next':
      return { ...slot, ahead: { ...slot.ahead, scrap: { reason, at } } };
    case 'last-unassigned':
      return inEveryBundle(slot, (bundle) =>
        explainScrap(bundle, reason, (waiting) => waiting.at >= at - code.windowMs),
      );
    case 'last-closed-or-open': {
      const last = Math.max(...bundlesOf(slot).flatMap((bundle) => bundle.scrapWaiting.map((waiting) => waiting.at)));
      return last < at - code.windowMs
        ? slot
        : inEveryBundle(slot, (bundle) => explainScrap(bundle, reason, (waiting) => waiting.at === last));
    }
  }
};

/** The operator's code for a time of standing. */
export const giveDelayReason = (slot: BundleSlot, code: BundleReason, reason: string, moment: Moment): BundleSlot => {
  const { at } = moment;
  switch (code.attribute) {
    case 'next':
      return { ...slot, ahead: { ...slot.ahead, delay: { reason, at } } };
    case 'last-unassigned': {
      const past = inEveryBundle(slot, (bundle) =>
        explainDelays(bundle, reason, (delay) => delay.reason === null && delay.at >= at - code.windowMs),
      );
      return past.phase.is === 'delay' && past.phase.reason === null ? explainPhase(past, reason, moment) : past;
    }
    case 'last-closed-or-open': {
      if (slot.phase.is === 'delay') return explainPhase(slot, reason, moment);
      const last = slot.lastDelay;
      return last === null || last.endedAt < at - code.windowMs
        ? slot
        : inEveryBundle(slot, (bundle) => explainDelays(bundle, reason, (delay) => delay.n === last.n));
    }
  }
};

/**
 * The code for a time of standing that was given at some moment from `since` on, while nobody looked until `to`. It takes
 * no standing that has one already: it may as well be that of a standing which nobody saw.
 */
export const giveDelayReasonUnseen = (
  slot: BundleSlot,
  code: BundleReason,
  reason: string,
  since: number,
  to: Moment,
): BundleSlot => {
  if (code.attribute === 'last-closed-or-open' && slot.phase.is === 'delay') return explainPhase(slot, reason, to);
  const isRecent = (at: number) => at >= since - code.windowMs;
  const last = slot.lastDelay;
  const concerned = (delay: Delay) =>
    delay.reason === null && (code.attribute === 'last-unassigned' ? isRecent(delay.at) : delay.n === last?.n);
  const past =
    code.attribute === 'last-unassigned' || (last !== null && isRecent(last.endedAt))
      ? inEveryBundle(slot, (bundle) => explainDelays(bundle, reason, concerned))
      : slot;
  return past.phase.is === 'delay' && past.phase.reason === null ? explainPhase(past, reason, to) : past;
};

/** A code for the standing that goes on. The first explains all of it; another one what follows. */
const explainPhase = (slot: BundleSlot, reason: string, moment: Moment): BundleSlot => {
  const { phase } = slot;
  if (phase.reason === reason) return slot;
  if (phase.reason !== null)
    return { ...bankTime(slot, moment), phase: { is: 'delay', since: moment, n: phase.n + 1, reason } };
  const past = inEveryBundle(slot, (bundle) => explainDelays(bundle, reason, (delay) => delay.n === phase.n));
  return { ...past, phase: { ...phase, reason } };
};

/** A standing that begins has the code that was given ahead of it. */
export const explainAhead = (slot: BundleSlot, rule: BundleRule, at: number): BundleSlot => {
  const ahead = inTime(slot.ahead.delay, rule.reasons.delay, at);
  return ahead === null || slot.phase.is !== 'delay' || slot.phase.reason !== null
    ? slot
    : { ...slot, phase: { ...slot.phase, reason: ahead.reason }, ahead: { ...slot.ahead, delay: null } };
};

export const inTime = (ahead: AheadReason | null, code: BundleReason | null, at: number): AheadReason | null =>
  ahead !== null && code !== null && ahead.at >= at - code.windowMs ? ahead : null;

const withScrapReason = (bundle: Bundle, reason: string, length: Exact): Bundle => {
  const known = bundle.scrapByReason.findIndex(([each]) => each === reason);
  if (known >= 0) {
    const total = plus(bundle.scrapByReason[known]![1], readRational(length));
    return { ...bundle, scrapByReason: bundle.scrapByReason.with(known, [reason, total]) };
  }
  return bundle.scrapByReason.length >= BUNDLE_LIMITS.reasons
    ? bundle
    : { ...bundle, scrapByReason: [...bundle.scrapByReason, [reason, length]] };
};

const explainScrap = (
  bundle: Bundle,
  reason: string,
  concerned: (waiting: Bundle['scrapWaiting'][number]) => boolean,
): Bundle => {
  const explained = bundle.scrapWaiting.filter(concerned);
  if (explained.length === 0) return bundle;
  const named = withScrapReason(bundle, reason, writeRational(sum(explained.map(({ length }) => length))));
  return named === bundle ? bundle : { ...named, scrapWaiting: bundle.scrapWaiting.filter((each) => !concerned(each)) };
};

const explainDelays = (bundle: Bundle, reason: string, concerned: (delay: Delay) => boolean): Bundle => {
  const { timing } = bundle;
  if (timing === null || !timing.delays.some((delay) => concerned(delay) && delay.reason !== reason)) return bundle;
  const delays = timing.delays.map((delay) => (concerned(delay) ? { ...delay, reason } : delay));
  return { ...bundle, timing: { ...timing, delays } satisfies Timing };
};

const bundlesOf = (slot: BundleSlot): Bundle[] => [
  ...slot.closed.map(({ bundle }) => bundle),
  ...(slot.settling === null ? [] : [slot.settling.bundle]),
  ...(slot.open === null ? [] : [slot.open]),
];

/** In the closed bundles, the one that settles and the open one. */
const inEveryBundle = (slot: BundleSlot, change: (bundle: Bundle) => Bundle): BundleSlot => {
  const closed = slot.closed.map((entry) => {
    const bundle = change(entry.bundle);
    return bundle === entry.bundle ? entry : { ...entry, bundle };
  });
  const changed = closed.some((entry, n) => entry !== slot.closed[n]);
  const settling = slot.settling === null ? null : change(slot.settling.bundle);
  return {
    ...slot,
    closed: changed ? closed : slot.closed,
    settling: slot.settling === null || settling === null ? null : { ...slot.settling, bundle: settling },
    open: slot.open === null ? null : change(slot.open),
  };
};
