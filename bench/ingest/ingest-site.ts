import type { Signal } from '@millrace/domain';
import { decodeSignal, type SourceView } from '@millrace/protocol';
import { eventually } from '@millrace/test-environment';
import { Kafka, logLevel } from 'kafkajs';
import type { Site } from '../site/site';

/** Saves a source and waits until it is connected; its first values may still be on their way. */
export const connectSource = async (site: Site, name: string, type: string, settings: object): Promise<void> => {
  await site.call('machine-ingest', 'POST', '/v1/sources', { name, type, settings, try: false });
  await eventually(
    async () => (await sourceOf(site, name)).state.connection === 'connected',
    `the source ${name} to be connected`,
    60_000,
  );
};

export const sourceOf = (site: Site, name: string): Promise<SourceView> =>
  site.call<SourceView>('machine-ingest', 'GET', `/v1/sources/${name}`);

/** Puts a mapping in force; YAML. */
export const activateMapping = async (site: Site, text: string): Promise<void> => {
  await site.call('machine-ingest', 'POST', '/v1/mappings', text, 'application/yaml');
};

/** Records of `signals` that Kafka has. */
export const storedSignals = async (site: Site): Promise<number> => {
  const ends = await site.kafka.endOffsets(site.topics.signals);
  return [...ends.values()].reduce((sum, end) => sum + Number(end), 0);
};

/** Waits until Kafka has so many; fails with how many when none has come for `patienceMs`. */
export const allStored = async (site: Site, count: number, patienceMs = 30_000): Promise<void> => {
  let seen = -1;
  let seenAt = performance.now();
  for (;;) {
    const now = await storedSignals(site);
    if (now >= count) return;
    if (now > seen) {
      seen = now;
      seenAt = performance.now();
    } else if (performance.now() - seenAt > patienceMs)
      throw new Error(`${now} of ${count} signals are stored, and none has come for ${patienceMs / 1_000} s`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
};

/** All that is stored, in the order of each partition, with the time at which Kafka appended it, Unix ms. */
export const readSignals = async (
  site: Site,
  take: (signal: Signal, appendedAt: number) => void,
): Promise<{ readonly unreadable: number }> => {
  let unreadable = 0;
  const topic = site.topics.signals;
  for (const partition of (await site.kafka.endOffsets(topic)).keys())
    await site.kafka.readRange({
      topic,
      partition,
      from: 0n,
      onMessage: (message) => {
        const read = decodeSignal(message);
        if (read.kind === 'signal') take(read.signal, message.timestamp);
        else unreadable++;
      },
    });
  return { unreadable };
};

/** Looks at how many stored signals are not folded yet; closed by who made it. */
export class FoldBacklog {
  private readonly admin;

  private constructor(
    private readonly site: Site,
    brokers: readonly string[],
  ) {
    this.admin = new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING }).admin();
  }

  static async of(site: Site): Promise<FoldBacklog> {
    const backlog = new FoldBacklog(site, site.environment.brokers);
    await backlog.admin.connect();
    return backlog;
  }

  async size(): Promise<number> {
    const topic = this.site.topics.signals;
    const [ends, groups] = await Promise.all([
      this.site.kafka.endOffsets(topic),
      this.admin.fetchOffsets({ groupId: `${topic}.translation`, topics: [topic] }),
    ]);
    const committed = new Map(groups[0]?.partitions.map(({ partition, offset }) => [partition, Number(offset)]));
    let size = 0;
    for (const [partition, end] of ends) size += Number(end) - Math.max(0, committed.get(partition) ?? 0);
    return size;
  }

  async empty(timeoutMs = 120_000): Promise<void> {
    await eventually(async () => (await this.size()) === 0, 'all signals to be folded', timeoutMs);
  }

  async close(): Promise<void> {
    await this.admin.disconnect();
  }
}
