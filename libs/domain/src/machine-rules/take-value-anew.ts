import type { MachineState } from '../signal/machine-state';
import type { Signal } from '../signal/signal';
import type { Moment } from '../signal/signal-time';
import { bytesOf } from './held-value';
import type { MappedSignal } from './mapping';
import { withoutRule } from './rule-failure';
import { takeValue } from './take-value';
import type { Turn } from './tell-rules';
import { tableEntries, tableOf, tableValue } from './value-table';

/**
 * Takes a value. Where that throws for what is held of the alias, which every later value would meet too, that is forgotten,
 * and the alias begins with this one; a signal that cannot be taken even then throws.
 */
export const takeValueAnew = (
  state: MachineState,
  signal: Signal,
  mapped: MappedSignal,
  moment: Moment,
  afterGap: boolean,
  turn: Turn,
): ReturnType<typeof takeValue> => {
  const told = turn.telling.drafts.length;
  try {
    return takeValue(state, signal, mapped, moment, afterGap, turn.emit);
  } catch (error) {
    const held = tableValue(state.values, mapped.alias);
    if (held === null) throw error;
    const failed = { rule: { id: '$value', kind: 'value' }, on: 'signal', path: signal.path, told, error } as const;
    const { telling } = turn;
    const forgotten = {
      ...withoutRule(state, failed, { telling, moment, at: state.at }),
      values: tableOf(tableEntries(state.values).filter(([alias]) => alias !== mapped.alias)),
      valueBytes: state.valueBytes - bytesOf(held.value),
    };
    return takeValue(forgotten, signal, mapped, moment, afterGap, turn.emit);
  }
};
