import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeSignal } from '@millrace/protocol';
import { eventually, ServiceProcess, testEnvironment } from '@millrace/test-environment';
import { residentBytes } from '../../../../../bench/process-memory';
import { ask, IngestSite } from '../../test-support/ingest-site';
import { OpcuaServerProcess } from './opcua-server.fixture';

jest.setTimeout(120_000);

/** The long form is `npm run soak -- tags`. */
const TAGS = 10_000;
const ROUNDS = 10;
const MOST_BYTES = 600_000_000;

/** What Kafka has of the values; each tag is to have the numbers 0 to ROUNDS in this order. */
class StoredTags {
  readonly wrong: string[] = [];
  readonly gaps: unknown[] = [];
  readonly latencies: number[] = [];
  count = 0;
  private readonly last = new Map<string, number>();
  private readonly next = new Map<number, bigint>();

  constructor(private readonly site: IngestSite) {}

  get tags(): number {
    return this.last.size;
  }

  async look(): Promise<void> {
    const { kafka, topics } = this.site;
    for (const [partition, end] of await kafka.endOffsets(topics.signals)) {
      const from = this.next.get(partition) ?? 0n;
      if (from >= end) continue;
      const onMessage = (message: Parameters<typeof decodeSignal>[0]): void => this.take(message);
      await kafka.readRange({ topic: topics.signals, partition, from, onMessage });
    }
  }

  private take(message: Parameters<typeof decodeSignal>[0]): void {
    this.next.set(message.partition, BigInt(message.offset) + 1n);
    const read = decodeSignal(message);
    if (read.kind !== 'signal') return void this.wrong.push(JSON.stringify(read));
    const { path, value, sourceTs } = read.signal;
    if (path === '$gap') this.gaps.push(value);
    if (path.startsWith('$')) return;
    const before = this.last.get(path) ?? -1;
    if (Number(value) !== before + 1) this.wrong.push(`${path}: ${String(value)} after ${before}`);
    this.last.set(path, Number(value));
    this.count++;
    if (before >= 0) this.latencies.push(message.timestamp - Date.parse(sourceTs!));
  }
}

it('10,000 tags that change each second are all in Kafka, each value once and in order', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'opcua-'));
  const environment = await testEnvironment();
  const server = new OpcuaServerProcess(join(folder, 'pki'), { items: TAGS });
  const site = await new IngestSite(environment.brokers, environment.freshPrefix()).provision();
  const ready = ServiceProcess.start('machine-ingest', {
    variables: site.variables({
      MILLRACE_DATABASE_URL: await environment.freshDatabase(),
      MILLRACE_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
      MILLRACE_INSECURE_ENDPOINTS: 'allow',
      MILLRACE_SOURCE_STATE: join(folder, 'state'),
      LOG_LEVEL: 'warn',
    }),
  }).then((started) => started.waitReady(60_000));
  let looking: NodeJS.Timeout | undefined;
  let most = 0;
  try {
    const [service] = await Promise.all([ready, server.start()]);
    const settings = {
      endpointUrl: server.endpointUrl,
      securityMode: 'None',
      securityPolicy: 'None',
      machine: 'press-1',
      browse: [{ root: 'ns=1;s=Items', samplingMs: 0 }],
    };
    const made = await ask(service.url, 'POST', '/v1/sources', { name: 'press', type: 'opcua', settings, try: false });
    expect(made.status).toBe(201);
    const stored = new StoredTags(site);
    const all = (count: number) =>
      eventually(
        async () => {
          await stored.look();
          return stored.count >= count || Promise.reject(`${stored.count}, ${stored.wrong.slice(0, 5).join('; ')}`);
        },
        `${count} values`,
        60_000,
      );
    await all(TAGS);
    looking = setInterval(() => {
      most = Math.max(most, residentBytes(service.pid));
    }, 250);
    await server.order({ do: 'pump', everyMs: 1_000, rounds: ROUNDS });
    await all(TAGS * (ROUNDS + 1));
    clearInterval(looking);
    expect(stored.wrong).toEqual([]);
    expect(stored.gaps).toEqual([]);
    expect([stored.tags, stored.count]).toEqual([TAGS, TAGS * (ROUNDS + 1)]);
    expect(most).toBeLessThan(MOST_BYTES);
    const sorted = stored.latencies.sort((a, b) => a - b);
    const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
    process.stdout.write(
      `10,000 tags, from the server to Kafka: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms; machine-ingest at most ${Math.round(most / 1e6)} MB\n`,
    );
  } finally {
    clearInterval(looking);
    await ready.then((service) => service.stop()).catch(() => undefined);
    await server.kill();
    await site.close();
    rmSync(folder, { recursive: true, force: true });
  }
});
