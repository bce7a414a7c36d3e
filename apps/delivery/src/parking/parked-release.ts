import type { IncomingMessage } from '@millrace/protocol';
import type { Logger } from '@millrace/telemetry';
import type { OwnedEndpoint, OwnedPartition } from '../dispatch/owned-endpoint';
import type { Stretch } from './parked-records.reader';

export interface ReleasePorts {
  /** Records from an offset on; rejects when the brokers cannot be reached or the offset is no longer in the log. */
  readonly fetch: (partition: number, offset: number) => Promise<Stretch>;
  /** How many more records of the endpoint its lane can use now. */
  readonly room: (endpoint: OwnedEndpoint, partition: OwnedPartition) => number;
  /** Parked records at or after this offset have to wait, because records before it may still come. */
  readonly horizon: (endpoint: OwnedEndpoint, partition: OwnedPartition) => number;
  /** Whether one of those that let first attempts go first may go now. */
  readonly mayRetry: (endpoint: OwnedEndpoint) => boolean;
  readonly handOver: (endpoint: OwnedEndpoint, partition: OwnedPartition, message: IncomingMessage) => void;
  /** The log no longer holds the record. */
  readonly gone: (endpoint: OwnedEndpoint, partition: OwnedPartition, offset: number) => void;
}

const RETRY_MS = 500;

/**
 * Brings parked records back when their endpoints have room for them, oldest first. One read of a partition serves all its
 * endpoints: whatever the stretch holds of any of them, and is next for it, goes along.
 */
export class ParkedRelease {
  private readonly running = new Set<OwnedPartition>();
  private stopped = false;

  constructor(
    private readonly ports: ReleasePorts,
    private readonly logger: Logger,
  ) {}

  /** Looks whether something parked in the partition can go; returns at once. */
  pump(partition: OwnedPartition): void {
    if (this.stopped || !partition.takenOver || !partition.current) return;
    if (this.running.has(partition) || partition.backlogged.size === 0) return;
    this.running.add(partition);
    void this.run(partition);
  }

  stop(): void {
    this.stopped = true;
  }

  private async run(partition: OwnedPartition): Promise<void> {
    try {
      for (let offset = this.lowest(partition); offset !== null; offset = this.lowest(partition)) {
        const stretch = await this.ports.fetch(partition.partition, offset);
        if (this.stopped || !partition.current) return;
        if (stretch.to <= offset) throw new Error(`nothing was read at offset ${offset}`);
        for (const endpoint of [...partition.backlogged]) this.serve(endpoint, partition, stretch);
      }
    } catch (error) {
      this.logger.warn(
        { error: String(error), partition: partition.partition },
        'parked records cannot be read back; trying again',
      );
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    } finally {
      this.running.delete(partition);
    }
  }

  /** Offset of the first record that some endpoint can use; null when none can use any. */
  private lowest(partition: OwnedPartition): number | null {
    let lowest: number | null = null;
    for (const endpoint of partition.backlogged) {
      if (this.ports.room(endpoint, partition) <= 0) continue;
      const offset = this.next(endpoint, partition);
      if (offset !== null && (lowest === null || offset < lowest)) lowest = offset;
    }
    return lowest;
  }

  private next(endpoint: OwnedEndpoint, partition: OwnedPartition): number | null {
    // Some may have been ended by a command meanwhile.
    while (endpoint.ready.length > 0 && !endpoint.parked.has(endpoint.ready[0]!)) endpoint.ready.shift();
    if (endpoint.ready.length > 0) return endpoint.ready[0]!;
    const deferred = endpoint.deferred.count > 0 && this.ports.mayRetry(endpoint) ? endpoint.deferred.next() : null;
    const next = endpoint.parked.next();
    const oldest = deferred === null ? next : next === null ? deferred : Math.min(next, deferred);
    return oldest !== null && oldest < this.ports.horizon(endpoint, partition) ? oldest : null;
  }

  /** Hands over what the stretch holds and the endpoint can use, in its order. */
  private serve(endpoint: OwnedEndpoint, partition: OwnedPartition, stretch: Stretch): void {
    for (let room = this.ports.room(endpoint, partition); room > 0; room--) {
      const offset = this.next(endpoint, partition);
      if (offset === null || offset < stretch.from || offset >= stretch.to) return;
      const message = stretch.at(offset);
      if (endpoint.ready[0] === offset) endpoint.ready.shift();
      endpoint.deferred.remove(offset);
      endpoint.parked.claim(offset);
      if (message) this.ports.handOver(endpoint, partition, message);
      else this.ports.gone(endpoint, partition, offset);
    }
  }
}
