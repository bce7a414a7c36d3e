import type { FetchedMessage } from '../wire/record-batch-reader';
import { AssignedPartitions } from './assigned-partitions';
import type { Waiting } from './partition-tenure';
import { RecordHandOut } from './record-hand-out';
import type { ConsumedRecord } from './windowed-consumer';

const message = (partition: number, position: number): FetchedMessage => ({
  topic: 't',
  partition,
  offset: BigInt(position),
  position,
  key: null,
  value: Buffer.from('x'),
  timestamp: 0,
  headers: {},
  size: 10,
});

/** Records from 0 on, of which the one at `broken` cannot be read. */
const runOf = (partition: number, count: number, broken = -1): Waiting => {
  let next = 0;
  return {
    remaining: count,
    bytes: count * 10,
    take() {
      if (this.remaining === 0) return null;
      if (next === broken) throw new RangeError('a record is cut off');
      this.remaining--;
      this.bytes -= 10;
      return message(partition, next++);
    },
  };
};

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A handler that wants `room` records and no more. */
class Handler {
  readonly taken: ConsumedRecord[] = [];
  readonly unreadable: unknown[] = [];
  room = 0;
  limit = (): boolean => this.taken.length < this.room;
  onTaken = (record: ConsumedRecord): void => {
    this.taken.push(record);
  };
  readonly partitions: AssignedPartitions;
  readonly records: RecordHandOut;

  constructor(count: number) {
    this.partitions = new AssignedPartitions((tenure) => this.records.onFinish(tenure));
    this.records = new RecordHandOut(
      this.partitions,
      {
        window: { recordsPerPartition: 1_000, bytes: 1_000_000 },
        wantsMore: () => this.limit(),
        onRecord: (record) => this.onTaken(record),
        onUnreadable: (error) => this.unreadable.push(error),
        onThrow: (error) => {
          throw error;
        },
      },
      () => null,
    );
    this.partitions.join('member', { t: Array.from({ length: count }, (_each, index) => index) });
    for (const tenure of this.partitions.all()) tenure.ready = true;
  }

  fetched(partition: number, run: Waiting): void {
    const tenure = this.partitions.get('t', partition)!;
    tenure.accept([run], run.remaining);
    this.records.handOut(tenure);
  }

  get counts(): number[] {
    return Array.from(
      this.partitions.all(),
      ({ partition }) => this.taken.filter((record) => record.message.partition === partition).length,
    );
  }
}

describe('a handler that wants no more', () => {
  it('gets what it wants, and the rest waits', () => {
    const handler = new Handler(1);
    handler.room = 5;
    handler.fetched(0, runOf(0, 20));
    expect(handler.counts).toEqual([5]);
    expect(handler.partitions.get('t', 0)!.waitingRecords).toBe(15);
    expect(handler.partitions.totals.waitingBytes).toBe(150);
  });

  it('gets more when a record finishes and it wants more', async () => {
    const handler = new Handler(1);
    handler.room = 5;
    handler.fetched(0, runOf(0, 20));
    handler.taken[0]!.complete();
    await turn();
    expect(handler.counts).toEqual([5]);
    handler.room = 8;
    handler.taken[1]!.complete();
    await turn();
    expect(handler.counts).toEqual([8]);
  });

  it('gets more when it says so, though no record has finished', async () => {
    const handler = new Handler(1);
    handler.fetched(0, runOf(0, 20));
    expect(handler.counts).toEqual([0]);
    handler.room = 20;
    handler.records.handOutAgain();
    await turn();
    expect(handler.counts).toEqual([20]);
    expect(handler.partitions.totals.waitingBytes).toBe(0);
    expect(handler.partitions.get('t', 0)!.tracker.position).toBe(20);
  });

  it('gets from all partitions in turns what it has come to want', async () => {
    const handler = new Handler(3);
    for (const partition of [0, 1, 2]) handler.fetched(partition, runOf(partition, 500));
    handler.room = 300;
    handler.records.handOutAgain();
    await turn();
    const counts = handler.counts;
    expect(counts.reduce((sum, count) => sum + count)).toBe(300);
    expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(32);
  });
});

it('keeps twelve partitions that are always full at one pace, though it wants no more most of the time', async () => {
  const handler = new Handler(12);
  const open: ConsumedRecord[] = [];
  const served = Array<number>(12).fill(0);
  handler.limit = () => open.length < 100;
  handler.onTaken = (record) => {
    open.push(record);
    served[record.message.partition]!++;
  };
  for (let partition = 0; partition < 12; partition++) handler.fetched(partition, runOf(partition, 20_000));
  for (let round = 0; round < 2_000; round++) {
    // As the dispatcher does it: all of one acknowledgement in one turn, and each before its place is free again.
    for (let n = 0; n < 20; n++) {
      open[0]!.complete();
      open.shift();
    }
    await Promise.resolve();
  }
  await turn();
  expect(Math.max(...served) - Math.min(...served)).toBeLessThan(200);
  expect(Math.min(...served)).toBeGreaterThan(3_000);
});

it('tells of what cannot be read, and hands out what came before', () => {
  const handler = new Handler(1);
  handler.room = 100;
  handler.fetched(0, runOf(0, 10, 4));
  expect(handler.counts).toEqual([4]);
  expect(handler.unreadable[0]).toEqual(new RangeError('a record is cut off'));
});
