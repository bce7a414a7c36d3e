import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type DurableProducer, KafkaConnection } from '@millrace/kafka';
import type { OutgoingMessage } from '@millrace/protocol';
import { silentLogger } from '@millrace/telemetry';
import { isolatedEnvironment, type TestEnvironment } from '@millrace/test-environment';
import { CompressionTypes, Kafka, logLevel, type Message } from 'kafkajs';
import { registerKafkajsCodecs } from '../libs/kafka/src/test-support/kafkajs-codecs';
import { ByteWriter } from '../libs/kafka/src/wire/byte-writer';
import type { Compression } from '../libs/kafka/src/wire/codecs';
import { writeRecordBatch } from '../libs/kafka/src/wire/record-batch-writer';

export interface KafkaClientRow {
  readonly name: string;
  readonly value: string;
}

const BODY_BYTES = 1_024;
const PARTITIONS = 12;
const MANY_TOPICS = 16;
const ENCODE_BATCH = 200;
const ENCODE_ROUNDS = 100;
const CALL_RECORDS = 100;
const RECORDS = 20_000;
const SINGLES = 1_000;
const ROUNDS = 3;
const IDLE_SAMPLES = 200;
const LOAD_PER_SECOND = 5_000;
const LOAD_MS = 5_000;

const kafkajsRecord = require('kafkajs/src/protocol/recordBatch/record/v0') as (record: object) => object;
const { RecordBatch: kafkajsBatch } = require('kafkajs/src/protocol/recordBatch/v0') as {
  RecordBatch(batch: object): Promise<object>;
};

/**
 * What a record of 1 KiB with the headers of a delivery costs this process to encode, to produce and to consume, in CPU with
 * everything that the client does around it, beside plain kafkajs with the same records, codec and broker, in turns in one
 * run, medians; and how long a record is on its way, over the partitions that fan-out reads.
 */
export const kafkaClientRows = async (environment?: TestEnvironment): Promise<KafkaClientRow[]> => {
  registerKafkajsCodecs();
  const own = environment === undefined ? await isolatedEnvironment() : null;
  const { brokers, freshPrefix } = (environment ?? own)!;
  const bench = new ClientBench(brokers, freshPrefix());
  try {
    return [
      ...(await encoding('none', CompressionTypes.None)),
      ...(await encoding('zstd', CompressionTypes.ZSTD)),
      ...(await bench.producing()),
      ...(await bench.consuming()),
      ...(await bench.latency()),
    ];
  } finally {
    await bench.close();
    await own?.close();
  }
};

const encoding = async (compression: Compression, plain: CompressionTypes): Promise<KafkaClientRow[]> => {
  const records = Array.from({ length: ENCODE_BATCH }, (_, n) => recordOf('t', n));
  const writer = new ByteWriter();
  const ours = async (): Promise<void> => {
    for (let round = 0; round < ENCODE_ROUNDS; round++) {
      writer.clear();
      writeRecordBatch(writer, {
        records,
        timestamp: Date.now(),
        producerId: 1n,
        producerEpoch: 0,
        baseSequence: 0,
        compression,
      });
    }
  };
  const theirs = async (): Promise<void> => {
    for (let round = 0; round < ENCODE_ROUNDS; round++)
      await kafkajsBatch({
        compression: plain,
        records: records.map((record, offsetDelta) => kafkajsRecord({ ...record, offsetDelta })),
        lastOffsetDelta: records.length - 1,
      });
  };
  return compared(`encode, ${compression}`, ENCODE_BATCH * ENCODE_ROUNDS, ours, theirs);
};

class ClientBench {
  private readonly kafka: KafkaConnection;
  private readonly kafkajs: Kafka;

  constructor(
    brokers: string[],
    private readonly prefix: string,
  ) {
    this.kafka = new KafkaConnection({ brokers, clientId: 'bench', logger: silentLogger });
    this.kafkajs = new Kafka({ brokers, clientId: 'bench-plain', logLevel: logLevel.NOTHING });
  }

