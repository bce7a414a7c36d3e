import type { TopicPartition } from '../kafka-settings';
import type { FetchedMessage } from '../wire/record-batch-reader';
import { HeldRecord, type RecordKeeper } from './held-record';
import type { Load } from './pauses';
import { WatermarkTracker } from './watermark-tracker';

/** What the tenures of one consumer hold together. */
export interface HeldTotals {
  records: number;
  heldBytes: number;
  waitingBytes: number;
  partitions: number;
}

const RECORD_OVERHEAD = 100;

const sizeOf = (message: FetchedMessage): number => RECORD_OVERHEAD + message.size;

/**
 * One partition for as long as it is ours without a break. Fetched records wait here until the window has room, are handed
 * out, and finish. When the group joins anew and the partition stays, the tenure goes on under the new epoch, and so do
 * its records in flight; when it is lost, its records are no longer current and what they finish changes nothing.
 */
export class PartitionTenure implements RecordKeeper {
  tracker = new WatermarkTracker(null);
  current = true;
  /** Records are handed out only after the start offset is known and the handler has prepared itself. */
  ready = false;
  pausedByHandler = false;
  /** What the fetcher was last told. */
  fetching = true;
  /** The offset was out of range: the next batch says where the log begins now. */
  jumping = false;
  handingOut = false;
  /** A new window may have room: seen to at the end of the current turn. */
  dueForMore = false;
  /** The tracker's version that the group has. */
  committedVersion = 0;

  private waiting: FetchedMessage[] = [];
  private waitingHead = 0;
  private waitingBytes = 0;
  private waitingEnd = 0;
  private heldRecords = 0;
  private heldBytes = 0;

  constructor(
    readonly topic: string,
    readonly partition: number,
    public epoch: number,
    private readonly totals: HeldTotals,
    private readonly onFinish: (tenure: PartitionTenure) => void,
  ) {}

  get waitingRecords(): number {
    return this.waiting.length - this.waitingHead;
  }

  get held(): number {
    return this.heldRecords;
  }

  /** Where the next fetch goes on; null when that is for the group's offset to say. */
  get fetchPosition(): number | null {
    return this.waitingRecords > 0 ? this.waitingEnd : this.tracker.position;
  }

  get name(): TopicPartition {
    return { topic: this.topic, partition: this.partition };
  }

  load(): Load {
    return {
      heldRecords: this.heldRecords,
      heldBytes: this.heldBytes,
      waitingRecords: this.waitingRecords,
      waitingBytes: this.waitingBytes,
      span: this.tracker.span,
      pausedByHandler: this.pausedByHandler,
      totalHeldBytes: this.totals.heldBytes,
      totalWaitingBytes: this.totals.waitingBytes,
      partitions: this.totals.partitions,
    };
  }

  /** @param end the offset after the batch, with what the log holds beside records */
  accept(messages: readonly FetchedMessage[], end: number): void {
    let bytes = 0;
    for (const message of messages) bytes += sizeOf(message);
    if (this.waitingRecords === 0) {
      this.waiting = messages as FetchedMessage[];
      this.waitingHead = 0;
    } else {
      this.waiting = this.waiting.slice(this.waitingHead).concat(messages);
      this.waitingHead = 0;
    }
    this.waitingBytes += bytes;
    this.totals.waitingBytes += bytes;
    this.waitingEnd = end;
  }

  /** The next record to hand out; null when none waits. */
  next(): HeldRecord | null {
    while (this.waitingHead < this.waiting.length) {
      const message = this.waiting[this.waitingHead++]!;
      const bytes = sizeOf(message);
      this.waitingBytes -= bytes;
      this.totals.waitingBytes -= bytes;
      const ticket = this.tracker.enter(message.position);
      if (ticket < 0) continue;
      this.heldRecords++;
      this.heldBytes += bytes;
      this.totals.records++;
      this.totals.heldBytes += bytes;
      if (this.waitingHead >= this.waiting.length) this.emptied();
      return new HeldRecord(message, this, ticket, bytes);
    }
    this.emptied();
    return null;
  }

  finish(ticket: number, bytes: number): void {
    if (!this.current) return;
    this.heldRecords--;
    this.heldBytes -= bytes;
    this.totals.records--;
    this.totals.heldBytes -= bytes;
    this.tracker.finish(ticket);
    this.onFinish(this);
  }

  /** The partition is no longer ours. */
  end(): void {
    this.current = false;
    this.totals.records -= this.heldRecords;
    this.totals.heldBytes -= this.heldBytes;
    this.totals.waitingBytes -= this.waitingBytes;
    this.waiting = [];
    this.waitingHead = 0;
    this.waitingBytes = 0;
  }

  private emptied(): void {
    if (this.waiting.length > 0) {
      this.tracker.skipTo(this.waitingEnd);
      this.waiting = [];
      this.waitingHead = 0;
    }
  }
}
