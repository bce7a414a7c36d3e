import { type Endpoint, type Event, eventKey } from '@millrace/domain';
import { EventRules } from '@millrace/event-schema';
import { type DurableProducer, KafkaConnection } from '@millrace/kafka';
import {
  type DeliveryCommand,
  type DeliveryFact,
  type DeliveryRecord,
  decodeCommand,
  decodeDelivery,
  decodeFacts,
  decodeRecoveryProgress,
  encodeEvent,
  encodeFacts,
  encodeRecoveryOrder,
  encodeRecoveryProgress,
  type IncomingMessage,
  isDeliveryFact,
  type OutgoingMessage,
  partitionOfKey,
  type RecoveryOrder,
  type RecoveryProgress,
  type RecoveryState,
  type TopicNames,
  topicNames,
  topicSpecs,
} from '@millrace/protocol';
import { silentLogger } from '@millrace/telemetry';
import { MatchIndex } from '../directory/match-index';
import { JOB_LIMITS, type JobLimits, type OwnedPartitions } from './recovery.ports';
import { RecoveryRunner } from './recovery.runner';

const PARTITIONS = 3;
const MODULES = ['mes', 'order'];

/** The partitions of one process, as the test gives and takes them. */
export class Ownership implements OwnedPartitions {
  private readonly listeners: (() => void)[] = [];
  constructor(private held = new Set([0, 1, 2])) {}

  owns(partition: number): boolean {
    return this.held.has(partition);
  }

  onOwnershipChanged(listener: () => void): void {
    this.listeners.push(listener);
  }

  set(...partitions: number[]): void {
    this.held = new Set(partitions);
    for (const listener of this.listeners) listener();
  }
}

/** A process that carries out recoveries. `kill` leaves it as a process is left that dies: nothing of it goes out any more. */
export class Owner {
  private dead = false;
  sends = 0;
  parked = 0;
  /** Called before each send; true lets the process die with it. */
  diesAt: (send: number, messages: readonly OutgoingMessage[]) => boolean = () => false;
  readonly ownership: Ownership;
  readonly runner: RecoveryRunner;

  constructor(
    private readonly site: RecoverySite,
    limits: Partial<JobLimits>,
    ownership: Ownership,
  ) {
    this.ownership = ownership;
    this.runner = new RecoveryRunner(
      site.kafka,
      {
        topics: site.topics,
        modules: MODULES,
        partitions: PARTITIONS,
        timeScale: 1,
        limits: { ...JOB_LIMITS, ...limits },
      },
      {
        ownership,
        directory: { get: (id) => site.directory.get(id), caughtUp: async () => {} },
        rules: { judge: (event) => site.rules.judge(event), caughtUp: async () => {} },
        parkedOf: () => this.parked,
        messages: { send: (messages) => this.send(messages), stop: () => this.kill() },
        now: Date.now,
        ticks: () => performance.now(),
      },
      silentLogger,
    );
  }

  kill(): void {
    this.dead = true;
  }

  private async send(messages: readonly OutgoingMessage[]): Promise<boolean> {
    if (!this.dead && this.diesAt(this.sends++, messages)) this.kill();
    if (this.dead) return new Promise(() => {});
    await this.site.producer.send(messages);
    return true;
  }
}

/** Topics of a site, what a test puts into them, and what recoveries leave in them. */
export class RecoverySite {
  readonly directory = new MatchIndex();
  readonly rules = new EventRules(() => {});
  readonly topics: TopicNames;
  readonly producer: DurableProducer;
  private readonly owners: Owner[] = [];

  private constructor(
    readonly kafka: KafkaConnection,
    prefix: string,
  ) {
    this.topics = topicNames(prefix);
    this.producer = kafka.producer('test');
  }

  static async open(brokers: string[], prefix: string): Promise<RecoverySite> {
    const kafka = new KafkaConnection({ brokers, clientId: 'recovery-test', logger: silentLogger });
    const specs = topicSpecs({ prefix, partitions: PARTITIONS, replicationFactor: 1, modules: MODULES });
    await kafka.provisionTopics(
      specs.filter(({ name }) => !name.includes('retry.')),
      1,
    );
    return new RecoverySite(kafka, prefix);
  }

