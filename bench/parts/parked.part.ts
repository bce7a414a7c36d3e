import { eventually, type ServiceProcess } from '@millrace/test-environment';
import { cpuMicros } from '../process-cpu';
import { Histogram } from '../receiving/histogram';
import { ReceiverProcess } from '../receiving/receiver-process';
import { always, atMost, type Bench, type Part, type Row, row, type Table } from '../report/part';
import { type Latency, latencyOf, latencyText } from '../report/quantiles';
import { size } from '../report/sizes';
import { COLLECTABLE, collectedBytes } from '../site/collected-memory';
import type { EventPlan } from '../site/publisher';
import { allArrived } from '../site/rates';
import { metricOf, Site } from '../site/site';

/** As the service has it when nothing is set. */
const IN_FLIGHT = 256;
const ENDPOINT_IN_FLIGHT = 32;
const LIVE_PER_SECOND = 300;
const LIVE_S = 15;
const WARM_EVENTS = 20_000;
/** Share of the backlog that has drained when the process is killed. */
const KILL_AT = 0.4;
const DEAD = 'machine.dead';
const LIVE = 'machine.live';

/**
 * A backlog of one dead endpoint: what it costs while it is parked, what another endpoint notices, how it drains when the
 * endpoint returns, and what a kill in the middle loses or repeats.
 */
export const parked: Part = {
  name: 'parked',
  measures: 'a million parked deliveries: CPU and memory while parked, drain, order, a kill in the middle',
  takes: '15 min',
  run: async (bench) => {
    const count = size('BENCH_PARKED', 1_000_000);
    const receiver = await ReceiverProcess.start();
    const site = await Site.start(bench.environment);
    try {
      return await story(bench, site, receiver, count);
    } finally {
      for (const complaint of site.complaints()) bench.say(complaint);
      await site.close();
      receiver.close();
    }
  },
};

const story = async ({ say }: Bench, site: Site, receiver: ReceiverProcess, count: number): Promise<Table> => {
  const [origin] = await receiver.origins(1);
  const [deadId] = await site.createEndpoints(1, () => ({ url: `${origin}/dead`, eventTypes: [DEAD] }));
  await site.createEndpoints(1, () => ({ url: `${origin}/live`, eventTypes: [LIVE] }));
  let delivery = await site.service('delivery', COLLECTABLE);
  const scene = { site, receiver, count };

  const fresh = await collectedBytes(delivery);
  await site.publisher.backlog(0, WARM_EVENTS, () => ({ series: 'warm', type: LIVE }));
  await allArrived(receiver, 'warm', WARM_EVENTS);
  const liveBefore = await liveLatency(scene, 'before');
  await site.calm();
  const idle = await cpuPerSecond(delivery);
  const warm = await collectedBytes(delivery);
  say(`idle: ${idle.toFixed(1)} ms CPU a second, ${mebibytes(warm)} resident`);

  await receiver.behave('dead', 'refuse');
  const parking = await park(scene, delivery);
  say(`${count} parked at ${parking.rate.toFixed(0)}/s`);
  const liveMeanwhile = await liveLatency(scene, 'meanwhile');
  await site.calm();
  const whileParked = await cpuPerSecond(delivery);
  const full = await collectedBytes(delivery);
  say(`parked: ${whileParked.toFixed(1)} ms CPU a second, ${mebibytes(full)} resident`);

  delivery = await restarted(scene, delivery);
  const restored = await metricOf(delivery, 'webhook_parked');
  await site.calm();
  const restoredIdle = await cpuPerSecond(delivery);
  const restoredBytes = await collectedBytes(delivery);
  say(`after a kill and a restart: ${restored} parked, ${restoredIdle.toFixed(1)} ms CPU a second`);

  await receiver.behave('dead', 'answer');
  await site.call('subscription', 'PATCH', `/v1/endpoints/${deadId}`, { description: 'is back' });
  const first = await drainTo(scene, count * KILL_AT);
  const killedAt = performance.now();
  delivery = await restarted(scene, delivery);
  const { distinct } = await receiver.count('dead');
  await drainTo(scene, distinct + 1);
  const pauseMs = performance.now() - killedAt;
  say(
    `drained to ${KILL_AT * 100} % at ${first.toFixed(0)}/s, killed, went on after ${(pauseMs / 1_000).toFixed(1)} s`,
  );
  const liveInDrain = liveLatency(scene, 'drain');
  const second = await drainTo(scene, count);
  await allArrived(receiver, 'drain', (await liveInDrain).count);
  await site.calm();
  const report = await receiver.report('dead');
  const missing = count - report.distinct;
  const repeats = report.requests - report.distinct;
  const far = Histogram.of(report.overtaken).above(IN_FLIGHT);
  const refused = (await receiver.report('dead_refused')).distinct;
  const left = await metricOf(delivery, 'webhook_parked');

  return {
    rows: [
      row('parked deliveries of one endpoint', count.toLocaleString('en')),
      row('parking: deliveries/s, fan-out included', parking.rate.toFixed(0)),
      row('parking: CPU of the delivery process', `${parking.cpuMicrosEach.toFixed(1)} µs each`),
      row('CPU while idle, none parked', `${idle.toFixed(1)} ms/s`),
      row('CPU while they are parked', `${whileParked.toFixed(1)} ms/s`, atMost(whileParked, round(idle + 5), ' ms/s')),
      row('… in a process that found them parked', `${restoredIdle.toFixed(1)} ms/s`),
      row('resident without garbage: after traffic / all parked', [warm, full].map(mebibytes).join(' / ')),
      row('… fresh / one that found them parked', [fresh, restoredBytes].map(mebibytes).join(' / ')),
      row('memory for each parked delivery', `${((full - warm) / count).toFixed(1)} bytes`),
      row('… in a process that found them parked', `${((restoredBytes - fresh) / count).toFixed(1)} bytes`),
      row(
        'parked after a kill and a restart',
        String(restored),
        always({ text: String(count), met: restored === count }),
      ),
      row('live endpoint before', latencyText(liveBefore)),
      row('… while they are parked', latencyText(liveMeanwhile)),
      row('… while they drain', latencyText(await liveInDrain)),
      ...ratioRows(liveBefore, liveMeanwhile),
      row('drain: deliveries/s, before and after the kill', `${first.toFixed(0)}, ${second.toFixed(0)}`),
      row('from the kill to the next delivery', `${(pauseMs / 1_000).toFixed(1)} s`),
      row('missing', String(missing), always(atMost(missing, 0))),
      row('repeated requests', String(repeats), always(atMost(repeats, IN_FLIGHT))),
      row('still parked at the end', String(left), always(atMost(left, 0))),
      row(`out of order by more than ${IN_FLIGHT}`, String(far), always(atMost(far, refused))),
      row('tried before the endpoint was down, or as a probe', String(refused)),
    ],
    notes: [
      `The endpoint may have ${ENDPOINT_IN_FLIGHT} in flight. What was tried in vain waits for its retry, and may come behind the others. Its events have one subject, so they stand in one partition in order.`,
    ],
  };
};

