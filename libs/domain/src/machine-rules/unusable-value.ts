import type { MachineState } from '../signal/machine-state';
import type { Signal } from '../signal/signal';
import { heldOf } from './held-value';
import type { MappedSignal } from './mapping';
import { typedValue } from './typed-value';

export const VALUE_PROBLEMS = ['wrong_type', 'wrong_unit'] as const;

export interface UnusableValue {
  readonly code: (typeof VALUE_PROBLEMS)[number];
  /** The type or the unit that the mapping waits for. */
  readonly expected: string;
}

/**
 * Why a value that its source calls good is not known to the mapping under this alias; null where it is used, or where its
 * quality says already that it is not. `last` is the signal's last value.
 */
export const whyUnusable = (
  state: MachineState,
  mapped: MappedSignal,
  last: Pick<Signal, 'path' | 'value' | 'type' | 'quality'>,
): UnusableValue | null => {
  if (last.quality !== 'good' && last.quality !== 'uncertain') return null;
  if (mapped.type !== null && typedValue(last, mapped.type).kind === 'conflict')
    return { code: 'wrong_type', expected: mapped.type };
  const held = heldOf(state, mapped.alias);
  if (held === null || held.path !== last.path || held.foreignUnit === null) return null;
  const expected = mapped.scale === null ? (mapped.unit ?? held.unit) : held.unit;
  return expected === null ? null : { code: 'wrong_unit', expected };
};
