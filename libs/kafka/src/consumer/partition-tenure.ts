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
/** Runs that are done with before the list of them is cut. */
const COMPACT_AT = 64;

/** Records that were fetched, in the order of their offsets. */
export interface Waiting {
  /** Records that can be taken, at most. */
  remaining: number;
  bytes: number;
  take(): FetchedMessage | null;
}

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

  private waiting: Waiting[] = [];
  private waitingHead = 0;
  private waitingCount = 0;
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

  /** At most. */
  get waitingRecords(): number {
    return this.waitingCount;
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

  /** @param end the offset after them, with what the log holds beside records */
  accept(runs: readonly Waiting[], end: number): void {
    for (const run of runs) {
      this.waiting.push(run);
      this.note(run.remaining, run.bytes);
    }
    this.waitingEnd = end;
  }

  /**
   * The next record to hand out; null when none waits.
   * @throws RangeError when what was fetched cannot be read
   */
  next(): HeldRecord | null {
    while (this.waitingHead < this.waiting.length) {
      const message = this.takeFrom(this.waiting[this.waitingHead]!);
      const ticket = message === null ? -1 : this.tracker.enter(message.position);
      if (this.waiting.length === 0) this.tracker.skipTo(this.waitingEnd);
      if (message === null || ticket < 0) continue;
      const bytes = sizeOf(message);
      this.heldRecords++;
      this.heldBytes += bytes;
      this.totals.records++;
      this.totals.heldBytes += bytes;
      return new HeldRecord(message, this, ticket, bytes);
    }
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
    this.note(-this.waitingCount, -this.waitingBytes);
    this.waiting = [];
    this.waitingHead = 0;
  }

  private takeFrom(run: Waiting): FetchedMessage | null {
    const { remaining, bytes } = run;
    const message = run.take();
    this.note(run.remaining - remaining, run.bytes - bytes);
    if (run.remaining > 0) return message;
    this.note(0, -run.bytes);
    if (++this.waitingHead >= this.waiting.length || this.waitingHead >= COMPACT_AT) {
      this.waiting = this.waiting.slice(this.waitingHead);
      this.waitingHead = 0;
    }
    return message;
  }

  private note(records: number, bytes: number): void {
    this.waitingCount += records;
    this.waitingBytes += bytes;
    this.totals.waitingBytes += bytes;
  }
}
