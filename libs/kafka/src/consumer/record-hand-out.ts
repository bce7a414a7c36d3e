import type { AssignedPartitions } from './assigned-partitions';
import type { HeldRecord } from './held-record';
import type { PartitionTenure } from './partition-tenure';
import { mayFetch, mayHandOut } from './pauses';
import type { ConsumerWindow, WindowedConsumerOptions } from './windowed-consumer';

/** Which partitions are fetched. */
export interface FetchSwitch {
  pause(topic: string, partition: number): void;
  resume(topic: string, partition: number): void;
}

export interface HandOutHandlers extends Pick<WindowedConsumerOptions, 'onRecord' | 'onBatchEnd'> {
  readonly window: ConsumerWindow;
  wantsMore(): boolean;
  /** What was fetched is no batch of records. */
  onUnreadable(error: unknown): void;
  /** A handler threw, which is a defect. */
  onThrow(error: unknown): void;
}

/** Records of one partition in a row while several wait for the handler to want more. */
const TURN = 32;

/**
 * Gives waiting records to the handler while the window has room, and has fetching paused and resumed accordingly. It is
 * driven by batches that come and by records that finish; many that finish in one turn of the event loop are seen to once.
 */
export class RecordHandOut {
  private due: PartitionTenure[] = [];
  /** Some partition was refused for bytes: any record that finishes may free another partition. */
  private bytesShort = false;
  /** The handler wanted no more while something waited. */
  private unwanted = false;
  private refillDue = false;
  /** Of the partitions, the one that is first in the next refill. */
  private turn = 0;
  private stopped = false;

  constructor(
    private readonly partitions: AssignedPartitions,
    private readonly handlers: HandOutHandlers,
    private readonly fetching: () => FetchSwitch | null,
  ) {}

  handOut(tenure: PartitionTenure): void {
    if (this.unwanted) this.refillSoon();
    else this.give(tenure, Number.POSITIVE_INFINITY);
    if (tenure.current && tenure.ready) this.deriveFetching(tenure);
  }

  /** The handler may want more again. */
  handOutAgain(): void {
    if (this.unwanted) this.refillSoon();
  }

  onFinish(tenure: PartitionTenure): void {
    if (this.unwanted) this.refillSoon();
    else if (this.bytesShort) {
      this.bytesShort = false;
      for (const other of this.partitions.all()) this.lookAgainAt(other);
    } else if (tenure.waitingRecords > 0 || !tenure.fetching) this.lookAgainAt(tenure);
  }

  deriveFetching(tenure: PartitionTenure): void {
    const { window } = this.handlers;
    const load = tenure.load();
    const wanted = !this.stopped && tenure.ready && mayFetch(load, window);
    if (!wanted && (load.totalHeldBytes + load.totalWaitingBytes) * 2 >= window.bytes) this.bytesShort = true;
    const fetching = this.fetching();
    if (wanted === tenure.fetching || fetching === null) return;
    tenure.fetching = wanted;
    if (wanted) fetching.resume(tenure.topic, tenure.partition);
    else fetching.pause(tenure.topic, tenure.partition);
  }

  /** Nothing more is handed out, and nothing fetched. */
  stop(): void {
    this.stopped = true;
    for (const tenure of this.partitions.all()) this.deriveFetching(tenure);
  }

  private give(tenure: PartitionTenure, most: number): void {
    if (tenure.handingOut) return;
    tenure.handingOut = true;
    let left = most;
    while (tenure.current && tenure.ready && !this.stopped && tenure.waitingRecords > 0) {
      const count = this.fillWindow(tenure, left);
      if (count === 0) break;
      left -= count;
      try {
        this.handlers.onBatchEnd?.(tenure.topic, tenure.partition);
      } catch (error) {
        this.handlers.onThrow(error);
      }
    }
    tenure.handingOut = false;
  }

  private fillWindow(tenure: PartitionTenure, most: number): number {
    let count = 0;
    while (count < most && tenure.current && tenure.ready && mayHandOut(tenure.load(), this.handlers.window)) {
      if (!this.handlers.wantsMore()) {
        this.unwanted = true;
        break;
      }
      const record = this.nextOf(tenure);
      if (record === null) break;
      count++;
      try {
        this.handlers.onRecord(record);
      } catch (error) {
        this.handlers.onThrow(error);
      }
    }
    return count;
  }

  private nextOf(tenure: PartitionTenure): HeldRecord | null {
    try {
      return tenure.next();
    } catch (error) {
      // What follows in the batch could be anything: it is for another life of the consumer to fetch it anew.
      tenure.ready = false;
      this.handlers.onUnreadable(error);
      return null;
    }
  }

  /** At the end of the current turn: what finishes has its place back by then. */
  private refillSoon(): void {
    if (this.refillDue) return;
    this.refillDue = true;
    queueMicrotask(() => this.refill());
  }

  /**
   * All partitions in turns, so that none of them has all the room, beginning with the one at which the last refill came to
   * its end.
   */
  private refill(): void {
    this.refillDue = false;
    if (this.stopped || !this.handlers.wantsMore()) return;
    this.unwanted = false;
    const all = [...this.partitions.all()];
    let idle = 0;
    while (!this.unwanted && idle < all.length) {
      const tenure = all[this.turn % all.length]!;
      const before = tenure.waitingRecords;
      if (before > 0) this.give(tenure, TURN);
      idle = tenure.waitingRecords < before ? 0 : idle + 1;
      // Who found no room at all is first the next time.
      if (!this.unwanted || tenure.waitingRecords < before) this.turn = (this.turn + 1) % all.length;
    }
    for (const tenure of all) if (tenure.current) this.deriveFetching(tenure);
  }

  private lookAgainAt(tenure: PartitionTenure): void {
    if (tenure.dueForMore) return;
    tenure.dueForMore = true;
    if (this.due.push(tenure) === 1) queueMicrotask(() => this.lookAgain());
  }

  private lookAgain(): void {
    const { due } = this;
    this.due = [];
    for (const tenure of due) {
      tenure.dueForMore = false;
      if (tenure.current) this.handOut(tenure);
    }
  }
}
