import type { AliasName, Expression } from '../expression';
import type { BundleRule } from '../mapping';

/** The aliases that a rule reads, by what they say of a bundle: found once, so that a signal costs only what it concerns. */
export interface BundleInputs {
  readonly all: ReadonlySet<AliasName>;
  /** Its key, its fields, its blocks of master data. */
  readonly identity: ReadonlySet<AliasName>;
  /** Of the coil and of the item on the line. */
  readonly coil: ReadonlySet<AliasName>;
  readonly item: ReadonlySet<AliasName>;
}

const inputs = new WeakMap<BundleRule, BundleInputs>();

export const inputsOf = (rule: BundleRule): BundleInputs => {
  let found = inputs.get(rule);
  if (found === undefined) {
    found = findInputs(rule);
    inputs.set(rule, found);
  }
  return found;
};

const findInputs = (rule: BundleRule): BundleInputs => {
  const { open, close, lengths, reasons, time, coils, items, weight } = rule;
  const identity = [rule.key, ...Object.values(rule.fields), ...Object.values(rule.enrich)].flatMap(read);
  const coil = coils === null ? [] : [coils.splitOn, ...Object.values(coils.fields).flatMap(read)];
  const item = items === null ? [] : [items.key, items.length, ...Object.values(items.fields).flatMap(read)];
  const measured = [
    ...open.map((trigger) => (trigger.kind === 'firstPiece' ? null : trigger.alias)),
    ...[close.on, ...close.alsoOn].map((trigger) => trigger.alias),
    lengths.good,
    lengths.scrap,
    lengths.reclaimed,
    reasons.scrap?.input ?? null,
    reasons.delay?.input ?? null,
    items?.quantityDone ?? null,
    items?.piece ?? null,
    weight?.input ?? null,
    ...read(time.run),
    ...read(time.delay),
  ];
  return {
    all: named([...measured, ...identity, ...coil, ...item]),
    identity: named(identity),
    coil: named(coil),
    item: named(item),
  };
};

const read = (expression: Expression): readonly AliasName[] => expression.inputs;
const named = (aliases: ReadonlyArray<AliasName | null>): ReadonlySet<AliasName> =>
  new Set(aliases.filter((alias) => alias !== null));
