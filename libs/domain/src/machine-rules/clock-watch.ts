import type { Emit } from '../signal/machine-event';
import { counted, type MachineState, STATE_LIMITS } from '../signal/machine-state';
import type { Signal } from '../signal/signal';
import type { Moment } from '../signal/signal-time';

/** A stamp that cannot be right is counted, and told once for each time that a clock goes wrong. */
export const watchClock = (state: MachineState, signal: Signal, moment: Moment, emit: Emit): MachineState => {
  if (signal.sourceTs === null) return state;
  if (!moment.suspect) {
    // Of an old value of a snapshot nothing follows for the clock that stamped it.
    if (state.suspectClocks.length === 0 || moment.clock === null) return state;
    const clock = nameOfClock(signal);
    return state.suspectClocks.includes(clock)
      ? { ...state, suspectClocks: state.suspectClocks.filter((one) => one !== clock) }
      : state;
  }
  const known = counted(state, 'clockSuspect');
  const clock = nameOfClock(signal);
  if (known.suspectClocks.includes(clock) || known.suspectClocks.length >= STATE_LIMITS.suspectClocks) return known;
  emit({
    rule: 'clock',
    type: 'ingest.clock_suspect',
    moment,
    data: {
      machine: state.machine,
      path: signal.path,
      source: signal.source,
      clock: signal.clock,
      stamp: signal.sourceTs,
      received: signal.receiveTs,
    },
  });
  return { ...known, suspectClocks: [...known.suspectClocks, clock] };
};

const nameOfClock = ({ source, clock }: Signal): string => `${source}\n${clock}`;
