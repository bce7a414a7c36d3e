import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { KafkaConnection } from '@millrace/kafka';
import {
  type DeliveryDetailView,
  type DeliveryView,
  EVENT_MODULES,
  type OutgoingMessage,
  type Page,
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
  testEnvironment,
} from '@millrace/test-environment';
import { ownerOf } from '../../deploy/local/origin/routes';

const PARTITIONS = 3;
const ALL: readonly ServiceName[] = ['machine-ingest', 'subscription', 'delivery', 'audit-projector'];

export interface ConstellationOptions {
  readonly services?: readonly ServiceName[];
  readonly timeScale?: number;
  /** More settings for every service. */
  readonly variables?: { readonly [name: string]: string };
  /** A broker and a database of its own, for stories that kill them. */
  readonly isolated?: boolean;
}

export interface Answer<T = Record<string, unknown>> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: T;
}

/** What `npm run reconcile -- --json` says. */
export interface Reconciled {
  readonly addsUp: boolean;
  readonly findings: { readonly kind: string; readonly what: string }[];
  readonly totals: { readonly [account: string]: number };
}

/** The built services as processes, on a real Kafka and a real PostgreSQL, with topics and tables of their own. */
export class Constellation {
  readonly topics: TopicNames;

  private constructor(
    readonly environment: TestEnvironment,
    readonly databaseUrl: string,
    readonly prefix: string,
    readonly adminKey: string,
    readonly variables: { readonly [name: string]: string },
    readonly services: Map<ServiceName, ServiceProcess>,
    readonly kafka: KafkaConnection,
  ) {
    this.topics = topicNames(prefix);
  }

  static async start(options: ConstellationOptions = {}): Promise<Constellation> {
    const environment = options.isolated ? await isolatedEnvironment() : await testEnvironment();
    const prefix = environment.freshPrefix();
    const databaseUrl = await environment.freshDatabase();
    const adminKey = `mr_story_${randomBytes(24).toString('hex')}`;
    const variables = {
      ...serviceVariables({
        brokers: environment.brokers,
        databaseUrl,
        prefix,
        adminKey,
        encryptionKey: randomBytes(32).toString('base64'),
        partitions: PARTITIONS,
        timeScale: options.timeScale ?? 1,
      }),
      ...options.variables,
    };
    const kafka = new KafkaConnection({ brokers: environment.brokers, clientId: 'story', logger: silentLogger });
    await kafka.provisionTopics(
      topicSpecs({ prefix, partitions: PARTITIONS, replicationFactor: 1, modules: EVENT_MODULES }),
      1,
    );
    const services = new Map<ServiceName, ServiceProcess>();
    const constellation = new Constellation(environment, databaseUrl, prefix, adminKey, variables, services, kafka);
    await Promise.all((options.services ?? ALL).map((name) => constellation.add(name)));
    return constellation;
  }

  async add(name: ServiceName, variables: { readonly [name: string]: string } = {}): Promise<ServiceProcess> {
    const service = await ServiceProcess.start(name, { variables: { ...this.variables, ...variables } });
    this.services.set(name, service);
    return service.waitReady(60_000);
  }

  service(name: ServiceName): ServiceProcess {
    return this.services.get(name)!;
  }