interface Scene {
  readonly site: Site;
  readonly receiver: ReceiverProcess;
  readonly count: number;
}

const deadPlan = (): EventPlan => ({ series: 'dead', type: DEAD, subject: 'M-1' });

const park = async (
  { site, count }: Scene,
  delivery: ServiceProcess,
): Promise<{ rate: number; cpuMicrosEach: number }> => {
  const began = performance.now();
  const before = cpuMicros(delivery.pid);
  await site.publisher.backlog(0, count, deadPlan);
  await eventually(
    async () => (await metricOf(delivery, 'webhook_parked')) >= count,
    `${count} deliveries to be parked`,
    60_000 + count,
  );
  return {
    rate: (count * 1_000) / (performance.now() - began),
    cpuMicrosEach: (cpuMicros(delivery.pid) - before) / count,
  };
};

const liveLatency = async ({ site, receiver }: Scene, series: string): Promise<Latency> => {
  const { sent } = await site.publisher.steadily(LIVE_PER_SECOND, LIVE_S, () => ({ series, type: LIVE }));
  await allArrived(receiver, series, sent);
  return latencyOf(await receiver.report(series));
};

/** Milliseconds of CPU that the process uses in a second. */
const cpuPerSecond = async ({ pid }: ServiceProcess): Promise<number> => {
  const seconds = size('BENCH_SECONDS', 30);
  const before = cpuMicros(pid);
  await new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
  return (cpuMicros(pid) - before) / 1_000 / seconds;
};

const restarted = async ({ site }: Scene, delivery: ServiceProcess): Promise<ServiceProcess> => {
  await delivery.kill('SIGKILL');
  return site.service('delivery', COLLECTABLE);
};

/** Deliveries a second from where it stands until so many have arrived. */
const drainTo = async ({ receiver }: Scene, until: number): Promise<number> => {
  const { distinct } = await receiver.count('dead');
  const began = performance.now();
  await allArrived(receiver, 'dead', until, 120_000);
  return ((until - distinct) * 1_000) / (performance.now() - began);
};

const ratioRows = (before: Latency, meanwhile: Latency): Row[] => {
  const ratio = meanwhile.p99 / before.p99;
  return [row('live p99 while parked, to before', ratio.toFixed(2), atMost(ratio, 1.5))];
};

const round = (value: number): number => Math.round(value * 10) / 10;
const mebibytes = (bytes: number): string => `${(bytes / 1_024 ** 2).toFixed(0)} MiB`;
