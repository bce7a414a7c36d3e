import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Signal } from '@millrace/domain';
import type { Logger } from '@millrace/telemetry';
import { OpcuaServerProcess } from '../src/signal-intake/opcua/opcua-server.fixture';
import { opcuaSettings } from '../src/signal-intake/opcua/opcua-settings';
import { opcuaSourceKind } from '../src/signal-intake/opcua/opcua-source-kind';
import type { SourceSink } from '../src/signal-intake/source-kind';

export interface TagsSoakOptions {
  readonly items: number;
  readonly everyMs: number;
  readonly rounds: number;
  /** Stores what was read; its time is part of the latency. Without one, signals are counted and let go. */
  readonly append?: (signals: readonly Signal[]) => Promise<void>;
}

export interface TagsSoakFigures {
  readonly items: number;
  readonly rounds: number;
  readonly seconds: number;
  /** Values that the server was given, and those of them that were appended, each once. */
  readonly expected: number;
  readonly appended: number;
  /** Values that came twice or out of order. */
  readonly disordered: number;
  /** `$gap` signals. */
  readonly gaps: number;
  readonly sessions: number;
  /** From the server's stamp of a value to its append being acknowledged, ms. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly worstMs: number;
  /** Resident memory of this process, MiB: the most, and by how much it grew in the last 3/5 of the time. */
  readonly rssMostMb: number;
  readonly rssGrowthMb: number;
}

const MB = 1024 * 1024;
/** The last bucket takes what took longer. */
const BUCKETS_MS = 60_000;
const RSS_EVERY_MS = 1_000;

/**
 * Many tags at one server, for minutes: 10,000 items at 1 Hz for 5 min by default. Nothing may be lost, 99 of 100 values are
 * to be appended within 2 s, and memory is to stay below 600 MB and not to grow.
 */
export const soakTenThousandTags = async (options: Partial<TagsSoakOptions> = {}): Promise<TagsSoakFigures> => {
  const { items, everyMs, rounds, append } = { items: 10_000, everyMs: 1_000, rounds: 300, ...options };
  const folder = await mkdtemp(join(tmpdir(), 'opcua-soak-'));
  const server = new OpcuaServerProcess(join(folder, 'pki'), { items });
  const latencies = new Uint32Array(BUCKETS_MS + 1);
  const last = new Map<string, number>();
  const sessions = new Set<string>();
  let [appended, disordered, gaps, worstMs] = [0, 0, 0, 0];

  const take = (signals: readonly Signal[]): void => {
    const now = Date.now();
    for (const { path, value, session, sourceTs } of signals) {
      if (path === '$gap') gaps++;
      if (path.startsWith('$')) continue;
      sessions.add(session);
      const before = last.get(path) ?? -1;
      if (Number(value) <= before) disordered++;
      else last.set(path, Number(value));
      if (value === 0 || sourceTs === null) continue;
      appended++;
      const latency = Math.max(0, now - Date.parse(sourceTs));
      worstMs = Math.max(worstMs, latency);
      latencies[Math.min(latency, BUCKETS_MS)]!++;
    }
  };
  const sink: SourceSink = {
    append: async (signals) => {
      await append?.(signals);
      take(signals);
    },
    refuse: async () => {},
  };
  const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} } as unknown as Logger;
  let ids = 0;
  await server.start();
  const source = opcuaSourceKind.open(
    opcuaSettings.parse({
      endpointUrl: server.endpointUrl,
      securityMode: 'None',
      securityPolicy: 'None',
      machine: 'soak',
      browse: [{ root: 'ns=1;s=Items', samplingMs: 0 }],
    }),
    {
      tenant: 'default',
      name: 'soak',
      sink,
      cursor: null,
      logger: silent,
      clock: Date.now,
      random: Math.random,
      newId: () => `soak-${++ids}`,
      folder: join(folder, 'own'),
    },
  );
  const rss: number[] = [];
  const watching = setInterval(() => rss.push(process.memoryUsage.rss()), RSS_EVERY_MS);
  try {
    source.start();
    const all = async (value: number, withinMs: number): Promise<void> => {
      for (const end = Date.now() + withinMs; Date.now() < end; await delay(100))
        if (last.size === items && [...last.values()].every((one) => one >= value)) return;
    };
    await all(0, 60_000);
    rss.length = 0;
    const began = performance.now();
    await server.order({ do: 'pump', everyMs, rounds });
    await all(rounds, 30_000);
    const seconds = Math.round((performance.now() - began) / 100) / 10;
    return {
      items,
      rounds,
      seconds,
      expected: items * rounds,
      appended,
      disordered,
      gaps,
      sessions: sessions.size,
      p50Ms: quantile(latencies, appended, 0.5),
      p99Ms: quantile(latencies, appended, 0.99),
      worstMs,
      rssMostMb: Math.round(Math.max(0, ...rss) / MB),
      rssGrowthMb: Math.round(growth(rss) / MB),
    };
  } finally {
    clearInterval(watching);
    await source.stop();
    await server.kill();
    await rm(folder, { recursive: true, force: true });
  }
};

const quantile = (latencies: Uint32Array, count: number, share: number): number => {
  let seen = 0;
  for (const [ms, values] of latencies.entries()) {
    seen += values;
    if (seen >= count * share) return ms;
  }
  return BUCKETS_MS;
};

/** Of two stretches' means: the first tenth after 2/5 of the time, and the last tenth. A garbage collector makes single samples jump. */
const growth = (rss: readonly number[]): number => {
  const tenth = Math.max(1, Math.floor(rss.length / 10));
  const from = Math.floor(rss.length * 0.4);
  const mean = (part: readonly number[]) => part.reduce((sum, one) => sum + one, 0) / Math.max(1, part.length);
  return mean(rss.slice(-tenth)) - mean(rss.slice(from, from + tenth));
};