  async owner(limits: Partial<JobLimits> = {}, ownership = new Ownership()): Promise<Owner> {
    const owner = new Owner(this, limits, ownership);
    this.owners.push(owner);
    await owner.runner.start();
    return owner;
  }

  async close(): Promise<void> {
    await Promise.all(this.owners.map(({ runner }) => runner.stop(200)));
    await this.producer.close();
    await this.kafka.close();
  }

  partitionOf(endpointId: string): number {
    return partitionOfKey(endpointId, PARTITIONS);
  }

  add(endpoint: Endpoint): void {
    this.directory.put(endpoint);
  }

  /** Publishes `count` events of the type; answers their ids. */
  async publish(
    type: string,
    count: number,
    prefix = type.replaceAll('.', '_'),
    more: Partial<Event> = {},
  ): Promise<string[]> {
    const ids = Array.from({ length: count }, (_each, n) => `${prefix}-${n}`);
    for (let at = 0; at < count; at += 1_000)
      await this.producer.send(
        ids.slice(at, at + 1_000).map((id) =>
          encodeEvent(this.topics.events('mes'), {
            id,
            key: eventKey('default', '/plant', id),
            sourceId: id,
            tenant: 'default',
            type,
            source: '/plant',
            subject: `machine-${id}`,
            time: new Date().toISOString(),
            data: '{"level":3}',
            traceparent: null,
            ...more,
          }),
        ),
      );
    return ids;
  }

  order(order: RecoveryOrder): Promise<void> {
    return this.producer.send([encodeRecoveryOrder(this.topics.recoveries, order)]);
  }

  tell(progress: RecoveryProgress): Promise<void> {
    return this.producer.send([encodeRecoveryProgress(this.topics.recoveryProgress, progress)]);
  }

  note(endpointId: string, facts: readonly DeliveryFact[]): Promise<void> {
    return this.producer.send(encodeFacts(this.topics.deliveryLog, this.partitionOf(endpointId), facts));
  }

  /** All progress records of one recovery, oldest first. */
  async progress(recoveryId: string): Promise<RecoveryProgress[]> {
    const records = await this.recordsOf(this.topics.recoveryProgress, [0]);
    return records
      .flatMap((record) => decodeRecoveryProgress(record) ?? [])
      .filter((each) => each.recoveryId === recoveryId);
  }

  /** The last progress record, if it has the state and follows the version of the order. */
  async reached(recoveryId: string, state: RecoveryState, version: number): Promise<RecoveryProgress | null> {
    const last = (await this.progress(recoveryId)).at(-1);
    return last?.state === state && last.version >= version ? last : null;
  }

  async deliveries(endpointId: string): Promise<DeliveryRecord[]> {
    const records = await this.recordsOf(this.topics.deliveries, [this.partitionOf(endpointId)]);
    return records
      .flatMap((record) => decodeDelivery(record) ?? [])
      .filter(({ task }) => task.endpointId === endpointId);
  }

  async commands(endpointId: string): Promise<DeliveryCommand[]> {
    const records = await this.recordsOf(this.topics.deliveries, [this.partitionOf(endpointId)]);
    return records.flatMap((record) => {
      const reading = decodeCommand(record);
      return reading.kind === 'command' && reading.command.endpointId === endpointId ? [reading.command] : [];
    });
  }

  async facts(endpointId: string): Promise<DeliveryFact[]> {
    const records = await this.recordsOf(this.topics.deliveryLog, [this.partitionOf(endpointId)]);
    return records
      .flatMap((record) => decodeFacts(record) ?? [])
      .filter(isDeliveryFact)
      .filter((fact) => fact.endpointId === endpointId);
  }

  private async recordsOf(topic: string, partitions: readonly number[]): Promise<IncomingMessage[]> {
    const records: IncomingMessage[] = [];
    for (const partition of partitions)
      await this.kafka.readRange({ topic, partition, from: 0n, onMessage: (message) => void records.push(message) });
    return records;
  }
}
