import { decodeDelivery, type IncomingMessage, PARKED_CHUNK_SIZE } from '@millrace/protocol';
import type { Logger } from '@millrace/telemetry';
import type { OwnedEndpoint, OwnedPartition } from '../dispatch/owned-endpoint';
import type { OffsetChunk } from './parked-offsets';
import type { Stretch } from './parked-records.reader';

export interface SweepPorts {
  readonly fetch: (partition: number, offset: number) => Promise<Stretch>;
  readonly partitions: () => Iterable<OwnedPartition>;
  /** A record whose time has run out, claimed now; nothing happens when it is under way. */
  readonly expire: (endpoint: OwnedEndpoint, partition: OwnedPartition, message: IncomingMessage) => void;
  /** Unix ms. */
  readonly now: () => number;
  /** Ms of a clock that nobody sets. */
  readonly ticks: () => number;
}

const INTERVAL_MS = 60_000;

/**
 * Ends parked deliveries whose time has run out while their endpoint was away. Each chunk says when the first of it expires, so
 * nothing is read before that.
 */
export class ExpirySweep {
  private running = false;
  private sweptAt = Number.NEGATIVE_INFINITY;
  private readonly intervalMs: number;

  constructor(
    private readonly ports: SweepPorts,
    timeScale: number,
    private readonly logger: Logger,
  ) {
    this.intervalMs = Math.max(1_000, INTERVAL_MS * timeScale);
  }

  /** Looks at most once in an interval; returns at once. */
  sweep(): void {
    const now = this.ports.ticks();
    if (this.running || now - this.sweptAt < this.intervalMs) return;
    this.sweptAt = now;
    this.running = true;
    this.run()
      .catch((error) => this.logger.warn({ error: String(error) }, 'expired deliveries cannot be looked for now'))
      .finally(() => {
        this.running = false;
      });
  }

  private async run(): Promise<void> {
    for (const partition of this.ports.partitions())
      for (const endpoint of [...partition.backlogged])
        for (const chunk of [...endpoint.parked.all()])
          if (chunk.earliestExpiry !== null && chunk.earliestExpiry < this.ports.now() && partition.current)
            await this.look(endpoint, partition, chunk);
  }

  private async look(endpoint: OwnedEndpoint, partition: OwnedPartition, chunk: OffsetChunk): Promise<void> {
    const end = chunk.base + PARKED_CHUNK_SIZE;
    const before = chunk.bits.slice();
    let earliest: number | null = null;
    let offset = chunk.base;
    while (offset < end && chunk.count > 0) {
      const { messages, to } = await this.ports.fetch(partition.partition, offset);
      if (to <= offset || !partition.current) return;
      const from = offset;
      offset = to;
      for (const message of messages) {
        const at = Number(message.offset);
        if (at < from) continue;
        if (at >= end) break;
        if (!endpoint.parked.has(at) || message.key?.toString('utf8') !== endpoint.id) continue;
        const expiresAt = decodeDelivery(message)?.task.expiresAt ?? null;
        if (expiresAt !== null && expiresAt < this.ports.now()) {
          endpoint.parked.claim(at);
          this.ports.expire(endpoint, partition, message);
        } else if (expiresAt !== null && (earliest === null || expiresAt < earliest)) earliest = expiresAt;
      }
    }
    // What was parked meanwhile has not been looked at.
    if (chunk.bits.every((word, index) => (word & ~before[index]!) === 0)) chunk.earliestExpiry = earliest;
  }
}
