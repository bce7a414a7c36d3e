import { type ChildProcess, execFile, fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Event, eventKey } from '@millrace/domain';
import { KafkaConnection } from '@millrace/kafka';
import { EVENT_MODULES, encodeEvent, topicNames, topicSpecs } from '@millrace/protocol';
import { silentLogger } from '@millrace/telemetry';
import {
  eventually,
  isolatedEnvironment,
  type ServiceName,
  ServiceProcess,
  serviceVariables,
  type TestEnvironment,
} from '@millrace/test-environment';
import { cpuMicros, cpuMicrosOfTree } from './process-cpu';

/**
 * Deliveries per second through the whole pipeline, from the event in Kafka to the attempt recorded in PostgreSQL, beside
 * the raw undici loop with the same receiver, concurrency and body, in turns in one run. Prints a table; the figure to trust
 * is CPU per delivery, since rates on a shared machine follow its neighbours.
 */
const EVENTS = Number(process.env['BENCH_EVENTS'] ?? 20_000);
const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 3);
/** A service whose CPU profile is written to `bench-profile/`. */
const PROFILED = process.env['BENCH_PROFILE'];
const CONCURRENCY = 256;
const ENDPOINTS = 10;
const PARTITIONS = 6;
const BODY_BYTES = 1_024;

interface Round {
  readonly rate: number;
  /** CPU microseconds per delivery, by process. */
  readonly cpu: { readonly [process: string]: number };
}

const startReceiver = (): Promise<{ child: ChildProcess; url: string }> =>
  new Promise((resolve) => {
    const child = fork(join(__dirname, 'receiver.js'));
    child.once('message', (port) => resolve({ child, url: `http://127.0.0.1:${port}` }));
  });

const rawRound = async (receiver: { child: ChildProcess; url: string }): Promise<Round> => {
  const before = cpuMicros(receiver.child.pid!);
  const { stdout } = await promisify(execFile)(process.execPath, [
    join(__dirname, 'raw-loop.js'),
    `${receiver.url}/raw`,
    String(EVENTS),
    String(CONCURRENCY),
    String(BODY_BYTES),
  ]);
  const { seconds, cpuMicros: sender } = JSON.parse(stdout) as { seconds: number; cpuMicros: number };
  return {
    rate: EVENTS / seconds,
    cpu: { sender: sender / EVENTS, receiver: (cpuMicros(receiver.child.pid!) - before) / EVENTS },
  };
};

