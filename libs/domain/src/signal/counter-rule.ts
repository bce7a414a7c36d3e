import type { Emit } from './machine-event';
import type { MachineMapping } from './machine-mapping';
import type { MachineState } from './machine-state';
import type { Signal } from './signal';
import type { Moment } from './signal-time';

/**
 * The part counter. The first sample is the baseline and makes no parts; a rise is what was made; a fall is a wrap where
 * the counter is known to wrap, else a reset, never negative production. A value that cannot be read, or of bad quality,
 * does not move the baseline.
 */
export type CounterStep =
  | { readonly kind: 'baseline' | 'counted' | 'wrapped' | 'reset'; readonly value: number; readonly delta: number }
  | { readonly kind: 'unreadable' };

export const counterStep = (
  baseline: number | null,
  said: Signal['value'],
  counter: MachineMapping['counter'],
): CounterStep => {
  const value =
    typeof said === 'number'
      ? said
      : typeof said === 'string' && /^\d+(\.0+)?$/.test(said.trim())
        ? Number(said)
        : null;
  if (value === null || !Number.isSafeInteger(value) || value < 0) return { kind: 'unreadable' };
  if (baseline === null) return { kind: 'baseline', value, delta: 0 };
  if (value >= baseline) return { kind: 'counted', value, delta: value - baseline };
  if (counter.modulus !== null && value + counter.modulus - baseline <= counter.maxStep)
    return { kind: 'wrapped', value, delta: value + counter.modulus - baseline };
  return { kind: 'reset', value, delta: counter.zeroBased ? value : 0 };
};

export const applyCounter = (
  state: MachineState,
  signal: Signal,
  moment: Moment,
  mapping: MachineMapping,
  emit: Emit,
): MachineState => {
  if (signal.quality === 'bad' || signal.quality === 'stale' || signal.value === null) return state;
  const step = counterStep(state.counter, signal.value, mapping.counter);
  if (step.kind === 'unreadable') return { ...state, counts: { ...state.counts, unmapped: state.counts.unmapped + 1 } };
  let counted: MachineState = { ...state, counter: step.value };
  if (step.kind === 'reset') {
    emit({
      rule: 'counter',
      type: 'ingest.counter_reset',
      moment,
      data: { machine: state.machine, path: signal.path, previous: state.counter, current: step.value },
    });
    counted = { ...counted, counts: { ...counted.counts, counterResets: counted.counts.counterResets + 1 } };
  }
  return attribute(counted, step.delta, step.kind === 'baseline');
};

/**
 * Parts belong to the run that has just ended, as long as it settles: the counter follows the end of the program by some
 * 100 ms, and the next run may have begun by then.
 */
const attribute = (state: MachineState, delta: number, baseline: boolean): MachineState => {
  const { settling, run } = state;
  if (settling !== null)
    return {
      ...state,
      settling: {
        ...settling,
        parts: settling.parts + delta,
        partsBefore: baseline && settling.partsBefore === null ? state.counter : settling.partsBefore,
      },
    };
  if (run !== null)
    return {
      ...state,
      run: {
        ...run,
        parts: run.parts + delta,
        partsBefore: baseline && run.partsBefore === null ? state.counter : run.partsBefore,
      },
    };
  return state;
};
