import { setTimeout as delay } from 'node:timers/promises';
import { decodeEvent } from '@millrace/protocol';
import { SparkplugEdge } from '@millrace/sparkplug';
import { MosquittoBroker } from '@millrace/test-environment';
import {
  activateMapping,
  allStored,
  connectSource,
  FoldBacklog,
  readSignals,
  sourceOf,
  storedSignals,
} from '../ingest/ingest-site';
import { ResidentSeries } from '../ingest/resident-series';
import { within } from '../ingest/within';
import { always, atMost, exactly, type Part, row } from '../report/part';
import { size } from '../report/sizes';
import { COLLECTABLE, collectedBytes } from '../site/collected-memory';
import { Site } from '../site/site';

const SOURCE = 'line';
const DEVICE = 'D';
const MIB = 1_024 ** 2;
const REBIRTH_INTERVAL_MS = 10_000;
/** Edges are looked at this often for commands that came. */
const LOOK_MS = 50;
/** After all is stored, commands and events that should not come have so long to come: longer than a rebirth interval. */
const AFTERMATH_MS = 15_000;

/** Every other machine's mapping waits before it says that the machine is offline; the others have the default and say it at once. */
const waits = (n: number): boolean => n % 2 === 0;
const numberOf = (machine: string): number => Number(machine.slice(1));

const mappingOf = (name: string, numbers: readonly number[], debounceOffline: string): string => `
apiVersion: ingest/v1
name: ${name}
machines: [${numbers.map((n) => `{ id: N${n} }`).join(', ')}]
sources: { line: { type: sparkplug } }
signals: { state: { metric: State, type: string } }
rules:
  - { id: status, kind: stateMap, input: state, map: { RUN: running, HALT: idle }, debounceOffline: ${debounceOffline} }
`;

/** Check 12 of machine ingest: the broker of many edge nodes restarts, and all of them are born again at once. */
export const storm: Part = {
  name: 'storm',
  measures:
    'a broker restarts three times with 200 Sparkplug edge nodes of 500 metrics: no false status, few commands, ready soon',
  takes: '≤ 8 min',
  run: async ({ environment, say }) => {
    const nodes = size('SOAK_NODES', 200);
    const metrics = size('SOAK_METRICS', 500);
    const restarts = size('SOAK_RESTARTS', 3);
    const all = nodes * metrics;
    const broker = await MosquittoBroker.start();
    const site = await Site.start(environment);
    const backlog = await FoldBacklog.of(site);
    const edges: SparkplugEdge[] = [];
    let memory: ResidentSeries | null = null;
    try {
      const ingest = await site.service('machine-ingest', COLLECTABLE);
      const numbers = Array.from({ length: nodes }, (_, n) => n);
      const prompt = numbers.filter((n) => !waits(n));
      await activateMapping(site, mappingOf('patient', numbers.filter(waits), '2m'));
      await activateMapping(site, mappingOf('prompt', prompt, '0s'));
      await connectSource(site, SOURCE, 'sparkplug', {
        url: broker.url,
        machines: [{ machine: '{node}', device: '+' }],
        rebirthMinIntervalMs: REBIRTH_INTERVAL_MS,
      });
      for (let n = 0; n < nodes; n++) edges.push(edgeNode(broker.url, n, metrics));
      await within(60, 'the edge nodes', Promise.all(edges.map((edge) => edge.start())));
      await allStored(site, all);
      await backlog.empty();
      await site.calm();
      const told = await statusChanges(site);
      const held = [await collectedBytes(ingest)];
      memory = new ResidentSeries(ingest.pid);
      const commands = new Commands(edges);
      const returns: Return[] = [];
      for (let n = 0; n < restarts; n++) {
        const before = await storedSignals(site);
        await broker.kill();
        await delay(1_000);
        const since = Date.now();
        await broker.start();
        await allStored(site, before + all, 60_000).catch((error: Error) => say(error.message));
        await backlog.empty();
        const foldedS = (Date.now() - since) / 1_000;
        await delay(AFTERMATH_MS);
        returns.push({ ...(await birthsSince(site, since)), foldedS });
        held.push(await collectedBytes(ingest));
      }
      commands.stop();
      memory.stop();
      const unborn = returns.reduce((sum, { metrics: born }) => sum + all - born, 0);
      const lastS = Math.max(...returns.map((one) => one.lastS));
      const foldedS = Math.max(...returns.map((one) => one.foldedS));
      const growth = (held.at(-1)! - held[1]!) / MIB;
      const { counts } = (await sourceOf(site, SOURCE)).state;
      const now = await statusChanges(site);
      const ofPatient = now.patient - told.patient;
      const ofPrompt = now.prompt - told.prompt;
      return {
        rows: [
          row(
            'status changes before, one of each node',
            String(told.patient + told.prompt),
            always(exactly(told.patient + told.prompt, nodes)),
          ),
          row('… by the restart, debounceOffline: 2m', String(ofPatient), always(exactly(ofPatient, 0))),
          row(
            '… by the restart, debounceOffline: 0s',
            String(ofPrompt),
            always(exactly(ofPrompt, 2 * prompt.length * restarts)),
          ),
          row('metrics that were not born again', String(unborn), always(exactly(unborn, 0))),
          row('last birth in Kafka after a return, at most', `${lastS.toFixed(1)} s`, always(atMost(lastS, 60, ' s'))),
          row('… and all folded', `${foldedS.toFixed(1)} s`, always(atMost(foldedS, 60, ' s'))),
          row('rebirth commands, in all', String(commands.count)),
          row('… closer than 10 s at one node', String(commands.tooClose), always(exactly(commands.tooClose, 0))),
          row('signals that each restart brought', returns.map(({ signals }) => signals).join(', ')),
          row(
            'memory of machine-ingest, the most',
            `${memory.most.toFixed(0)} MiB`,
            always(atMost(memory.most, 1_024, ' MiB')),
          ),
          row('… collected, before and after each', `${held.map((bytes) => (bytes / MIB).toFixed(0)).join(', ')} MiB`),
          row(
            '… growth from the first to the last',
            `${growth.toFixed(0)} MiB`,
            always(atMost(Math.round(growth), 25, ' MiB')),
          ),
        ],
        notes: [
          'With debounceOffline: 0s a machine is offline while the broker is, and back with its birth: two changes of each.',
          `${nodes} edge nodes of ${metrics} metrics; the source counted ${JSON.stringify(counts)}.`,
        ],
      };
    } finally {
      memory?.stop();
      for (const complaint of site.complaints()) say(complaint);
      for (const edge of edges) edge.kill();
      await broker.remove();
      await backlog.close();
      await site.close();
    }
  },
};

