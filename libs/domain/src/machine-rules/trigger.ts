import type { ExpressionValue, Scope, Trigger } from './expression';

/**
 * Whether a trigger fires at the signal that is being folded. `before` of the scope is the last value that was known, and
 * for a value that came as a snapshot it is the snapshot itself, so a snapshot, a first value and silence fire nothing.
 */
export const fires = (trigger: Trigger, scope: Scope): boolean => {
  const [before, now] = [scope.before.value(trigger.alias), scope.now.value(trigger.alias)];
  if (before === null || now === null) return false;
  switch (trigger.kind) {
    case 'changed':
      return !isSame(before, now);
    case 'rising':
      return isOn(before) === false && isOn(now) === true;
    case 'falling':
      return isOn(before) === true && isOn(now) === false;
  }
};

/** A bit as machines send it: true and false, or a number; null for anything else. */
export const isOn = (value: ExpressionValue): boolean | null =>
  typeof value === 'boolean'
    ? value
    : typeof value === 'number' || typeof value === 'bigint'
      ? Number(value) !== 0
      : null;

export const isSame = (a: ExpressionValue, b: ExpressionValue): boolean =>
  a === b || (typeof a === 'object' && typeof b === 'object' && JSON.stringify(a) === JSON.stringify(b));
