import { createHash } from 'node:crypto';
import type { ExpressionValue, Trigger } from '../expression';
import type { BundleRule } from '../mapping';
import { isOn, isSame } from '../trigger';
import { BUNDLE_LIMITS, type BundleSlot, type ToldValue } from './bundle-state';

/** What a value means to the bundle: which of its triggers it fires. */
export interface Fired {
  /** The bundle is complete. */
  readonly close: boolean;
  /** The machine went on to another one. */
  readonly goesOn: boolean;
  /** A bundle begins. */
  readonly open: boolean;
  /** The first that is heard of what opens bundles: nothing began now, but one is there. */
  readonly present: boolean;
}
const NOTHING: Fired = { close: false, goesOn: false, open: false, present: false };

/**
 * Against what the alias last said, be that in a snapshot: one that came back after an outage is an edge only where it
 * says something else.
 */
export const firedBy = (slot: BundleSlot, rule: BundleRule, alias: string, value: ToldValue): Fired => {
  const told = Object.hasOwn(slot.told, alias) ? slot.told[alias] : undefined;
  const said = rememberable(value);
  const opens = rule.open.some((trigger) => trigger.kind === 'changed' && trigger.alias === alias);
  if (told === undefined) return opens ? { ...NOTHING, present: true } : NOTHING;
  return {
    close: isFired(rule.close.on, alias, told, said),
    goesOn: rule.close.alsoOn.some((trigger) => isFired(trigger, alias, told, said)),
    open: rule.open.some((trigger) => trigger.kind !== 'firstPiece' && isFired(trigger, alias, told, said)),
    present: false,
  };
};

const isFired = (trigger: Trigger, alias: string, told: ToldValue, value: ToldValue): boolean => {
  if (trigger.alias !== alias) return false;
  const [before, now] = [told as ExpressionValue, value as ExpressionValue];
  switch (trigger.kind) {
    case 'changed':
      return !isSame(before, now);
    case 'rising':
      return isOn(before) === false && isOn(now) === true;
    case 'falling':
      return isOn(before) === true && isOn(now) === false;
  }
};

const triggerAliases = (rule: BundleRule): string[] =>
  [...rule.open, rule.close.on, ...rule.close.alsoOn].flatMap((trigger) =>
    trigger.kind === 'firstPiece' ? [] : [trigger.alias],
  );

/** Notes what the alias of a trigger says. */
export const rememberTold = (slot: BundleSlot, rule: BundleRule, alias: string, value: ToldValue): BundleSlot =>
  triggerAliases(rule).includes(alias) && !(Object.hasOwn(slot.told, alias) && slot.told[alias] === value)
    ? { ...slot, told: { ...slot.told, [alias]: rememberable(value) } }
    : slot;

/** Enough to see whether it is the same: of what is long its hash. */
const rememberable = (value: ToldValue): ToldValue => {
  if (typeof value !== 'string' && typeof value !== 'object') return value;
  const text = JSON.stringify(value);
  return text.length <= BUNDLE_LIMITS.told ? value : createHash('sha256').update(text).digest('hex');
};

/** The signal that completes a bundle stands as it does after one. */
export const standsComplete = (rule: BundleRule, value: ExpressionValue): boolean =>
  rule.close.on.kind === 'changed' ? false : isOn(value) === (rule.close.on.kind === 'rising');