const edgeNode = (url: string, n: number, metrics: number): SparkplugEdge =>
  new SparkplugEdge({
    url,
    group: 'Plant',
    node: `N${n}`,
    reconnectMs: 100,
    metrics: [],
    aliases: true,
    devices: {
      [DEVICE]: [
        { name: 'State', type: 'String', value: 'RUN' },
        ...Array.from({ length: metrics - 1 }, (_, index) => ({
          name: `Folder/Metric ${index}`,
          type: 'Double' as const,
          value: index,
        })),
      ],
    },
  });

/** When each edge node was asked for a rebirth. */
class Commands {
  private readonly known: number[];
  private readonly at: number[][];
  private readonly timer: NodeJS.Timeout;

  constructor(private readonly edges: readonly SparkplugEdge[]) {
    this.known = edges.map(({ rebirthsAsked }) => rebirthsAsked);
    this.at = edges.map(() => []);
    this.timer = setInterval(() => this.look(), LOOK_MS);
  }

  stop(): void {
    clearInterval(this.timer);
    this.look();
  }

  get count(): number {
    return this.at.reduce((sum, times) => sum + times.length, 0);
  }

  /** Commands that came sooner after the one before than they may, less what the looks are apart. */
  get tooClose(): number {
    const least = REBIRTH_INTERVAL_MS - 2 * LOOK_MS;
    return this.at.reduce((sum, times) => sum + times.filter((at, n) => n > 0 && at - times[n - 1]! < least).length, 0);
  }

  private look(): void {
    const now = performance.now();
    for (const [index, { rebirthsAsked }] of this.edges.entries())
      for (; this.known[index]! < rebirthsAsked; this.known[index]!++) this.at[index]!.push(now);
  }
}

/** Status changes so far, of machines that wait and of those that do not. */
const statusChanges = async (site: Site): Promise<{ readonly patient: number; readonly prompt: number }> => {
  const topic = site.topics.events('mes');
  let [patient, prompt] = [0, 0];
  for (const partition of (await site.kafka.endOffsets(topic)).keys())
    await site.kafka.readRange({
      topic,
      partition,
      from: 0n,
      onMessage: (message) => {
        const read = decodeEvent(message, 'default');
        if (read.kind === 'refused' || read.event.type !== 'machine.status_changed') return;
        if (waits(numberOf((JSON.parse(read.event.data) as { machine: string }).machine))) patient++;
        else prompt++;
      },
    });
  return { patient, prompt };
};

/** What a restart of the broker brought. */
interface Return {
  /** Metrics that were born again. */
  readonly metrics: number;
  /** From the return of the broker to the last of them in Kafka, and to the fold of all; seconds. */
  readonly lastS: number;
  readonly foldedS: number;
  readonly signals: number;
}

/** Metrics whose value of a birth was stored since, and when the last of them was, in seconds. */
const birthsSince = async (site: Site, since: number) => {
  const first = new Map<string, number>();
  let signals = 0;
  await readSignals(site, ({ machine, path, flags }, appendedAt) => {
    if (appendedAt < since) return;
    signals++;
    const name = `${machine}\n${path}`;
    if (flags.includes('snapshot') && !path.startsWith('$') && !first.has(name)) first.set(name, appendedAt);
  });
  const last = [...first.values()].reduce((most, at) => Math.max(most, at), since);
  return { metrics: first.size, lastS: (last - since) / 1_000, signals };
};
