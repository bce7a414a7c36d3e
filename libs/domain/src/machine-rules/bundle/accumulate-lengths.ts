import {
  compare,
  multiply,
  type Rational,
  rational,
  readRational,
  subtract,
  toRational,
  writeRational,
  ZERO,
} from '../../unit/rational';
import { conversionFactor } from '../../unit/ucum';
import { stepOverEdge } from '../counter-wrap';
import type { BundleRule, MappedSignal, Mapping } from '../mapping';
import type { CounterMemory, LengthName } from './bundle-state';

export const INCH = '[in_i]';

/**
 * Lengths come from counters that only rise, and what counts is how far they moved: exact, so a bundle of ten thousand
 * pieces has not drifted. What a step means (ingest 3.4):
 *
 *   first sample        baseline, nothing was made
 *   rise                made; above `maxStep` it is held back until the next sample confirms it
 *   fall, with modulus  a wrap, when the step over the edge is believable: at most `maxStep`, else half of the modulus
 *   fall to below half  a reset to 0: the value is what was made since
 *   other fall          length taken back, or a late sample: nothing is made until the counter is where it was, so the sum
 *                       stays what the counter moved; a fall of more than `maxStep` is another baseline
 */
export type LengthStep = {
  readonly what: 'baseline' | 'counted' | 'wrapped' | 'reset' | 'fell' | 'jump' | 'jump_confirmed' | 'unreadable';
  readonly delta: Rational;
  readonly value: Rational;
  readonly memory: CounterMemory | undefined;
};

export interface CounterLimits {
  /** Both in the unit of the values. */
  readonly modulus: Rational | null;
  readonly maxStep: Rational | null;
}

export const lengthStep = (memory: CounterMemory | undefined, value: Rational, limits: CounterLimits): LengthStep => {
  if (compare(value, ZERO) < 0) return { what: 'unreadable', delta: ZERO, value, memory };
  const at = (delta: Rational, what: LengthStep['what']): LengthStep => ({
    what,
    delta,
    value,
    memory: { baseline: writeRational(value), jump: null },
  });
  if (memory === undefined) return at(ZERO, 'baseline');
  const baseline = readRational(memory.baseline);
  const moved = subtract(value, baseline);
  const believable = (step: Rational) => limits.maxStep === null || compare(step, limits.maxStep) <= 0;
  if (compare(moved, ZERO) >= 0) {
    if (believable(moved)) return at(moved, 'counted');
    if (memory.jump !== null) {
      const further = subtract(value, readRational(memory.jump));
      if (compare(further, ZERO) >= 0 && believable(further)) return at(moved, 'jump_confirmed');
    }
    return { what: 'jump', delta: ZERO, value, memory: { ...memory, jump: writeRational(value) } };
  }
  if (limits.modulus !== null) {
    const overEdge = stepOverEdge(moved, limits.modulus, limits.maxStep);
    if (overEdge !== null) return at(overEdge, 'wrapped');
  }
  if (compare(value, multiply(baseline, HALF)) <= 0) return at(believable(value) ? value : ZERO, 'reset');
  const fall = subtract(baseline, value);
  if (limits.maxStep !== null && !believable(fall)) return at(ZERO, 'reset');
  return { what: 'fell', delta: ZERO, value, memory: { ...memory, jump: null } };
};

const HALF = rational(1n, 2n);

/** A number of a signal, in inches; null where it is none, or its unit no length. */
export const inInches = (value: unknown, unit: string | null): Rational | null => {
  const exact = isRational(value) ? value : toRational(value);
  const factor = unit === null ? null : conversionFactor(unit, INCH);
  return exact === null || factor === null ? null : multiply(exact, factor);
};

const isRational = (value: unknown): value is Rational =>
  typeof value === 'object' && value !== null && typeof (value as Rational).n === 'bigint';

/**
 * Limits of a length's counter, in inches. After an outage any rise is believed: nobody knows how long it would have to
 * have been.
 */
export const counterLimits = (rule: BundleRule, mapped: MappedSignal, afterOutage: boolean): CounterLimits => {
  const factor = mapped.unit === null ? null : conversionFactor(mapped.unit, INCH);
  const canonical = conversionFactor(rule.lengths.canonical, INCH);
  const maxStep = rule.lengths.maxStep === null ? null : toRational(rule.lengths.maxStep);
  const modulus = mapped.modulus === null ? null : toRational(mapped.modulus);
  return {
    modulus:
      modulus === null || factor === null ? null : multiply(multiply(modulus, mapped.scale ?? rational(1n)), factor),
    maxStep: afterOutage || maxStep === null || canonical === null ? null : multiply(maxStep, canonical),
  };
};

/** The length that an alias counts, or null. */
export const lengthOfAlias = (rule: BundleRule, alias: string): LengthName | null =>
  alias === rule.lengths.good
    ? 'good'
    : alias === rule.lengths.scrap
      ? 'scrap'
      : alias === rule.lengths.reclaimed
        ? 'reclaimed'
        : null;

export const mappedSignal = (mapping: Mapping, alias: string | null): MappedSignal | null =>
  alias !== null && Object.hasOwn(mapping.signals, alias) ? (mapping.signals[alias] ?? null) : null;
