import { kafkaClientRows } from './kafka-client';
import { matchingRows } from './matching';
import { ingestCost } from './parts/ingest-cost.part';
import { ingestMemory } from './parts/ingest-memory.part';
import { isolation } from './parts/isolation.part';
import { latency } from './parts/latency.part';
import { memory } from './parts/memory.part';
import { parked } from './parts/parked.part';
import { pipeline } from './parts/pipeline.part';
import { signalLatency } from './parts/signal-latency.part';
import { projectorRows } from './projector';
import { recoveryRows } from './recovery';
import { type Part, tableOf } from './report/part';
import { retryTimingRows } from './retry-timing';

/** All parts, in the order in which they run. */
export const SUITE: readonly Part[] = [
  pipeline,
  latency,
  isolation,
  parked,
  memory,
  {
    name: 'matching',
    measures: 'what an event costs in a directory of 100,000 endpoints against one of 10',
    takes: '1 min',
    run: async ({ environment }) => tableOf(await matchingRows(environment)),
  },
  {
    name: 'kafka-client',
    measures: 'CPU of our Kafka client for each record beside plain kafkajs, and its latency',
    takes: '2 min',
    run: async ({ environment }) => tableOf(await kafkaClientRows(environment)),
  },
  {
    name: 'retry-timing',
    measures: 'how late retries arrive: idle, at 80 % load, and 50,000 at one moment',
    takes: '5 min',
    run: async ({ environment }) => tableOf(await retryTimingRows(environment)),
  },
  {
    name: 'recovery',
    measures: 'how fast a recovery reads events and makes deliveries',
    takes: '2 min',
    run: async ({ environment }) => tableOf(await recoveryRows(environment)),
  },
  {
    name: 'projector',
    measures: 'writing the history beside a COPY of the same rows',
    takes: '2 min',
    run: async ({ environment }) => tableOf(await projectorRows(environment)),
  },
  signalLatency,
  ingestCost,
  ingestMemory,
];
