import { elapsedMs } from '../../signal/signal-time';
import {
  add,
  compare,
  multiply,
  type Rational,
  rational,
  readRational,
  round,
  subtract,
  ZERO,
} from '../../unit/rational';
import type { BundleRule, MappedSignal, Mapping } from '../mapping';
import { inInches, mappedSignal } from './accumulate-lengths';
import { type BundleFigures, minutes } from './bundle-figures';
import type { Bundle, CounterNote, Ending, Gap } from './bundle-state';
import { sum } from './exact-sums';

/** What stands beside a BundleResult: how far it can be trusted. Never a reason to change a number of it. */
export interface BundleIntegrity {
  /** 1, and one more each time the bundle is told again with other content. */
  readonly revision: number;
  /** RFC 3339, UTC: of local times one hour a year is there twice. */
  readonly startedAt: string;
  readonly endedAt: string;
  readonly timeZone: string;
  /** It ended while the machine was out of sight. */
  readonly closedUnseen: boolean;
  /** Minutes of which nobody knows whether it ran. */
  readonly unknownMinutes: number;
  /** Minutes between its end and its being taken up again. */
  readonly pausedMinutes: number;
  readonly gaps: readonly Gap[];
  /** Counters that did not simply rise. */
  readonly counters: readonly CounterNote[];
  readonly violations: readonly Violation[];
  /** Members that the bundle had no room for (`Items.PieceMark`); absent where it has all. */
  readonly leftOut?: readonly string[];
}

/** Two sums that must be the same and are not, in inches or minutes; `size`: members left out, of which there must be none. */
export interface Violation {
  readonly check: 'scrapByReason' | 'delayByReason' | 'time' | 'coils' | 'items' | 'size';
  readonly expected: number;
  readonly actual: number;
}

const INCHES = rational(1n, 100n);
const MINUTES = rational(1n, 20n);
const HALF = rational(1n, 2n);

/**
 * The sums of ingest 3.5 over the exact figures, before rounding. Those of coils and of items are left out where the
 * rule has none, or where an item's length is not known; what was consumed and the number of pieces are sums themselves.
 * Registers that count in steps say a length to half of one, so pieces times that length may be off by half a step for each.
 */
export const violationsOf = (
  bundle: Bundle,
  figures: BundleFigures,
  rule: BundleRule,
  ending: Ending,
  mapping: Mapping,
): Violation[] => {
  const { lengths } = figures;
  const total = add(add(lengths.good, lengths.scrap), lengths.reclaimed);
  const inCoils = sum(bundle.coils.flatMap((coil) => [coil.lengths.good, coil.lengths.scrap, coil.lengths.reclaimed]));
  const accounted = figures.runMs + figures.delayMs + figures.unknownMs + figures.pausedMs;
  const lasted = elapsedMs(bundle.timing?.start ?? bundle.opened, ending.ended);
  const checks: Array<[Violation['check'], expected: Rational, actual: Rational, tolerance: Rational]> = [
    ['scrapByReason', lengths.scrap, added(figures.scrapByReason.map(([, length]) => length)), INCHES],
    ['delayByReason', minutes(figures.delayMs), added(figures.delayMsByReason.map(([, ms]) => minutes(ms))), MINUTES],
    ['time', minutes(lasted), minutes(accounted), MINUTES],
  ];
  if (rule.coils !== null) checks.push(['coils', total, inCoils, INCHES]);
  if (rule.items !== null) {
    if (bundle.items.every((item) => item.length !== null)) {
      const made = bundle.items.map(({ done: each, length }) =>
        multiply(readRational(each), readRational(length ?? '0')),
      );
      const halves = multiply(figures.pieces ?? ZERO, multiply(stepOf(mapping, rule.items.length), HALF));
      const unsaid = add(halves, stepOf(mapping, rule.lengths.good));
      checks.push(['items', lengths.good, added(made), add(INCHES, unsaid)]);
    }
  }
  checks.push(['size', ZERO, rational(BigInt(bundle.leftOut?.length ?? 0), 1n), ZERO]);
  return checks
    .filter(([, expected, actual, tolerance]) => compare(distance(expected, actual), tolerance) > 0)
    .map(([check, expected, actual]) => ({ check, expected: round(expected, 3), actual: round(actual, 3) }));
};

/** Inches between two values that a register can say, where the mapping tells that it counts in steps; else 0. */
const stepOf = (mapping: Mapping, alias: string | null): Rational => {
  const mapped = mappedSignal(mapping, alias);
  if (mapped === null || !countsInSteps(mapped)) return ZERO;
  return inInches(mapped.scale ?? rational(1n), mapped.unit) ?? ZERO;
};

/** What has decimals of its own may have a scale too; one that is a fraction, with no type beside it, is a count's. */
const countsInSteps = ({ type, scale, modulus }: MappedSignal): boolean =>
  type === 'int64' ||
  type === 'uint64' ||
  modulus !== null ||
  (type === null && scale !== null && compare(scale, rational(1n)) < 0);

const added = (parts: readonly Rational[]): Rational => parts.reduce(add, ZERO);
const distance = (a: Rational, b: Rational): Rational => {
  const difference = subtract(a, b);
  return compare(difference, ZERO) < 0 ? subtract(ZERO, difference) : difference;
};
