import type { Broker, Cluster, Connection, RequestQueue } from '../client/kafkajs-cluster';
import { ByteReader } from '../wire/byte-reader';
import { ByteWriter } from '../wire/byte-writer';
import { writeRecordBatch } from '../wire/record-batch-writer';
import { type FetchedRecords, type OffsetSource, PartitionFetcher } from './partition-fetcher';

const NOT_LEADER = 6;
const OUT_OF_RANGE = 1;
const SESSION_UNKNOWN = 70;

interface Answered {
  readonly partition: number;
  readonly code?: number;
  /** Offset of the first value. */
  readonly at?: number;
  readonly values?: readonly string[];
}

/** The requests that reach one broker, and its answers, as the test says. */
class ScriptedCluster {
  readonly requests: { id: number; epoch: number; asked: string[]; forgotten: number[] }[] = [];
  readonly brokerPool: { metadata: object } = { metadata: {} };
  leader = 1;
  private waiting: { resolve(answer: { payload: Buffer }): void }[] = [];

  readonly connection = {
    clientId: 'c',
    sasl: null,
    socket: { write: (frame: Uint8Array) => void this.requests.push(requestOf(frame as Buffer)) },
    requestQueue: {
      push: ({ entry, sendRequest }: Parameters<RequestQueue['push']>[0]) => {
        sendRequest();
        this.waiting.push(entry);
      },
      maybeThrottle: () => {},
    },
    failIfNotConnected: () => {},
    nextCorrelationId: () => 1,
  } as unknown as Connection;

  readonly cluster = {
    brokerPool: this.brokerPool,
    refreshMetadataIfNecessary: async () => {},
    findTopicPartitionMetadata: () => [0, 1, 2].map((partitionId) => ({ partitionId, leader: this.leader })),
    findBroker: async () =>
      ({ connectionPool: { getConnectionByRequest: async () => this.connection } }) as unknown as Broker,
  } as unknown as Cluster;

