import { randomBytes } from 'node:crypto';
import { silentLogger } from '@millrace/telemetry';
import type { DataFolder } from './data-folder/data-folder';
import { brokerJars, brokerJarsAreCached } from './kafka/broker-jars';
import { nativeBrokerPart } from './kafka/broker-part';
import { dockerBrokerPart, KAFKA_IMAGE } from './kafka/docker-broker-part';
import type { LaunchSettings } from './launch.config';
import { progress } from './machine/bootstrap';
import { projectRoot } from './machine/project-root';
import { type Origin, startOrigin } from './origin/origin';
import { type DatabasePart, databasePart } from './postgres/database-part';
import { ensureDatabase } from './postgres/ensure-database';
import { SERVICES, type Service, servicePart } from './services/service-part';
import type { Part } from './supervision/part';
import { type Announcer, SupervisedPart } from './supervision/supervised-part';
import { provisionTopics } from './topics/provision';

/**
 * The whole stack of one machine, started in order and stopped in the reverse order:
 *
 *   Kafka and PostgreSQL → topics and database → the four services (which run their own migrations) → the origin
 */
export class LocalStack {
  private readonly supervised: SupervisedPart[][] = [];
  private origin: Origin | null = null;
  private stopped = false;
  readonly adminKey: string;

  constructor(
    private readonly settings: LaunchSettings,
    private readonly folder: DataFolder,
    private readonly announcer: Announcer,
  ) {
    this.adminKey =
      settings.adminKey ?? folder.secret('admin-key', () => `mr_${randomBytes(24).toString('base64url')}`);
  }

  get url(): string {
    return `http://localhost:${this.settings.port}`;
  }

  async start(ports: StackPorts): Promise<void> {
    const { brokers, databaseUrl } = await this.startStores(ports);
    const { topicPrefix: prefix, partitions, extraModules } = this.settings;
    await progress.step('Topics', 'each with its own settings', async () => {
      const count = await provisionTopics({ brokers, prefix, partitions, extraModules }, silentLogger);
      return { remark: `${count} topics` };
    });
    const variables = this.serviceVariables(brokers, databaseUrl);
    await progress.step('Services', 'migrations, then ready', async (note) => {
      const waiting = new Set<string>(SERVICES);
      await this.together(
        SERVICES.map((name) => servicePart(name, ports[name], variables, this.folder, this.settings.environment)),
        (name) => {
          waiting.delete(name);
          if (waiting.size > 0) note(`waiting for ${[...waiting].join(', ')}`);
        },
      );
      return { remark: SERVICES.join(', ') };
    });
    await this.startOrigin(ports);
  }

  /** In reverse order, each row together: no service loses its broker before it has drained. */
  async stop(): Promise<void> {
    this.stopped = true;
    await this.origin?.close();
    for (const row of this.supervised.toReversed()) await Promise.all(row.map((part) => part.stop()));
  }

  private async startStores(ports: StackPorts): Promise<{ brokers: string[]; databaseUrl: string }> {
    const { kafka, databaseUrl } = this.settings;
    const database = databaseUrl === null ? databasePart(this.folder, ports.postgres) : null;
    if (kafka.kind === 'native' && !brokerJarsAreCached()) {
      await progress.step('Kafka jars', 'Maven brings the pinned ones, once', async () => {
        await brokerJars();
        return { remark: 'resolved, and each checked against its SHA-256' };
      });
    }
    const broker = this.brokerPart(ports);
    const rows = [
      broker &&
        ([broker, `Kafka 4.1.1 ${kafka.kind === 'docker' ? `(${KAFKA_IMAGE})` : '(one node, KRaft)'}`] as const),
      database && ([database, 'PostgreSQL 18'] as const),
    ].filter((row) => row !== null);
    if (rows.length > 0) {
      const remark = rows.map(([, what]) => what).join(', ');
      await progress.step('Stores', remark, async () => {
        await this.together(rows.map(([part]) => part));
        return { remark };
      });
    }
    if (database !== null) await ensureDatabase(database.url('postgres'), 'millrace');
    return {
      brokers: kafka.kind === 'external' ? kafka.brokers : [`127.0.0.1:${ports.kafka}`],
      databaseUrl: databaseUrl ?? (database as DatabasePart).url('millrace'),
    };
  }

  private brokerPart(ports: StackPorts): Part | null {
    switch (this.settings.kafka.kind) {
      case 'external':
        return null;
      case 'docker':
        return dockerBrokerPart(this.folder, ports.kafka);
      case 'native':
        return nativeBrokerPart(this.folder, { port: ports.kafka, controllerPort: ports.kafkaController });
    }
  }

  /** Starts parts beside each other. All are under supervision before the first of them can fail. */
  private async together(parts: readonly Part[], started: (name: string) => void = () => {}): Promise<void> {
    if (this.stopped) throw new Error('stopped while starting');
    const row = parts.map((part) => new SupervisedPart(part, this.folder, this.announcer));
    this.supervised.push(row);
    await Promise.all(row.map((part) => part.start().then(() => started(part.name))));
  }

  private serviceVariables(brokers: string[], databaseUrl: string): { [name: string]: string } {
    const { settings, folder } = this;
    return {
      MILLRACE_KAFKA_BROKERS: brokers.join(','),
      MILLRACE_DATABASE_URL: databaseUrl,
      MILLRACE_TOPIC_PREFIX: settings.topicPrefix,
      MILLRACE_ADMIN_KEY: this.adminKey,
      MILLRACE_ENCRYPTION_KEY:
        settings.encryptionKey ?? folder.secret('encryption-key', () => randomBytes(32).toString('base64')),
      MILLRACE_INSECURE_ENDPOINTS: settings.insecureEndpoints,
      MILLRACE_OWN_HOSTS: `localhost:${settings.port},127.0.0.1:${settings.port}`,
      MILLRACE_SOURCE_STATE: settings.environment['MILLRACE_SOURCE_STATE'] || folder.file('sources'),
    };
  }

  private async startOrigin(ports: StackPorts): Promise<void> {
    if (this.stopped) throw new Error('stopped while starting');
    const at = (name: Service) => ({ host: '127.0.0.1', port: ports[name] });
    this.origin = await startOrigin({
      topicPrefix: this.settings.topicPrefix,
      extraModules: this.settings.extraModules,
      port: this.settings.port,
      hosts: ['127.0.0.1', '::1'],
      services: {
        'machine-ingest': at('machine-ingest'),
        subscription: at('subscription'),
        delivery: at('delivery'),
        'audit-projector': at('audit-projector'),
      },
      projectRoot: projectRoot(),
    });
  }
}

export type StackPorts = { readonly [name in keyof typeof USUAL_PORTS]: number };

/** Where the parts listen when these ports are free; what was chosen once is remembered in the data folder. */
export const USUAL_PORTS = {
  kafka: 19092,
  kafkaController: 19093,
  postgres: 15432,
  'machine-ingest': 18081,
  subscription: 18082,
  delivery: 18083,
  'audit-projector': 18084,
  demoReceiver: 18090,
  simulatedLine: 17878,
} as const;
