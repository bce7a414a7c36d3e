import { type DeliveryTask, dueTime, nextHop } from '@millrace/domain';
import { KafkaConnection, type WindowedConsumer } from '@millrace/kafka';
import { decodeDelivery, encodeDelivery, partitionOfKey, topicNames, topicSpecs } from '@millrace/protocol';
import { silentLogger } from '@millrace/telemetry';
import { eventually, isolatedEnvironment, type TestEnvironment, testEnvironment } from '@millrace/test-environment';
import { PersistentSender } from '../sending/persistent-sender';
import { BrokerClock } from './broker-clock';
import { task } from './retry.fixture';
import { TierMover } from './tier-mover.consumer';

jest.setTimeout(120_000);

const PARTITIONS = 3;
/** 1s is 50 ms, 5s 250 ms, 30s 1.5 s. */
const TIME_SCALE = 0.05;
const LEAD_MS = 50;

interface Arrival {
  readonly task: DeliveryTask;
  /** Unix ms at which the owner had it, by the broker's clock. */
  readonly appendedAt: number;
  /** Unix ms to which the owner holds it, by the broker's clock. */
  readonly due: number;
}

/** Movers over a real Kafka, and an owner that only takes down what arrives. */
class Site {
  readonly arrivals: Arrival[] = [];
  readonly kafka: KafkaConnection;
  private readonly topics;
  private readonly producer;
  private readonly prefix: string;
  private readonly ends: (() => Promise<void>)[] = [];
  private owner!: WindowedConsumer;
  private written = 0;

  constructor(environment: TestEnvironment) {
    this.prefix = environment.freshPrefix();
    this.topics = topicNames(this.prefix);
    this.kafka = new KafkaConnection({ brokers: environment.brokers, clientId: 'movers', logger: silentLogger });
    this.producer = this.kafka.producer('test');
  }

  async open(): Promise<this> {
    const settings = { prefix: this.prefix, partitions: PARTITIONS, replicationFactor: 1, modules: [] };
    await this.kafka.provisionTopics(topicSpecs(settings), 1);
    await this.producer.connect();
    this.owner = this.kafka.windowedConsumer({
      groupId: `${this.prefix}owner`,
      topics: [this.topics.deliveries],
      window: { recordsPerPartition: 10_000, bytes: 64 * 1024 * 1024 },
      maxWaitMs: 50,
      onRecord: (record) => {
        const { task: found } = decodeDelivery(record.message)!;
        const { timestamp: appendedAt } = record.message;
        this.arrivals.push({ task: found, appendedAt, due: dueTime(appendedAt, found) });
        record.complete();
      },
    });
    await this.owner.start();
    return this;
  }

  /** Starts a process's worth of retry role; gives what stops it. */
  async startMover(movesPerSecond = 5_000): Promise<() => Promise<void>> {
    const producer = this.kafka.producer('retry');
    await producer.connect();
    const clock = BrokerClock.over(this.kafka, this.topics.clock, silentLogger);
    await clock.start();
    const messages = new PersistentSender(producer, silentLogger);
    const mover = new TierMover(
      this.kafka,
      {
        topics: this.topics,
        timeScale: TIME_SCALE,
        groupId: `${this.prefix}retry`,
        partitions: PARTITIONS,
        leadMs: LEAD_MS,
        movesPerSecond: { least: movesPerSecond, first: movesPerSecond, most: movesPerSecond },
      },
      { messages, clock },
      silentLogger,
    );
    await mover.start();
    let ended: Promise<void> | null = null;
    const end = () => {
      ended ??= (async () => {
        await mover.stop(5_000);
        await producer.close();
        await clock.stop();
      })();
      return ended;
    };
    this.ends.push(end);
    return end;
  }

