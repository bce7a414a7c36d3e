import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { eventually, type ServiceProcess } from '@millrace/test-environment';
import { cpuMicros } from '../process-cpu';
import { ReceiverProcess } from '../receiving/receiver-process';
import { atLeast, type Bench, type Part, type Row, type Table } from '../report/part';
import { ROUNDS, size } from '../report/sizes';
import { median } from '../report/statistics';
import { apart, together } from '../site/cores';
import { type Costs, costsFromHere } from '../site/costs';
import { BODY_BYTES, type EventPlan } from '../site/publisher';
import { allArrived } from '../site/rates';
import { Site } from '../site/site';

const IN_FLIGHT = 256;
/** More origins than this say more of connections than of Millrace. */
const MOST_ORIGINS = 100;
/** Of the events, those that are delivered before the clock starts: a service that has just started is no measure. */
const WARM_SHARE = 0.4;

interface Measured {
  /** Deliveries a second. */
  readonly rate: number;
  readonly costs: Costs;
}

interface Round {
  readonly raw: Measured;
  readonly whole: Measured & { readonly recordedRate: number };
  /** The same in two processes, one after the other. */
  readonly split: { readonly fanOut: Measured; readonly dispatch: Measured };
}

/**
 * Deliveries through the whole pipeline, from the event in Kafka to the attempt recorded in PostgreSQL, beside the raw
 * undici loop with the same receiver, origins, concurrency and body, in turns in one run. The figure to trust is CPU per
 * delivery: rates on a shared machine follow its neighbours.
 */
export const pipeline: Part = {
  name: 'pipeline',
  measures: 'rate and CPU per delivery against the raw undici loop, for 1, 100 and 10,000 endpoints',
  takes: '15 min',
  run: async (bench) => {
    const events = size('BENCH_EVENTS', 100_000);
    const counts = (process.env['BENCH_ENDPOINTS'] ?? '1,100,10000').split(',').map(Number);
    const columns: Round[][] = [];
    for (const endpoints of counts) columns.push(await measure(bench, endpoints, events));
    return table(counts, columns, events);
  },
};

const measure = async (bench: Bench, endpoints: number, events: number): Promise<Round[]> => {
  const receiver = await ReceiverProcess.start();
  const origins = await receiver.origins(Math.min(endpoints, MOST_ORIGINS));
  const site = await Site.start(bench.environment, {
    MILLRACE_MAX_IN_FLIGHT: String(IN_FLIGHT),
    MILLRACE_TENANT_CONCURRENCY: String(IN_FLIGHT),
    MILLRACE_ENDPOINT_CONCURRENCY: String(Math.max(8, Math.ceil((IN_FLIGHT / endpoints) * 1.5))),
  });
  try {
    await site.createEndpoints(endpoints, (n) => ({
      url: `${origins[n % origins.length]}/pipeline/${n}`,
      eventTypes: [`machine.bench_${n}`],
    }));
    const scene = { bench, receiver, origins, site, endpoints, events };
    const rounds: Round[] = [];
    for (let round = 1; round <= ROUNDS(); round++) {
      const raw = await rawRound(scene);
      const split = await splitRound(scene, `split${round}`);
      const whole = await wholeRound(scene, `whole${round}`);
      rounds.push({ raw, whole, split });
      bench.say(
        `${endpoints} endpoints, round ${round}: raw ${told(raw)}, pipeline ${told(whole)}, fan-out alone ${told(split.fanOut)}, dispatch alone ${told(split.dispatch)}`,
      );
    }
    for (const complaint of site.complaints()) bench.say(complaint);
    return rounds;
  } finally {
    await site.close();
    receiver.close();
  }
};

const told = ({ rate, costs }: Measured): string =>
  `${Math.round(rate)}/s at ${(costs['sender'] ?? Number.NaN).toFixed(1)} µs`;

interface Scene {
  readonly bench: Bench;
  readonly receiver: ReceiverProcess;
  readonly origins: readonly string[];
  readonly site: Site;
  readonly endpoints: number;
  readonly events: number;
}

