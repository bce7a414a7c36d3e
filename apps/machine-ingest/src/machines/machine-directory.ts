import type { MachineState } from '@millrace/domain';
import { decodeMachineState, type IncomingMessage } from '@millrace/protocol';

/**
 * The last stored state of every machine, from the compacted topic `machine-state`: what a new owner goes on from, and
 * what every instance answers `GET /v1/machines` with. Of two states of a machine the one with the higher offset counts.
 */
export class MachineDirectory {
  private readonly states = new Map<string, MachineState>();
  /** Keys whose last record in the topic is not the newest. */
  private readonly outrun = new Set<string>();

  /** Told when a state older than the one held was written: a former owner wrote last, and the newer must be said again. */
  onOutrun: (newer: MachineState) => void = () => undefined;

  apply(message: IncomingMessage): void {
    const change = decodeMachineState(message);
    if (change.kind === 'unreadable') return;
    if (change.kind === 'deleted') {
      this.states.delete(change.key);
      this.outrun.delete(change.key);
      return;
    }
    const held = this.states.get(change.key);
    if (held !== undefined && isNewer(held, change.state)) {
      this.outrun.add(change.key);
      this.onOutrun(held);
      return;
    }
    this.outrun.delete(change.key);
    this.states.set(change.key, change.state);
  }

  get(key: string): MachineState | null {
    return this.states.get(key) ?? null;
  }

  /** As `get`; null for a machine that was removed: of that only its place in the log is kept, for whoever folds it. */
  present(key: string): MachineState | null {
    const state = this.states.get(key);
    return state === undefined || state.removed === true ? null : state;
  }

  /** States whose last record in the topic is an older one still: compaction would leave only that. */
  outrunStates(): MachineState[] {
    return [...this.outrun].flatMap((key) => this.states.get(key) ?? []);
  }

  /** States of the machines of one tenant that are present, by machine name. */
  ofTenant(tenant: string): MachineState[] {
    return [...this.states.values()]
      .filter((state) => state.tenant === tenant && state.removed !== true)
      .sort((a, b) => (a.machine < b.machine ? -1 : 1));
  }

  all(): IterableIterator<MachineState> {
    return this.states.values();
  }
}

/** Whether `a` holds more of the same partition than `b`. */
const isNewer = (a: MachineState, b: MachineState): boolean =>
  a.position !== null &&
  b.position !== null &&
  a.position.partition === b.position.partition &&
  BigInt(a.position.offset) > BigInt(b.position.offset);
