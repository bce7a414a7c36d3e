import { randomBytes } from 'node:crypto';
import { DEFAULT_OPTIONS, type Endpoint, type Event, eventKey } from '@millrace/domain';
import { type DurableProducer, KafkaConnection } from '@millrace/kafka';
import {
  type DeliveryFact,
  decodeRecoveryProgress,
  encodeEvent,
  encodeFacts,
  encodeRecoveryOrder,
  partitionOfKey,
  type RecoveryOrder,
  type RecoveryProgress,
  type TopicNames,
  topicNames,
  topicSpecs,
} from '@millrace/protocol';
import { silentLogger } from '@millrace/telemetry';
import { eventually, type TestEnvironment } from '@millrace/test-environment';
import { MatchIndex } from '../apps/delivery/src/directory/match-index';
import { JOB_LIMITS } from '../apps/delivery/src/recovery/recovery.ports';
import { RecoveryRunner } from '../apps/delivery/src/recovery/recovery.runner';

export interface RecoveryRow {
  readonly name: string;
  readonly value: string;
}

const FOREIGN_EVENTS = 200_000;
const WANTED_EVENTS = 40_000;
const FAILED_DELIVERIES = 50_000;
const BODY_BYTES = 1_024;
const ROUNDS = 3;
const PARTITIONS = 6;
const MODULE = 'mes';
const ENDPOINT = 'ep_bench';

/**
 * How fast a recovery reads events that are for others, beside a loop over the same reader that looks at nothing, in turns,
 * medians; how fast it makes deliveries when its order sets no bound; how fast it reads the delivery log.
 */
export const recoveryRows = async (environment: TestEnvironment): Promise<RecoveryRow[]> => {
  const kafka = new KafkaConnection({ brokers: environment.brokers, clientId: 'bench', logger: silentLogger });
  const prefix = environment.freshPrefix();
  const topics = topicNames(prefix);
  await kafka.provisionTopics(
    topicSpecs({ prefix, partitions: PARTITIONS, replicationFactor: 1, modules: [MODULE] }),
    1,
  );
  const producer = kafka.producer('bench');
  const runner = await startRunner(kafka, topics, producer);
  const progress: Told[] = [];
  const view = kafka.compactedView({
    topic: topics.recoveryProgress,
    onMessage: (message) => {
      const { user, system } = process.cpuUsage();
      progress.push({ record: decodeRecoveryProgress(message)!, cpuMicros: user + system });
    },
  });
  await view.start();
  const carryOut = async (wanted: Wanted): Promise<Told[]> => {
    await order(producer, topics, wanted);
    const told = () => progress.filter(({ record }) => record.recoveryId === wanted.recoveryId);
    await eventually(() => told().at(-1)?.record.state === 'done', `${wanted.recoveryId} to be done`, 120_000);
    return told();
  };
  try {
    await publish(producer, topics, 'machine.other', FOREIGN_EVENTS);
    const plain: Pace[] = [];
    const scan: Pace[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      plain.push(await paceOfPlainLoop(kafka, topics.events(MODULE)));
      const told = await carryOut({ recoveryId: `scan-${round}`, only: 'all', dryRun: true });
      scan.push(paceBetween(told, 'counting', 'done', FOREIGN_EVENTS));
    }
    const since = Date.now();
    await publish(producer, topics, 'machine.wanted', WANTED_EVENTS);
    const all = await carryOut({ recoveryId: 'all', only: 'all', since });
    const missing = await carryOut({ recoveryId: 'missing', only: 'missing', since });
    await fail(producer, topics);
    const failed = await carryOut({ recoveryId: 'failed', only: 'failed' });
    return [
      { name: 'recovery: events that are for others', value: paceText(median(scan)) },
      { name: '… and when they are only read', value: paceText(median(plain)) },
      {
        name: 'recovery `all`: deliveries made',
        value: paceText(paceBetween(all, 'running', 'done', WANTED_EVENTS)),
      },
      {
        name: 'recovery `missing`: deliveries made',
        value: paceText(paceBetween(missing, 'running', 'done', WANTED_EVENTS)),
      },
      {
        name: 'recovery `failed`: deliveries of five facts folded',
        value: paceText(paceBetween(failed, 'counting', 'running', FAILED_DELIVERIES)),
      },
      {
        name: 'recovery `failed`: retries asked for',
        value: paceText(paceBetween(failed, 'running', 'done', FAILED_DELIVERIES)),
      },
    ];
  } finally {
    await runner.stop(1_000);
    await view.close();
    await producer.close();
    await kafka.close();
  }
};

