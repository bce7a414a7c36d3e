import { randomBytes } from 'node:crypto';
import { type DurableProducer, KafkaConnection } from '@millrace/kafka';
import {
  type DeliveryCommand,
  type DeliveryDetailView,
  type DeliveryFact,
  decodeCommand,
  EVENT_MODULES,
  encodeApiKey,
  encodeFacts,
  type IncomingMessage,
  type Scope,
  type TopicNames,
  topicNames,
  topicSpecs,
} from '@millrace/protocol';
import { bootService, generateApiKey, type RunningService } from '@millrace/service-runtime';
import { silentLogger } from '@millrace/telemetry';
import { auditProjector } from '../src/audit-projector.service';

export const ADMIN_KEY = 'mr_admin_key_of_this_test';
export const PARTITIONS = 2;

export interface Answer<T> {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly body: T;
}

/** A command as its endpoint's owner meets it. */
export interface ArrivedCommand {
  readonly command: DeliveryCommand;
  readonly partition: number;
  readonly key: string;
}

/** What it takes of the test environment, which only the tests themselves may import. */
export interface SiteEnvironment {
  readonly brokers: string[];
  freshPrefix(): string;
  freshDatabase(): Promise<string>;
}
export type Eventually = <T>(probe: () => T | Promise<T>, what: string, timeoutMs?: number) => Promise<NonNullable<T>>;

/** The history service with topics and a database of its own. */
export class HistorySite {
  private constructor(
    private readonly eventually: Eventually,
    readonly kafka: KafkaConnection,
    readonly producer: DurableProducer,
    readonly names: TopicNames,
    readonly variables: NodeJS.ProcessEnv,
    public service: RunningService,
  ) {}

  static async start(environment: SiteEnvironment, eventually: Eventually): Promise<HistorySite> {
    const prefix = environment.freshPrefix();
    const kafka = new KafkaConnection({ brokers: environment.brokers, clientId: 'test', logger: silentLogger });
    const settings = { prefix, partitions: PARTITIONS, replicationFactor: 1, modules: EVENT_MODULES };
    await kafka.provisionTopics(topicSpecs(settings), 1);
    const variables = {
      MILLRACE_SERVICE_PORT: '0',
      MILLRACE_SERVICE_HOST: '127.0.0.1',
      MILLRACE_KAFKA_BROKERS: environment.brokers.join(','),
      MILLRACE_DATABASE_URL: await environment.freshDatabase(),
      MILLRACE_TOPIC_PREFIX: prefix,
      MILLRACE_PARTITIONS: String(PARTITIONS),
      MILLRACE_ADMIN_KEY: ADMIN_KEY,
      MILLRACE_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
      LOG_LEVEL: 'error',
    };
    const service = await bootService(auditProjector, variables);
    return new HistorySite(eventually, kafka, kafka.producer('test'), topicNames(prefix), variables, service);
  }

  async restart(): Promise<void> {
    this.service = await bootService(auditProjector, this.variables);
  }

  async stop(): Promise<void> {
    await this.service.stop();
    await this.producer.close();
    await this.kafka.close();
  }

  /** The text of a new API key, and its id. */
  async newKey(tenant: string, scopes: readonly Scope[]): Promise<{ id: string; text: string }> {
    const { id, text, sha256 } = generateApiKey(randomBytes);
    await this.producer.send([
      encodeApiKey(this.names.apiKeys, id, {
        v: 1,
        id,
        tenant,
        name: tenant,
        sha256,
        scopes: [...scopes],
        expiresAt: null,
      }),
    ]);
    return { id, text };
  }

  get<T>(path: string, key = ADMIN_KEY): Promise<Answer<T>> {
    return this.call('GET', path, key);
  }

  post<T>(
    path: string,
    body?: unknown,
    key = ADMIN_KEY,
    headers: { readonly [name: string]: string } = {},
  ): Promise<Answer<T>> {
    return this.call('POST', path, key, body, headers);
  }

  private async call<T>(
    method: string,
    path: string,
    key: string,
    body?: unknown,
    headers: { readonly [name: string]: string } = {},
  ): Promise<Answer<T>> {
    const content = body === undefined ? {} : { 'content-type': 'application/json' };
    const response = await fetch(this.service.url + path, {
      method,
      headers: { authorization: `Bearer ${key}`, ...content, ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      text,
      body: (text === '' ? null : JSON.parse(text)) as T,
    };
  }

  publish(facts: readonly DeliveryFact[], partition = 0): Promise<void> {
    return this.producer.send(encodeFacts(this.names.deliveryLog, partition, facts));
  }

  deliveryIs(id: string, status: string, key = ADMIN_KEY): Promise<DeliveryDetailView> {
    return this.eventually(async () => {
      const { body } = await this.get<DeliveryDetailView>(`/v1/deliveries/${id}`, key);
      return body.status === status ? body : null;
    }, `delivery ${id} is ${status}`);
  }

  /** Every command that was sent for these deliveries, in the order of each partition. */
  async commandsFor(...deliveryIds: readonly string[]): Promise<ArrivedCommand[]> {
    const topic = this.names.deliveries;
    const found: ArrivedCommand[] = [];
    const onMessage = (message: IncomingMessage) => {
      const reading = decodeCommand(message);
      if (reading.kind === 'command' && deliveryIds.includes(reading.command.deliveryId))
        found.push({ command: reading.command, partition: message.partition, key: String(message.key) });
    };
    for (const [partition, to] of await this.kafka.endOffsets(topic))
      if (to > 0n) await this.kafka.readRange({ topic, partition, from: 0n, to, onMessage });
    return found;
  }
}