  /** Writes tasks as the dispatcher does after a failed attempt, planned from `now`. Gives their ids. */
  async retryLater(count: number, delayMs: number, now = Date.now()): Promise<string[]> {
    const tasks = Array.from({ length: count }, () => {
      const n = this.written++;
      const delay = Math.ceil(delayMs * TIME_SCALE);
      const more = { remainingDelayMs: delay, plannedAt: now + delay };
      return task({ deliveryId: `dlv_${n}`, endpointId: `ep_${n % 20}`, ...more });
    });
    const topic = this.topics.retry(nextHop(delayMs)!.name);
    await this.producer.send(
      tasks.map((each) => ({
        ...encodeDelivery(topic, { task: each, body: Buffer.from('{}'), traceparent: '' }),
        partition: partitionOfKey(each.endpointId, PARTITIONS),
      })),
    );
    return tasks.map(({ deliveryId }) => deliveryId);
  }

  async waitForAll(ids: readonly string[], timeoutMs = 30_000): Promise<void> {
    await eventually(
      () => {
        const arrived = new Set(this.arrivals.map(({ task: { deliveryId } }) => deliveryId));
        return ids.every((id) => arrived.has(id));
      },
      `${ids.length} tasks to arrive`,
      timeoutMs,
    );
  }

  /** Ms by which tasks will be attempted after they were planned; below 0 is early. */
  get lateness(): number[] {
    return this.arrivals
      .map(({ task: { plannedAt }, due, appendedAt }) => Math.max(due, appendedAt) - plannedAt!)
      .sort((a, b) => a - b);
  }

  get repeats(): number {
    return this.arrivals.length - new Set(this.arrivals.map(({ task: { deliveryId } }) => deliveryId)).size;
  }

  async close(): Promise<void> {
    await Promise.all(this.ends.map((end) => end()));
    await this.owner.stop(0);
    await this.producer.close();
    await this.kafka.close();
  }
}

/** All the same position of the same chain: what the endpoint's owner knows a repeat by. */
const expectRecognisable = (site: Site) => {
  for (const { task: found } of site.arrivals)
    expect([found.epoch, found.attempt, found.deliveryId.startsWith('dlv_')]).toEqual([1, 2, true]);
};