const startRunner = async (
  kafka: KafkaConnection,
  topics: TopicNames,
  producer: DurableProducer,
): Promise<RecoveryRunner> => {
  const directory = new MatchIndex();
  directory.put(endpoint);
  const runner = new RecoveryRunner(
    kafka,
    { topics, modules: [MODULE], partitions: PARTITIONS, timeScale: 1, limits: JOB_LIMITS },
    {
      ownership: { owns: () => true, onOwnershipChanged: () => {} },
      directory: { get: (id) => directory.get(id), caughtUp: async () => {} },
      rules: { judge: () => null, caughtUp: async () => {} },
      parkedOf: () => 0,
      messages: { send: (messages) => producer.send(messages).then(() => true), stop: () => {} },
      now: Date.now,
      ticks: () => performance.now(),
    },
    silentLogger,
  );
  await runner.start();
  return runner;
};

const endpoint: Endpoint = {
  id: ENDPOINT,
  tenant: 'default',
  version: 1,
  url: 'https://receiver.example/hook',
  eventTypes: ['machine.wanted'],
  filter: null,
  contract: 'standard',
  headers: {},
  status: 'active',
  statusReason: null,
  timeoutMs: null,
  ordering: 'none',
  rateLimit: null,
  retry: null,
  options: DEFAULT_OPTIONS,
  runUrls: false,
  description: null,
  createdAt: '2026-01-01T00:00:00Z',
  updatedAt: '2026-01-01T00:00:00Z',
  secrets: [],
};

const publish = async (producer: DurableProducer, topics: TopicNames, type: string, count: number): Promise<void> => {
  for (let at = 0; at < count; at += 1_000)
    await producer.send(
      Array.from({ length: 1_000 }, (_each, n) => {
        const sourceId = `${type.replace('.', '_')}-${at + n}`;
        // Random text: padding that repeats would flatter every codec.
        const padding = randomBytes(BODY_BYTES)
          .toString('base64')
          .slice(0, BODY_BYTES - 130);
        const event: Event = {
          id: sourceId,
          key: eventKey('default', '/bench', sourceId),
          sourceId,
          tenant: 'default',
          type,
          source: '/bench',
          subject: null,
          time: new Date().toISOString(),
          data: JSON.stringify({ padding }),
          traceparent: null,
        };
        return encodeEvent(topics.events(MODULE), event);
      }),
    );
};

/** The life of deliveries that were tried twice, as the log tells it. */
const fail = async (producer: DurableProducer, topics: TopicNames): Promise<void> => {
  const partition = partitionOfKey(ENDPOINT, PARTITIONS);
  for (let at = 0; at < FAILED_DELIVERIES; at += 500)
    await producer.send(
      encodeFacts(topics.deliveryLog, partition, Array.from({ length: 500 }, (_each, n) => lifeOf(at + n)).flat()),
    );
};

