import { DeliveryIds } from './delivery-ids';

/** Where a delivery stands by its latest fact. From `SUCCEEDED` on it has ended. */
export const STEP = {
  /** Nothing but `created`, or nothing at all, is known of its epoch. */
  NONE: 0,
  STARTED: 1,
  PARKED: 2,
  /** The attempt failed; the next one is planned. */
  RETRY: 3,
  SUCCEEDED: 4,
  FAILED: 5,
  CANCELLED: 6,
  EXPIRED: 7,
} as const;
export type Step = (typeof STEP)[keyof typeof STEP];

/** Completes "it has …". */
export const endOf = (step: number): string => {
  switch (step) {
    case STEP.SUCCEEDED:
      return 'succeeded';
    case STEP.FAILED:
      return 'failed';
    case STEP.CANCELLED:
      return 'been cancelled';
    default:
      return 'expired';
  }
};

export const isTerminal = (step: number): boolean => step >= STEP.SUCCEEDED;

export const FLAG = {
  /** Its `created` fact was read. */
  CREATED: 1,
  /** Some record of its task was read, of whatever step. */
  RECORD: 2,
  /** The attempt that the row stands at was begun more than once: its sender died, or lost its partition. */
  REPEATED: 4,
  /** The attempt that was begun last has no answer on record. */
  OPEN: 8,
  /** So had an attempt before the one that the row stands at: a crash came between the record of the next and its answer. */
  OPEN_BEFORE: 16,
  /** It ended with an attempt, not by a command or for want of an endpoint. */
  ENDED_BY_ATTEMPT: 32,
  DEAD_LETTER: 64,
} as const;

/** Where a record lies. From `TIER` on: the tiers, the shortest first. */
export const PLACE = { NOWHERE: 0, DELIVERIES: 1, TIER: 2 } as const;

type Columns = { [name: string]: Uint8Array | Uint16Array | Uint32Array | Float64Array };

const newColumns = (rows: number) => ({
  step: new Uint8Array(rows),
  flags: new Uint8Array(rows),
  endpoint: new Uint32Array(rows),
  /** Epoch and attempt of the latest fact; attempt 0 when none is known. */
  position: new Uint32Array(rows),
  /** The highest attempt of the epoch that was begun. */
  begun: new Uint16Array(rows),
  /** Hash of the request that began last. */
  request: new Uint32Array(rows),
  /** Hash of the command that opened the epoch. */
  command: new Uint32Array(rows),
  /** Offset in the delivery log of the latest fact that moved the row, and its append time in Unix ms. */
  factOffset: new Float64Array(rows),
  factAt: new Float64Array(rows),
  /** Offset of `created` in the delivery log; -1 when it was not read. */
  createdOffset: new Float64Array(rows),
  /** Where the latest `attempt-started` or `parked` says that the task lies in `deliveries`; -1 when it does not say. */
  recordOffset: new Float64Array(rows),
  /** The furthest record of the step that the row stands at when the record is read. */
  here: new Uint8Array(rows),
  herePosition: new Uint32Array(rows),
  hereOffset: new Float64Array(rows),
  /** Append time, Unix ms. */
  hereAt: new Float64Array(rows),
  /** What of its delay was still to be waited, ms. */
  hereRemaining: new Uint32Array(rows),
  /** The furthest record of a later step. */
  ahead: new Uint8Array(rows),
  aheadPosition: new Uint32Array(rows),
  aheadOffset: new Float64Array(rows),
  aheadAt: new Float64Array(rows),
  /** A parked bit points to this record of the delivery, whose position is the next column; -1 when none does. */
  parkedBit: new Float64Array(rows),
  parkedPosition: new Uint32Array(rows),
  /** Another bit points to a second record of the same position; -1 when none does. */
  parkedTwin: new Float64Array(rows),
});

export type DeliveryColumns = ReturnType<typeof newColumns>;

/** What is known of each delivery of one partition, in columns: about 150 bytes for each, with its index. */
export class DeliveryRows {
  private readonly ids = new DeliveryIds();
  private capacity = 1024;
  columns: DeliveryColumns = newColumns(this.capacity);

  get count(): number {
    return this.ids.count;
  }

  find(deliveryId: string): number {
    return this.ids.find(deliveryId);
  }

  add(deliveryId: string, endpoint: number): number {
    const before = this.ids.count;
    const row = this.ids.add(deliveryId);
    if (row < before) return row;
    if (row >= this.capacity) this.grow();
    const { columns } = this;
    columns.endpoint[row] = endpoint;
    columns.createdOffset[row] = -1;
    columns.recordOffset[row] = -1;
    columns.parkedBit[row] = -1;
    columns.parkedTwin[row] = -1;
    return row;
  }

  idOf(row: number): string {
    return this.ids.text(row);
  }

  /** A copy of one row under its own number; the rest is left behind. */
  copyTo(other: DeliveryRows, row: number): number {
    const copy = other.add(this.idOf(row), 0);
    const from = this.columns as Columns;
    const to = other.columns as Columns;
    for (const name in from) to[name]![copy] = from[name]![row]!;
    return copy;
  }

  private grow(): void {
    this.capacity *= 2;
    const larger = newColumns(this.capacity);
    for (const name in larger)
      (larger as Columns)[name]!.set((this.columns as Columns)[name] as Uint8Array<ArrayBuffer>);
    this.columns = larger;
  }
}