  async answer(partitions: readonly Answered[], { session = 9, code = 0 } = {}): Promise<void> {
    while (this.waiting.length === 0) await turn();
    this.waiting.shift()!.resolve({ payload: answerOf(partitions, session, code) });
    await turn();
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const requestOf = (frame: Buffer): ScriptedCluster['requests'][0] => {
  const reader = new ByteReader(frame, 12);
  reader.text();
  reader.at += 17;
  const id = reader.int32();
  const epoch = reader.int32();
  const asked: string[] = [];
  for (let topics = reader.int32(); topics > 0; topics--) {
    reader.text();
    for (let count = reader.int32(); count > 0; count--) {
      const partition = reader.int32();
      reader.at += 4;
      asked.push(`${partition} from ${reader.int64()}`);
      reader.at += 12;
    }
  }
  const forgotten: number[] = [];
  for (let topics = reader.int32(); topics > 0; topics--) {
    reader.text();
    for (let count = reader.int32(); count > 0; count--) forgotten.push(reader.int32());
  }
  return { id, epoch, asked, forgotten };
};

const answerOf = (partitions: readonly Answered[], session: number, code: number): Buffer => {
  const writer = new ByteWriter();
  writer.int32(0);
  writer.int16(code);
  writer.int32(session);
  writer.int32(1);
  writer.text('t');
  writer.int32(partitions.length);
  for (const { partition, code: own = 0, at = 0, values = [] } of partitions) {
    writer.int32(partition);
    writer.int16(own);
    writer.skip(24);
    writer.int32(0);
    writer.int32(-1);
    const records = new ByteWriter();
    if (values.length > 0)
      writeRecordBatch(records, {
        records: values.map((value) => ({ key: null, value, headers: {} })),
        timestamp: 0,
        producerId: 0n,
        producerEpoch: 0,
        baseSequence: 0,
        compression: 'none',
      });
    const bytes = records.view();
    if (bytes.length > 0) bytes.writeBigInt64BE(BigInt(at), 0);
    writer.int32(bytes.length);
    writer.raw(bytes);
  }
  return Buffer.from(writer.view());
};

const fetching = () => {
  const script = new ScriptedCluster();
  const committed: { [partition: number]: string } = { 0: '100', 1: '200', 2: '300' };
  let resolved = 0;
  const source: OffsetSource = {
    checkForStaleAssignment: () => {},
    offsetManager: {
      resolveOffsets: async () => void resolved++,
      committedOffsets: () => ({ t: committed }),
    },
  };
  const seen: string[] = [];
  const onRecords = ({ partition, runs }: FetchedRecords): void => {
    for (const run of runs)
      for (let each = run.take(); each !== null; each = run.take())
        seen.push(`${partition}: ${each.value} at ${each.offset}`);
  };
  const limits = { maxWaitMs: 60_000, minBytes: 1, bytes: { partition: 1_000, total: 10_000 } };
  const fetcher = new PartitionFetcher(script.cluster, limits, onRecords);
  const fetch = (): Promise<void> => fetcher.fetch(source, 1);
  const first = async (): Promise<void> => {
    fetcher.assign({ t: [0, 1, 2] });
    const done = fetch();
    await script.answer([]);
    await done;
    script.requests.length = 0;
  };
  return { script, source, committed, seen, fetcher, fetch, first, resolvedTimes: () => resolved };
};

describe('the fetcher of a group', () => {
  test('begins where the group has committed, and then asks only for what has moved', async () => {
    const { script, seen, fetcher, fetch, resolvedTimes } = fetching();
    fetcher.assign({ t: [0, 1, 2] });
    fetcher.seek('t', 2, 7);
    const done = fetch();
    await script.answer([{ partition: 1, at: 200, values: ['a', 'b'] }]);
    await done;
    expect(seen).toEqual(['1: a at 200', '1: b at 201']);
    void fetch();
    await script.answer([]);
    expect(script.requests).toEqual([
      { id: 0, epoch: 0, asked: ['0 from 100', '1 from 200', '2 from 7'], forgotten: [] },
      { id: 9, epoch: 1, asked: ['1 from 202'], forgotten: [] },
    ]);
    expect(resolvedTimes()).toBe(1);
  });

  test('leaves out what is paused; without anything to ask for it waits, until something is resumed or sought', async () => {
    const { script, fetcher, fetch, first } = fetching();
    await first();
    fetcher.pause('t', 0);
    void fetch();
    await script.answer([]);
    expect(script.requests.at(-1)).toMatchObject({ asked: [], forgotten: [0] });
    for (const partition of [1, 2]) fetcher.pause('t', partition);
    const requests = script.requests.length;
    for (const wake of [() => fetcher.resume('t', 0), () => fetcher.seek('t', 1, 5)]) {
      let over = false;
      const idle = fetch().then(() => {
        over = true;
      });
      await turn();
      expect(over).toBe(false);
      wake();
      await idle;
      fetcher.pause('t', 0);
    }
    expect(script.requests).toHaveLength(requests);
    fetcher.resume('t', 1);
    void fetch();
    await script.answer([]);
    expect(script.requests.at(-1)).toMatchObject({ asked: ['1 from 5'], forgotten: [2] });
  });

  test('drops what was fetched for a position that has been left meanwhile', async () => {
    const { script, seen, fetcher, fetch, first } = fetching();
    await first();
    const done = fetch();
    await turn();
    fetcher.seek('t', 0, 150);
    await script.answer([
      { partition: 0, at: 100, values: ['of before'] },
      { partition: 1, at: 200, values: ['b'] },
    ]);
    await done;
    expect(seen).toEqual(['1: b at 200']);
    void fetch();
    await script.answer([]);
    expect(script.requests.at(-1)!.asked).toEqual(['0 from 150', '1 from 201']);
  });

  test('drops what comes after a new assignment, and begins a new session', async () => {
    const { script, seen, fetcher, fetch, first } = fetching();
    await first();
    const done = fetch();
    await turn();
    fetcher.assign({ t: [0] });
    await script.answer([{ partition: 0, at: 100, values: ['of before'] }]);
    await done;
    expect(seen).toEqual([]);
    void fetch();
    await script.answer([]);
    expect(script.requests.at(-1)).toEqual({ id: 0, epoch: 0, asked: ['0 from 100'], forgotten: [] });
  });

  test('hands on the records of the others before it tells of the error of one', async () => {
    const { script, seen, fetch, first } = fetching();
    await first();
    const done = fetch();
    await script.answer([
      { partition: 0, code: NOT_LEADER },
      { partition: 1, at: 200, values: ['b'] },
    ]);
    await expect(done).rejects.toMatchObject({ type: 'NOT_LEADER_FOR_PARTITION' });
    expect(seen).toEqual(['1: b at 200']);
    void fetch();
    await script.answer([]);
    expect(script.requests.at(-1)).toMatchObject({ id: 0, asked: ['0 from 100', '1 from 201', '2 from 300'] });
  });

  test('asks the group again for an offset that the log does not hold', async () => {
    const { script, committed, fetch, first } = fetching();
    await first();
    const done = fetch();
    await script.answer([{ partition: 2, code: OUT_OF_RANGE }]);
    await expect(done).rejects.toMatchObject({ name: 'KafkaJSOffsetOutOfRange', topic: 't', partition: 2 });
    committed[2] = '400';
    void fetch();
    await script.answer([]);
    expect(script.requests.at(-1)!.asked).toEqual(['0 from 100', '1 from 200', '2 from 400']);
  });

  test('begins anew when the broker does not know its session', async () => {
    const { script, fetch, first } = fetching();
    await first();
    const done = fetch();
    await script.answer([], { session: 0, code: SESSION_UNKNOWN });
    await done;
    void fetch();
    await script.answer([]);
    expect(script.requests.at(-1)).toMatchObject({
      id: 0,
      epoch: 0,
      asked: ['0 from 100', '1 from 200', '2 from 300'],
    });
  });

  test('asks a broker only for what it leads, and notices when that changes', async () => {
    const { script, source, fetcher, fetch, first } = fetching();
    await first();
    script.leader = 2;
    script.brokerPool.metadata = {};
    let checked = 0;
    source.checkForStaleAssignment = () => void checked++;
    const idle = fetch();
    await turn();
    expect(script.requests).toEqual([]);
    expect(checked).toBe(1);
    fetcher.resume('t', 0);
    await idle;
    void fetcher.fetch(source, 2);
    await script.answer([]);
    expect(script.requests).toMatchObject([{ id: 0, asked: ['0 from 100', '1 from 200', '2 from 300'] }]);
    expect(checked).toBe(1);
  });
});
