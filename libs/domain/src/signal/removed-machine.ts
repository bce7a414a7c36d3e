import { readMappingChange } from '../machine-rules/change-mapping';
import type { SignalPosition } from './machine-event';
import { type MachineState, newMachineState } from './machine-state';
import type { Signal } from './signal';

/** A person has removed the machine; the value says what they knew of it: {@link Removal}. */
export const REMOVED_PATH = '$removed';

export interface Removal {
  /** {@link heardOf} the machine when its removal was asked for, Unix ms. */
  readonly heardAt: number | null;
}

/** Evaluation time of the last sign of life of any of its sources, Unix ms; null where there was none. */
export const heardOf = ({ sources }: Pick<MachineState, 'sources'>): number | null =>
  Object.values(sources).reduce<number | null>((last, { at }) => (last === null || at > last ? at : last), null);

/** The source whose sign of life was the last one, unless the last that was said is that it is lost; null where none speaks. */
export const speakerOf = (state: MachineState): { readonly source: string; readonly at: number } | null => {
  const { sources, lastSignal } = state;
  let last: { readonly source: string; readonly at: number } | null = null;
  for (const [source, { at }] of Object.entries(sources)) {
    // A word of loss is a signal of the source, and no sign of life.
    const isLost = lastSignal?.path === '$lifecycle' && lastSignal.source === source && lastSignal.moment.at > at;
    if (!isLost && (last === null || at > last.at)) last = { source, at };
  }
  return last;
};

/**
 * Nothing is left of the machine but its place in the log, so that what lies before it is not folded again after a restart.
 * No event is told: nothing happened to the machine. One that has spoken since the removal was asked for stays as it is, and so
 * does one that a repeat of the record finds anew. One that nobody knows is removed whenever it was heard: the log may hold its
 * removal longer than what was heard of it, and its place alone would be a machine.
 */
export const removeMachine = (state: MachineState, signal: Signal, position: SignalPosition): MachineState => {
  const { tenant, machine } = state;
  const place = { partition: position.partition, offset: String(position.offset) };
  const isUnknown = state.position === null || state.removed === true;
  return isUnknown || readRemoval(signal).heardAt === heardOf(state)
    ? { ...newMachineState(tenant, machine), position: place, removed: true }
    : { ...state, position: place };
};

/**
 * The removed machine before this signal: one that nobody knows, where the signal makes it known again, and else still removed.
 * A value does that, and a mapping that names the machine. What its sources say of themselves does not: a broker that is lost
 * would bring back all machines that ever spoke through it; nor does time, nor that no mapping names it.
 */
export const afterRemoval = (state: MachineState, signal: Signal, position: SignalPosition): MachineState => {
  const speaks =
    !signal.path.startsWith('$') || (signal.path === '$config' && (readMappingChange(signal)?.to ?? null) !== null);
  const { removed, ...unknown } = state;
  return speaks ? unknown : { ...state, position: { partition: position.partition, offset: String(position.offset) } };
};

const readRemoval = ({ value }: Signal): Removal => {
  const heardAt = typeof value === 'object' && value !== null ? value['heardAt'] : null;
  return { heardAt: typeof heardAt === 'number' ? heardAt : null };
};
