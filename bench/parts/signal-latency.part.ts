import { setTimeout as delay } from 'node:timers/promises';
import { decodeEvent } from '@millrace/protocol';
import { MosquittoBroker } from '@millrace/test-environment';
import { activateMapping, connectSource, readSignals } from '../ingest/ingest-site';
import { chatter, edgeOf } from '../ingest/line';
import { StatusReceiver } from '../ingest/status-receiver';
import type { Part } from '../report/part';
import { size } from '../report/sizes';
import { median } from '../report/statistics';
import { Site } from '../site/site';

const MACHINES = Array.from({ length: 10 }, (_, n) => `S${n}`);
const POSTED = Array.from({ length: 10 }, (_, n) => `H${n}`);
const TALKERS = Array.from({ length: 20 }, (_, n) => `T${n}`);
const BACKGROUND = 500;
const WARM = 50;
/** Between two signals, at random, so that they meet every phase of what is done now and then. */
const MOST_PAUSE_MS = 60;

const MAPPING = `
apiVersion: ingest/v1
name: line
machines: [${[...MACHINES, ...POSTED].map((id) => `{ id: ${id} }`).join(', ')}]
sources: { any: { type: sparkplug } }
signals: { state: { metric: State, type: string } }
rules:
  - { id: status, kind: stateMap, input: state, map: { RUN: running, HALT: idle } }
`;

/** One signal and its webhook; times in ms, on the wall clock where Kafka's own stamps have to be met. */
interface Probe {
  readonly machine: string;
  readonly word: string;
  readonly sentAt: number;
  readonly tookMs: number;
}
type Say = (machine: string, word: string) => Promise<void>;

/** From a signal that changes a machine's status to the webhook that tells of it. */
export const signalLatency: Part = {
  name: 'signal-latency',
  measures:
    'from a signal at its source to the webhook of the event that it makes, with nothing beside and with 500 signals/s',
  takes: '2 min',
  run: async ({ environment, say }) => {
    const count = size('BENCH_PROBES', 300);
    const broker = await MosquittoBroker.start();
    const receiver = await StatusReceiver.start();
    const site = await Site.start(environment);
    const line = edgeOf(broker.url, 'Line', MACHINES);
    const talk = edgeOf(broker.url, 'Talk', TALKERS);
    try {
      await site.service('delivery');
      await site.service('machine-ingest');
      await activateMapping(site, MAPPING);
      await site.createEndpoints(1, () => ({ url: receiver.url, eventTypes: ['machine.status_changed'] }));
      await connectSource(site, 'line', 'sparkplug', {
        url: broker.url,
        machines: [{ machine: '{device}', device: '+' }],
      });
      await Promise.all([line.start(), talk.start()]);
      await site.calm();
      const sparkplug: Say = (machine, word) => line.say(machine, { State: word });
      const http: Say = async (machine, word) => {
        await site.call('machine-ingest', 'POST', '/v1/signals', { machine, path: 'State', value: word });
      };
      await probed(receiver, MACHINES, WARM, sparkplug);
      await probed(receiver, POSTED, WARM, http);
      await site.calm();
      const idle = {
        sparkplug: await probed(receiver, MACHINES, count, sparkplug),
        http: await probed(receiver, POSTED, count, http),
      };
      const talking = chatter(talk, TALKERS, BACKGROUND);
      await delay(2_000);
      const busy = {
        sparkplug: await probed(receiver, MACHINES, count, sparkplug),
        http: await probed(receiver, POSTED, count, http),
      };
      await talking.stop();
      const stages = await stagesOf(site);
      for (const complaint of site.complaints()) say(complaint);
      const both = (name: string, of: (probes: typeof idle) => string) => ({ name, values: [of(idle), of(busy)] });
      const split = (probes: readonly Probe[]): string =>
        stages(probes)
          .map((ms) => ms.toFixed(1))
          .join(' + ');
      return {
        columns: ['nothing beside', `${BACKGROUND} signals/s`],
        rows: [
          both('Sparkplug, p50', ({ sparkplug: probes }) => ms(quantile(probes, 0.5))),
          both('… p99', ({ sparkplug: probes }) => ms(quantile(probes, 0.99))),
          both('… longest', ({ sparkplug: probes }) => ms(quantile(probes, 1))),
          both('… to Kafka + fold + delivery, p50', ({ sparkplug: probes }) => `${split(probes)} ms`),
          both('HTTP, p50', ({ http: probes }) => ms(quantile(probes, 0.5))),
          both('… p99', ({ http: probes }) => ms(quantile(probes, 0.99))),
          both('… longest', ({ http: probes }) => ms(quantile(probes, 1))),
          both('… to Kafka + fold + delivery, p50', ({ http: probes }) => `${split(probes)} ms`),
        ],
        notes: [
          `${count} signals of each, one at a time, at random moments. The stages are by Kafka’s stamps of the signal and of the event, in whole ms.`,
        ],
      };
    } finally {
      line.kill();
      talk.kill();
      await broker.remove();
      await site.close();
      await receiver.close();
    }
  },
};

