import { randomBytes } from 'node:crypto';
import { DEFAULT_OPTIONS, type Endpoint } from '@millrace/domain';
import { KafkaConnection } from '@millrace/kafka';
import {
  decodeEndpoint,
  EVENT_MODULES,
  encodeEndpoint,
  type IncomingMessage,
  topicNames,
  topicSpecs,
} from '@millrace/protocol';
import { silentLogger } from '@millrace/telemetry';
import type { TestEnvironment } from '@millrace/test-environment';
import { EndpointDirectory } from '../apps/delivery/src/directory/endpoint-directory';
import { type MatchableEvent, MatchIndex } from '../apps/delivery/src/directory/match-index';

export interface MatchingRow {
  readonly name: string;
  readonly value: string;
}

const FEW = 10;
const MANY = 100_000;
const ROUNDS = 15;
const EVENTS_PER_ROUND = 100_000;

/**
 * What an event costs in the directory of 100,000 endpoints against one of 10 when the same one endpoint matches, in turns
 * in one run, medians; and how soon a directory of that size is built. With an environment also through Kafka: from the
 * first fetch to the last endpoint, and from the send of a change to its first match.
 */
export const matchingRows = async (environment?: TestEnvironment): Promise<MatchingRow[]> => [
  // First, as at a start: with nothing else on the heap.
  rebuild(),
  ...SCENARIOS.map(growth),
  change(),
  ...(environment ? await throughKafka(environment) : []),
];

type Wanted = Pick<Endpoint, 'eventTypes' | 'filter'>;

interface Scenario {
  readonly name: string;
  /** What endpoint number `n` asks for. */
  readonly wants: (n: number) => Wanted;
  /** An event that matches endpoint number `n` alone. */
  readonly event: (n: number) => Pick<MatchableEvent, 'type' | 'data' | 'subject'>;
}

const SCENARIOS: readonly Scenario[] = [
  {
    name: 'each endpoint its own type',
    wants: (n) => ({ eventTypes: [`machine.bench_${n}`], filter: null }),
    event: (n) => ({ type: `machine.bench_${n}`, data: '{}', subject: null }),
  },
  {
    name: 'one type, filter {severity, machine}',
    wants: (n) => ({ eventTypes: ['machine.alarm'], filter: { severity: 'high', machine: `M-${n}` } }),
    event: (n) => ({ type: 'machine.alarm', data: `{"machine":"M-${n}","severity":"high"}`, subject: null }),
  },
  {
    name: 'machine.*, filter of operators',
    wants: (n): Wanted => ({
      eventTypes: ['machine.*'],
      filter: { $or: [{ '@subject': `M-${n}` }, { 'site.line': { $in: [`L-${n}`, `X-${n}`] } }], code: { $gte: 10 } },
    }),
    event: (n) => ({ type: 'machine.alarm', data: `{"code":17,"site":{"line":"L-${n}"}}`, subject: null }),
  },
];

const endpointNumber = (n: number, wants: Wanted, version = 1): Endpoint => ({
  id: `ep_${String(n).padStart(26, '0')}`,
  tenant: 'default',
  version,
  url: `https://receiver-${n}.example.com/hooks/millrace`,
  ...wants,
  contract: 'standard',
  headers: {},
  status: 'active',
  statusReason: null,
  timeoutMs: null,
  ordering: 'none',
  rateLimit: null,
  retry: null,
  options: DEFAULT_OPTIONS,
  runUrls: false,
  description: 'one of many',
  createdAt: '2026-02-17T13:59:55.000Z',
  updatedAt: '2026-02-17T13:59:55.000Z',
  secrets: [{ id: `sec_${n}`, sealed: randomBytes(96).toString('base64'), expiresAt: null }],
});

const growth = ({ name, wants, event }: Scenario): MatchingRow => {
  const events = Array.from({ length: FEW }, (_, n) => matchable(event(n)));
  const indexes = [FEW, MANY].map((count) => {
    const index = new MatchIndex();
    for (let n = 0; n < count; n++) index.put(endpointNumber(n, wants(n)));
    return index;
  });
  const nanos: number[][] = [[], []];
  for (let round = -3; round < ROUNDS; round++)
    for (const side of round % 2 === 0 ? [0, 1] : [1, 0]) {
      const each = nanosPerEvent(indexes[side]!, events);
      if (round >= 0) nanos[side]!.push(each);
    }
  const [few, many] = nanos.map(median) as [number, number];
  const ratio = median(nanos[1]!.map((each, round) => each / nanos[0]![round]!));
  return {
    name: `matching, ${name}: ${MANY} endpoints against ${FEW}`,
    value: `${ratio.toFixed(2)} (${many.toFixed(0)} ns, ${few.toFixed(0)} ns)`,
  };
};

