import type { TestEnvironment } from '@millrace/test-environment';
import { ReceiverProcess } from '../receiving/receiver-process';
import { always, atLeast, atMost, type Bench, type Part, type Row, row } from '../report/part';
import { type Latency, latencyOf, latencyText } from '../report/quantiles';
import { ROUNDS, size } from '../report/sizes';
import { median } from '../report/statistics';
import type { EventPlan } from '../site/publisher';
import { allArrived, sustainedRate } from '../site/rates';
import { Site } from '../site/site';

const ENDPOINTS = 100;
const TIMEOUT_MS = 10_000;
const HANGING = [10, 30] as const;
const WARM_S = 5;
/** Of the sustained rate: what a run at its very limit shows is the limit. */
const SHARE = 0.85;

/** What the endpoints that never hang got while the others did what they did. */
interface Run {
  /** Deliveries a second that arrived while events were sent. */
  readonly throughput: number;
  readonly latency: Latency;
  /** Events that had not arrived when nothing more came. */
  readonly missing: number;
}

/**
 * 100 endpoints at a rate that the machine sustains, of which none, 10 or 30 begin to hang (take the request, never answer)
 * when the clock starts; what the others notice of it. In turns, each on a site of its own.
 */
export const isolation: Part = {
  name: 'isolation',
  measures: 'what healthy endpoints notice when 10 or 30 of 100 hang',
  takes: '10 min',
  run: async (bench) => {
    const seconds = size('BENCH_SECONDS', 30);
    const rate = process.env['BENCH_RATE'] ? size('BENCH_RATE', 1) : await offeredRate(bench);
    const runs = new Map<number, Run[]>([0, ...HANGING].map((hanging) => [hanging, []]));
    for (let round = 1; round <= ROUNDS(); round++)
      for (const [hanging, done] of runs) {
        const run = await hangingRun(bench, hanging, rate, seconds);
        done.push(run);
        bench.say(
          `round ${round}, ${hanging} hang: ${run.throughput.toFixed(0)}/s, ${latencyText(run.latency)}, ${run.missing} missing`,
        );
      }
    const [none, ...some] = [...runs];
    return {
      rows: [
        row(`offered, events/s (${SHARE} of the sustained rate)`, rate.toFixed(0)),
        ...figures(none![1], 'none hang'),
        ...some.flatMap(([hanging, hung]) => [...figures(hung, `${hanging} hang`), ...ratios(hanging, none![1], hung)]),
      ],
      notes: [
        `${ENDPOINTS} endpoints, time-out ${TIMEOUT_MS / 1_000} s, ${seconds} s from the moment in which they begin to hang, ${ROUNDS()} rounds in turns.`,
        'Throughput is what the endpoints got that answer in all runs; ratios are medians of pairs.',
      ],
    };
  },
};

const typeOf = (n: number): string => `machine.bench_${n % ENDPOINTS}`;

const started = async (
  environment: TestEnvironment,
  hanging: number,
): Promise<{ site: Site; receiver: ReceiverProcess }> => {
  const receiver = await ReceiverProcess.start();
  const origins = await receiver.origins(ENDPOINTS);
  const site = await Site.start(environment);
  await site.service('audit-projector');
  await site.service('delivery');
  await site.createEndpoints(ENDPOINTS, (n) => ({
    url: `${origins[n]}/${n < hanging ? 'sick' : 'well'}`,
    eventTypes: [typeOf(n)],
    timeoutMs: TIMEOUT_MS,
  }));
  return { site, receiver };
};

const offeredRate = async ({ environment, say }: Bench): Promise<number> => {
  const { site, receiver } = await started(environment, 0);
  try {
    return (await sustainedRate(site, receiver, typeOf, say)) * SHARE;
  } finally {
    await site.close();
    receiver.close();
  }
};

const hangingRun = async (
  { environment, say }: Bench,
  hanging: number,
  rate: number,
  seconds: number,
): Promise<Run> => {
  const { site, receiver } = await started(environment, hanging);
  /** The same endpoints in every run: those that never hang. */
  const isWell = (n: number): boolean => n % ENDPOINTS >= Math.max(...HANGING);
  const plan = (n: number): EventPlan => ({ series: isWell(n) ? 'well' : 'rest', type: typeOf(n) });
  try {
    const warm = await site.publisher.steadily(rate, WARM_S, (n) => ({ series: 'warm', type: typeOf(n) }));
    await allArrived(receiver, 'warm', warm.sent);
    await receiver.behave('sick', 'hang');
    const { sent } = await site.publisher.steadily(rate, seconds, plan);
    const { distinct } = await receiver.count('well');
    const expected = Array.from({ length: sent }, (_each, n) => n).filter(isWell).length;
    await allArrived(receiver, 'well', expected, 20_000).catch((error: Error) => say(error.message));
    const report = await receiver.report('well');
    for (const complaint of site.complaints()) say(complaint);
    return {
      throughput: distinct / seconds,
      latency: latencyOf(report),
      missing: expected - report.distinct,
    };
  } finally {
    await site.close();
    receiver.close();
  }
};

const figures = (runs: readonly Run[], name: string): Row[] => [
  row(`${name}: healthy deliveries/s`, median(runs.map(({ throughput }) => throughput)).toFixed(0)),
  row(
    `${name}: healthy latency`,
    `p50 ${median(runs.map(({ latency }) => latency.p50)).toFixed(1)}, p99 ${median(runs.map(({ latency }) => latency.p99)).toFixed(1)} ms`,
  ),
];

const ratios = (hanging: number, none: readonly Run[], hung: readonly Run[]): Row[] => {
  const pairs = (of: (run: Run) => number): number => median(hung.map((run, index) => of(run) / of(none[index]!)));
  const throughput = pairs((run) => run.throughput);
  const p99 = pairs(({ latency }) => latency.p99);
  const missing = hung.reduce((sum, run) => sum + run.missing, 0);
  return [
    row(
      `${hanging} hang: throughput to that of none`,
      throughput.toFixed(3),
      atLeast(throughput, hanging > 10 ? 0.9 : 0.95),
    ),
    row(`${hanging} hang: p99 to that of none`, p99.toFixed(2), atMost(p99, 1.5)),
    row(`${hanging} hang: healthy deliveries missing`, String(missing), always(atMost(missing, 0))),
  ];
};