  async producing(): Promise<KafkaClientRow[]> {
    const [topic] = await this.topics('produce', 1);
    const producer = this.kafka.producer('bench');
    const plain = this.plainProducer();
    await Promise.all([producer.connect(), plain.connect()]);
    const calls = Array.from({ length: RECORDS / CALL_RECORDS }, (_, call) =>
      Array.from({ length: CALL_RECORDS }, (_each, n) => recordOf(topic!, call * CALL_RECORDS + n)),
    );
    const singles = calls.flat().slice(0, SINGLES);
    const sendPlain = (messages: readonly OutgoingMessage[]) =>
      plain.sendBatch({
        acks: -1,
        compression: CompressionTypes.ZSTD,
        topicMessages: [{ topic: topic!, messages: messages as unknown as Message[] }],
      });
    const rows = [
      ...(await compared(
        `produce, calls of ${CALL_RECORDS}`,
        RECORDS,
        async () => {
          for (const call of calls) await producer.send(call);
        },
        async () => {
          for (const call of calls) await sendPlain(call);
        },
      )),
      ...(await compared(
        'produce, calls of 1',
        SINGLES,
        async () => {
          for (const message of singles) await producer.send([message]);
        },
        async () => {
          for (const message of singles) await sendPlain([message]);
        },
      )),
    ];
    await Promise.all([producer.close(), plain.disconnect()]);
    return rows;
  }

  async consuming(): Promise<KafkaClientRow[]> {
    const [topic] = await this.topics('consume', 1);
    const producer = this.kafka.producer('bench');
    for (let at = 0; at < RECORDS; at += 1_000)
      await producer.send(Array.from({ length: 1_000 }, (_, n) => recordOf(topic!, at + n)));
    await producer.close();
    let groups = 0;
    const ours = async (): Promise<void> => {
      let seen = 0;
      let finish!: () => void;
      const all = new Promise<void>((resolve) => {
        finish = resolve;
      });
      const consumer = this.kafka.windowedConsumer({
        groupId: `${this.prefix}group${groups++}`,
        topics: [topic!],
        window: { recordsPerPartition: 1_000, bytes: 128 * 1024 * 1024 },
        onRecord: (record) => {
          record.complete();
          if (++seen === RECORDS) finish();
        },
      });
      await consumer.start();
      await all;
      await consumer.stop(0);
    };
    const theirs = async (): Promise<void> => {
      let seen = 0;
      let finish!: () => void;
      const all = new Promise<void>((resolve) => {
        finish = resolve;
      });
      const consumer = this.kafkajs.consumer({ groupId: `${this.prefix}group${groups++}`, maxWaitTimeInMs: 100 });
      await consumer.connect();
      await consumer.subscribe({ topic: topic!, fromBeginning: true });
      await consumer.run({
        autoCommitInterval: 250,
        eachBatch: async ({ batch }) => {
          seen += batch.messages.length;
          if (seen === RECORDS) finish();
        },
      });
      await all;
      await consumer.disconnect();
    };
    return compared('consume, with joining the group', RECORDS, ours, theirs);
  }

  async latency(): Promise<KafkaClientRow[]> {
    const topics = await this.topics('latency', MANY_TOPICS);
    const producer = this.kafka.producer('bench');
    await producer.connect();
    let handled: number[] = [];
    let acknowledged: number[] = [];
    const consumer = this.kafka.windowedConsumer({
      groupId: `${this.prefix}latency`,
      topics,
      window: { recordsPerPartition: 1_000, bytes: 128 * 1024 * 1024 },
      onRecord: (record) => {
        handled.push(performance.now() - record.message.value!.readDoubleBE(0));
        record.complete();
      },
    });
    await consumer.start();
    const send = (n: number): Promise<unknown> => timed(producer, recordOf(topics[n % MANY_TOPICS]!, n), acknowledged);
    for (let n = 0; n < IDLE_SAMPLES; n++) await send(n);
    await sleep(500);
    const partitions = `over ${MANY_TOPICS * PARTITIONS} partitions`;
    const rows: KafkaClientRow[] = [];
    const report = (what: string): void => {
      rows.push({ name: `send to acknowledgement, ${what}`, value: spread(acknowledged) });
      rows.push({ name: `send to handler ${partitions}, ${what}`, value: spread(handled) });
    };

    handled = [];
    acknowledged = [];
    for (let n = 0; n < IDLE_SAMPLES; n++) {
      await send(n);
      await sleep(10);
    }
    report('idle');

    for (const measured of [false, true]) {
      handled = [];
      acknowledged = [];
      const began = performance.now();
      const sends: Promise<unknown>[] = [];
      for (let passed = 0; passed < LOAD_MS; passed = performance.now() - began) {
        while (sends.length < (passed * LOAD_PER_SECOND) / 1_000) sends.push(send(sends.length));
        await sleep(1);
      }
      await Promise.all(sends);
      await sleep(200);
      if (measured) report(`${LOAD_PER_SECOND} records/s`);
    }
    await consumer.stop(0);
    await producer.close();
    return rows;
  }

