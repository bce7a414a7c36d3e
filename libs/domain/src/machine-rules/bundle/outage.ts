import type { Moment } from '../../signal/signal-time';
import { compare, type Rational, toRational, writeRational, ZERO } from '../../unit/rational';
import type { SeenMachine } from '../expression';
import type { BundleRule, Mapping } from '../mapping';
import type { Heard } from '../rule-kind';
import { counterLimits, inInches, lengthStep, mappedSignal } from './accumulate-lengths';
import { codeText, keyOf } from './bundle-fields';
import {
  type BundleContext,
  type BundleSlot,
  currentBundle,
  LENGTH_NAMES,
  type LengthName,
  type Outage,
  withCurrentBundle,
} from './bundle-state';
import { firedBy, rememberTold, standsComplete } from './bundle-triggers';
import { closeOpen, settleOpen } from './close-bundle';
import { coilBefore, rememberCoil } from './coils';
import { withLength } from './exact-sums';
import { withGap } from './gaps';
import { followFields, openBundle } from './open-bundle';
import { itemsSeenAfter, piecesUnseen } from './pieces-unseen';
import {
  codesOfOutage,
  rememberShown,
  scrapCodeAhead,
  takeCodes,
  takeCodesAhead,
  takeCodesOfAnother,
} from './registers';
import { followPhase, phaseSeen, timeOfOutage } from './run-and-delay-time';
import { rememberCounter, takeLength } from './take-lengths';
import { inPounds } from './weight';

/**
 * The machine out of sight, and its return. What it says after an outage, it says as a snapshot, value by value, so it is
 * looked at when all are there: at the first signal that is news again, at the latest after SNAPSHOT_MS.
 *
 *   same order and bundle   the counters' difference is the bundle's, with a gap noted
 *   another                 the old one ended unseen, incomplete, when it was last in sight; nobody knows whose the
 *                           difference is, and it is given to none; the gap is noted in both
 *   none known before       what is there is open now
 */
const SNAPSHOT_MS = 2_000;

/** Whether the bundle is out of sight without this source: it gives the lengths, the end or the state. */
export const hearsSource = ({ rule, sourceOf }: BundleContext, source: string): boolean =>
  [rule.lengths.good, rule.close.on.alias, ...rule.time.run.inputs].some((alias) => sourceOf(alias) === source);

/** The source is lost. */
export const outOfSight = (slot: BundleSlot, context: BundleContext, source: string): BundleSlot => {
  const back = slot.outage?.returning == null ? slot : returned(slot, context, context.scope.before);
  return back.outage === null
    ? { ...back, outage: { source, from: context.moment, announced: true, returning: null } }
    : back;
};

/** The source has missed nothing: there was no outage, and what was said meanwhile is said now. */
export const inSightAgain = (slot: BundleSlot, source: string): BundleSlot =>
  slot.outage?.source === source && slot.outage.returning === null ? { ...slot, outage: null } : slot;

/** A value of a snapshot: remembered, and judged with the others. */
export const hearSnapshot = (
  slot: BundleSlot,
  context: BundleContext,
  heard: Heard & { readonly kind: 'value' },
): BundleSlot => {
  const { alias } = heard.mapped;
  const { rule, moment, at } = context;
  const fired = firedBy(slot, rule, alias, heard.value);
  const outage: Outage = slot.outage ?? {
    source: heard.signal.source,
    from: slot.heard ?? moment,
    announced: false,
    returning: null,
  };
  const returning = outage.returning ?? { since: moment, due: at + SNAPSHOT_MS, completed: false, movedOn: false };
  // A close trigger of kind `changed` in a snapshot says only that the number is another one now.
  const movedOn = fired.goesOn || (fired.close && rule.close.on.kind === 'changed');
  const completed = fired.close && rule.close.on.kind !== 'changed';
  return rememberTold(
    {
      ...slot,
      outage: {
        ...outage,
        returning: {
          ...returning,
          completed: returning.completed || completed,
          movedOn: returning.movedOn || movedOn,
        },
      },
    },
    rule,
    alias,
    heard.value,
  );
};

/** All of the snapshot is there. `seen` is the machine as it shows it. */
export const returned = (slot: BundleSlot, context: BundleContext, seen: SeenMachine): BundleSlot => {
  const { outage } = slot;
  if (outage === null) return slot;
  const { rule, moment } = context;
  const to = outage.returning?.since ?? moment;
  const inSight: BundleSlot = { ...slot, outage: null, blind: null };
  const key = keyOf(context, seen);
  const had = currentBundle(inSight)?.key ?? null;
  const movedOn = outage.returning?.movedOn === true || (had !== null && key !== null && key !== had);
  const another = movedOn || (had === null && key !== null && key !== inSight.closed.at(-1)?.bundle.key);
  const codes = codesOfOutage(inSight, rule, seen);
  const explained = another
    ? takeCodesOfAnother(inSight, rule, codes, outage.from, mayHaveScrapped(inSight, context, seen, to))
    : scrapCodeAhead(inSight, rule, codes, to);
  const moved = countersMoved(explained, context, seen, to);
  const ended = movedOn
    ? closeOpen(
        withGap(moved ? madeUnseen(explained) : explained, outage.source, outage.from, to),
        context,
        { ended: outage.from, complete: false, unseen: true },
        NOTHING_SEEN,
      )
    : explained;
  const bridged = bridgeCounters(ended, context, seen, outage, to, movedOn);
  const timed = timeOfOutage(bridged, rule, phaseSeen(rule, seen), outage.from, to);
  const coded = another ? timed : takeCodes(timed, rule, codes, outage.from, to);
  const remembered = rememberCoil(rememberShown(takeCodesAhead(coded, rule, codes, to), rule, seen), rule, seen);
  const completed =
    outage.returning?.completed === true
      ? settleOpen(remembered, context, { ended: to, complete: true, unseen: true }, seen)
      : remembered;
  const followed = followFields(completed, context, seen, null);
  const present = openPresent(followed, context, seen, to);
  const begunUnseen = followed.open === null && present.open !== null && (outage.announced || moved);
  return begunUnseen ? withGap(present, outage.source, outage.from, to) : present;
};

