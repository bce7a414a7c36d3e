import { type Event, foldSignal, type MachineState, newMachineState, nextDue, type Signal } from '@millrace/domain';
import type { MachineMappingOf } from '../read-mapping';

export interface DryRunOptions {
  readonly tenant: string;
  /** Time that passes after the last signal, so that what waits is told, ms; 0: none. Default one minute. */
  readonly afterEndMs?: number;
}

export interface DryRunEvent {
  readonly event: Event;
  /** The signal that told it, counted from 0 in what was given; for what time told, the last one before. */
  readonly signal: number;
}

export interface DryRun {
  readonly events: readonly DryRunEvent[];
  /** Signals that were folded, and ticks that were put between them. */
  readonly signals: number;
  readonly ticks: number;
  /** By machine: what its rules remember at the end, with its counts (duplicates, unmapped, ...). */
  readonly states: { readonly [machine: string]: MachineState };
}

const AFTER_END_MS = 60_000;
const TICK_MS = 1_000;
/** A day of a machine with a timer that is always due would make no more. */
const MOST_TICKS = 100_000;

/**
 * What a recording would have told under a mapping: the fold itself, over signals that lie nowhere. Where a timer of a
 * machine is due between two of its signals, time is brought to it on the second, as it is where signals are live. Pure.
 */
export const dryRun = (
  machines: readonly MachineMappingOf[],
  signals: readonly Signal[],
  { tenant, afterEndMs = AFTER_END_MS }: DryRunOptions,
): DryRun => {
  const trials = new Map(machines.map((one) => [one.machine, new Trial(tenant, one)]));
  signals.forEach((signal, n) => {
    trials.get(signal.machine)?.take(signal, n);
  });
  for (const trial of trials.values()) trial.end(afterEndMs);
  const all = [...trials.values()];
  return {
    events: all.flatMap(({ events }) => events).sort((a, b) => a.signal - b.signal),
    signals: all.reduce((sum, { signals: folded }) => sum + folded, 0),
    ticks: all.reduce((sum, { ticks }) => sum + ticks, 0),
    states: Object.fromEntries(machines.map(({ machine }) => [machine, trials.get(machine)!.state])),
  };
};

/** One machine, beginning as one that was never heard. */
class Trial {
  readonly events: DryRunEvent[] = [];
  signals = 0;
  ticks = 0;
  state: MachineState;
  private last: { readonly signal: Signal; readonly n: number } | null = null;

  constructor(
    tenant: string,
    private readonly of: MachineMappingOf,
  ) {
    const { name, version, hash } = of.mapping;
    this.state = { ...newMachineState(tenant, of.machine), config: { name, version, hash } };
  }

  take(signal: Signal, n: number): void {
    this.bringTime(Date.parse(signal.at));
    this.signals++;
    this.last = { signal, n };
    this.fold(signal);
  }

  end(afterMs: number): void {
    if (this.last === null || afterMs === 0) return;
    const end = this.state.at + afterMs;
    this.bringTime(end);
    if (nextDue(this.state, this.of.mapping) !== null) this.tick(end);
  }

  /** Ticks on the seconds that something is due at, before `until`. */
  private bringTime(until: number): void {
    while (this.last !== null && this.ticks < MOST_TICKS) {
      const due = nextDue(this.state, this.of.mapping);
      if (due === null) return;
      const { at } = this.state;
      const seconds = Math.max(1, Math.ceil((due - at) / TICK_MS));
      const next = at + seconds * TICK_MS;
      if (next >= until) return;
      this.tick(next);
    }
  }

  private tick(atMs: number): void {
    this.ticks++;
    const at = new Date(atMs).toISOString();
    this.fold({
      ...this.last!.signal,
      source: 'millrace',
      session: '',
      seq: null,
      path: '$tick',
      kind: 'lifecycle',
      value: null,
      type: 'string',
      unit: null,
      quality: 'good',
      qualityCode: null,
      sourceTs: null,
      serverTs: null,
      receiveTs: at,
      at,
      clock: 'millrace',
      flags: [],
    });
  }

  private fold(signal: Signal): void {
    const { tenant, machine } = this.state;
    const position = { partition: 0, offset: BigInt(this.signals + this.ticks) };
    const folded = foldSignal(this.state, { ...signal, tenant, machine }, position, () => this.of.mapping);
    this.state = folded.state;
    const n = this.last?.n ?? 0;
    for (const event of folded.events) this.events.push({ event, signal: n });
  }
}