const lifeOf = (n: number): DeliveryFact[] => {
  const now = Date.now();
  const id = randomBytes(16).toString('hex');
  const deliveryId = `${id.slice(0, 8)}-${id.slice(8, 12)}-8${id.slice(13, 16)}-8${id.slice(17, 20)}-${id.slice(20)}`;
  const subject = { deliveryId, tenant: 'default', endpointId: ENDPOINT, at: now };
  const [traceId, spanId, requestId] = ['0'.repeat(32), '0'.repeat(16), '0'.repeat(36)];
  const attempt = (number: number): DeliveryFact[] => [
    {
      kind: 'attempt-started',
      ...subject,
      epoch: 0,
      attempt: number,
      requestId,
      url: endpoint.url,
      traceId,
      spanId,
      recordOffset: n,
      chain: { sequence: n, previousId: `evt_${n - 1}` },
      eventId: `evt_${n}`,
    },
    {
      kind: 'attempt-finished',
      ...subject,
      epoch: 0,
      attempt: number,
      requestId,
      startedAt: now,
      durationMs: 12,
      outcome: 'http_503',
      request: { url: endpoint.url, headers: { 'content-type': 'application/json', 'user-agent': 'Millrace/1.0' } },
      response: { status: 503, headers: { 'content-length': '0' }, body: '', bodyTruncated: false },
      error: null,
      traceId,
      spanId,
      result: number === 1 ? { kind: 'retry', nextAttemptAt: now } : { kind: 'failed', reason: 'exhausted' },
    },
  ];
  return [
    {
      kind: 'created',
      ...subject,
      eventId: `evt_${n}`,
      eventKey: id,
      eventType: 'machine.wanted',
      subject: null,
      contract: 'standard',
      contractVersion: 1,
      trigger: { kind: 'event' },
      acceptedAt: now,
      bodySha256: id + id,
      traceId,
    },
    ...attempt(1),
    ...attempt(2),
  ];
};

/** Every record of the topic through the same reader, and nothing done with it. */
const paceOfPlainLoop = async (kafka: KafkaConnection, topic: string): Promise<Pace> => {
  const reader = kafka.recordReader();
  try {
    const ends = await reader.ends(topic);
    const began = performance.now();
    const cpu = process.cpuUsage();
    for (const [partition, end] of ends)
      for (let next = 0n; next < end; ) ({ next } = await reader.fetch(topic, partition, next));
    const { user, system } = process.cpuUsage(cpu);
    return {
      perSecond: (FOREIGN_EVENTS * 1_000) / (performance.now() - began),
      cpuMicrosEach: (user + system) / FOREIGN_EVENTS,
    };
  } finally {
    await reader.close();
  }
};

type Wanted = Pick<RecoveryOrder, 'recoveryId' | 'only'> & Partial<RecoveryOrder>;

const order = (producer: DurableProducer, topics: TopicNames, wanted: Wanted): Promise<void> => {
  const now = Date.now();
  return producer.send([
    encodeRecoveryOrder(topics.recoveries, {
      v: 1,
      tenant: 'default',
      endpointId: ENDPOINT,
      since: 0,
      until: now + 60_000,
      eventTypes: null,
      dryRun: false,
      perSecond: 1_000_000_000,
      wanted: 'run',
      version: 1,
      by: 'bench',
      createdAt: now,
      ...wanted,
    }),
  ]);
};

/** A progress record, and what this process had used when it came. */
interface Told {
  readonly record: RecoveryProgress;
  readonly cpuMicros: number;
}

interface Pace {
  readonly perSecond: number;
  readonly cpuMicrosEach: number;
}

const paceBetween = (
  told: readonly Told[],
  from: RecoveryProgress['state'],
  to: RecoveryProgress['state'],
  count: number,
): Pace => {
  const first = told.find(({ record }) => record.state === from)!;
  const last = told.find(({ record }) => record.state === to)!;
  return {
    perSecond: (count * 1_000) / (last.record.at - first.record.at),
    cpuMicrosEach: (last.cpuMicros - first.cpuMicros) / count,
  };
};

const paceText = ({ perSecond, cpuMicrosEach }: Pace): string =>
  `${rate(perSecond)}, ${cpuMicrosEach.toFixed(1)} µs CPU each`;

const rate = (perSecond: number): string => `${Math.round(perSecond).toLocaleString('en')}/s`;

const median = (paces: readonly Pace[]): Pace =>
  [...paces].sort((a, b) => a.perSecond - b.perSecond)[Math.floor(paces.length / 2)]!;
