import { randomBytes } from 'node:crypto';
import { type DurableProducer, KafkaConnection } from '@millrace/kafka';
import { EVENT_MODULES, type TopicNames, topicNames, topicSpecs } from '@millrace/protocol';
import { silentLogger } from '@millrace/telemetry';
import { type ServiceName, ServiceProcess, serviceVariables, type TestEnvironment } from '@millrace/test-environment';
import { Kafka, logLevel } from 'kafkajs';
import { cpuMicros } from '../process-cpu';
import { Publisher } from './publisher';

const PARTITIONS = 6;
/** The module whose events the benchmarks publish. */
const MODULE = 'mes';
/** Requests at a time while many endpoints are created. */
const CREATING = 16;
/** A process that uses less than this share of a core has nothing to do. */
const CALM = 0.08;
const LOOK_MS = 500;
/** What Node says when a process may be inspected. */
const INSPECTOR = /^(Debugger |For help, see: )/;

type Variables = { readonly [name: string]: string };

/** Settings of an endpoint as `POST /v1/endpoints` takes them. */
export interface EndpointWish {
  readonly url: string;
  readonly eventTypes: readonly string[];
  readonly timeoutMs?: number;
}

/** The built services over topics and tables of their own, without a delivery process until one is started. */
export class Site {
  readonly topics: TopicNames;
  readonly publisher: Publisher;
  private readonly services: ServiceProcess[] = [];

  private constructor(
    readonly environment: TestEnvironment,
    private readonly prefix: string,
    private readonly adminKey: string,
    private readonly variables: Variables,
    readonly kafka: KafkaConnection,
    private readonly producer: DurableProducer,
  ) {
    this.topics = topicNames(prefix);
    this.publisher = new Publisher(producer, this.topics.events(MODULE));
  }

  /** With the subscription service; `variables` are settings of every service. */
  static async start(environment: TestEnvironment, variables: Variables = {}): Promise<Site> {
    const prefix = environment.freshPrefix();
    const adminKey = `mr_bench_${randomBytes(16).toString('hex')}`;
    const kafka = new KafkaConnection({ brokers: environment.brokers, clientId: 'bench', logger: silentLogger });
    await kafka.provisionTopics(
      topicSpecs({ prefix, partitions: PARTITIONS, replicationFactor: 1, modules: EVENT_MODULES }),
      1,
    );
    const producer = kafka.producer('bench');
    await producer.connect();
    const all = {
      ...serviceVariables({
        brokers: environment.brokers,
        databaseUrl: await environment.freshDatabase(),
        prefix,
        adminKey,
        encryptionKey: randomBytes(32).toString('base64'),
        partitions: PARTITIONS,
      }),
      LOG_LEVEL: 'warn',
      ...variables,
    };
    const site = new Site(environment, prefix, adminKey, all, kafka, producer);
    await site.service('subscription');
    return site;
  }

  /** Starts a service and waits until it is ready. */
  async service(name: ServiceName, variables: Variables = {}): Promise<ServiceProcess> {
    const started = await ServiceProcess.start(name, { variables: { ...this.variables, ...variables } });
    this.services.push(started);
    return started.waitReady(60_000);
  }

  /** Creates endpoints and gives their ids, in order. */
  async createEndpoints(count: number, wish: (n: number) => EndpointWish): Promise<string[]> {
    const ids: string[] = [];
    for (let from = 0; from < count; from += CREATING)
      ids.push(
        ...(await Promise.all(
          Array.from({ length: Math.min(CREATING, count - from) }, async (_each, n) => {
            const created = await this.call<{ id: string }>('subscription', 'POST', '/v1/endpoints', wish(from + n));
            return created.id;
          }),
        )),
      );
    return ids;
  }

  /**
   * A body that is a text goes as it is, as `contentType`; any other as JSON.
   * @throws on every status but 2xx
   */
  async call<T>(
    name: ServiceName,
    method: string,
    path: string,
    body?: unknown,
    contentType = 'application/json',
  ): Promise<T> {
    const answer = await fetch(`${this.urlOf(name)}${path}`, {
      method,
      headers: { authorization: `Bearer ${this.adminKey}`, 'content-type': contentType },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path} answered ${answer.status}: ${text}`);
    return (text === '' ? null : JSON.parse(text)) as T;
  }

  /** A POST as it is; answers the status, whatever it is. */
  async post(
    name: ServiceName,
    path: string,
    body: string,
    headers: { readonly [name: string]: string },
  ): Promise<number> {
    const answer = await fetch(`${this.urlOf(name)}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${this.adminKey}`, ...headers },
      body,
    });
    await answer.arrayBuffer();
    return answer.status;
  }

  /** The broker and the services that run have nothing to do. */
  async calm(timeoutMs = 120_000): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    for (let quiet = 0; quiet < 2; ) {
      const pids = [this.environment.processes.broker, ...this.running().map(({ pid }) => pid)];
      const before = pids.map(cpuMicros);
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
      const busiest = Math.max(...pids.map((pid, index) => cpuMicros(pid) - before[index]!)) / (LOOK_MS * 1_000);
      quiet = busiest < CALM ? quiet + 1 : 0;
      if (performance.now() > deadline) throw new Error(`the services were still busy after ${timeoutMs / 1_000} s`);
    }
  }

  /** What the services complained of so far, with how often. */
  complaints(): string[] {
    const counts = new Map<string, number>();
    for (const service of this.services)
      for (const line of service.logs()) {
        if (typeof line['level'] === 'number' ? line['level'] < 40 : INSPECTOR.test(String(line['text']))) continue;
        const text = `${service.name}: ${String(line['msg'] ?? line['text']).slice(0, 160)}`;
        counts.set(text, (counts.get(text) ?? 0) + 1);
      }
    return [...counts].map(([text, count]) => `${count} × ${text}`);
  }

  async close(): Promise<void> {
    await Promise.all(this.running().map((service) => service.stop()));
    await this.producer.close();
    await this.kafka.close();
    await this.deleteTopics();
  }

  private urlOf(name: ServiceName): string {
    const service = this.services.find((each) => each.name === name && each.alive);
    if (!service) throw new Error(`${name} does not run`);
    return service.url;
  }

  private running(): ServiceProcess[] {
    return this.services.filter(({ alive }) => alive);
  }

  /** The broker is one for all parts: what is left behind would cost the parts that come after. */
  private async deleteTopics(): Promise<void> {
    const admin = new Kafka({ brokers: this.environment.brokers, logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
    try {
      const mine = (await admin.listTopics()).filter((topic) => topic.startsWith(this.prefix));
      await admin.deleteTopics({ topics: mine });
    } finally {
      await admin.disconnect();
    }
  }
}

/** The value of a metric without labels. */
export const metricOf = async (service: ServiceProcess, name: string): Promise<number> => {
  const text = await (await fetch(`${service.url}/metrics`)).text();
  return Number(new RegExp(`^${name} (\\S+)`, 'm').exec(text)?.[1] ?? 0);
};
