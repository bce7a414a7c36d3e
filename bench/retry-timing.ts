import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { type DeliveryTask, type Event, eventKey, nextHop } from '@millrace/domain';
import { type DurableProducer, KafkaConnection } from '@millrace/kafka';
import {
  decodeFacts,
  EVENT_MODULES,
  encodeDelivery,
  encodeEvent,
  isDeliveryFact,
  partitionOfKey,
  type TopicNames,
  topicNames,
  topicSpecs,
} from '@millrace/protocol';
import { silentLogger } from '@millrace/telemetry';
import {
  eventually,
  isolatedEnvironment,
  type ServiceName,
  ServiceProcess,
  serviceVariables,
  type TestEnvironment,
} from '@millrace/test-environment';

export interface RetryTimingRow {
  readonly name: string;
  readonly value: string;
}

const PARTITIONS = 6;
const BODY_BYTES = 1_024;
const DELAYS_S = [1, 5, 37] as const;
const LIVE_ENDPOINTS = 10;
/** Retries before the first that counts: a process that has just started compiles its code. */
const WARM_UP = 40;
const IDLE_SAMPLES = 120;
const IDLE_EVERY_MS = 250;
/** Events that succeed, for each that fails at first: an endpoint that only fails is taken for down, and its retries wait. */
const CALM = 3;
const FIRST_RATE = 300;
const RATE_STEP = 1.3;
const STEP_MS = 8_000;
/** A rate is kept up with when nine of ten deliveries arrive within this. */
const KEEPS_UP_MS = 100;
const LOAD_SHARE = 0.8;
const LOAD_MS = 30_000;
/** Share of the events under load that fail at first. */
const FAILING_UNDER_LOAD = 0.02;
const STORM = 50_000;
const STORM_ENDPOINTS = 20;
const STORM_LIVE_SHARE = 0.3;
const STORM_NOTICE_MS = 15_000;
const SEND_EVERY_MS = 5;
const LOOK_EVERY_MS = 500;

/**
 * How late a retry reaches its receiver after the moment that the history says it is planned for: on an idle system, at
 * 80 % of what the machine delivers, and when 50,000 are due in one second beside live deliveries. Real delays, nothing is
 * scaled. The generator and the receiver are on the same machine, and their CPU is part of the load.
 */
export const retryTimingRows = async (
  environment: TestEnvironment,
  tell: (row: RetryTimingRow) => void = () => {},
): Promise<RetryTimingRow[]> => {
  const site = await Site.start(environment);
  try {
    const rows: RetryTimingRow[] = [];
    const add = (name: string, value: string): void => {
      rows.push({ name, value });
      tell({ name, value });
    };
    await site.failing('warm', WARM_UP, IDLE_EVERY_MS, [1]);
    const idle = await site.failing('idle', IDLE_SAMPLES, IDLE_EVERY_MS);
    for (const [delay, late] of idle) add(`retry lateness idle, ${delay} s`, spread(late));

    const capacity = await site.capacity();
    add('live deliveries/s that are kept up with', capacity.toFixed(0));
    const live = site.live('load', capacity * LOAD_SHARE);
    await pause(3_000);
    const perSecond = (capacity * LOAD_SHARE * FAILING_UNDER_LOAD) / DELAYS_S.length;
    const loaded = await site.failing('loaded', Math.floor((LOAD_MS / 1_000) * perSecond), 1_000 / perSecond);
    await live.end();
    for (const [delay, late] of loaded) add(`retry lateness at 80 % load, ${delay} s`, spread(late));
    add('live latency at 80 % load', spread(await site.latencies('load', () => true)));
    for (const { name, value } of await site.storm(capacity * STORM_LIVE_SHARE)) add(name, value);
    return rows;
  } finally {
    await site.close();
  }
};

type Arrival = [id: string, at: number, status: number];

/** The delivery service over a Kafka of its own, with endpoints of each delay, and a receiver that notes arrivals. */
class Site {
  /** By the first words of their ids. */
  private readonly arrivals = new Map<string, Arrival[]>();
  /** Unix ms of the next attempt, by delivery: what the attempt before it was recorded with. */
  private readonly planned = new Map<string, number>();
  /** The delivery of an event that fails at first. */
  private readonly deliveryOf = new Map<string, string>();