const nanosPerEvent = (index: MatchIndex, events: readonly MatchableEvent[]): number => {
  let matched = 0;
  const began = process.hrtime.bigint();
  for (let n = 0; n < EVENTS_PER_ROUND; n++) matched += index.match(events[n % events.length]!).length;
  const nanos = Number(process.hrtime.bigint() - began);
  if (matched !== EVENTS_PER_ROUND) throw new Error(`${matched} matches instead of ${EVENTS_PER_ROUND}`);
  return nanos / EVENTS_PER_ROUND;
};

const matchable = (event: Pick<MatchableEvent, 'type' | 'data' | 'subject'>): MatchableEvent => ({
  id: 'evt_1',
  tenant: 'default',
  source: '/bench',
  time: '2026-02-17T13:59:55.000Z',
  ...event,
});

/** A mix of all scenarios, as records of the topic. */
const records = (): IncomingMessage[] =>
  Array.from({ length: MANY }, (_, n) => {
    const endpoint = endpointNumber(n, SCENARIOS[n % SCENARIOS.length]!.wants(n));
    const { key, value } = encodeEndpoint('endpoints', endpoint.id, endpoint);
    return {
      topic: 'endpoints',
      partition: 0,
      offset: BigInt(n),
      timestamp: 0,
      key: Buffer.from(key!),
      value,
      headers: {},
    };
  });

const rebuild = (): MatchingRow => {
  const held = records();
  const rounds = Array.from({ length: 3 }, () => {
    const began = performance.now();
    const index = new MatchIndex();
    for (const record of held) {
      const change = decodeEndpoint(record);
      if (change.kind === 'put') index.put(change.endpoint);
    }
    if (index.size !== MANY) throw new Error(`${index.size} endpoints instead of ${MANY}`);
    return performance.now() - began;
  });
  return {
    name: `directory of ${MANY} endpoints from their records`,
    value: `${(median(rounds) / 1_000).toFixed(2)} s`,
  };
};

const change = (): MatchingRow => {
  const index = new MatchIndex();
  const [, { wants, event }] = SCENARIOS as [Scenario, Scenario];
  for (let n = 0; n < MANY; n++) index.put(endpointNumber(n, wants(n)));
  const rounds = Array.from({ length: 100 }, (_, round) => {
    const to = MANY + round;
    const began = performance.now();
    index.put(endpointNumber(round, wants(to), 2));
    if (index.match(matchable(event(to))).length !== 1) throw new Error('the change is not live');
    return performance.now() - began;
  });
  return { name: `a change among ${MANY} endpoints, in memory`, value: `${(median(rounds) * 1_000).toFixed(0)} µs` };
};

const throughKafka = async (environment: TestEnvironment): Promise<MatchingRow[]> => {
  const prefix = environment.freshPrefix();
  const topics = topicNames(prefix);
  const kafka = new KafkaConnection({ brokers: environment.brokers, clientId: 'bench', logger: silentLogger });
  await kafka.provisionTopics(topicSpecs({ prefix, partitions: 6, replicationFactor: 1, modules: EVENT_MODULES }), 1);
  const producer = kafka.producer('bench');
  await producer.connect();
  const send = (from: number, count: number, version: number, shift: number) =>
    producer.send(
      Array.from({ length: count }, (_, each) => {
        const n = from + each;
        const endpoint = endpointNumber(n, SCENARIOS[1]!.wants(n + shift), version);
        return encodeEndpoint(topics.endpoints, endpoint.id, endpoint);
      }),
    );
  for (let from = 0; from < MANY; from += 1_000) await send(from, 1_000, 1, 0);

  const began = performance.now();
  const directory = new EndpointDirectory(kafka, topics, silentLogger);
  await directory.start();
  const startMs = performance.now() - began;
  if (directory.index.size !== MANY) throw new Error(`${directory.index.size} endpoints instead of ${MANY}`);

  const delays: number[] = [];
  for (let n = 0; n < 50; n++) {
    const changed = matchable(SCENARIOS[1]!.event(n + MANY));
    const sent = performance.now();
    await send(n, 1, 2, MANY);
    while (directory.index.match(changed).length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    delays.push(performance.now() - sent);
  }
  await directory.stop();
  await producer.close();
  await kafka.close();
  return [
    { name: `directory of ${MANY} endpoints from Kafka`, value: `${(startMs / 1_000).toFixed(2)} s` },
    {
      name: 'a change, from its send to its first match',
      value: `median ${median(delays).toFixed(0)} ms, longest ${Math.max(...delays).toFixed(0)} ms`,
    },
  ];
};

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
