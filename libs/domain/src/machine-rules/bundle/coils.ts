import type { Rational } from '../../unit/rational';
import type { SeenMachine } from '../expression';
import type { BundleRule } from '../mapping';
import { captured, codeText, completed } from './bundle-fields';
import {
  BUNDLE_LIMITS,
  type Bundle,
  type BundleSlot,
  type CoilPart,
  currentBundle,
  type LengthName,
  NO_LENGTHS,
} from './bundle-state';
import { withLength } from './exact-sums';

/** Serial number of the coil that is on the line; null while none is known. */
const coilOnLine = (rule: BundleRule, seen: SeenMachine): string | null =>
  rule.coils === null ? null : codeText(seen.value(rule.coils.splitOn));

export const rememberCoil = (slot: BundleSlot, rule: BundleRule, seen: SeenMachine): BundleSlot => {
  const coil = coilOnLine(rule, seen);
  return coil === null || coil === slot.coil ? slot : { ...slot, coil };
};

/** The coil that was on the line when it was last seen; of a state without that, the last one of which anything was used. */
export const coilBefore = (slot: BundleSlot): string | null =>
  slot.coil ?? currentBundle(slot)?.coils.at(-1)?.serial ?? null;

/**
 * A length is the coil's that is on the line when it is counted. What is known of the coil is read at that moment too:
 * serial number, material and heat come as three signals in any order, and only between lengths are they sure to agree.
 */
export const addToCoil = (
  bundle: Bundle,
  rule: BundleRule,
  seen: SeenMachine,
  which: LengthName,
  delta: Rational,
): Bundle => {
  const serial = coilOnLine(rule, seen);
  if (rule.coils === null || serial === null) return bundle;
  const fields = rule.coils.fields;
  const known = bundle.coils.some((coil) => coil.serial === serial);
  if (!known && bundle.coils.length >= BUNDLE_LIMITS.coils) return bundle;
  const coils: readonly CoilPart[] = known
    ? bundle.coils
    : [...bundle.coils, { serial, fields: {}, lengths: NO_LENGTHS }];
  return {
    ...bundle,
    coils: coils.map((coil) =>
      coil.serial === serial
        ? { ...coil, fields: captured(coil.fields, fields, seen), lengths: withLength(coil.lengths, which, delta) }
        : coil,
    ),
  };
};

/** Members that were not known when its length was counted, while it is still on the line. */
export const completeCoil = (bundle: Bundle, rule: BundleRule, seen: SeenMachine): Bundle => {
  const serial = coilOnLine(rule, seen);
  const at = serial === null ? -1 : bundle.coils.findIndex((coil) => coil.serial === serial);
  const coil = bundle.coils[at];
  if (rule.coils === null || coil === undefined) return bundle;
  const fields = completed(coil.fields, rule.coils.fields, seen);
  return fields === coil.fields ? bundle : { ...bundle, coils: bundle.coils.with(at, { ...coil, fields }) };
};