  private constructor(
    private readonly kafka: KafkaConnection,
    private readonly topics: TopicNames,
    private readonly producer: DurableProducer,
    private readonly receiver: { readonly child: ChildProcess; readonly url: string },
    private readonly services: ServiceProcess[],
    private readonly adminKey: string,
    private readonly stormEndpoints: string[],
    private readonly ends: (() => Promise<void>)[],
  ) {}

  static async start(environment: TestEnvironment): Promise<Site> {
    const prefix = environment.freshPrefix();
    const topics = topicNames(prefix);
    const adminKey = `mr_bench_${randomBytes(16).toString('hex')}`;
    const kafka = new KafkaConnection({ brokers: environment.brokers, clientId: 'bench', logger: silentLogger });
    await kafka.provisionTopics(
      topicSpecs({ prefix, partitions: PARTITIONS, replicationFactor: 1, modules: EVENT_MODULES }),
      1,
    );
    const variables = {
      ...serviceVariables({
        brokers: environment.brokers,
        databaseUrl: await environment.freshDatabase(),
        prefix,
        adminKey,
        encryptionKey: randomBytes(32).toString('base64'),
        partitions: PARTITIONS,
      }),
      LOG_LEVEL: 'warn',
    };
    const start = async (name: ServiceName) => (await ServiceProcess.start(name, { variables })).waitReady(60_000);
    const services = [await start('subscription'), await start('delivery')];
    const producer = kafka.producer('bench');
    await producer.connect();
    const receiver = await startReceiver();
    const site = new Site(kafka, topics, producer, receiver, services, adminKey, [], []);
    await site.createEndpoints();
    await site.followFacts(prefix);
    return site;
  }

  private async createEndpoints(): Promise<void> {
    for (const delay of DELAYS_S)
      await this.createEndpoint(`fails/${delay}`, `machine.fails_${delay}`, {
        retry: { delaysSeconds: [delay, delay], jitter: 0 },
      });
    for (let n = 0; n < LIVE_ENDPOINTS; n++) await this.createEndpoint(`live/${n}`, `machine.live_${n}`);
    for (let n = 0; n < STORM_ENDPOINTS; n++)
      this.stormEndpoints.push(await this.createEndpoint(`storm/${n}`, `machine.storm_${n}`));
  }

