import { add, type Rational, rational, readRational, ZERO } from '../../unit/rational';
import type { BundleRule } from '../mapping';
import type { Bundle, LengthName } from './bundle-state';
import { sum } from './exact-sums';

/** What a bundle comes to, exact and not yet rounded. Inches, milliseconds, pieces. */
export interface BundleFigures {
  readonly lengths: { readonly [length in LengthName]: Rational };
  readonly consumed: Rational;
  readonly pieces: Rational | null;
  readonly scrapByReason: ReadonlyArray<readonly [reason: string, length: Rational]>;
  readonly delayMsByReason: ReadonlyArray<readonly [reason: string, ms: number]>;
  readonly runMs: number;
  readonly delayMs: number;
  readonly unknownMs: number;
  readonly pausedMs: number;
}

export const bundleFigures = (bundle: Bundle, rule: BundleRule): BundleFigures => {
  const { timing } = bundle;
  const lengths = {
    good: readRational(bundle.lengths.good),
    scrap: readRational(bundle.lengths.scrap),
    reclaimed: readRational(bundle.lengths.reclaimed),
  };
  return {
    lengths,
    consumed: add(add(lengths.good, lengths.scrap), lengths.reclaimed),
    pieces: rule.items === null ? null : sum(bundle.items.map(({ done }) => done)),
    scrapByReason: grouped(
      [
        ...bundle.scrapByReason.map(([reason, length]) => [reason, readRational(length)] as const),
        ...bundle.scrapWaiting.map(({ length }) => [defaultOf(rule.reasons.scrap), readRational(length)] as const),
      ],
      add,
      ZERO,
    ),
    delayMsByReason: grouped(
      (timing?.delays ?? []).map(({ reason, ms }) => [reason ?? defaultOf(rule.reasons.delay), ms] as const),
      (a, b) => a + b,
      0,
    ),
    runMs: timing?.runMs ?? 0,
    delayMs: (timing?.delays ?? []).reduce((total, { ms }) => total + ms, 0),
    unknownMs: timing?.unknownMs ?? 0,
    pausedMs: timing?.pausedMs ?? 0,
  };
};

/** Of a rule that has no codes at all. */
const defaultOf = (code: { readonly default: string } | null): string => code?.default ?? '0';

const grouped = <T>(
  parts: ReadonlyArray<readonly [string, T]>,
  plus: (a: T, b: T) => T,
  zero: T,
): Array<readonly [string, T]> => {
  const groups = new Map<string, T>();
  for (const [name, part] of parts) groups.set(name, plus(groups.get(name) ?? zero, part));
  return [...groups];
};

export const minutes = (ms: number): Rational => rational(BigInt(Math.round(ms)), 60_000n);
