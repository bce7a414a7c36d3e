import { createHash, randomBytes } from 'node:crypto';
import type { Event, MachineState } from '@millrace/domain';
import { KafkaConnection } from '@millrace/kafka';
import {
  decodeEvent,
  decodeMachineState,
  decodeRejection,
  decodeSignal,
  EVENT_MODULES,
  encodeApiKey,
  type IncomingMessage,
  type Scope,
  type TopicNames,
  topicNames,
  topicSpecs,
} from '@millrace/protocol';
import { silentLogger } from '@millrace/telemetry';

export const PARTITIONS = 3;
export const ADMIN_KEY = `mr_admin_${'k'.repeat(32)}`;

/** Topics of one test on a real broker, and what is in them. */
export class IngestSite {
  readonly topics: TopicNames;
  readonly kafka: KafkaConnection;

  constructor(
    readonly brokers: string[],
    readonly prefix: string,
  ) {
    this.topics = topicNames(prefix);
    this.kafka = new KafkaConnection({ brokers, clientId: 'ingest-test', logger: silentLogger });
  }

  async provision(): Promise<this> {
    const settings = { prefix: this.prefix, partitions: PARTITIONS, replicationFactor: 1, modules: EVENT_MODULES };
    await this.kafka.provisionTopics(topicSpecs(settings), 1);
    return this;
  }

  /** Environment of the service. */
  variables(own: { [name: string]: string } = {}): { [name: string]: string } {
    return {
      MILLRACE_SERVICE_PORT: '0',
      MILLRACE_SERVICE_HOST: '127.0.0.1',
      MILLRACE_KAFKA_BROKERS: this.brokers.join(','),
      MILLRACE_TOPIC_PREFIX: this.prefix,
      MILLRACE_PARTITIONS: String(PARTITIONS),
      MILLRACE_ADMIN_KEY: ADMIN_KEY,
      // Nothing answers there: what is done with signals needs no database, and most tests show that by the way.
      MILLRACE_DATABASE_URL: 'postgres://none:none@127.0.0.1:9/none',
      MILLRACE_ENCRYPTION_KEY: 'ab'.repeat(32),
      ...own,
    };
  }

  async records(topic: string): Promise<IncomingMessage[]> {
    const records: IncomingMessage[] = [];
    for (const partition of (await this.kafka.endOffsets(topic)).keys())
      await this.kafka.readRange({ topic, partition, from: 0n, onMessage: (message) => void records.push(message) });
    return records;
  }

  /** A key of any tenant, as the service that makes keys would have published it. */
  async keyOf(tenant: string, scopes: Scope[]): Promise<string> {
    const id = randomBytes(6).toString('hex');
    const text = `mr_${id}_${randomBytes(24).toString('hex')}`;
    const sha256 = createHash('sha256').update(text).digest('hex');
    const producer = this.kafka.producer('keys');
    await producer.send([
      encodeApiKey(this.topics.apiKeys, id, { v: 1, id, tenant, name: 'test', sha256, scopes, expiresAt: null }),
    ]);
    await producer.close();
    return text;
  }

  async events(module: string): Promise<Event[]> {
    return (await this.records(this.topics.events(module))).map((message) => {
      const read = decodeEvent(message, 'default');
      if (read.kind === 'refused') throw new Error(read.refusal.detail);
      return read.event;
    });
  }

  async signals() {
    return (await this.records(this.topics.signals)).map((message) => ({ message, read: decodeSignal(message) }));
  }

  async rejected() {
    return (await this.records(this.topics.signalsRejected)).map((message) => decodeRejection(message)!);
  }

  /** The newest state of a machine. */
  async state(key: string): Promise<MachineState | null> {
    let newest: MachineState | null = null;
    for (const message of await this.records(this.topics.machineState)) {
      const change = decodeMachineState(message);
      if (change.kind !== 'put' || change.key !== key) continue;
      if (newest === null || BigInt(change.state.position!.offset) >= BigInt(newest.position!.offset))
        newest = change.state;
    }
    return newest;
  }

  close(): Promise<void> {
    return this.kafka.close();
  }
}

/** What a request is answered with. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
}

export const ask = async (
  url: string,
  method: string,
  path: string,
  body?: string | Buffer | object,
  headers: { [name: string]: string } = {},
): Promise<Answer> => {
  const raw = body === undefined || typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body);
  const response = await fetch(`${url}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${ADMIN_KEY}`,
      ...(raw === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(raw === undefined ? {} : { body: typeof raw === 'string' ? raw : new Uint8Array(raw) }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text === '' ? null : JSON.parse(text) };
};

export const randomName = (): string => `M-${randomBytes(4).toString('hex')}`;