describe('tier movers over a real Kafka', () => {
  let site: Site;
  beforeEach(async () => {
    site = await new Site(await testEnvironment()).open();
  });
  afterEach(() => site.close());

  test('one delay, hops and rests: at their owner in time, to be held to the very ms that was planned', async () => {
    await site.startMover();
    const ids: string[] = [];
    for (const delayMs of [1_000, 5_000, 7_300, 37_000, 37_400, 60_000])
      for (let n = 0; n < 5; n++) {
        ids.push(...(await site.retryLater(4, delayMs)));
        await new Promise((resolve) => setTimeout(resolve, 11));
      }
    await site.waitForAll(ids);
    const { lateness } = site;
    expect(lateness[0]).toBeGreaterThanOrEqual(-1);
    // The shortest of them is due before it could be sent ahead, so the median says what holds for the others.
    expect(lateness[lateness.length >> 1]).toBeLessThanOrEqual(1);
    expect(lateness.at(-1)).toBeLessThan(500);
    expect(site.repeats).toBe(0);
  });

  test('a partition whose read-ahead is full of long waits keeps nothing of the others back', async () => {
    await site.startMover();
    for (let n = 0; n < 3; n++) await site.retryLater(1_500, 86_400_000);
    const ids = await site.retryLater(60, 5_000);
    await site.waitForAll(ids);
    expect(site.arrivals).toHaveLength(60);
    expect(site.lateness[0]).toBeGreaterThanOrEqual(-1);
    expect(site.lateness[30]).toBeLessThan(50);
  });

  test('movers come and go in the middle of waits: none lost, none early, repeats are of the same attempt', async () => {
    let end = await site.startMover();
    const ids: string[] = [];
    for (let n = 0; n < 4; n++) {
      ids.push(...(await site.retryLater(100, 30_000)), ...(await site.retryLater(100, 11_000)));
      const next = await site.startMover();
      await end();
      end = next;
    }
    await site.waitForAll(ids);
    expect(site.lateness[0]).toBeGreaterThanOrEqual(-1);
    expectRecognisable(site);
  });

  test('nobody there for longer than the wait: what is overdue leaves at once, what is not waits for the rest', async () => {
    const end = await site.startMover();
    const early = await site.retryLater(50, 5_000);
    await end();
    await new Promise((resolve) => setTimeout(resolve, 300));
    const later = await site.retryLater(50, 60_000);
    const before = Date.now();
    await site.startMover();
    await site.waitForAll([...early, ...later]);
    expect(site.lateness[0]).toBeGreaterThanOrEqual(-1);
    expect(site.repeats).toBe(0);
    for (const { task: found, appendedAt } of site.arrivals)
      if (early.includes(found.deliveryId)) {
        expect(found.remainingDelayMs).toBe(0);
        expect(appendedAt).toBeGreaterThanOrEqual(before);
      }
  });

  test('very many at once leave at the pace, in the order of each endpoint', async () => {
    await site.startMover(2_000);
    const planned = Date.now();
    const ids = [
      ...(await site.retryLater(2_000, 30_000, planned)),
      ...(await site.retryLater(2_000, 30_000, planned)),
    ];
    await site.waitForAll(ids);
    const times = site.arrivals.map(({ appendedAt }) => appendedAt).sort((a, b) => a - b);
    // 4,000 less a burst at 2,000 a second.
    expect(times.at(-1)! - times[0]!).toBeGreaterThan(1_800);
    for (let endpoint = 0; endpoint < 20; endpoint++) {
      const order = site.arrivals
        .filter(({ task: { endpointId } }) => endpointId === `ep_${endpoint}`)
        .map(({ task: { deliveryId } }) => Number(deliveryId.slice(4)));
      expect(order).toEqual([...order].sort((a, b) => a - b));
    }
  });

  test.each([
    ['an hour forward', 3_600_000],
    ['an hour back', -3_600_000],
    ['eight days forward', 8 * 86_400_000],
    ['eight days back', -8 * 86_400_000],
  ])('the wall clock of the process is set %s in the middle, Kafka client and all', async (_name, by) => {
    const trueNow = Date.now.bind(Date);
    const jump = jest.spyOn(Date, 'now');
    try {
      await site.startMover();
      const ids = await site.retryLater(50, 37_000);
      jump.mockImplementation(() => trueNow() + by);
      // Planned by the clock that is wrong, stamped by the broker's.
      ids.push(...(await site.retryLater(50, 10_000, Date.now())));
      const sent = trueNow();
      await eventually(
        () => ids.every((id) => site.arrivals.some(({ task: { deliveryId } }) => deliveryId === id)),
        'all tasks to arrive',
        30_000,
      );
      for (const { task: found, due, appendedAt } of site.arrivals) {
        const wrong = Math.abs(found.plannedAt! - sent) > 1_000_000;
        const planned = wrong ? found.plannedAt! - by : found.plannedAt!;
        const late = Math.max(due, appendedAt) - planned;
        expect(late).toBeGreaterThanOrEqual(-1);
        // A plan by a wrong clock cannot take the way to the broker into account.
        expect(late).toBeLessThan(wrong ? 1_000 : 500);
      }
    } finally {
      jump.mockRestore();
    }
  });
});

describe('when the broker is killed in the middle of a wait', () => {
  test('waits go on, none is early, none is lost', async () => {
    const environment = await isolatedEnvironment();
    const site = await new Site(environment).open();
    try {
      await site.startMover();
      await site.startMover();
      const ids = [...(await site.retryLater(100, 60_000)), ...(await site.retryLater(100, 300_000))];
      await environment.restartBroker('kill');
      ids.push(...(await site.retryLater(100, 30_000)));
      await site.waitForAll(ids, 90_000);
      expect(site.lateness[0]).toBeGreaterThanOrEqual(-1);
      expectRecognisable(site);
    } finally {
      await site.close();
      await environment.close();
    }
  });
});