const rawRound = async (scene: Scene): Promise<Measured> => {
  const { receiver, origins, events } = scene;
  const before = cpuMicros(receiver.pid);
  const running = promisify(execFile)(process.execPath, [
    join(__dirname, '../raw-loop.js'),
    ...[events, IN_FLIGHT, BODY_BYTES].map(String),
    ...origins.map((origin) => `${origin}/raw`),
  ]);
  if (!apart(running.child.pid!, othersOf(scene)))
    scene.bench.say('no process can be bound to a core here (taskset): what is measured alone shares its core');
  const { stdout } = await running;
  const {
    seconds,
    cpuMicros: sender,
    warmedUp,
  } = JSON.parse(stdout) as {
    seconds: number;
    cpuMicros: number;
    warmedUp: number;
  };
  const received = events + warmedUp;
  return {
    rate: events / seconds,
    costs: { sender: sender / events, receiver: (cpuMicros(receiver.pid) - before) / received },
  };
};

/** A delivery process with all roles over a backlog. */
const wholeRound = async (scene: Scene, series: string): Promise<Round['whole']> => {
  const { site, receiver } = scene;
  together(othersOf(scene));
  const projector = await site.service('audit-projector', profiled('audit-projector'));
  await publish(scene, series);
  const delivery = await site.service('delivery', profiled('delivery'));
  const clock = await startedWhen(
    scene,
    { sender: delivery, projector },
    async () => (await receiver.count(series)).distinct,
  );
  await allArrived(receiver, series, scene.events);
  const measured = clock.stop(scene.events);
  await eventually(
    async () =>
      (await site.call<{ data: unknown[] }>('audit-projector', 'GET', '/v1/deliveries?status=pending&limit=1')).data
        .length === 0,
    'every attempt to be recorded',
    300_000,
  );
  const recorded = clock.stop(scene.events);
  await delivery.stop();
  await projector.stop();
  return {
    rate: measured.rate,
    recordedRate: recorded.rate,
    costs: { ...recorded.costs, sender: measured.costs['sender']! },
  };
};

/** The same backlog by a process that fans out, and then by one that dispatches, each with a core of its own. */
const splitRound = async (scene: Scene, series: string): Promise<Round['split']> => {
  const { site, receiver, events } = scene;
  const before = await deliveriesOf(site);
  await publish(scene, series);
  const fanning = await site.service('delivery', { MILLRACE_DELIVERY_ROLES: 'fan-out', ...profiled('fan-out') });
  apart(fanning.pid, othersOf(scene));
  const fanOutClock = await startedWhen(scene, { sender: fanning }, async () => (await deliveriesOf(site)) - before);
  await eventually(
    async () => (await deliveriesOf(site)) - before >= events,
    'every event to become a delivery',
    300_000,
  );
  const fanOut = fanOutClock.stop(events);
  await fanning.stop();
  await site.calm();
  const dispatching = await site.service('delivery', { MILLRACE_DELIVERY_ROLES: 'dispatch', ...profiled('dispatch') });
  apart(dispatching.pid, othersOf(scene));
  const clock = await startedWhen(scene, { sender: dispatching }, async () => (await receiver.count(series)).distinct);
  await allArrived(receiver, series, events);
  const dispatch = clock.stop(events);
  await dispatching.stop();
  return { fanOut, dispatch };
};

/** What shares the cores beside the process that is measured. */
const othersOf = ({ bench, receiver }: Scene): number[] => {
  const { broker, database } = bench.environment.processes;
  return [process.pid, broker, database, receiver.pid];
};

/** The events are in Kafka and in the history before the delivery begins, so that what is measured is the delivery. */
const publish = async ({ site, endpoints, events }: Scene, series: string): Promise<void> => {
  const plan = (n: number): EventPlan => ({ series, type: `machine.bench_${n % endpoints}` });
  await site.publisher.backlog(0, events, plan);
  await site.calm(300_000);
};