  /** Calls the service that owns the path, as the origin would. */
  async call<T = Record<string, unknown>>(
    method: string,
    path: string,
    body?: unknown,
    headers: { readonly [name: string]: string } = {},
  ): Promise<Answer<T>> {
    const owner = ownerOf(path.split('?')[0]!);
    if (owner === null) throw new Error(`No service answers ${path}.`);
    const answer = await fetch(`${this.service(owner).url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${this.adminKey}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await answer.text();
    return { status: answer.status, headers: answer.headers, body: (text === '' ? null : JSON.parse(text)) as T };
  }

  /** Creates an endpoint and answers its id and secret; fails on anything but 201. */
  async createEndpoint(url: string, more: Record<string, unknown> = {}): Promise<{ id: string; secret: string }> {
    const answer = await this.call<{ id: string; secret: string }>('POST', '/v1/endpoints', {
      url,
      eventTypes: ['*'],
      ...more,
    });
    if (answer.status !== 201)
      throw new Error(`POST /v1/endpoints answered ${answer.status}: ${JSON.stringify(answer.body)}`);
    return answer.body;
  }

  async publish(events: unknown): Promise<string[]> {
    const answer = await this.call<{ events: { id: string }[] }>('POST', '/v1/events', events);
    if (answer.status !== 202)
      throw new Error(`POST /v1/events answered ${answer.status}: ${JSON.stringify(answer.body)}`);
    return answer.body.events.map((event) => event.id);
  }

  /** Writes records as a domain module would, past every service of ours. */
  async produce(messages: readonly OutgoingMessage[], compression?: 'snappy' | 'lz4' | 'zstd' | 'gzip'): Promise<void> {
    const producer = this.kafka.producer('story', compression === undefined ? {} : { compression });
    await producer.connect();
    await producer.send(messages);
    await producer.close();
  }

  /** All deliveries that the filter finds, over all pages. */
  async deliveries(filter: { readonly [name: string]: string } = {}): Promise<DeliveryView[]> {
    const found: DeliveryView[] = [];
    let cursor: string | null = null;
    do {
      const query: string = new URLSearchParams({
        limit: '200',
        ...filter,
        ...(cursor === null ? {} : { cursor }),
      }).toString();
      const answer: Answer<Page<DeliveryView>> = await this.call('GET', `/v1/deliveries?${query}`);
      if (answer.status !== 200)
        throw new Error(`GET /v1/deliveries answered ${answer.status}: ${JSON.stringify(answer.body)}`);
      found.push(...answer.body.data);
      cursor = answer.body.nextCursor;
    } while (cursor !== null);
    return found;
  }

  async delivery(id: string): Promise<DeliveryDetailView> {
    const answer = await this.call<DeliveryDetailView>('GET', `/v1/deliveries/${id}`);
    if (answer.status !== 200) throw new Error(`GET /v1/deliveries/${id} answered ${answer.status}`);
    return answer.body;
  }

  /** Waits until the one delivery of an event has the status, and gives it with its attempts. */
  async settled(eventId: string, status: DeliveryView['status'], timeoutMs = 30_000): Promise<DeliveryDetailView> {
    const found = await eventually(
      async () => (await this.deliveries({ eventId })).find((delivery) => delivery.status === status),
      `the delivery of ${eventId} to be ${status}`,
      timeoutMs,
    );
    return this.delivery(found!.id);
  }

  /** The value of a metric without labels; 0 when it has not been counted yet. */
  async metric(service: ServiceName, name: string): Promise<number> {
    const text = await (await fetch(`${this.service(service).url}/metrics`)).text();
    return Number(new RegExp(`^${name} (\\S+)`, 'm').exec(text)?.[1] ?? 0);
  }

  /** Runs the command as an operator's job would. */
  reconcile(): Promise<{ exitCode: number; result: Reconciled }> {
    return new Promise((resolve, reject) => {
      const main = join(process.cwd(), 'dist/apps/reconcile/src/main.js');
      const node = join(process.cwd(), 'node_modules/node/bin/node');
      const child = execFile(
        node,
        [main, '--json', '--settle', '500ms'],
        { env: { PATH: process.env['PATH'], ...this.variables }, maxBuffer: 64 * 1024 * 1024 },
        (_error, stdout, stderr) => {
          try {
            resolve({ exitCode: child.exitCode ?? -1, result: JSON.parse(stdout) as Reconciled });
          } catch {
            reject(new Error(`reconcile said: ${stdout.slice(0, 500)} ${stderr.slice(0, 2_000)}`));
          }
        },
      );
    });
  }

  async close(): Promise<void> {
    await Promise.all([...this.services.values()].map((service) => service.stop()));
    await this.kafka.close();
    await this.environment.close();
  }
}
