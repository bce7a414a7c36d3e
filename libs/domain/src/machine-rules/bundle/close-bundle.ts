import { createHash } from 'node:crypto';
import { type Moment, momentAt } from '../../signal/signal-time';
import { readRational, round, writeRational } from '../../unit/rational';
import type { SeenMachine } from '../expression';
import { bundleFigures, minutes } from './bundle-figures';
import { bundleResult } from './bundle-result';
import { keptClosed, withinBytes } from './bundle-size';
import {
  BUNDLE_LIMITS,
  type Bundle,
  type BundleContext,
  type BundleSlot,
  type ClosedBundle,
  type Ending,
  type JsonMembers,
} from './bundle-state';
import { withGapNoted } from './gaps';
import { type BundleIntegrity, violationsOf } from './integrity';
import { mergeBundles } from './merge-bundles';
import { identified } from './open-bundle';
import { timedUntil } from './run-and-delay-time';
import { weightOf } from './weight';

/**
 * The end of a bundle: it is told, `bundle.completed` the first time and `bundle.corrected` with the next revision when
 * the same bundle comes to other content. Told with the same content it is the same event. Of a bundle of which nothing
 * was made nothing is told, unless the machine itself says that it is complete.
 */
const closeBundle = (
  slot: BundleSlot,
  context: BundleContext,
  bundle: Bundle,
  ending: Ending,
  seen: SeenMachine,
): BundleSlot => {
  if (!bundle.made && !ending.complete) return slot;
  const fresh = forgetOld(slot, context.at);
  const earlier = fresh.closed.find((entry) => bundle.key !== null && entry.bundle.key === bundle.key) ?? null;
  const whole = withinBytes(earlier === null ? bundle : mergeBundles(earlier, bundle, ending.ended));
  const pounds = weightOf(whole, context.rule, seen);
  const entry = tell(context, {
    bundle: whole,
    ended: ending.ended,
    complete: ending.complete,
    unseen: ending.unseen || (earlier?.unseen ?? false),
    revision: earlier?.revision ?? 0,
    content: earlier?.content ?? '',
    pounds: pounds === null ? null : writeRational(pounds),
  });
  const kept = fresh.closed.filter((each) => each !== earlier);
  return { ...fresh, closed: keptClosed([...kept, entry]) };
};

/** The open bundle ends now, its time included. */
export const closeOpen = (slot: BundleSlot, context: BundleContext, ending: Ending, seen: SeenMachine): BundleSlot => {
  if (slot.open === null) return slot;
  const bundle = ended(slot, slot.open, context, ending, seen);
  return closeBundle({ ...slot, open: null }, context, bundle, ending, seen);
};

/** The open bundle is complete; what follows its end within the window is still its own. */
export const settleOpen = (slot: BundleSlot, context: BundleContext, ending: Ending, seen: SeenMachine): BundleSlot => {
  const { settleMs } = context.rule.close;
  if (slot.open === null) return slot;
  if (settleMs === 0) return closeOpen(slot, context, ending, seen);
  const alone = finishSettling(slot, context, seen);
  const bundle = ended(slot, slot.open, context, ending, seen);
  return { ...alone, open: null, settling: { ...ending, bundle, due: context.at + settleMs } };
};

/** As it is at its end: with its time, with what the machine last told of it, and with a gap that lasts on. */
const ended = (slot: BundleSlot, open: Bundle, context: BundleContext, ending: Ending, seen: SeenMachine): Bundle => {
  return withLastingGap(slot, timedUntil(identified(open, context, seen), slot.phase, ending.ended), ending.ended);
};

/** Nobody looks, or the counter says nothing good, and that goes on beyond this moment. */
const withLastingGap = (slot: BundleSlot, bundle: Bundle, to: Moment): Bundle => {
  const gap = slot.blind ?? (slot.outage?.announced ? slot.outage : null);
  return gap === null ? bundle : withGapNoted(bundle, gap.source, gap.from, to);
};

/** The one that settles is closed, whether or not its window is over. What came in it while nobody looked, it lacks. */
export const finishSettling = (slot: BundleSlot, context: BundleContext, seen: SeenMachine): BundleSlot => {
  if (slot.settling === null) return slot;
  const { bundle, ended, complete, unseen, due } = slot.settling;
  const whole = withLastingGap(slot, bundle, context.at < due ? context.moment : momentAt(due));
  return closeBundle({ ...slot, settling: null }, context, whole, { ended, complete, unseen }, seen);
};

/** Closed bundles that a late code has changed are told again. */
export const tellCorrections = (before: BundleSlot, slot: BundleSlot, context: BundleContext): BundleSlot =>
  before.closed === slot.closed
    ? slot
    : {
        ...slot,
        closed: slot.closed.map((entry) => (before.closed.includes(entry) ? entry : tell(context, entry, true))),
      };

/** Closed so long ago that it is a fact for good. */
const forgetOld = (slot: BundleSlot, at: number): BundleSlot =>
  slot.closed.some((entry) => entry.ended.at < at - BUNDLE_LIMITS.closedMs)
    ? { ...slot, closed: slot.closed.filter((entry) => entry.ended.at >= at - BUNDLE_LIMITS.closedMs) }
    : slot;

const tell = (context: BundleContext, entry: ClosedBundle, late = false): ClosedBundle => {
  const { rule, mapping, moment, machine, tenant } = context;
  const { bundle } = entry;
  const figures = bundleFigures(bundle, rule);
  const pounds = entry.pounds === null ? null : readRational(entry.pounds);
  const result = bundleResult(bundle, figures, rule, mapping.machine, entry, pounds);
  const content = contentOf(result, entry);
  if (content === entry.content) return entry;
  const told: ClosedBundle = { ...entry, content, revision: entry.revision + 1 };
  const integrity: BundleIntegrity = {
    revision: told.revision,
    startedAt: utc((bundle.timing?.start ?? bundle.opened).ms),
    endedAt: utc(entry.ended.ms),
    timeZone: mapping.machine.timeZone,
    closedUnseen: entry.unseen,
    unknownMinutes: round(minutes(figures.unknownMs), 3),
    pausedMinutes: round(minutes(figures.pausedMs), 3),
    gaps: bundle.gaps,
    counters: bundle.counterNotes,
    violations: violationsOf(bundle, figures, rule, entry, mapping),
    ...(bundle.leftOut === undefined ? {} : { leftOut: bundle.leftOut }),
  };
  if (rule.emit !== null)
    context.emit({
      rule: rule.id,
      type: told.revision === 1 ? rule.emit : correctedType(rule.emit),
      moment: late ? moment : { ...entry.ended, at: moment.at },
      data: { ...result, integrity },
      identity: [tenant, machine, bundle.key ?? bundle.id, told.revision, content],
    });
  return told;
};

/** `bundle.completed`, then `bundle.corrected`. */
const correctedType = (type: string): string => `${type.slice(0, type.lastIndexOf('.') + 1) || `${type}.`}corrected`;

const contentOf = (result: JsonMembers, { unseen }: Ending): string =>
  createHash('sha256')
    .update(JSON.stringify([result, unseen]))
    .digest('hex');

const utc = (ms: number): string => new Date(ms).toISOString();
