import {
  type Event,
  foldSignal,
  type MachineState,
  type MappingByHash,
  MappingLost,
  MappingMissing,
  machineKey,
  newMachineState,
  type Signal,
} from '@millrace/domain';
import { decodeSignal, type IncomingMessage } from '@millrace/protocol';

/**
 * The records of one fetch, folded in partition order: what has to be written before their offsets may be committed.
 * Pure but for the states it is given, which it replaces as it goes.
 */
export interface FoldedBatch {
  readonly events: readonly Event[];
  /** Last state of every machine that moved. */
  readonly states: ReadonlyMap<string, MachineState>;
  readonly refused: ReadonlyArray<{ message: IncomingMessage; code: string; detail: string }>;
}

export class SignalBatch {
  private readonly events: Event[] = [];
  private readonly states = new Map<string, MachineState>();
  private readonly refused: Array<{ message: IncomingMessage; code: string; detail: string }> = [];

  constructor(
    private readonly mappings: (tenant: string) => MappingByHash,
    /** Told of each signal that had an effect: no repeats. */
    private readonly heard: (signal: Signal, message: IncomingMessage) => void,
  ) {}

  /**
   * `current` is the live state of each machine of the partition; `stored` finds the one to go on from. What comes back is
   * the mapping that is missing: then the record was not folded, and is to be given again when the mapping is there.
   */
  fold(
    message: IncomingMessage,
    current: Map<string, MachineState>,
    stored: (key: string) => MachineState | null,
  ): MappingMissing | null {
    const read = decodeSignal(message);
    if (read.kind === 'refused') {
      this.refused.push({ message, code: read.code, detail: read.detail });
      return null;
    }
    const { signal, traceparent } = read;
    const key = machineKey(signal.tenant, signal.machine);
    const before = current.get(key) ?? stored(key) ?? newMachineState(signal.tenant, signal.machine);
    try {
      const folded = foldSignal(before, signal, message, this.mappings(signal.tenant), traceparent);
      current.set(key, folded.state);
      if (folded.state !== before) {
        this.states.set(key, folded.state);
        if (folded.state.counts.duplicates === before.counts.duplicates) this.heard(signal, message);
      }
      this.events.push(...folded.events);
    } catch (error) {
      if (error instanceof MappingMissing) return error;
      // Neither a rule that fails on one signal nor a mapping that cannot be had may stop the partition: the signal is set
      // aside with the reason.
      current.set(key, before);
      const code = error instanceof MappingLost ? error.code : 'fold_failed';
      this.refused.push({ message, code, detail: (error as Error).message });
    }
    return null;
  }

  take(): FoldedBatch {
    return { events: this.events, states: this.states, refused: this.refused };
  }
}