/** Of a bundle that had been loaded something may have been made that nobody saw: it is none that was loaded and left. */
const madeUnseen = (slot: BundleSlot): BundleSlot =>
  slot.open === null || slot.open.key === null ? slot : { ...slot, open: { ...slot.open, made: true } };

/** A bundle that the machine tells of and that nobody has seen begin is open now. */
export const openPresent = (slot: BundleSlot, context: BundleContext, seen: SeenMachine, at: Moment): BundleSlot => {
  const { rule } = context;
  if (slot.open !== null) return followPhase(slot, rule, seen, at);
  const isPresent = rule.open.some((trigger) => trigger.kind === 'changed' && seen.value(trigger.alias) !== null);
  const key = keyOf(context, seen);
  const last = slot.settling?.bundle.key ?? slot.closed.at(-1)?.bundle.key;
  const isOver = (key !== null && key === last) || standsComplete(rule, seen.value(rule.close.on.alias));
  const there = isPresent && !isOver ? openBundle(slot, context, seen, at) : slot;
  return followPhase(there, rule, seen, at);
};

/** What the machine shows after an outage says nothing of the bundle that ended in it. */
const NOTHING_SEEN: SeenMachine = { status: 'unknown', value: () => null };

const countersMoved = (slot: BundleSlot, context: BundleContext, seen: SeenMachine, to: Moment): boolean =>
  LENGTH_NAMES.some((which) => compare(stepOverOutage(slot, context, seen, which, to).delta, ZERO) > 0);

const mayHaveScrapped = (slot: BundleSlot, context: BundleContext, seen: SeenMachine, to: Moment): boolean => {
  const { scrap } = context.rule.lengths;
  const after = stepOverOutage(slot, context, seen, 'scrap', to).slot;
  return (
    scrap !== null && (seen.value(scrap) === null || after.counters.scrap?.baseline !== slot.counters.scrap?.baseline)
  );
};

const bridgeCounters = (
  slot: BundleSlot,
  context: BundleContext,
  seen: SeenMachine,
  outage: Outage,
  to: Moment,
  movedOn: boolean,
): BundleSlot => {
  const { rule, mapping } = context;
  const hadBundle = currentBundle(slot) !== null;
  let bridged = slot;
  let moved = false;
  let good: Rational | null = null;
  for (const which of LENGTH_NAMES) {
    const { delta, slot: counted } = stepOverOutage(bridged, context, seen, which, to);
    bridged = counted;
    if (which === 'good' && seen.value(rule.lengths.good) !== null) good = delta;
    if (compare(delta, ZERO) <= 0) continue;
    moved = true;
    bridged = movedOn
      ? { ...bridged, unbundled: withLength(bridged.unbundled, which, delta) }
      : takeLength(bridged, context, coilAsBefore(bridged, rule, seen), which, delta);
  }
  if (movedOn) return { ...bridged, itemsDone: itemsSeenAfter(bridged.itemsDone, rule, seen) };
  const isWatched = currentBundle(bridged)?.made === true || (hadBundle && outage.announced);
  const pieced = piecesUnseen(bridged, rule, mapping, seen, good, isWatched);
  const weighed = weighedUnseen(pieced, rule, mapping, seen);
  return outage.announced || moved ? withGap(weighed, outage.source, outage.from, to) : weighed;
};

const stepOverOutage = (
  slot: BundleSlot,
  context: BundleContext,
  seen: SeenMachine,
  which: LengthName,
  to: Moment,
): { readonly delta: Rational; readonly slot: BundleSlot } => {
  const { rule, mapping } = context;
  const alias = rule.lengths[which];
  const mapped = mappedSignal(mapping, alias);
  const value = alias === null || mapped === null ? null : inInches(seen.value(alias), mapped.unit);
  if (value === null || mapped === null) return { delta: ZERO, slot };
  const step = lengthStep(slot.counters[which], value, counterLimits(rule, mapped, true));
  return { delta: step.delta, slot: rememberCounter(slot, which, step, to) };
};

/**
 * A coil that was changed while nobody looked: how much of the difference was still the old one's is not known, so no coil
 * gets it, and the sums of the coils say so.
 */
const coilAsBefore = (slot: BundleSlot, rule: BundleRule, seen: SeenMachine): SeenMachine => {
  const before = coilBefore(slot);
  const now = rule.coils === null ? null : seen.value(rule.coils.splitOn);
  if (rule.coils === null || before === null || codeText(now) === before) return seen;
  const { splitOn } = rule.coils;
  return {
    status: seen.status,
    value: (alias) => (alias === splitOn ? (now === null ? before : null) : seen.value(alias)),
  };
};

/** A weight that is another than the last one heard, is of this bundle: the scale spoke while nobody listened. */
const weighedUnseen = (slot: BundleSlot, rule: BundleRule, mapping: Mapping, seen: SeenMachine): BundleSlot => {
  const alias = rule.weight?.input ?? null;
  const mapped = mappedSignal(mapping, alias);
  const pounds = alias === null || mapped === null ? null : inPounds(toRational(seen.value(alias)), mapped.unit);
  if (pounds === null || writeRational(pounds) === slot.weighed) return slot;
  const weighed = writeRational(pounds);
  return withCurrentBundle({ ...slot, weighed }, (bundle) => ({ ...bundle, weight: weighed }));
};
