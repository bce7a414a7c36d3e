import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Signal } from '@millrace/domain';
import { readMapping } from '@millrace/machine-mapping';
import { encodeSignal } from '@millrace/protocol';
import { configSignal } from '../../apps/machine-ingest/src/signal-intake/lifecycle-signal';
import { activateMapping, allStored, FoldBacklog, readSignals, storedSignals } from '../ingest/ingest-site';
import { http } from '../ingest/wires/http.wire';
import { opcua } from '../ingest/wires/opcua.wire';
import { shdr } from '../ingest/wires/shdr.wire';
import { sparkplug } from '../ingest/wires/sparkplug.wire';
import type { OpenWire, Wire } from '../ingest/wires/wire';
import { cpuMicros } from '../process-cpu';
import { always, exactly, type Part } from '../report/part';
import { size } from '../report/sizes';
import { Site } from '../site/site';

const WIRES: readonly Wire[] = [http, shdr, sparkplug, opcua];
const WARM = 20_000;
const IDLE_MS = 3_000;
const APPEND = 1_000;
/** Appends under way at a time, as of a source that is never behind. */
const APPENDS = 4;

/** CPU microseconds of each signal. */
interface Costs {
  readonly intake: number;
  readonly decoding: number;
  readonly appending: number;
  readonly folding: number;
  /** Signals a second from the wire to Kafka, with all that shares the machine. */
  readonly rate: number;
  readonly missing: number;
}

