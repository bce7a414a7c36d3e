import { compare, multiply, type Rational, readRational, toNumber, toRational, ZERO } from '../../unit/rational';
import { conversionFactor } from '../../unit/ucum';
import type { ExpressionValue, SeenMachine } from '../expression';
import type { BundleRule } from '../mapping';
import { evaluated } from './bundle-fields';
import type { Bundle } from './bundle-state';
import { sum } from './exact-sums';

const POUND = '[lb_av]';

/** A weight in pounds; null for what is none. */
export const inPounds = (value: Rational | null, unit: string | null): Rational | null => {
  const factor = unit === null ? null : conversionFactor(unit, POUND);
  return value === null || factor === null || compare(value, ZERO) < 0 ? null : multiply(value, factor);
};

/**
 * Names that the formula of a weight may use beside the aliases: what the bundle holds, in inches and feet, its pieces,
 * and the blocks of master data (`goodFt * Material.LbsPerFt`).
 */
const weightLocals = (bundle: Bundle): { readonly [name: string]: ExpressionValue } => {
  const { good, scrap, reclaimed } = bundle.lengths;
  const inches = {
    good: sum([good]),
    scrap: sum([scrap]),
    reclaimed: sum([reclaimed]),
    consumed: sum([good, scrap, reclaimed]),
  };
  const lengths = Object.entries(inches).flatMap(([name, length]) => [
    [`${name}In`, toNumber(length)] as const,
    [`${name}Ft`, toNumber(length) / 12] as const,
  ]);
  return {
    ...bundle.enrich,
    ...Object.fromEntries(lengths),
    quantity: toNumber(sum(bundle.items.map(({ done }) => done))),
  };
};

/** What the scale said, else what the formula makes of it; null where neither has a value. Pounds. */
export const weightOf = (bundle: Bundle, rule: BundleRule, seen: SeenMachine): Rational | null => {
  if (bundle.weight !== null) return readRational(bundle.weight);
  const formula = rule.weight?.else ?? null;
  if (formula === null) return null;
  const value = evaluated(formula, seen, weightLocals(bundle));
  const exact = typeof value === 'number' || typeof value === 'bigint' ? toRational(value) : null;
  return exact === null || compare(exact, ZERO) < 0 ? null : exact;
};