  async close(): Promise<void> {
    await this.kafka.close();
  }

  private async topics(name: string, count: number): Promise<string[]> {
    const names = Array.from({ length: count }, (_, n) => `${this.prefix}${name}${n}`);
    await this.kafka.provisionTopics(
      names.map((topic) => ({ name: topic, partitions: PARTITIONS, config: {} })),
      1,
    );
    return names;
  }

  private plainProducer() {
    return this.kafkajs.producer({
      idempotent: true,
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
    });
  }
}

const timed = async (producer: DurableProducer, message: OutgoingMessage, into: number[]): Promise<void> => {
  const began = performance.now();
  message.value!.writeDoubleBE(began);
  await producer.send([message]);
  into.push(performance.now() - began);
};

/** A task of `deliveries`, about: random text, since padding that repeats would flatter every codec. */
const recordOf = (topic: string, n: number): OutgoingMessage => ({
  topic,
  key: `ep_${n % 1_000}`,
  value: Buffer.from(randomBytes(BODY_BYTES).toString('base64').slice(0, BODY_BYTES)),
  headers: {
    'millrace-task': JSON.stringify({
      deliveryId: randomBytes(16).toString('hex'),
      tenant: 'default',
      endpointId: `ep_${n % 1_000}`,
      eventId: `evt_${randomBytes(12).toString('hex')}`,
      eventKey: randomBytes(16).toString('hex'),
      eventType: 'machine.bench',
      eventTime: '2026-01-01T00:00:00.000Z',
      contract: { name: 'standard', version: 1 },
      trigger: { kind: 'event' },
      epoch: 1,
      attempt: 1,
      acceptedAt: 1_790_000_000_000,
    }),
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00',
  },
});

/** CPU microseconds a record, ours and theirs in turns after one round of each to warm up. */
const compared = async (
  what: string,
  records: number,
  ours: () => Promise<void>,
  theirs: () => Promise<void>,
): Promise<KafkaClientRow[]> => {
  const cost = async (work: () => Promise<void>): Promise<number> => {
    const before = process.cpuUsage();
    await work();
    const { user, system } = process.cpuUsage(before);
    return (user + system) / records;
  };
  await ours();
  await theirs();
  const costs: [number, number][] = [];
  for (let round = 0; round < ROUNDS; round++) costs.push([await cost(ours), await cost(theirs)]);
  const own = median(costs.map(([each]) => each));
  const plain = median(costs.map(([, each]) => each));
  return [{ name: what, value: `${own.toFixed(1)} CPU µs a record, plain kafkajs ${plain.toFixed(1)}` }];
};

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;

const spread = (values: readonly number[]): string => {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number): string => sorted[Math.floor((sorted.length - 1) * share)]!.toFixed(2);
  return `p50 ${at(0.5)}, p99 ${at(0.99)} ms (${sorted.length})`;
};

const main = async (): Promise<void> => {
  for (const { name, value } of await kafkaClientRows()) console.log(`${name.padEnd(60)}${value}`);
};

if (require.main === module)
  main().catch((error) => {
    console.error(error);
    process.exitCode = 1;
  });
