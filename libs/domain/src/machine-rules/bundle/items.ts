import {
  compare,
  type Rational,
  rational,
  readRational,
  subtract,
  toRational,
  writeRational,
  ZERO,
} from '../../unit/rational';
import type { SeenMachine } from '../expression';
import type { BundleRule, Mapping } from '../mapping';
import { inInches, mappedSignal } from './accumulate-lengths';
import { captured, codeText, completed, jsonOf } from './bundle-fields';
import { appended, BUNDLE_LIMITS, type Bundle, type BundleSlot, type ItemPart } from './bundle-state';
import { larger, plus, smaller } from './exact-sums';

type ItemsDone = BundleSlot['itemsDone'];

/** The item that is being made, as text; null while none is known. */
const itemOnLine = (rule: BundleRule, seen: SeenMachine): string | null =>
  rule.items === null ? null : codeText(seen.value(rule.items.key));

/** The machine went on to an item: what it says next to be done of it, was done of it. An item it had before goes on. */
export const itemChosen = (itemsDone: ItemsDone, item: string | null): ItemsDone => {
  if (item === null) return itemsDone;
  if (!itemsDone.some((each) => each.item === item))
    return appended(itemsDone, { item, done: '0' }, BUNDLE_LIMITS.itemsDone);
  return itemsDone.map((each) => (each.item === item ? { ...each, pieces: 0 } : each));
};

/** A piece was cut of the item on the line. */
export const pieceOfItem = (itemsDone: ItemsDone, rule: BundleRule, seen: SeenMachine): ItemsDone => {
  const item = itemOnLine(rule, seen);
  return itemsDone.some((each) => each.item === item && each.pieces !== undefined)
    ? itemsDone.map((each) => (each.item === item ? { ...each, pieces: (each.pieces ?? 0) + 1 } : each))
    : itemsDone;
};

/**
 * How far `quantityDone` moved for the item on the line. It counts the pieces of one item and begins again with the next,
 * so each item has a baseline of its own; of an item whose beginning was not seen the first value is the baseline. Of one
 * that is taken up again it may go on or begin anew: a value below its last one has begun anew, and so has its last one
 * where as many pieces were cut meanwhile. One that goes on would say more by then.
 */
export const itemStep = (
  itemsDone: ItemsDone,
  rule: BundleRule,
  seen: SeenMachine,
  said: unknown,
): { readonly delta: Rational; readonly itemsDone: ItemsDone } => {
  const nothing = { delta: ZERO, itemsDone };
  const value = toRational(said);
  const item = itemOnLine(rule, seen);
  if (item === null || value === null || compare(value, ZERO) < 0) return nothing;
  const known = itemsDone.find((each) => each.item === item);
  const before = known?.done ?? null;
  const remembered = appended(
    itemsDone.filter((each) => each.item !== item),
    { item, done: writeRational(value) },
    BUNDLE_LIMITS.itemsDone,
  );
  if (before === null) return { delta: ZERO, itemsDone: remembered };
  const moved = compare(value, readRational(before));
  const isAnew = moved < 0 || (moved === 0 && compare(rational(BigInt(known?.pieces ?? 0)), value) >= 0);
  return { delta: isAnew ? value : subtract(value, readRational(before)), itemsDone: remembered };
};

/** Pieces of the item on the line, with what is known of the item at this moment. */
export const addToItem = (
  bundle: Bundle,
  rule: BundleRule,
  mapping: Mapping,
  seen: SeenMachine,
  delta: Rational,
): Bundle => {
  const item = itemOnLine(rule, seen);
  if (rule.items === null || item === null) return bundle;
  const { items } = rule;
  const known = bundle.items.some((part) => String(part.item) === item);
  if (!known && bundle.items.length >= BUNDLE_LIMITS.items) return bundle;
  const fresh: ItemPart = { item: itemIdentity(seen, items.key, item), done: '0', length: null, fields: {} };
  return {
    ...bundle,
    items: (known ? bundle.items : [...bundle.items, fresh]).map((part) =>
      String(part.item) === item
        ? {
            ...part,
            done: plus(part.done, delta),
            length: askedLength(rule, mapping, seen) ?? part.length,
            fields: captured(part.fields, items.fields, seen),
          }
        : part,
    ),
  };
};

/** Members that were not known when a piece was counted, while the item is still on the line. */
export const completeItem = (bundle: Bundle, rule: BundleRule, mapping: Mapping, seen: SeenMachine): Bundle => {
  const item = itemOnLine(rule, seen);
  const at = item === null ? -1 : bundle.items.findIndex((part) => String(part.item) === item);
  const part = bundle.items[at];
  if (rule.items === null || part === undefined) return bundle;
  const fields = completed(part.fields, rule.items.fields, seen);
  const length = part.length ?? askedLength(rule, mapping, seen);
  return fields === part.fields && length === part.length
    ? bundle
    : { ...bundle, items: bundle.items.with(at, { ...part, fields, length }) };
};

/** A piece was cut to this length. */
export const addPiece = (bundle: Bundle, length: Rational): Bundle => {
  const exact = writeRational(length);
  return { ...bundle, shortest: smaller(bundle.shortest, exact), longest: larger(bundle.longest, exact) };
};

/** A number where it is one that JSON can carry (`67890`), else the text. */
const itemIdentity = (seen: SeenMachine, alias: string, item: string): string | number => {
  const json = jsonOf(seen.value(alias));
  return typeof json === 'number' && String(json) === item ? json : item;
};

export const askedLength = (rule: BundleRule, mapping: Mapping, seen: SeenMachine): string | null => {
  const alias = rule.items?.length ?? null;
  const mapped = mappedSignal(mapping, alias);
  const length = alias === null || mapped === null ? null : inInches(seen.value(alias), mapped.unit);
  return length === null || compare(length, ZERO) <= 0 ? null : writeRational(length);
};
