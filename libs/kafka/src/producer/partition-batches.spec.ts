import { type OutgoingMessage, partitionOfKey } from '@millrace/protocol';
import fc from 'fast-check';
import type { PartitionPlace } from '../client/kafkajs-cluster';
import { choosingPartitions, partitionBatches, unacknowledged } from './partition-batches';
import type { Batch, BatchEntry } from './send-queue';

const places: PartitionPlace[] = Array.from({ length: 12 }, (_, partitionId) => ({ partitionId, leader: 1 }));
const placesOf = () => places;

const entry = (message: Partial<OutgoingMessage>): BatchEntry => ({
  message: { topic: 't', key: null, value: null, headers: {}, ...message },
  partition: message.partition,
});
const batchOf = (...entries: BatchEntry[]): Batch => ({
  records: entries.length,
  parts: [{ entries }] as unknown as Batch['parts'],
});

describe('the choice of a partition', () => {
  test('puts a key where Java puts it', () => {
    const choose = choosingPartitions();
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (key) => {
        expect(choose('t', key, places)).toBe(partitionOfKey(key, 12));
      }),
    );
  });

  test('without a key takes the partitions in turn, each topic for itself, and none without a leader', () => {
    const choose = choosingPartitions(() => 0);
    const some = [0, 1, 2].map((partitionId) => ({ partitionId, leader: partitionId === 1 ? -1 : 1 }));
    expect([1, 2, 3, 4].map(() => choose('t', null, some))).toEqual([0, 2, 0, 2]);
    expect(choose('u', null, some)).toBe(0);
    expect(choose('v', null, [{ partitionId: 0, leader: -1 }])).toBe(0);
  });
});

describe('a batch by partition', () => {
  test('keeps the order of its records', () => {
    const records = [
      entry({ topic: 'a', partition: 1, key: '1' }),
      entry({ topic: 'b', partition: 1, key: '2' }),
      entry({ topic: 'a', partition: 0, key: '3' }),
      entry({ topic: 'a', partition: 1, key: '4' }),
    ];
    const sorted = partitionBatches(batchOf(...records), choosingPartitions(), placesOf);
    expect(sorted.map((each) => [each.topic, each.partition, each.records.map(({ key }) => key)])).toEqual([
      ['a', 1, ['1', '4']],
      ['a', 0, ['3']],
      ['b', 1, ['2']],
    ]);
  });

  test('gives a record without key the same partition when it is asked again, by another sender too', () => {
    const batch = batchOf(entry({}));
    const [chosen] = partitionBatches(batch, choosingPartitions(), placesOf);
    for (let again = 0; again < 20; again++)
      expect(partitionBatches(batch, choosingPartitions(), placesOf)[0]!.partition).toBe(chosen!.partition);
  });
});

describe('the answers of the brokers', () => {
  const sent = [
    { topic: 't', partition: 3 },
    { topic: 'u', partition: 3 },
  ];
  const answer = (topic: string, partition: number, code = 0) => ({ topic, partition, code });

  test.each([
    ['all acknowledged', [answer('t', 3), answer('u', 3)], [], null],
    ['one refused', [answer('t', 3, 10), answer('u', 3)], [sent[0]], 10],
    ['silence about one', [answer('t', 3)], [sent[1]], null],
    ['an answer for another partition', [answer('t', 2), answer('u', 3)], [sent[0]], null],
    ['silence', [], sent, null],
  ])('%s', (_what, answers, open, code) => {
    expect(unacknowledged(sent, answers)).toEqual({ open, code });
  });
});
