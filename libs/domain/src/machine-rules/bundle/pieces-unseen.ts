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
import type { SeenMachine } from '../expression';
import type { BundleRule, Mapping } from '../mapping';
import { inInches, mappedSignal } from './accumulate-lengths';
import { codeText } from './bundle-fields';
import { type BundleSlot, currentBundle, type Exact, type ItemPart, withCurrentBundle } from './bundle-state';
import { plus } from './exact-sums';
import { addPiece, addToItem, askedLength, itemChosen, itemStep } from './items';

type ItemsDone = BundleSlot['itemsDone'];

/**
 * Pieces that were made while nobody looked, by what `quantityDone` shows after it. `good` is how far the counter of good
 * lengths moved, inches; null where that is not known. `isWatched`: the bundle was in sight before, so an item that nobody
 * has seen was begun meanwhile, from 0.
 */
export const piecesUnseen = (
  slot: BundleSlot,
  rule: BundleRule,
  mapping: Mapping,
  seen: SeenMachine,
  good: Rational | null,
  isWatched: boolean,
): BundleSlot => {
  if (rule.items === null) return slot;
  const piece = pieceShown(rule, mapping, seen);
  const isMade = good !== null && compare(good, ZERO) > 0;
  const shown = isMade && piece !== null ? withCurrentBundle(slot, (bundle) => addPiece(bundle, piece)) : slot;
  const item = codeText(seen.value(rule.items.key));
  const isNew = isWatched && item !== null && !shown.itemsDone.some((each) => each.item === item);
  const chosen = isNew ? itemChosen(shown.itemsDone, item) : shown.itemsDone;
  const said = seen.value(rule.items.quantityDone);
  const step = itemStep(begunAnew(chosen, item, said, good, askedLength(rule, mapping, seen)), rule, seen, said);
  if (isNew) {
    const asked = askedLength(rule, mapping, seen);
    const last = shown.itemsDone.at(-1);
    const part = currentBundle(shown)?.items.find((each) => String(each.item) === last?.item) ?? null;
    if (!hasRoom(good, step.delta, asked) || isNearer(piece, part?.length ?? null, asked))
      return ofItemBefore({ ...shown, itemsDone: chosen }, last, part, said, good);
  }
  // A count of what was not made is the one that the register still shows of the item before.
  if (!isNew && !hasRoom(good, step.delta, askedLength(rule, mapping, seen))) return shown;
  const counted = { ...shown, itemsDone: step.itemsDone };
  return compare(step.delta, ZERO) <= 0
    ? counted
    : withCurrentBundle(counted, (bundle) => addToItem(bundle, rule, mapping, seen, step.delta));
};

/**
 * An item that was taken up again just before begins at 0 where what was made is rather all that its count shows than what
 * the count has more than it had.
 */
const begunAnew = (
  itemsDone: ItemsDone,
  item: string | null,
  said: unknown,
  good: Rational | null,
  asked: Exact | null,
): ItemsDone => {
  const again = itemsDone.find((each) => each.item === item && each.pieces !== undefined);
  const value = toRational(said);
  if (again?.done == null || good === null || asked === null || value === null) return itemsDone;
  const ofPieces = (pieces: Rational) => distance(good, multiply(pieces, readRational(asked)));
  return compare(ofPieces(value), ofPieces(subtract(value, readRational(again.done)))) < 0
    ? itemsDone.map((each) => (each === again ? { ...each, done: '0' } : each))
    : itemsDone;
};

/** What the items say after an outage that another bundle came in: where they go on from. */
export const itemsSeenAfter = (itemsDone: ItemsDone, rule: BundleRule, seen: SeenMachine): ItemsDone =>
  rule.items === null ? itemsDone : itemStep(itemsDone, rule, seen, seen.value(rule.items.quantityDone)).itemsDone;

/** The last piece before the snapshot, inches: where something good was made meanwhile, it is one of that. */
const pieceShown = (rule: BundleRule, mapping: Mapping, seen: SeenMachine): Rational | null => {
  const alias = rule.items?.piece ?? null;
  const mapped = mappedSignal(mapping, alias);
  const length = alias === null || mapped === null ? null : inInches(seen.value(alias), mapped.unit);
  return length === null || compare(length, ZERO) <= 0 ? null : length;
};

/**
 * Between the choice of an item and its first piece the register still shows the pieces of the item before. That is seen
 * by the good length, which has no room for so many of the new one, or by the last piece, which is one of the old.
 */
const ofItemBefore = (
  slot: BundleSlot,
  last: ItemsDone[number] | undefined,
  part: ItemPart | null,
  said: unknown,
  good: Rational | null,
): BundleSlot => {
  const value = toRational(said);
  if (last?.done == null || value === null || part === null) return slot;
  const moved = subtract(value, readRational(last.done));
  if (compare(moved, ZERO) <= 0 || !hasRoom(good, moved, part.length)) return slot;
  const itemsDone = slot.itemsDone.map((each) => (each === last ? { ...each, done: writeRational(value) } : each));
  return withCurrentBundle({ ...slot, itemsDone }, (bundle) => ({
    ...bundle,
    items: bundle.items.map((each) => (each === part ? { ...each, done: plus(each.done, moved) } : each)),
  }));
};

const HALF = rational(1n, 2n);

/** Whether so many pieces are in that length. Pieces are not cut to the thousandth: half of one is no matter. */
const hasRoom = (good: Rational | null, pieces: Rational, length: Exact | null): boolean =>
  good === null ||
  length === null ||
  compare(pieces, ZERO) <= 0 ||
  compare(multiply(subtract(pieces, HALF), readRational(length)), good) <= 0;

/** Whether a piece is one of the first length rather than of the second. */
const isNearer = (piece: Rational | null, one: Exact | null, other: Exact | null): boolean =>
  piece !== null &&
  one !== null &&
  other !== null &&
  compare(distance(piece, readRational(one)), distance(piece, readRational(other))) < 0;

const distance = (a: Rational, b: Rational): Rational => (compare(a, b) < 0 ? subtract(b, a) : subtract(a, b));
