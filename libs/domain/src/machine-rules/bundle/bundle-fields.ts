import type { Expression, ExpressionValue, SeenMachine } from '../expression';
import { BUNDLE_LIMITS, type BundleContext, type Json, type JsonMembers } from './bundle-state';

type Locals = { readonly [name: string]: ExpressionValue };
const NO_LOCALS: Locals = {};

/** The value of an expression over what a machine shows, or null where it has none, for example because an input is unknown. */
export const evaluated = (expression: Expression, seen: SeenMachine, locals: Locals = NO_LOCALS): ExpressionValue => {
  try {
    return expression.evaluate({ now: seen, before: seen, locals });
  } catch {
    return null;
  }
};

/** As JSON, or null for what has no place there: no value, NaN, more than a member may hold. */
export const jsonOf = (value: ExpressionValue): Json => {
  const json = plain(value);
  return json !== null && JSON.stringify(json).length > BUNDLE_LIMITS.member ? null : json;
};

const plain = (value: ExpressionValue): Json => {
  if (typeof value === 'bigint')
    return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : String(value);
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map(plain);
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, plain(member as ExpressionValue)]));
};

/** What is known of the members now, over what was known before: a value that is not known does not take one away. */
export const captured = (
  known: JsonMembers,
  members: { readonly [member: string]: Expression },
  seen: SeenMachine,
): JsonMembers => {
  const now = Object.entries(members).map(([name, member]) => [name, jsonOf(evaluated(member, seen))] as const);
  const changed = now.filter(
    ([name, value]) => value !== null && JSON.stringify(value) !== JSON.stringify(own(known, name)),
  );
  return changed.length === 0 ? known : { ...known, ...Object.fromEntries(changed) };
};

/** Adds only what was not known at all. */
export const completed = (
  known: JsonMembers,
  members: { readonly [member: string]: Expression },
  seen: SeenMachine,
): JsonMembers => {
  const missing = Object.entries(members).filter(([name]) => own(known, name) === undefined);
  return missing.length === 0 ? known : captured(known, Object.fromEntries(missing), seen);
};

const own = (members: JsonMembers, name: string): Json | undefined =>
  Object.hasOwn(members, name) ? members[name] : undefined;

/** The bundle's key now; null where it has none. */
export const keyOf = ({ rule }: BundleContext, seen: SeenMachine): string | null => {
  const key = evaluated(rule.key, seen);
  if (key === null || typeof key === 'object' || key === '') return null;
  return String(key).slice(0, 256);
};

/** A code, an item, a coil's serial number as text: `1`, whether it came as 1, 1.0 or "1"; null where nothing is said. */
export const codeText = (value: ExpressionValue): string | null => {
  if (value === null || typeof value === 'object') return null;
  const text = String(value).trim().slice(0, BUNDLE_LIMITS.reasonText);
  return text === '' ? null : text;
};
