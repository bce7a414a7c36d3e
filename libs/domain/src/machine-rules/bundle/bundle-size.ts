import { BUNDLE_LIMITS, type Bundle, type ClosedBundle, type JsonMembers } from './bundle-state';

/** Parts of a bundle are never changed in place, so each is measured once. */
const measured = new WeakMap<object, number>();

/** Bytes as JSON. */
const bytesOf = (part: object): number => {
  const known = measured.get(part);
  if (known !== undefined) return known;
  const bytes = Buffer.byteLength(JSON.stringify(part));
  measured.set(part, bytes);
  return bytes;
};

/** Of what expressions and the machine's own words may make long; the rest is bounded by its number. */
const sizeOf = ({ fields, enrich, coils, items }: Bundle): number =>
  [fields, enrich, ...coils, ...items].reduce((sum, part) => sum + bytesOf(part), 0);

/**
 * The bundle, within the bytes that a state and an event have room for. Coils and items with their counts have room first,
 * then members in the order of the rule; what does not fit is left out, and its name noted for `integrity`.
 */
export const withinBytes = (bundle: Bundle): Bundle => {
  if (sizeOf(bundle) <= BUNDLE_LIMITS.bytes) return bundle;
  let room: number = BUNDLE_LIMITS.bytes;
  const leftOut = new Set(bundle.leftOut);
  const isRoomFor = (bytes: number, name: string): boolean => {
    if (bytes > room) {
      leftOut.add(name.slice(0, 128));
      return false;
    }
    room -= bytes;
    return true;
  };
  const bare = <P extends { readonly fields: JsonMembers }>(parts: readonly P[], name: string): P[] =>
    parts.filter((part) => isRoomFor(bytesOf({ ...part, fields: {} }), name));
  const members = (all: JsonMembers, prefix: string): JsonMembers =>
    Object.fromEntries(
      Object.entries(all).filter(([name, value]) => isRoomFor(bytesOf([{ [name]: value }]), `${prefix}${name}`)),
    );
  const coils = bare(bundle.coils, 'CoilsUsed');
  const items = bare(bundle.items, 'Items');
  return {
    ...bundle,
    fields: members(bundle.fields, ''),
    enrich: members(bundle.enrich, ''),
    coils: coils.map((coil) => ({ ...coil, fields: members(coil.fields, 'CoilsUsed.') })),
    items: items.map((item) => ({ ...item, fields: members(item.fields, 'Items.') })),
    leftOut: [...leftOut].slice(0, BUNDLE_LIMITS.leftOut),
  };
};

/** The last ones closed, newest last, as many as there is room for; the newest is always among them. */
export const keptClosed = (closed: readonly ClosedBundle[]): ClosedBundle[] => {
  let bytes = 0;
  const kept: ClosedBundle[] = [];
  for (const entry of closed.slice(-BUNDLE_LIMITS.closed).reverse()) {
    bytes += sizeOf(entry.bundle);
    if (kept.length > 0 && bytes > BUNDLE_LIMITS.bytes) break;
    kept.unshift(entry);
  }
  return kept;
};
