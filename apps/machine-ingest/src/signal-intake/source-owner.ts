import type { MachineState } from '@millrace/domain';
import { machineKey } from '@millrace/domain';
import { partitionOfKey } from '@millrace/protocol';
import type { SignalSource, SourceHealth } from './source';

/**
 * Runs the sources of the machines whose signals this process translates. Who reads which machine follows from Kafka's
 * assignment of the partition that the machine's signals go to, so each source has one owner without another election.
 */
export class SourceOwner {
  private readonly running = new Map<string, SignalSource>();
  private changing: Promise<void> = Promise.resolve();

  constructor(
    /** Makes the configured sources; called anew for each start, since a stopped source does not start again. */
    private readonly configured: ReadonlyArray<{
      readonly tenant: string;
      readonly machine: string;
      /** Its name in the signals. */
      readonly source: string;
      readonly make: () => SignalSource;
    }>,
    private readonly partitions: number,
    private readonly stateOf: (key: string) => MachineState | null,
  ) {}

  /** Stops the sources of lost partitions before it starts those of gained ones. */
  change(gained: readonly number[], lost: readonly number[]): Promise<void> {
    this.changing = this.changing.then(async () => {
      await Promise.all(this.ofPartitions(lost).map((one) => this.stopSource(one)));
      for (const one of this.ofPartitions(gained)) {
        const key = machineKey(one.tenant, one.machine);
        if (this.running.has(key)) continue;
        const source = one.make();
        this.running.set(key, source);
        source.start((session) => storedPosition(this.stateOf(key), one.source, session));
      }
    });
    return this.changing;
  }

  async stop(): Promise<void> {
    await this.changing;
    await Promise.all(this.configured.map((one) => this.stopSource(one)));
  }

  health(): SourceHealth[] {
    return [...this.running.values()].map((source) => source.health());
  }

  private ofPartitions(partitions: readonly number[]) {
    return this.configured.filter(({ tenant, machine }) =>
      partitions.includes(partitionOfKey(machineKey(tenant, machine), this.partitions)),
    );
  }

  private async stopSource({ tenant, machine }: { readonly tenant: string; readonly machine: string }): Promise<void> {
    const key = machineKey(tenant, machine);
    const source = this.running.get(key);
    this.running.delete(key);
    await source?.stop();
  }
}

/** Highest position of a session that is folded; what lies between it and Kafka's end is sent again and dropped there. */
const storedPosition = (state: MachineState | null, source: string, session: string): number | null =>
  state?.sessions[`${source}\n${session}\n0`]?.window.high ?? null;
