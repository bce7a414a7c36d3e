import {
  type Event,
  foldSignal,
  type MachineState,
  type MappingByHash,
  MappingLost,
  MappingMissing,
  machineKey,
  newMachineState,
  REMOVED_PATH,
  type RuleFailure,
  type Signal,
} from '@millrace/domain';
import { decodeSignal, encodeSignal, type IncomingMessage } from '@millrace/protocol';

/**
 * The records of one fetch, folded in partition order: what has to be written before their offsets may be committed.
 * Pure but for the states it is given, which it replaces as it goes.
 */
export interface FoldedBatch {
  readonly events: readonly Event[];
  /** Last state of every machine that moved. */
  readonly states: ReadonlyMap<string, MachineState>;
  readonly refused: ReadonlyArray<{ message: IncomingMessage; code: string; detail: string }>;
  /** Each time that a rule threw; the first of a rule is among the events too. */
  readonly failures: readonly FailureInPlace[];
}

/** A rule that threw, and the record at which it did. */
export interface FailureInPlace extends Omit<RuleFailure, 'draft'> {
  readonly tenant: string;
  readonly machine: string;
  readonly partition: number;
  readonly offset: string;
  /** The first of this rule, and told. */
  readonly isNew: boolean;
}

export class SignalBatch {
  private readonly events: Event[] = [];
  private readonly states = new Map<string, MachineState>();
  private readonly refused: Array<{ message: IncomingMessage; code: string; detail: string }> = [];
  private readonly failures: FailureInPlace[] = [];

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
        if (hadEffect(signal, before, folded.state)) this.heard(signal, message);
      }
      this.events.push(...folded.events);
      for (const { draft, ...failure } of folded.failures)
        this.failures.push({ ...failure, ...placeOf(signal, message), isNew: draft !== null });
      for (const { signal: one, error } of folded.setAside)
        this.refused.push(
          one === signal
            ? { message, code: 'fold_failed', detail: `Could not be folded: ${messageOf(error)} ${SEEN}` }
            : {
                message: asRecord(one, message.topic),
                code: 'fold_failed',
                detail: `It had waited for its turn and could not be folded when that came: ${messageOf(error)} ${SEEN}`,
              },
        );
    } catch (error) {
      if (error instanceof MappingMissing) return error;
      // Neither a signal that cannot be folded nor a mapping that cannot be had may stop the partition: the signal is set
      // aside with the reason. A rule that throws is not meant here, it is passed over.
      current.set(key, before);
      const code = error instanceof MappingLost ? error.code : 'fold_failed';
      this.refused.push({ message, code, detail: messageOf(error) });
    }
    return null;
  }

  take(): FoldedBatch {
    return { events: this.events, states: this.states, refused: this.refused, failures: this.failures };
  }
}

/** The counts of a machine that was removed begin anew. */
const hadEffect = ({ path }: Signal, before: MachineState, after: MachineState): boolean =>
  path === REMOVED_PATH ? after.removed === true : after.counts.duplicates <= before.counts.duplicates;

const placeOf = ({ tenant, machine }: Signal, { partition, offset }: IncomingMessage) => ({
  tenant,
  machine,
  partition,
  offset: String(offset),
});

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Others went on with it, so that it is not as if it had never come. */
const SEEN = 'Its number counts as seen: drive it again with "seq": null.';

/** A signal that had waited: the record that brought it is no longer known. */
const asRecord = (signal: Signal, topic: string): IncomingMessage => {
  const { key, value, headers } = encodeSignal(topic, signal);
  return {
    topic,
    partition: -1,
    offset: -1n,
    timestamp: Date.parse(signal.at),
    key: Buffer.from(String(key)),
    value,
    headers: Object.fromEntries(Object.entries(headers).map(([name, text]) => [name, Buffer.from(text)])),
  };
};
