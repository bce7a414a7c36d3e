import { partitionOfKey } from '@millrace/protocol';
import fc from 'fast-check';
import type { PartitionMetadata } from 'kafkajs';
import type { Batch } from './send-queue';
import { checkAnswers, lastingPartitioner } from './topic-messages';

const partitionMetadata: PartitionMetadata[] = Array.from({ length: 12 }, (_, partitionId) => ({
  partitionId,
  partitionErrorCode: 0,
  leader: 1,
  replicas: [1],
  isr: [1],
}));

describe('the partitioner', () => {
  test('puts a key where Java puts it', () => {
    const choose = lastingPartitioner();
    fc.assert(
      fc.property(fc.string({ minLength: 1, unit: 'binary' }), (key) => {
        expect(choose({ topic: 't', partitionMetadata, message: { key, value: null } })).toBe(partitionOfKey(key, 12));
      }),
    );
  });

  test('gives a message without key the same partition when it is asked again, by another producer too', () => {
    const message = { key: null, value: null };
    const chosen = lastingPartitioner()({ topic: 't', partitionMetadata, message });
    for (let again = 0; again < 20; again++)
      expect(lastingPartitioner()({ topic: 't', partitionMetadata, message })).toBe(chosen);
  });
});

describe('the answers of the brokers', () => {
  const batch = {
    records: 1,
    parts: [{ entries: [{ topic: 't', message: { value: null, partition: 3 } }] }],
  } as unknown as Batch;

  test('must name each partition that was written to', () => {
    expect(() => checkAnswers(batch, [{ topicName: 't', partition: 3, errorCode: 0 }])).not.toThrow();
    expect(() => checkAnswers(batch, [{ topicName: 't', partition: 2, errorCode: 0 }])).toThrow('partition 3 of t');
    expect(() => checkAnswers(batch, [])).toThrow();
  });
});
