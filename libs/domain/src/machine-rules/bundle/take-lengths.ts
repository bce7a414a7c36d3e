import type { Moment } from '../../signal/signal-time';
import { isZero, type Rational, writeRational } from '../../unit/rational';
import type { SeenMachine } from '../expression';
import type { LengthStep } from './accumulate-lengths';
import {
  appended,
  BUNDLE_LIMITS,
  type Bundle,
  type BundleContext,
  type BundleSlot,
  type CounterMemory,
  type CounterNote,
  currentBundle,
  type LengthName,
  withCurrentBundle,
} from './bundle-state';
import { addToCoil } from './coils';
import { approximately, withLength } from './exact-sums';
import { addScrap } from './reasons';

/** A length that was counted: the bundle's, its coil's, and scrap's for the code that will come. Nobody's without a bundle. */
export const takeLength = (
  slot: BundleSlot,
  context: BundleContext,
  seen: SeenMachine,
  which: LengthName,
  delta: Rational,
): BundleSlot => {
  if (isZero(delta)) return slot;
  if (currentBundle(slot) === null) return { ...slot, unbundled: withLength(slot.unbundled, which, delta) };
  return withCurrentBundle(slot, (bundle) => {
    const measured = { ...bundle, made: true, lengths: withLength(bundle.lengths, which, delta) };
    const split = addToCoil(measured, context.rule, seen, which, delta);
    return which === 'scrap' ? addScrap(slot, split, context.rule, delta, context.at) : split;
  });
};

/** What the counter now stands at, and in the bundle a note where it did not simply rise. */
export const rememberCounter = (slot: BundleSlot, which: LengthName, step: LengthStep, moment: Moment): BundleSlot => {
  const before = slot.counters[which];
  const counted: BundleSlot =
    step.memory === undefined || step.memory === before
      ? slot
      : { ...slot, counters: { ...slot.counters, [which]: step.memory } };
  const note = noteOf(which, step, before, moment);
  return note === null ? counted : withCurrentBundle(counted, (bundle) => noted(bundle, note));
};

const noted = (bundle: Bundle, note: CounterNote): Bundle => ({
  ...bundle,
  counterNotes: appended(bundle.counterNotes, note, BUNDLE_LIMITS.counterNotes),
});

const noteOf = (
  counter: LengthName,
  { what, value }: LengthStep,
  before: CounterMemory | undefined,
  moment: Moment,
): CounterNote | null =>
  what === 'reset' || what === 'fell' || what === 'jump' || what === 'jump_confirmed'
    ? {
        counter,
        what,
        at: new Date(moment.ms).toISOString(),
        from: approximately(before?.baseline ?? '0'),
        to: approximately(writeRational(value)),
      }
    : null;
