import { setTimeout } from 'node:timers/promises';
import type { TopicSpec } from '@millrace/protocol';
import { type Admin, ConfigResourceTypes, type Kafka } from 'kafkajs';
import { failureName } from '../client/failure';
import type { CommittedOffset } from '../consumer/starting-points';
import { driftOf, type TopicFound } from './topic-drift';

/** Topics and group offsets. A connection that failed is replaced by the next call. */
export class TopicAdmin {
  private admin: Promise<Admin> | null = null;

  constructor(private readonly kafka: () => Pick<Kafka, 'admin'>) {}

  async missing(specs: readonly TopicSpec[]): Promise<string[]> {
    return this.use(async (admin) => {
      const found = await find(admin, specs);
      return specs.flatMap((spec) => driftOf(spec, found.get(spec.name)).map(({ sentence }) => sentence));
    });
  }

  /** @throws when a topic has another partition count: that would send keys elsewhere, and is for a human to decide */
  async provision(specs: readonly TopicSpec[], replicationFactor: number): Promise<void> {
    await this.use(async (admin) => {
      const found = await find(admin, specs);
      const drifts = specs.map((spec) => ({ spec, drift: driftOf(spec, found.get(spec.name)) }));
      const missing = drifts.filter(({ drift }) => drift.some(({ kind }) => kind === 'missing'));
      if (missing.length > 0) {
        await admin.createTopics({
          waitForLeaders: false,
          topics: missing.map(({ spec }) => ({
            topic: spec.name,
            numPartitions: spec.partitions,
            replicationFactor,
            configEntries: entriesOf(spec),
          })),
        });
        await untilLed(
          admin,
          missing.map(({ spec }) => spec.name),
        );
      }
      const changed = drifts.filter(({ drift }) => drift.some(({ kind }) => kind === 'config'));
      if (changed.length > 0)
        await admin.alterConfigs({
          validateOnly: false,
          resources: changed.map(({ spec }) => ({
            type: ConfigResourceTypes.TOPIC,
            name: spec.name,
            configEntries: entriesOf(spec),
          })),
        });
      const repartitioned = drifts.flatMap(({ drift }) => drift.filter(({ kind }) => kind === 'partitions'));
      if (repartitioned.length > 0) throw new Error(repartitioned.map(({ sentence }) => sentence).join('; '));
    });
  }

  async committed(groupId: string, topics: readonly string[]): Promise<CommittedOffset[]> {
    return this.use(async (admin) => {
      const offsets = await admin.fetchOffsets({ groupId, topics: [...topics] });
      return offsets.flatMap(({ topic, partitions }) =>
        partitions.map(({ partition, offset, metadata }) => ({
          topic,
          partition,
          // negative: nothing committed, or kafkajs' own mark for "from the beginning"
          offset: BigInt(offset) < 0n ? null : BigInt(offset),
          metadata,
        })),
      );
    });
  }

  async ping(): Promise<void> {
    await this.use((admin) => admin.describeCluster());
  }

  async close(): Promise<void> {
    const { admin } = this;
    this.admin = null;
    await admin?.then((open) => open.disconnect()).catch(() => {});
  }

  private async use<T>(work: (admin: Admin) => Promise<T>): Promise<T> {
    this.admin ??= connected(this.kafka().admin());
    const { admin } = this;
    try {
      return await work(await admin);
    } catch (error) {
      if (this.admin === admin) this.admin = null;
      admin.then((open) => open.disconnect()).catch(() => {});
      throw error;
    }
  }
}

const connected = async (admin: Admin): Promise<Admin> => {
  await admin.connect();
  return admin;
};

/**
 * A broker learns of a new topic a moment after the controller has created it, and answers
 * UNKNOWN_TOPIC_OR_PARTITION until then. kafkajs' own wait (`waitForLeaders`) gives up at that answer.
 */
const untilLed = async (admin: Pick<Admin, 'fetchTopicMetadata'>, names: string[]): Promise<void> => {
  const deadline = Date.now() + LEADERS_TIMEOUT_MS;
  for (;;) {
    try {
      const { topics } = await admin.fetchTopicMetadata({ topics: names });
      if (topics.every(({ partitions }) => partitions.every(({ leader }) => leader >= 0))) return;
    } catch (error) {
      if (!isNotYetKnown(error) || Date.now() > deadline) throw error;
    }
    if (Date.now() > deadline) throw new Error(`the brokers have no leader for ${names.join(', ')} yet`);
    await setTimeout(50);
  }
};

const LEADERS_TIMEOUT_MS = 90_000;

const isNotYetKnown = (error: unknown): boolean =>
  ['UNKNOWN_TOPIC_OR_PARTITION', 'LEADER_NOT_AVAILABLE'].includes(failureName(error));

const entriesOf = (spec: TopicSpec): { name: string; value: string }[] =>
  Object.entries(spec.config).map(([name, value]) => ({ name, value }));

const find = async (admin: Admin, specs: readonly TopicSpec[]): Promise<Map<string, TopicFound>> => {
  const existing = new Set(await admin.listTopics());
  const wanted = specs.filter(({ name }) => existing.has(name));
  const found = new Map<string, TopicFound>();
  if (wanted.length === 0) return found;
  const { topics } = await admin.fetchTopicMetadata({ topics: wanted.map(({ name }) => name) });
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: wanted.map(({ name, config }) => ({
      type: ConfigResourceTypes.TOPIC,
      name,
      configNames: Object.keys(config),
    })),
  });
  const configs = new Map(resources.map(({ resourceName, configEntries }) => [resourceName, configEntries]));
  for (const { name, partitions } of topics)
    found.set(name, {
      partitions: partitions.length,
      config: Object.fromEntries((configs.get(name) ?? []).map((entry) => [entry.configName, entry.configValue])),
    });
  return found;
};