/** So many signals one after the other; each waits for the webhook of the one before. */
const probed = async (
  receiver: StatusReceiver,
  machines: readonly string[],
  count: number,
  say: Say,
): Promise<Probe[]> => {
  const probes: Probe[] = [];
  for (let n = 0; n < count; n++) {
    const machine = machines[n % machines.length]!;
    const running = !isRunning.has(machine);
    if (running) isRunning.add(machine);
    else isRunning.delete(machine);
    const word = running ? 'RUN' : 'HALT';
    const arrival = receiver.expect(machine, running ? 'running' : 'idle');
    const began = performance.now();
    await say(machine, word);
    probes.push({ machine, word, sentAt: performance.timeOrigin + began, tookMs: (await arrival) - began });
    await delay(Math.random() * MOST_PAUSE_MS);
  }
  return probes;
};
const isRunning = new Set<string>();

const quantile = (probes: readonly Probe[], share: number): number => {
  const sorted = probes.map(({ tookMs }) => tookMs).sort((a, b) => a - b);
  return sorted[Math.min(sorted.length, Math.max(1, Math.ceil(sorted.length * share))) - 1]!;
};

const ms = (value: number): string => `${value.toFixed(1)} ms`;

interface Stamp {
  readonly at: number;
  readonly word: string;
}
const WORDS: { readonly [current: string]: string } = { running: 'RUN', idle: 'HALT' };

/** Medians of: send to Kafka's stamp of the signal, from there to that of the event, from there to the receipt. */
const stagesOf = async (site: Site): Promise<(probes: readonly Probe[]) => readonly number[]> => {
  const signals = new Map<string, Stamp[]>();
  const events = new Map<string, Stamp[]>();
  const note = (into: Map<string, Stamp[]>, machine: string, stamp: Stamp): void => {
    const list = into.get(machine) ?? [];
    into.set(machine, list);
    list.push(stamp);
  };
  await readSignals(site, ({ machine, path, value }, at) => {
    if (path === 'State') note(signals, machine, { at, word: String(value) });
  });
  const topic = site.topics.events('mes');
  for (const partition of (await site.kafka.endOffsets(topic)).keys())
    await site.kafka.readRange({
      topic,
      partition,
      from: 0n,
      onMessage: (message) => {
        const read = decodeEvent(message, 'default');
        if (read.kind === 'refused' || read.event.type !== 'machine.status_changed') return;
        const { machine, current } = JSON.parse(read.event.data) as { machine: string; current: string };
        note(events, machine, { at: message.timestamp, word: WORDS[current] ?? current });
      },
    });
  // Kafka's stamps are whole milliseconds: one that is cut off may lie just before the send.
  const first = (stamps: readonly Stamp[] | undefined, { word, sentAt }: Probe) =>
    stamps?.find((stamp) => stamp.word === word && stamp.at >= Math.floor(sentAt));
  return (probes) => {
    const stages = probes.flatMap((probe) => {
      const signal = first(signals.get(probe.machine), probe);
      const event = first(events.get(probe.machine), probe);
      return signal === undefined || event === undefined
        ? []
        : [[signal.at - probe.sentAt, event.at - signal.at, probe.sentAt + probe.tookMs - event.at]];
    });
    return [0, 1, 2].map((stage) => median(stages.map((each) => each[stage]!)));
  };
};