const deliveriesOf = async (site: Site): Promise<number> => {
  const ends = await site.kafka.endOffsets(site.topics.deliveries);
  return Number([...ends.values()].reduce((sum, end) => sum + end, 0n));
};

/** Starts the clock when the work flows. */
const startedWhen = async (
  { receiver, bench, events }: Scene,
  services: { readonly [name: string]: ServiceProcess },
  done: () => Promise<number>,
): Promise<{ stop(done: number): Measured }> => {
  let first = 0;
  await eventually(
    async () => {
      first = await done();
      return first >= events * WARM_SHARE;
    },
    'the work to flow',
    120_000,
  );
  const began = performance.now();
  const costs = costsFromHere(bench.environment, { ...services, receiver });
  return {
    stop: (until) => ({
      rate: ((until - first) * 1_000) / (performance.now() - began),
      costs: costs(until - first),
    }),
  };
};

/** `BENCH_PROFILE` names a process whose CPU profile is written to `bench-profile/`. */
const profiled = (name: string): { [name: string]: string } =>
  process.env['BENCH_PROFILE'] === name ? { NODE_OPTIONS: '--cpu-prof --cpu-prof-dir=bench-profile' } : {};

const table = (counts: readonly number[], columns: readonly Round[][], events: number): Table => {
  const each = (name: string, digits: number, value: (round: Round) => number): Row => ({
    name,
    values: columns.map((rounds) => median(rounds.map(value)).toFixed(digits)),
  });
  const cost = (name: string, of: (round: Round) => Measured, process: string): Row =>
    each(`CPU µs/delivery: ${name}`, 1, (round) => of(round).costs[process] ?? Number.NaN);
  const perCpuSecond = (of: (round: Round) => Measured) => (round: Round) =>
    round.raw.costs['sender']! / of(round).costs['sender']!;
  const dispatchRatio = each(
    '… dispatching process alone',
    3,
    perCpuSecond(({ split }) => split.dispatch),
  );
  return {
    columns: counts.map((count) => `${count.toLocaleString('en')} endpoint${count === 1 ? '' : 's'}`),
    rows: [
      each('raw loop: requests/s', 0, ({ raw }) => raw.rate),
      each('pipeline: deliveries/s, all on this machine', 0, ({ whole }) => whole.rate),
      each('… until every attempt is in the history', 0, ({ whole }) => whole.recordedRate),
      each('fan-out alone: deliveries/s', 0, ({ split }) => split.fanOut.rate),
      each('dispatch alone: deliveries/s', 0, ({ split }) => split.dispatch.rate),
      each('ratio of rates, pipeline to raw loop', 3, ({ raw, whole }) => whole.rate / raw.rate),
      cost('raw loop', ({ raw }) => raw, 'sender'),
      cost('delivery process, all roles', ({ whole }) => whole, 'sender'),
      cost('… fan-out alone', ({ split }) => split.fanOut, 'sender'),
      cost('… dispatch alone', ({ split }) => split.dispatch, 'sender'),
      cost('projector', ({ whole }) => whole, 'projector'),
      cost('Kafka', ({ whole }) => whole, 'Kafka'),
      cost('PostgreSQL', ({ whole }) => whole, 'PostgreSQL'),
      cost('receiver', ({ whole }) => whole, 'receiver'),
      each(
        'deliveries per CPU second against the raw loop, all roles',
        3,
        perCpuSecond(({ whole }) => whole),
      ),
      { ...dispatchRatio, target: atLeast(Math.min(...dispatchRatio.values.map(Number)), 0.45) },
    ],
    notes: [
      `${events} events of ${BODY_BYTES} bytes, ${IN_FLIGHT} in flight, ${ROUNDS()} rounds in turns, medians; ratios are medians of pairs.`,
      'Raw loop, fan-out alone and dispatch alone have a core of their own, without a projector; all roles share both cores with it.',
      `Counted after the first ${WARM_SHARE * 100} %. Origins: as many as endpoints, at most ${MOST_ORIGINS}, in both.`,
    ],
  };
};
