import { ByteWriter } from './byte-writer';
import { FETCH, readFetchAnswer, type SessionPlan, withoutSession, writeFetchRequest } from './fetch-request';
import { PRODUCE, readProduceAnswer, writeProduceRequest } from './produce-request';

// kafkajs' own requests and answers, to which ours are held
const kafkajsFrame = require('kafkajs/src/protocol/request') as (request: object) => Promise<{ buffer: Buffer }>;
const kafkajsProduce = require('kafkajs/src/protocol/requests/produce/v7/request') as (request: object) => object;
const kafkajsFetch = require('kafkajs/src/protocol/requests/fetch/v11/request') as (request: object) => object;
const produceAnswer = require('kafkajs/src/protocol/requests/produce/v7/response') as Answer;
const fetchAnswer = require('kafkajs/src/protocol/requests/fetch/v11/response') as Answer;

interface Answer {
  decode(payload: Buffer): Promise<object>;
}

const framed = async (request: object): Promise<Buffer> =>
  (await kafkajsFrame({ correlationId: 0, clientId: 'ünit', request })).buffer;

const record = (value: string) => ({ key: 'k', value: Buffer.from(value), headers: { a: 'b' } });

describe('a produce request', () => {
  afterEach(() => jest.useRealTimers());

  test('is what kafkajs writes', async () => {
    jest.useFakeTimers({ now: 1_790_000_000_123 });
    const one = { topic: 'one', partition: 4, records: [record('a'), record('b')], baseSequence: 5 };
    const two = { topic: 'one', partition: 0, records: [record('c')], baseSequence: 0 };
    const three = { topic: 'other', partition: 1, records: [record('d')], baseSequence: 2 ** 30 };
    const ours = writeProduceRequest(new ByteWriter(1), [one, two, three], {
      clientId: 'ünit',
      producerId: 12n,
      producerEpoch: 1,
      compression: 'none',
      timeoutMs: 1_234,
      timestamp: Date.now(),
    });
    const data = ({ partition, records, baseSequence }: typeof one) => ({
      partition,
      messages: records,
      firstSequence: baseSequence,
    });
    const theirs = await framed(
      kafkajsProduce({
        acks: -1,
        timeout: 1_234,
        transactionalId: null,
        producerId: '12',
        producerEpoch: 1,
        compression: 0,
        topicData: [
          { topic: 'one', partitions: [data(one), data(two)] },
          { topic: 'other', partitions: [data(three)] },
        ],
      }),
    );
    expect(ours.toString('hex')).toBe(theirs.toString('hex'));
    expect([PRODUCE.key, PRODUCE.version]).toEqual([0, 7]);
  });

  test('is answered for each partition', async () => {
    const writer = new ByteWriter();
    const partition = (id: number, code: number): void => {
      writer.int32(id);
      writer.int16(code);
      writer.int64(100);
      writer.int64(-1);
      writer.int64(0);
    };
    writer.int32(2);
    writer.text('one');
    writer.int32(2);
    partition(0, 0);
    partition(7, 6);
    writer.text('other');
    writer.int32(1);
    partition(1, -1);
    writer.int32(33);
    const found = readProduceAnswer(writer.view());
    expect(found).toEqual({
      throttleMs: 33,
      answers: [
        { topic: 'one', partition: 0, code: 0 },
        { topic: 'one', partition: 7, code: 6 },
        { topic: 'other', partition: 1, code: -1 },
      ],
    });
    expect(await produceAnswer.decode(writer.view())).toMatchObject({
      clientSideThrottleTime: 33,
      topics: [{ partitions: [{ errorCode: 0 }, { partition: 7, errorCode: 6 }] }, { partitions: [{ errorCode: -1 }] }],
    });
  });
});

describe('a fetch request', () => {
  const limits = { maxWaitMs: 100, minBytes: 1, bytes: { partition: 5_000, total: 90_000 } };
  const positions = [
    { topic: 'one', partition: 3, position: 2 ** 40 + 1 },
    { topic: 'one', partition: 0, position: 0 },
    { topic: 'other', partition: 1, position: 17 },
  ];
  const session: SessionPlan = {
    id: 99,
    epoch: 4,
    changed: positions.slice(1),
    forgotten: [
      { topic: 'one', partition: 3 },
      { topic: 'one', partition: 5 },
    ],
  };

  test.each([
    ['on its own', withoutSession(positions)],
    ['of a session', session],
    ['of a session in which nothing changed', { ...session, changed: [], forgotten: [] }],
  ])('%s is what kafkajs writes', async (_what, plan) => {
    const byTopic = <T>(entries: readonly { topic: string }[], partitionOf: (entry: never) => T) =>
      [...new Set(entries.map(({ topic }) => topic))].map((topic) => ({
        topic,
        partitions: entries.filter((entry) => entry.topic === topic).map((entry) => partitionOf(entry as never)),
      }));
    const theirs = await framed(
      kafkajsFetch({
        replicaId: -1,
        maxWaitTime: 100,
        minBytes: 1,
        maxBytes: 90_000,
        isolationLevel: 1,
        sessionId: plan.id,
        sessionEpoch: plan.epoch,
        topics: byTopic(plan.changed, ({ partition, position }: (typeof positions)[0]) => ({
          partition,
          fetchOffset: position,
          maxBytes: 5_000,
        })),
        forgottenTopics: byTopic(plan.forgotten, ({ partition }: { partition: number }) => partition),
      }),
    );
    const ours = writeFetchRequest(new ByteWriter(1), 'ünit', limits, plan);
    expect(ours.toString('hex')).toBe(theirs.toString('hex'));
    expect([FETCH.key, FETCH.version]).toEqual([1, 11]);
  });

  test('is answered for the partitions that have something', async () => {
    const writer = new ByteWriter();
    const partition = (id: number, code: number, records: Buffer | null, aborted: [bigint, number][] | null): void => {
      writer.int32(id);
      writer.int16(code);
      writer.int64(100);
      writer.int64(100);
      writer.int64(0);
      writer.int32(aborted === null ? -1 : aborted.length);
      for (const [producer, first] of aborted ?? []) {
        writer.bigInt64(producer);
        writer.int64(first);
      }
      writer.int32(-1);
      writer.int32(records === null ? -1 : records.length);
      if (records) writer.raw(records);
    };
    writer.int32(7);
    writer.int16(0);
    writer.int32(1234);
    writer.int32(2);
    writer.text('one');
    writer.int32(3);
    partition(0, 0, Buffer.alloc(0), []);
    partition(1, 0, null, null);
    partition(2, 1, null, null);
    writer.text('other');
    writer.int32(1);
    partition(5, 0, Buffer.alloc(61, 9), [
      [2n ** 40n, 12],
      [3n, 44],
    ]);
    // kafkajs takes these bytes for an older format, in which they hold nothing
    await expect(fetchAnswer.decode(writer.view())).resolves.toMatchObject({
      sessionId: 1234,
      responses: [{ partitions: [{}, {}, { errorCode: 1 }] }, { partitions: [{ partition: 5 }] }],
    });
    expect(readFetchAnswer(writer.view())).toEqual({
      throttleMs: 7,
      code: 0,
      sessionId: 1234,
      partitions: [
        { topic: 'one', partition: 2, code: 1, aborted: [], bytes: Buffer.alloc(0) },
        {
          topic: 'other',
          partition: 5,
          code: 0,
          aborted: [
            { producerId: 2n ** 40n, firstOffset: 12 },
            { producerId: 3n, firstOffset: 44 },
          ],
          bytes: Buffer.alloc(61, 9),
        },
      ],
    });
  });
});