const pipelineRound = async (
  environment: TestEnvironment,
  receiver: { child: ChildProcess; url: string },
): Promise<Round> => {
  const prefix = environment.freshPrefix();
  const adminKey = `mr_bench_${randomBytes(16).toString('hex')}`;
  const topics = topicNames(prefix);
  const variables = {
    ...serviceVariables({
      brokers: environment.brokers,
      databaseUrl: await environment.freshDatabase(),
      prefix,
      adminKey,
      encryptionKey: randomBytes(32).toString('base64'),
      partitions: PARTITIONS,
    }),
    MILLRACE_MAX_IN_FLIGHT: String(CONCURRENCY),
    MILLRACE_ENDPOINT_CONCURRENCY: String(Math.ceil(CONCURRENCY / ENDPOINTS) + 6),
    MILLRACE_ENDPOINT_QUEUE: '5000',
    LOG_LEVEL: 'warn',
  };
  const kafka = new KafkaConnection({ brokers: environment.brokers, clientId: 'bench', logger: silentLogger });
  await kafka.provisionTopics(
    topicSpecs({ prefix, partitions: PARTITIONS, replicationFactor: 1, modules: EVENT_MODULES }),
    1,
  );
  const start = async (name: ServiceName) =>
    (
      await ServiceProcess.start(name, {
        variables: {
          ...variables,
          ...(name === PROFILED ? { NODE_OPTIONS: '--cpu-prof --cpu-prof-dir=bench-profile' } : {}),
        },
      })
    ).waitReady(60_000);
  const subscription = await start('subscription');
  const projector = await start('audit-projector');
  const call = async (service: ServiceProcess, path: string, body?: unknown) => {
    const answer = await fetch(`${service.url}${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { authorization: `Bearer ${adminKey}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(`${path} answered ${answer.status}: ${await answer.text()}`);
    return (await answer.json()) as { data: unknown[] };
  };
  for (let n = 0; n < ENDPOINTS; n++)
    await call(subscription, '/v1/endpoints', { url: `${receiver.url}/pipeline`, eventTypes: [`machine.bench_${n}`] });

  const producer = kafka.producer('bench');
  await producer.connect();

  for (let at = 0; at < EVENTS; at += 1_000)
    await producer.send(
      Array.from({ length: Math.min(1_000, EVENTS - at) }, (_each, n) => {
        const sourceId = `bench-${at + n}`;
        // Random text: padding that repeats would flatter every codec.
        const data = JSON.stringify({
          padding: randomBytes(BODY_BYTES)
            .toString('base64')
            .slice(0, BODY_BYTES - 130),
        });
        const key = eventKey('default', '/bench', sourceId);
        const event: Event = {
          id: sourceId,
          key,
          sourceId,
          tenant: 'default',
          type: `machine.bench_${(at + n) % ENDPOINTS}`,
          source: '/bench',
          subject: null,
          time: new Date().toISOString(),
          data,
          traceparent: null,
        };
        return encodeEvent(topics.events('mes'), event);
      }),
    );
  await producer.close();
  // The projector takes the events first, so that what is measured is the delivery.
  await eventually(
    async () => (await call(projector, '/v1/event-log?limit=1')).data.length > 0,
    'the events to be stored',
    60_000,
  );

  await fetch(receiver.url, { method: 'DELETE' });
  const delivery = await start('delivery');
  const processes: { [name: string]: () => number } = {
    delivery: () => cpuMicros(delivery.pid),
    projector: () => cpuMicros(projector.pid),
    receiver: () => cpuMicros(receiver.child.pid!),
    Kafka: () => cpuMicros(environment.processes.broker),
    PostgreSQL: () => cpuMicrosOfTree(environment.processes.database),
  };
  const received = async () => (await (await fetch(receiver.url)).json()) as { requests: number; distinct: number };
  // The clock starts when deliveries flow, and counts what is delivered from there on.
  await eventually(async () => (await received()).requests > EVENTS / 20, 'deliveries to flow', 60_000);
  const first = (await received()).requests;
  const began = process.hrtime.bigint();
  const before = Object.fromEntries(Object.entries(processes).map(([name, read]) => [name, read()]));
  await eventually(async () => (await received()).distinct >= EVENTS, 'every delivery to arrive', 300_000);
  await eventually(
    async () => (await call(projector, '/v1/deliveries?status=pending&limit=1')).data.length === 0,
    'every attempt to be recorded',
    300_000,
  );
  const seconds = Number(process.hrtime.bigint() - began) / 1e9;
  const counted = EVENTS - first;
  const cpu = Object.fromEntries(
    Object.entries(processes).map(([name, read]) => [name, (read() - before[name]!) / counted]),
  );
  await Promise.all([delivery, subscription, projector].map((service) => service.stop()));
  await kafka.close();
  return { rate: counted / seconds, cpu };
};

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;

const main = async () => {
  const [cpu] = cpus();
  console.log(
    `${cpus().length} × ${cpu?.model}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}`,
  );
  console.log(
    `${EVENTS} events, body of ${BODY_BYTES} bytes, ${ENDPOINTS} endpoints, ${CONCURRENCY} in flight, ${ROUNDS} rounds in turns; medians\n`,
  );
  const environment = await isolatedEnvironment();
  const receiver = await startReceiver();
  const raw: Round[] = [];
  const pipeline: Round[] = [];
  try {
    for (let round = 1; round <= ROUNDS; round++) {
      raw.push(await rawRound(receiver));
      pipeline.push(await pipelineRound(environment, receiver));
      console.log(
        `round ${round}: raw ${Math.round(raw.at(-1)!.rate)}/s, pipeline ${Math.round(pipeline.at(-1)!.rate)}/s`,
      );
    }
  } finally {
    receiver.child.kill();
    await environment.close();
  }
  const column = (rounds: readonly Round[], name: string) => median(rounds.map((round) => round.cpu[name] ?? 0));
  const rows = [
    ['', 'raw undici loop', 'pipeline'],
    [
      'deliveries/s',
      median(raw.map((round) => round.rate)).toFixed(0),
      median(pipeline.map((round) => round.rate)).toFixed(0),
    ],
    ['CPU µs/delivery, sender', column(raw, 'sender').toFixed(1), column(pipeline, 'delivery').toFixed(1)],
    ...['projector', 'Kafka', 'PostgreSQL'].map((name) => [
      `CPU µs/delivery, ${name}`,
      '–',
      column(pipeline, name).toFixed(1),
    ]),
    ['CPU µs/delivery, receiver', column(raw, 'receiver').toFixed(1), column(pipeline, 'receiver').toFixed(1)],
  ];
  console.log();
  for (const [name, ...values] of rows)
    console.log(`${name!.padEnd(28)}${values.map((value) => value.padStart(18)).join('')}`);
  const rates = median(pipeline.map((round, index) => round.rate / raw[index]!.rate));
  const perCore = median(pipeline.map((round, index) => raw[index]!.cpu['sender']! / round.cpu['delivery']!));
  console.log(
    `\nratio of rates (pairs): ${rates.toFixed(3)} · deliveries per CPU second, delivery process against raw loop: ${perCore.toFixed(3)}`,
  );
};

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
