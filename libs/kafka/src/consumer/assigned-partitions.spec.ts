import type { FetchedMessage } from '../wire/record-batch-reader';
import { AssignedPartitions } from './assigned-partitions';
import type { PartitionTenure, Waiting } from './partition-tenure';

const record = (position: number): FetchedMessage => ({
  topic: 't',
  partition: 0,
  offset: BigInt(position),
  position,
  key: null,
  value: Buffer.from('x'),
  timestamp: 0,
  headers: {},
  size: 10,
});

const runOf = (message: FetchedMessage): Waiting => ({
  remaining: 1,
  bytes: message.size,
  take() {
    this.remaining--;
    this.bytes = 0;
    return message;
  },
});

const holding = (tenure: PartitionTenure) => {
  tenure.ready = true;
  tenure.accept([runOf(record(0))], 1);
  return tenure.next()!;
};

describe('K4: epochs of an assignment', () => {
  test('the epoch rises with each join; kept partitions take their records along', () => {
    const partitions = new AssignedPartitions(() => {});
    const first = partitions.join('member', { t: [0, 1] });
    expect(first.epoch).toBe(1);
    expect(first.gained).toHaveLength(2);
    const [kept, lost] = first.gained.map(holding) as [ReturnType<typeof holding>, ReturnType<typeof holding>];
    const second = partitions.join('member', { t: [0] });
    expect([second.gained.length, second.kept.length, second.lost.length]).toEqual([0, 1, 1]);
    expect([kept.epoch, kept.current, lost.epoch, lost.current]).toEqual([2, true, 1, false]);
    expect(partitions.totals.records).toBe(1);
  });

  test('a completion of an epoch that is over changes nothing', () => {
    const finished: PartitionTenure[] = [];
    const partitions = new AssignedPartitions((tenure) => finished.push(tenure));
    const [tenure] = partitions.join('member', { t: [0] }).gained as [PartitionTenure];
    const held = holding(tenure);
    partitions.join('member', {});
    held.complete();
    expect(finished).toEqual([]);
    expect(tenure.tracker.watermark).toBe(0);
    expect(partitions.totals).toEqual({ records: 0, heldBytes: 0, waitingBytes: 0, partitions: 0 });
  });

  test('completing twice counts once', () => {
    const partitions = new AssignedPartitions(() => {});
    const [tenure] = partitions.join('member', { t: [0] }).gained as [PartitionTenure];
    const held = holding(tenure);
    held.complete();
    held.complete();
    expect(partitions.totals.records).toBe(0);
    expect(tenure.tracker.watermark).toBe(1);
  });

  test('under a new member id nothing is kept, though the same partition comes back', () => {
    const partitions = new AssignedPartitions(() => {});
    const held = holding(partitions.join('member', { t: [0] }).gained[0]!);
    const again = partitions.join('another', { t: [0] });
    expect([again.gained.length, again.kept.length, again.lost.length]).toEqual([1, 0, 1]);
    expect(held.current).toBe(false);
  });

  test('a partition that was not ready when the group joined again is prepared again', () => {
    const partitions = new AssignedPartitions(() => {});
    partitions.join('member', { t: [0] });
    expect(partitions.join('member', { t: [0] }).gained).toHaveLength(1);
  });
});