/** What a signal costs on its way in, beside what cannot be spared of it. */
export const ingestCost: Part = {
  name: 'ingest-cost',
  measures:
    'signals per second of one core: from the wire to Kafka, beside decoding alone and appending alone; folding',
  takes: '3 min',
  run: async ({ environment, say }) => {
    const signals = size('BENCH_SIGNALS', 200_000);
    const folder = mkdtempSync(join(tmpdir(), 'millrace-cost-'));
    const site = await Site.start(environment);
    const backlog = await FoldBacklog.of(site);
    const all: Costs[] = [];
    try {
      const ingest = await site.service('machine-ingest', { MILLRACE_SOURCE_STATE: join(folder, 'state') });
      for (const wire of WIRES) {
        const open = await wire.open(site, folder);
        try {
          all.push(await costsOf(site, backlog, ingest, wire, open, Math.min(signals, wire.most ?? signals)));
        } finally {
          await open.close();
        }
        if (wire !== http) await site.call('machine-ingest', 'DELETE', `/v1/sources/${nameOf(wire)}`);
        say(`${wire.name}: done`);
      }
      for (const complaint of site.complaints()) if (!complaint.includes('is not known here')) say(complaint);
      const line = (name: string, of: (costs: Costs) => string) => ({ name, values: all.map(of) });
      const missing = all.reduce((sum, costs) => sum + costs.missing, 0);
      return {
        columns: WIRES.map(({ name }) => name),
        rows: [
          line('wire to Kafka, signals/s of one core', ({ intake }) => perSecond(intake)),
          line('decoding alone', ({ decoding }) => perSecond(decoding)),
          line('appending alone', ({ appending }) => perSecond(appending)),
          line('wire to Kafka ÷ (decoding + appending)', ({ intake, decoding, appending }) =>
            (intake / (decoding + appending)).toFixed(2),
          ),
          line('fold, from Kafka to its state in Kafka', ({ folding }) => perSecond(folding)),
          line('wire to folded', ({ intake, folding }) => perSecond(intake + folding)),
          line('CPU µs: wire to Kafka, decoding, appending, fold', ({ intake, decoding, appending, folding }) =>
            [intake, decoding, appending, folding].map((micros) => micros.toFixed(1)).join(', '),
          ),
          line('signals/s as they came, with all on this machine', ({ rate }) => rate.toFixed(0)),
          {
            name: 'signals missing',
            values: all.map((costs) => String(costs.missing)),
            target: always(exactly(missing, 0)),
          },
        ],
        notes: [
          `${signals} signals of each (OPC UA: at most ${opcua.most}), of one machine. CPU of the machine-ingest process, less what it takes when nothing comes; while the wire`,
          'is read its fold waits, and goes on when all is stored. Decoding and appending alone: in this process, the same bytes and signals.',
        ],
      };
    } finally {
      await backlog.close();
      await site.close();
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

const nameOf = ({ name }: Wire): string => name.toLowerCase().replace(' ', '');
const perSecond = (micros: number): string => Math.round(1_000_000 / micros).toLocaleString('en');

const costsOf = async (
  site: Site,
  backlog: FoldBacklog,
  ingest: { readonly pid: number },
  wire: Wire,
  open: OpenWire,
  signals: number,
): Promise<Costs> => {
  await allStored(site, (await storedSignals(site)) + (await open.send(WARM)));
  await backlog.empty();
  await site.calm();
  const idle = await idleCores(ingest.pid);
  const working = async (work: () => Promise<void>): Promise<{ readonly micros: number; readonly seconds: number }> => {
    const [cpu, began] = [cpuMicros(ingest.pid), performance.now()];
    await work();
    const took = (performance.now() - began) / 1_000;
    return { micros: cpuMicros(ingest.pid) - cpu - idle * took * 1_000_000, seconds: took };
  };
  await holdFold(site, wire);
  await delay(1_000);
  const before = await storedSignals(site);
  let sent = 0;
  const intake = await working(async () => {
    sent = await open.send(signals);
    await allStored(site, before + sent);
  });
  const stored = (await storedSignals(site)) - before;
  const waiting = await backlog.size();
  if (waiting < stored)
    throw new Error(
      `${wire.name}: the fold did not wait until all was stored, ${waiting} of ${stored} are left of it.`,
    );
  const fold = await working(async () => {
    await activateMapping(site, wire.mapping);
    await backlog.empty();
  });
  open.decode(WARM);
  const decoded = here(() => open.decode(signals));
  return {
    intake: intake.micros / sent,
    folding: fold.micros / stored,
    decoding: decoded.micros / decoded.result,
    appending: await appendingCost(site, wire.machine),
    rate: sent / intake.seconds,
    missing: Math.max(0, sent - stored),
  };
};

/** From here on the machine waits for a mapping that has not come, and nothing of its partition is folded until it does, or for 10 s. */
const holdFold = async (site: Site, { machine, mapping }: Wire): Promise<void> => {
  const read = readMapping(mapping);
  if (read.kind !== 'mapping') throw new Error(JSON.stringify(read.problems));
  const value = { name: machine, version: 1, hash: read.mapping.hash };
  const producer = site.kafka.producer('hold');
  await producer.send([
    encodeSignal(site.topics.signals, configSignal({ tenant: 'default', machine }, value, Date.now())),
  ]);
  await producer.close();
};

const idleCores = async (pid: number): Promise<number> => {
  const [cpu, began] = [cpuMicros(pid), performance.now()];
  await delay(IDLE_MS);
  return (cpuMicros(pid) - cpu) / 1_000 / (performance.now() - began);
};

const here = <T>(work: () => T): { readonly micros: number; readonly result: T } => {
  const before = process.cpuUsage();
  const result = work();
  const { user, system } = process.cpuUsage(before);
  return { micros: user + system, result };
};

/** Signals of the machine as they are stored, as JSON to a topic that nobody reads; µs of CPU for each. */
const appendingCost = async (site: Site, machine: string): Promise<number> => {
  const signals: Signal[] = [];
  await readSignals(site, (signal) => {
    if (signal.machine === machine && signals.length < 50 * APPEND) signals.push(signal);
  });
  const topic = site.topics.events('custom');
  const producer = site.kafka.producer('append');
  const append = async (): Promise<void> => {
    let under: Promise<void>[] = [];
    for (let from = 0; from < signals.length; from += APPEND) {
      under.push(producer.send(signals.slice(from, from + APPEND).map((signal) => encodeSignal(topic, signal))));
      if (under.length < APPENDS) continue;
      await Promise.all(under);
      under = [];
    }
    await Promise.all(under);
  };
  await append();
  const before = process.cpuUsage();
  await append();
  const { user, system } = process.cpuUsage(before);
  await producer.close();
  return (user + system) / signals.length;
};
