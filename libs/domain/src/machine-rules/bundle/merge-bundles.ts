import { elapsedMs, type Moment } from '../../signal/signal-time';
import { readRational } from '../../unit/rational';
import { BUNDLE_LIMITS, type Bundle, type ClosedBundle, type Timing } from './bundle-state';
import { bothLengths, larger, plus, smaller } from './exact-sums';
import { boundedDelays } from './run-and-delay-time';

/**
 * A bundle that was closed and then taken up again under the same key: the machine went back to it, or made one more
 * piece after saying that it was complete. It is one bundle, so what was made of it is added up; the time between belongs
 * to neither. The scale weighs all of it, so an earlier weight says nothing any more.
 */
export const mergeBundles = (earlier: ClosedBundle, later: Bundle, ended: Moment): Bundle => {
  const before = earlier.bundle;
  return {
    ...later,
    id: before.id,
    opened: before.opened,
    made: true,
    fields: { ...before.fields, ...later.fields },
    enrich: { ...before.enrich, ...later.enrich },
    lengths: bothLengths(before.lengths, later.lengths),
    scrapByReason: summed([...before.scrapByReason, ...later.scrapByReason]).slice(0, BUNDLE_LIMITS.reasons),
    scrapWaiting: [...before.scrapWaiting, ...later.scrapWaiting].slice(-BUNDLE_LIMITS.scrapWaiting),
    coils: mergedBy(
      [...before.coils, ...later.coils],
      ({ serial }) => serial,
      (a, b) => ({ ...a, fields: { ...a.fields, ...b.fields }, lengths: bothLengths(a.lengths, b.lengths) }),
    ).slice(0, BUNDLE_LIMITS.coils),
    items: mergedBy(
      [...before.items, ...later.items],
      ({ item }) => String(item),
      (a, b) => ({
        ...a,
        done: plus(a.done, readRational(b.done)),
        length: b.length ?? a.length,
        fields: { ...a.fields, ...b.fields },
      }),
    ).slice(0, BUNDLE_LIMITS.items),
    shortest: smaller(before.shortest, later.shortest),
    longest: larger(before.longest, later.longest),
    timing: mergedTiming(earlier, later.timing, ended),
    gaps: [...before.gaps, ...later.gaps].slice(-BUNDLE_LIMITS.gaps),
    counterNotes: [...before.counterNotes, ...later.counterNotes].slice(-BUNDLE_LIMITS.counterNotes),
    ...leftOutOf(before, later),
  };
};

const leftOutOf = (before: Bundle, later: Bundle): Pick<Bundle, 'leftOut'> => {
  const names = new Set([...(before.leftOut ?? []), ...(later.leftOut ?? [])]);
  return names.size === 0 ? {} : { leftOut: [...names].slice(0, BUNDLE_LIMITS.leftOut) };
};

const mergedTiming = (earlier: ClosedBundle, later: Timing | null, ended: Moment): Timing | null => {
  const before = earlier.bundle.timing;
  if (before === null) return later;
  const pause = pauseMs(earlier.ended, later?.start ?? ended);
  return {
    start: before.start,
    since: ended,
    runMs: before.runMs + (later?.runMs ?? 0),
    unknownMs: before.unknownMs + (later?.unknownMs ?? 0),
    pausedMs: before.pausedMs + (later?.pausedMs ?? 0) + pause,
    delays: boundedDelays([...before.delays, ...(later?.delays ?? [])]),
  };
};

/** None where what came later had been stamped by the same clock before the end: it was only received after it. */
const pauseMs = (from: Moment, to: Moment): number =>
  from.clock !== null && from.clock === to.clock && to.ms < from.ms ? 0 : elapsedMs(from, to);

const summed = (parts: Bundle['scrapByReason']): Bundle['scrapByReason'] =>
  mergedBy(
    parts,
    ([reason]) => reason,
    (a, b) => [a[0], plus(a[1], readRational(b[1]))] as const,
  );

/** One of each key, in the order in which the keys first came. */
const mergedBy = <T>(parts: readonly T[], key: (part: T) => string, merge: (a: T, b: T) => T): T[] => {
  const byKey = new Map<string, T>();
  for (const part of parts) {
    const same = byKey.get(key(part));
    byKey.set(key(part), same === undefined ? part : merge(same, part));
  }
  return [...byKey.values()];
};