  private async createEndpoint(path: string, eventType: string, more: object = {}): Promise<string> {
    const answer = await fetch(`${this.services[0]!.url}/v1/endpoints`, {
      method: 'POST',
      headers: { authorization: `Bearer ${this.adminKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({ url: `${this.receiver.url}/${path}`, eventTypes: [eventType], ...more }),
    });
    if (!answer.ok) throw new Error(`the endpoint was refused: ${await answer.text()}`);
    return ((await answer.json()) as { id: string }).id;
  }

  private async followFacts(prefix: string): Promise<void> {
    const consumer = this.kafka.windowedConsumer({
      groupId: `${prefix}bench`,
      topics: [this.topics.deliveryLog],
      window: { recordsPerPartition: 1_000, bytes: 64 * 1024 * 1024 },
      onRecord: (record) => {
        for (const fact of decodeFacts(record.message) ?? [])
          if (isDeliveryFact(fact)) {
            if (fact.kind === 'created') {
              if (fact.eventId.startsWith('fail_')) this.deliveryOf.set(fact.eventId, fact.deliveryId);
            } else if (fact.kind === 'attempt-finished' && fact.result.kind === 'retry')
              this.planned.set(fact.deliveryId, fact.result.nextAttemptAt);
          }
        record.complete();
      },
    });
    await consumer.start();
    this.ends.push(() => consumer.stop(0));
  }

  /** So many events for each delay, evenly in time, that fail once. Gives the lateness of their second attempts. */
  async failing(
    name: string,
    samples: number,
    everyMs: number,
    delays: readonly number[] = DELAYS_S,
  ): Promise<Map<number, number[]>> {
    const wanted = samples * delays.length;
    const late = new Map<number, number[]>(delays.map((delay) => [delay, []]));
    const begun = performance.now();
    for (let n = 0; n < samples; n++) {
      const wait = begun + n * everyMs - performance.now();
      if (wait > 0) await pause(wait);
      await this.producer.send(
        delays.flatMap((delay) => [
          this.event(`machine.fails_${delay}`, `fail_${name}_${delay}_${n}`),
          ...Array.from({ length: CALM }, (_each, k) =>
            this.event(`machine.fails_${delay}`, `calm_${name}_${delay}_${n}_${k}`),
          ),
        ]),
      );
    }
    const mine = () => this.arrived(`fail_${name}`).filter(([, , status]) => status === 204);
    await this.until(
      () => mine().length >= wanted && mine().every(([id]) => this.planOf(id) !== undefined),
      `${wanted} retries to arrive`,
      120_000,
    );
    for (const [id, at] of mine()) late.get(Number(id.split('_')[2]))!.push(at - this.planOf(id)!);
    return late;
  }

  private planOf(eventId: string): number | undefined {
    return this.planned.get(this.deliveryOf.get(eventId) ?? '');
  }

  /** The highest rate of live events, in steps, at which deliveries keep up. */
  async capacity(): Promise<number> {
    let kept = FIRST_RATE;
    for (let perSecond = FIRST_RATE; ; perSecond = Math.round(perSecond * RATE_STEP)) {
      const name = `step${perSecond}`;
      const live = this.live(name, perSecond);
      await pause(STEP_MS);
      await live.end();
      const late = await this.latencies(name, () => true);
      if (quantile(late, 0.9) > KEEPS_UP_MS) return kept;
      kept = perSecond;
    }
  }

  /** Publishes live events at a steady rate until it is ended; their ids tell when they were sent. */
  live(name: string, perSecond: number): { end(): Promise<void> } {
    let sent = 0;
    let going = true;
    const begun = performance.now();
    const run = async (): Promise<void> => {
      const sends: Promise<void>[] = [];
      while (going) {
        const due = Math.floor(((performance.now() - begun) * perSecond) / 1_000);
        if (due > sent) {
          sends.push(this.publishLive(name, due - sent, sent));
          sent = due;
        }
        await pause(SEND_EVERY_MS);
      }
      await Promise.all(sends);
      await this.allOf(name, sent);
    };
    const done = run();
    done.catch(() => {});
    const end = (): Promise<void> => {
      going = false;
      return done;
    };
    this.ends.push(() => end().catch(() => {}));
    return { end };
  }

  /** Ms from the send of an event to its arrival, of those sent at a time that is wanted (Unix ms). */
  async latencies(name: string, wanted: (sentAt: number) => boolean): Promise<number[]> {
    await this.collect();
    return this.arrived(name)
      .map(([id, at]) => ({ sentAt: Number(id.split('_')[2]) / 1_000, at }))
      .filter(({ sentAt }) => wanted(sentAt))
      .map(({ sentAt, at }) => at - sentAt);
  }

  async storm(livePerSecond: number): Promise<RetryTimingRow[]> {
    const live = this.live('stormlive', livePerSecond);
    const due = Math.ceil(unixNow() + STORM_NOTICE_MS);
    await this.writeStorm(due);
    await this.allOf('storm', STORM, 300_000);
    await pause(1_000);
    await live.end();
    const times = this.arrived('storm').map(([, at]) => at);
    const drained = times.reduce((last, at) => Math.max(last, at), 0);
    const early = times.filter((at) => at < due - 1).length;
    // Written, and not yet on its way.
    const before = await this.latencies('stormlive', (sentAt) => sentAt > due - 6_000 && sentAt < due - 500);
    const during = await this.latencies('stormlive', (sentAt) => sentAt >= due - 100 && sentAt <= drained);
    return [
      { name: `live latency before the storm (${livePerSecond.toFixed(0)}/s)`, value: spread(before) },
      { name: `live latency while ${STORM} retries drain`, value: spread(during) },
      {
        name: 'live p99 in the storm against before',
        value: (quantile(during, 0.99) / quantile(before, 0.99)).toFixed(2),
      },
      { name: 'storm: retries/s', value: (STORM / ((drained - due) / 1_000)).toFixed(0) },
      { name: 'storm: seconds to drain', value: ((drained - due) / 1_000).toFixed(1) },
      { name: 'storm: earlier than 1 ms before due', value: String(early) },
      { name: 'storm: repeats', value: String(times.length - STORM) },
    ];
  }

  async close(): Promise<void> {
    for (const end of this.ends) await end();
    this.receiver.child.kill();
    await Promise.all(this.services.map((service) => service.stop()));
    await this.producer.close();
    await this.kafka.close();
  }

  private async writeStorm(due: number): Promise<void> {
    for (let at = 0; at < STORM; at += 1_000) {
      const remaining = Math.ceil(due - unixNow());
      const topic = this.topics.retry(nextHop(remaining)!.name);
      await this.producer.send(
        Array.from({ length: 1_000 }, (_each, index) => {
          const n = at + index;
          const endpointId = this.stormEndpoints[n % STORM_ENDPOINTS]!;
          const task: DeliveryTask = {
            deliveryId: `dlv_storm_${n}`,
            tenant: 'default',
            endpointId,
            eventId: `storm_${n}`,
            eventKey: eventKey('default', '/bench', `storm_${n}`),
            eventType: `machine.storm_${n % STORM_ENDPOINTS}`,
            eventTime: new Date().toISOString(),
            subject: null,
            contract: { name: 'standard', version: 1 },
            trigger: { kind: 'event' },
            epoch: 1,
            attempt: 2,
            acceptedAt: Date.now(),
            firstFailedAt: Date.now(),
            expiresAt: null,
            remainingDelayMs: remaining,
            // All are due at one moment, and arrive at their tier within seconds.
            plannedAt: due,
            chain: null,
            destination: null,
            replay: null,
          };
          const body = Buffer.from(JSON.stringify({ padding: padding() }));
          return {
            ...encodeDelivery(topic, { task, body, traceparent: '' }),
            partition: partitionOfKey(endpointId, PARTITIONS),
          };
        }),
      );
    }
    if (unixNow() > due - 7_000) throw new Error('the storm was written too slowly for its due time');
  }

  private publishLive(name: string, count: number, from = 0): Promise<void> {
    const sentAt = Math.round(unixNow() * 1_000);
    return this.producer.send(
      Array.from({ length: count }, (_each, index) =>
        this.event(`machine.live_${(from + index) % LIVE_ENDPOINTS}`, `${name}_${from + index}_${sentAt}`),
      ),
    );
  }

  private event(type: string, id: string) {
    const event: Event = {
      id,
      key: eventKey('default', '/bench', id),
      sourceId: id,
      tenant: 'default',
      type,
      source: '/bench',
      subject: null,
      time: new Date().toISOString(),
      data: JSON.stringify({ padding: padding() }),
      traceparent: null,
    };
    return encodeEvent(this.topics.events('mes'), event);
  }

  private arrived(name: string): readonly Arrival[] {
    return this.arrivals.get(name) ?? [];
  }

  private allOf(name: string, count: number, timeoutMs = 120_000): Promise<void> {
    return this.until(() => this.arrived(name).length >= count, `${count} ${name} deliveries to arrive`, timeoutMs);
  }

  /** Looks seldom: the generator runs in this process. */
  private async until(there: () => boolean, what: string, timeoutMs: number): Promise<void> {
    await eventually(
      async () => {
        await pause(LOOK_EVERY_MS);
        await this.collect();
        return there();
      },
      what,
      timeoutMs,
    );
  }

  private async collect(): Promise<void> {
    for (const arrival of (await (await fetch(this.receiver.url)).json()) as Arrival[]) {
      const [first, second] = arrival[0].split('_');
      const name = first === 'fail' || first === 'calm' ? `${first}_${second}` : first!;
      const before = this.arrivals.get(name);
      if (before) before.push(arrival);
      else this.arrivals.set(name, [arrival]);
    }
  }
}

const startReceiver = (): Promise<{ child: ChildProcess; url: string }> =>
  new Promise((resolve) => {
    const child = fork(join(__dirname, 'timing-receiver.js'));
    child.once('message', (port) => resolve({ child, url: `http://127.0.0.1:${port}` }));
  });

const unixNow = (): number => performance.timeOrigin + performance.now();

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Random text: padding that repeats would flatter every codec. */
const padding = (): string =>
  randomBytes(BODY_BYTES)
    .toString('base64')
    .slice(0, BODY_BYTES - 130);

const quantile = (values: readonly number[], q: number): number =>
  [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * q))] ?? Number.NaN;

const spread = (values: readonly number[]): string =>
  `min ${quantile(values, 0).toFixed(1)}, p50 ${quantile(values, 0.5).toFixed(1)}, p99 ${quantile(values, 0.99).toFixed(1)}, max ${quantile(values, 1).toFixed(1)} ms (${values.length})`;

const main = async (): Promise<void> => {
  const environment = await isolatedEnvironment();
  try {
    await retryTimingRows(environment, ({ name, value }) => console.log(`${name.padEnd(48)}${value}`));
  } finally {
    await environment.close();
  }
};

if (require.main === module)
  main().catch((error) => {
    console.error(error);
    process.exitCode = 1;
  });
