import type { IncomingMessage } from '@millrace/protocol';
import type { Logger } from '@millrace/telemetry';
import type { OwnedEndpoint, OwnedPartition } from '../dispatch/owned-endpoint';

export interface ReleasePorts {
  /** Records from an offset on; rejects when the brokers cannot be reached or the offset is no longer in the log. */
  readonly fetch: (partition: number, offset: number) => Promise<IncomingMessage[]>;
  /** How many more records of the endpoint its lane can use now. */
  readonly room: (endpoint: OwnedEndpoint, partition: OwnedPartition) => number;
  /** Whether parked records at or after this offset have to wait, because records before it may still come. */
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
 * endpoints: whatever the fetched stretch holds of any of them, and is next for it, goes along.
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
    if (this.stopped || this.running.has(partition) || partition.backlogged.size === 0) return;
    this.running.add(partition);
    void this.run(partition);
  }

  stop(): void {
    this.stopped = true;
  }

  private async run(partition: OwnedPartition): Promise<void> {
    try {
      for (let offset = this.lowest(partition); offset !== null; offset = this.lowest(partition)) {
        const messages = await this.ports.fetch(partition.partition, offset);
        if (this.stopped || !partition.current) return;
        if (messages.length === 0) throw new Error(`nothing was read at offset ${offset}`);
        this.handOver(partition, messages, offset);
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
    if (endpoint.ready.length > 0) return endpoint.ready[0]!;
    const deferred = endpoint.deferred.count > 0 && this.ports.mayRetry(endpoint) ? endpoint.deferred.next() : null;
    const next = endpoint.parked.next();
    const oldest = deferred === null ? next : next === null ? deferred : Math.min(next, deferred);
    return oldest !== null && oldest < this.ports.horizon(endpoint, partition) ? oldest : null;
  }

  private handOver(partition: OwnedPartition, messages: readonly IncomingMessage[], from: number): void {
    const present = new Set(messages.map((message) => Number(message.offset)));
    for (const message of messages) {
      const offset = Number(message.offset);
      const endpoint = partition.endpoints.get(message.key?.toString('utf8') ?? '');
      if (!endpoint || this.ports.room(endpoint, partition) <= 0) continue;
      if (this.next(endpoint, partition) !== offset) continue;
      if (endpoint.ready[0] === offset) endpoint.ready.shift();
      if (endpoint.deferred.has(offset)) endpoint.deferred.remove(offset);
      endpoint.parked.claim(offset);
      this.ports.handOver(endpoint, partition, message);
    }
    const end = Number(messages[messages.length - 1]!.offset) + 1;
    for (const endpoint of partition.backlogged) this.skipGone(endpoint, partition, from, end, present);
  }

  /** What lies in the stretch that was read and did not come with it is not in the log any more. */
  private skipGone(
    endpoint: OwnedEndpoint,
    partition: OwnedPartition,
    from: number,
    before: number,
    present: ReadonlySet<number>,
  ): void {
    for (
      let next = this.next(endpoint, partition);
      next !== null && next >= from && next < before && !present.has(next);
      next = this.next(endpoint, partition)
    ) {
      if (endpoint.ready[0] === next) endpoint.ready.shift();
      this.ports.gone(endpoint, partition, next);
    }
  }
}
