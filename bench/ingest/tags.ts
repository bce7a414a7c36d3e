import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestEnvironment } from '@millrace/test-environment';
import { OpcuaServerProcess } from '../../apps/machine-ingest/src/signal-intake/opcua/opcua-server.fixture';
import { cpuMicros } from '../process-cpu';
import { Histogram } from '../receiving/histogram';
import { Site } from '../site/site';
import { allStored, connectSource, FoldBacklog, readSignals, storedSignals } from './ingest-site';
import { ResidentSeries } from './resident-series';
import { within } from './within';

const SOURCE = 'press';
const EVERY_MS = 1_000;

export interface TagsFigures {
  /** Values that the server was given, without the first of each tag. */
  readonly given: number;
  /** Of them, those that are stored, each once. */
  readonly stored: number;
  readonly twice: number;
  readonly gaps: number;
  readonly seconds: number;
  /** From the server's stamp of a value to Kafka's of its signal; ms. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly longestMs: number;
  /** Seconds after the last value until all signals were folded. */
  readonly foldBehindS: number;
  /** Resident memory of the machine-ingest process, MiB. */
  readonly before: number;
  readonly withTags: number;
  readonly most: number;
  readonly growth: number;
  /** CPU seconds that it took, for each second. */
  readonly cores: number;
}

/**
 * `tags` variables of one OPC UA server, each with a new value each second, read and folded by the built service. The growth
 * of its memory is that after the share `growthFrom` of the time.
 */
export const readTags = async (
  environment: TestEnvironment,
  say: (text: string) => void,
  { tags, seconds, growthFrom }: { readonly tags: number; readonly seconds: number; readonly growthFrom: number },
): Promise<TagsFigures> => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-tags-'));
  const server = new OpcuaServerProcess(join(folder, 'pki'), { items: tags });
  const site = await Site.start(environment);
  const backlog = await FoldBacklog.of(site);
  let memory: ResidentSeries | null = null;
  try {
    const ingest = await site.service('machine-ingest', { MILLRACE_SOURCE_STATE: join(folder, 'state') });
    await site.calm();
    const before = new ResidentSeries(ingest.pid);
    before.stop();
    await server.start();
    await connectSource(site, SOURCE, 'opcua', {
      endpointUrl: server.endpointUrl,
      securityMode: 'None',
      securityPolicy: 'None',
      machine: 'press-1',
      browse: [{ root: 'ns=1;s=Items', samplingMs: 0 }],
    });
    await allStored(site, tags, 60_000);
    await backlog.empty();
    await site.calm();
    memory = new ResidentSeries(ingest.pid);
    const withTags = memory.now;
    const cpu = cpuMicros(ingest.pid);
    const first = await storedSignals(site);
    const began = performance.now();
    await within(2 * seconds + 30, 'the server', server.order({ do: 'pump', everyMs: EVERY_MS, rounds: seconds }));
    const pumped = performance.now();
    const cores = (cpuMicros(ingest.pid) - cpu) / 1_000 / (pumped - began);
    memory.stop();
    await allStored(site, first + tags * seconds).catch((error: Error) => say(error.message));
    await backlog.empty();
    const foldBehindS = (performance.now() - pumped) / 1_000;
    return {
      given: tags * seconds,
      ...(await whatIsStored(site, tags, seconds)),
      seconds: (pumped - began) / 1_000,
      foldBehindS,
      before: before.most,
      withTags,
      most: memory.most,
      growth: memory.growthSince(growthFrom),
      cores,
    };
  } finally {
    memory?.stop();
    for (const complaint of site.complaints()) say(complaint);
    await server.kill();
    await backlog.close();
    await site.close();
    rmSync(folder, { recursive: true, force: true });
  }
};

/** Each tag has the number of the round as its value, so each number is to be there once, in order. */
const whatIsStored = async (site: Site, tags: number, rounds: number) => {
  const seen = new Map<string, Uint8Array>();
  const latency = new Histogram();
  let [stored, twice, gaps, longestMs] = [0, 0, 0, 0];
  await readSignals(site, ({ source, path, value, sourceTs }, appendedAt) => {
    if (source !== SOURCE) return;
    if (path === '$gap') gaps++;
    if (path.startsWith('$') || value === 0 || sourceTs === null) return;
    let rows = seen.get(path);
    if (rows === undefined) {
      rows = new Uint8Array(rounds + 1);
      seen.set(path, rows);
    }
    if (rows[Number(value)]! > 0) {
      twice++;
      return;
    }
    rows[Number(value)] = 1;
    stored++;
    const ms = Math.max(0, appendedAt - Date.parse(sourceTs));
    latency.add(ms);
    longestMs = Math.max(longestMs, ms);
  });
  if (seen.size !== tags) throw new Error(`${seen.size} of ${tags} tags have a signal`);
  return { stored, twice, gaps, p50Ms: latency.quantile(0.5), p99Ms: latency.quantile(0.99), longestMs };
};
