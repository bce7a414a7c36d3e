import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { eventKey } from '@millrace/domain';
import { KafkaConnection } from '@millrace/kafka';
import {
  EVENT_MODULES,
  encodeDelivery,
  encodeEvent,
  encodeFacts,
  type IncomingMessage,
  type OutgoingMessage,
  partitionOfKey,
  type TopicNames,
  topicNames,
  topicSpecs,
} from '@millrace/protocol';
import { silentLogger } from '@millrace/telemetry';
import { randomFrom, type TestEnvironment, testEnvironment } from '@millrace/test-environment';
import { identityOf, type ProcessIdentity } from '../../../deploy/local/process/process-identity';
import { EngineOnPaper, type Fate } from '../test/engine-on-paper';
import { PaperDelivery, PaperSite, topics as paperTopics } from '../test/paper-site';
import { reconcile } from './reconcile';
import type { Reconciliation } from './reconciliation';

jest.setTimeout(180_000);

const run = promisify(execFile);
const ROOT = process.cwd();
const NODE = join(ROOT, 'node_modules/node/bin/node');

let environment: TestEnvironment;
let kafka: KafkaConnection;

beforeAll(async () => {
  environment = await testEnvironment();
  kafka = new KafkaConnection({ brokers: environment.brokers, clientId: 'test', logger: silentLogger });
  // `npm test` has built it; a jest started by hand has not.
  if (process.env['MILLRACE_TEST_BUILT'] !== '1') await run(NODE, [join(ROOT, 'deploy/local/build.mjs')]);
});
afterAll(() => kafka.close());

const freshTopics = async (partitions: number): Promise<{ prefix: string; topics: TopicNames }> => {
  const prefix = environment.freshPrefix();
  await kafka.provisionTopics(topicSpecs({ prefix, partitions, replicationFactor: 1, modules: EVENT_MODULES }), 1);
  return { prefix, topics: topicNames(prefix) };
};

const write = async (messages: readonly OutgoingMessage[]): Promise<void> => {
  const producer = kafka.producer('history');
  await producer.connect();
  for (let at = 0; at < messages.length; at += 500) await producer.send(messages.slice(at, at + 500));
  await producer.close();
};

/** A history on paper as it stands in Kafka: one partition, so that the offsets are the same. */
const writtenDown = async (site: PaperSite): Promise<string> => {
  const { prefix } = await freshTopics(1);
  const names = [paperTopics.endpoints, paperTopics.dispatchState, paperTopics.deliveryLog, paperTopics.deliveries];
  const tiers = (['1s', '5s', '30s', '1m', '5m', '10m', '30m', '2h', '24h'] as const).map(paperTopics.retry);
  const outgoing = ({ topic, key, value, headers }: IncomingMessage): OutgoingMessage => ({
    topic: `${prefix}${topic.slice('p.'.length)}`,
    partition: 0,
    key: key?.toString() ?? null,
    value,
    headers: Object.fromEntries(Object.entries(headers).map(([name, bytes]) => [name, bytes.toString()])),
  });
  await write([...names, ...tiers, paperTopics.deadLetter].flatMap((topic) => site.messages(topic).map(outgoing)));
  return prefix;
};

const history = (seed: number, deliveries: number): { site: PaperSite; fates: readonly Fate[] } => {
  const site = new PaperSite();
  site.endpoint('ep_a');
  const engine = new EngineOnPaper(site, randomFrom(seed));
  engine.run(deliveries);
  return { site, fates: engine.fates };
};

interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const command = async (variables: { readonly [name: string]: string }, ...args: string[]): Promise<Ran> => {
  const env = { PATH: process.env['PATH'], ...variables };
  const main = join(ROOT, 'dist/apps/reconcile/src/main.js');
  try {
    const { stdout, stderr } = await run(NODE, [main, ...args], { env, maxBuffer: 64 * 1024 * 1024 });
    return { code: 0, stdout, stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as Ran;
    return { code, stdout, stderr };
  }
};

const settings = (prefix: string) => ({
  MILLRACE_KAFKA_BROKERS: environment.brokers.join(','),
  MILLRACE_TOPIC_PREFIX: prefix,
});
const QUICK = ['--passes', '2', '--settle', '100ms'];

describe('npm run reconcile', () => {
  it('exits 0 on a history that adds up, and says so as text and as JSON', async () => {
    const { site, fates } = history(7, 400);
    const prefix = await writtenDown(site);
    const text = await command(settings(prefix), ...QUICK);
    expect(text).toMatchObject({ code: 0, stderr: '' });
    const [first] = environment.brokers;
    expect(text.stdout).toMatch(new RegExp(`^Kafka at ${first}.*, topics ${prefix}\\*\\nDeliveries of all endpoints`));
    expect(text.stdout).toMatch(/accepted +400\n/);
    expect(text.stdout).toContain('ep_b (deleted)');
    expect(text.stdout).toContain('Every delivery is accounted for.');

    const { code, stdout } = await command(settings(prefix), ...QUICK, '--json');
    const result = JSON.parse(stdout) as Reconciliation;
    expect(code).toBe(0);
    expect(result).toMatchObject({
      source: { brokers: environment.brokers, topicPrefix: prefix, localStack: null },
    });
    expect(result).toMatchObject({ v: 1, addsUp: true, findings: [], read: { partitions: 1 } });
    const count = (account: string) => fates.filter((fate) => fate.account === account).length;
    for (const account of ['succeeded', 'failed', 'cancelled', 'expired', 'pending', 'retrying', 'parked'] as const)
      expect([account, result.totals[account]]).toEqual([account, count(account)]);

    const one = await command(settings(prefix), ...QUICK, '--json', '--endpoint', 'ep_b');
    const ofOne = JSON.parse(one.stdout) as Reconciliation;
    const mine = fates.filter(({ delivery }) => delivery.endpointId === 'ep_b');
    expect(ofOne.totals.accepted).toBe(mine.length);
    expect(ofOne.endpoints.map(({ endpointId }) => endpointId)).toEqual(['ep_b']);

    const unknown = await command(settings(prefix), ...QUICK, '--endpoint', 'ep_nobody');
    expect(unknown).toMatchObject({ code: 2, stdout: '' });
    expect(unknown.stderr).toContain('ep_nobody: no endpoint with this id is in the topics');
    expect(unknown.stderr).toContain(`topics ${prefix}*`);
  });

  it('exits 1 and names every delivery that does not add up', async () => {
    const { site } = history(11, 100);
    const lost = new PaperDelivery('lost');
    const offset = site.task(lost.task(1));
    site.log(lost.created(), lost.started(1, offset), lost.finished(1, 'retry'));
    const twice = new PaperDelivery('twice', 'ep_b');
    const other = site.task(twice.task(1));
    site.log(twice.created(), twice.ended(1, 'cancelled'), twice.started(1, other));
    const bare = new PaperDelivery('bare');
    site.task(bare.task(1));
    site.write({ topic: paperTopics.deliveries, key: 'ep_a', value: Buffer.from('?'), headers: {} });
    const prefix = await writtenDown(site);

    const text = await command(settings(prefix), ...QUICK);
    expect(text.code).toBe(1);
    expect(text.stdout).toContain('4 findings: it does not add up.');
    expect(text.stdout).toMatch(/^ {2}\+ unexplained +1$/m);
    expect(text.stdout).toMatch(
      new RegExp(`lost: .*\\n    delivery ${lost.id}, event evt_lost, endpoint ep_a, attempt 2`),
    );

    const { code, stdout } = await command(settings(prefix), ...QUICK, '--json');
    expect(code).toBe(1);
    const { findings } = JSON.parse(stdout) as Reconciliation;
    expect(findings).toEqual([
      expect.objectContaining({ kind: 'lost', deliveryId: lost.id, eventId: 'evt_lost', epoch: 0, attempt: 2 }),
      expect.objectContaining({ kind: 'record_without_created', deliveryId: bare.id, eventId: 'evt_bare' }),
      expect.objectContaining({
        kind: 'sent_after_end',
        deliveryId: twice.id,
        eventId: 'evt_twice',
        endpointId: 'ep_b',
      }),
      expect.objectContaining({
        kind: 'unreadable',
        deliveryId: null,
        where: { topic: `${prefix}deliveries`, partition: 0, offset: expect.any(String) },
      }),
    ]);
  });

  it('looks at events when it is asked to', async () => {
    const { prefix, topics } = await freshTopics(1);
    const paper = new PaperSite();
    paper.endpoint('ep_a');
    const [endpoint] = paper.messages(paperTopics.endpoints);
    const event = (name: string): OutgoingMessage => ({
      ...encodeEvent(topics.events('mes'), {
        id: name,
        key: name,
        sourceId: name,
        tenant: 'default',
        type: 'machine.alarm',
        source: '/press',
        subject: null,
        time: new Date().toISOString(),
        data: '{}',
        traceparent: null,
      }),
      partition: 0,
    });
    await write([{ topic: topics.endpoints, partition: 0, key: 'ep_a', value: endpoint!.value, headers: {} }]);
    await write([event('passed-over'), event('made')]);
    const accepted: number[] = [];
    const from = { topic: topics.events('mes'), partition: 0, from: 0n };
    await kafka.readRange({ ...from, onMessage: ({ timestamp }) => accepted.push(timestamp) });
    const made = new PaperDelivery('made');
    const created = { ...made.created(), eventKey: eventKey('default', '/press', 'made'), acceptedAt: accepted[1]! };
    await write([
      encodeDelivery(topics.deliveries, { task: made.task(1), body: Buffer.from('{}'), traceparent: '' }),
      ...encodeFacts(topics.deliveryLog, 0, [created as ReturnType<PaperDelivery['created']>]),
    ]);
    const without = await command(settings(prefix), ...QUICK, '--json');
    expect(JSON.parse(without.stdout)).toMatchObject({ addsUp: true, events: null });
    const { code, stdout } = await command(settings(prefix), ...QUICK, '--json', '--events');
    expect(code).toBe(0);
    // The endpoint was written a moment before the events: too shortly for it to be certain.
    expect(JSON.parse(stdout)).toMatchObject({ addsUp: true, events: { read: 2, expected: 0, undecided: 1 } });
  });

  it.each([
    [
      'a broker that does not answer',
      { MILLRACE_KAFKA_BROKERS: '127.0.0.1:9' },
      [],
      /127\.0\.0\.1:9 cannot be reached/,
    ],
    ['wrong settings', { MILLRACE_KAFKA_BROKERS: 'nowhere' }, [], /MILLRACE_KAFKA_BROKERS is "nowhere"/],
    ['no settings', { MILLRACE_DATA_DIR: '/nonexistent' }, [], /MILLRACE_KAFKA_BROKERS is not set/],
    ['wrong arguments', {}, ['--since', 'soon'], /--since is "soon"/],
    [
      'an option that npm took',
      { npm_lifecycle_event: 'reconcile', npm_config_events: 'true' },
      [],
      /npm run reconcile -- --events/,
    ],
    ['topics that are not there', { MILLRACE_TOPIC_PREFIX: 'nobody.' }, [], /nobody\.delivery-log/],
  ])('exits 2 when it cannot be carried out: %s', async (_name, variables, args, message) => {
    const own = 'MILLRACE_DATA_DIR' in variables ? {} : settings('x.');
    const { code, stdout, stderr } = await command({ ...own, ...(variables as object) }, ...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^The deliveries were not reconciled\. /);
    expect(stderr).toMatch(message);
  });

  /** A data folder whose ports are those of the test's broker, whoever that belongs to. */
  const besideStack = async (prefix: string, kafkaProcess: ProcessIdentity, ...args: string[]) => {
    const folder = mkdtempSync(join(tmpdir(), 'reconcile-'));
    const kafkaPort = Number(environment.brokers[0]!.split(':')[1]);
    writeFileSync(join(folder, 'ports.json'), JSON.stringify({ kafka: kafkaPort }));
    mkdirSync(join(folder, 'processes'));
    writeFileSync(join(folder, 'processes/kafka.json'), JSON.stringify(kafkaProcess));
    const ran = await command({ MILLRACE_DATA_DIR: folder, MILLRACE_TOPIC_PREFIX: prefix }, ...args);
    rmSync(folder, { recursive: true });
    return { folder, ...ran };
  };

  it('finds the local stack by its data folder, and says so', async () => {
    const prefix = await writtenDown(history(3, 10).site);
    const running = identityOf(process.pid)!;
    const { folder, code, stdout } = await besideStack(prefix, running);
    expect(code).toBe(0);
    expect(stdout.split('\n')[0]).toMatch(new RegExp(`^Kafka at 127.0.0.1:\\d+, .*, the local stack in ${folder}$`));
    expect(stdout).toMatch(/accepted +10\n/);

    // The same port, with another stack behind it.
    const other = await besideStack(prefix, { ...running, began: '1' }, '--json');
    expect(other).toMatchObject({ code: 2, stdout: '' });
    expect(other.stderr).toContain(`The local stack in ${other.folder} is not running. Start it with npm start`);
  });

  it('explains itself', async () => {
    const { code, stdout } = await command({}, '--help');
    expect(code).toBe(0);
    expect(stdout).toContain('Exit code 0: it adds up.');
  });
});

describe('a running system', () => {
  it('adds up at every moment while deliveries are made, sent and retried over several partitions', async () => {
    const partitions = 3;
    const { topics } = await freshTopics(partitions);
    const producer = kafka.producer('running');
    await producer.connect();
    let made = 0;
    let writing = true;
    /** One delivery after the other, each write acknowledged before the next, as the engine has it. */
    const live = async (lane: number): Promise<void> => {
      const offsets = new Map<number, number>();
      while (writing) {
        const delivery = new PaperDelivery(`${lane}-${made++}`, `ep_${lane}`);
        const partition = partitionOfKey(delivery.endpointId, partitions);
        const offset = offsets.get(partition) ?? 0;
        offsets.set(partition, offset + 2);
        const task = (attempt: number, topic: string, remainingDelayMs = 0): OutgoingMessage => ({
          ...encodeDelivery(topic, {
            task: delivery.task(attempt, { remainingDelayMs }),
            body: Buffer.from('{}'),
            traceparent: '',
          }),
          partition,
        });
        const log = (...facts: Parameters<typeof encodeFacts>[2][number][]) =>
          producer.send(encodeFacts(topics.deliveryLog, partition, facts));
        await producer.send([
          task(1, topics.deliveries),
          ...encodeFacts(topics.deliveryLog, partition, [delivery.created()]),
        ]);
        await log(delivery.started(1, offset));
        await producer.send([task(2, topics.retry('1s'), 1_000)]);
        await log(delivery.finished(1, 'retry'));
        await producer.send([task(2, topics.deliveries)]);
        await log(delivery.started(2, offset + 1));
        await log(delivery.finished(2, 'succeeded'));
      }
    };
    const lanes = [1, 2, 3, 4, 5, 6].map(live);
    for (let round = 0; round < 5; round++) {
      const result = await reconcile(kafka, topics, { passes: 3, settleMs: 200 });
      expect(result.findings).toEqual([]);
      const { accepted, ...states } = result.totals;
      expect(Object.values(states).reduce((total, each) => total + each, 0)).toBe(accepted);
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    writing = false;
    await Promise.all(lanes);
    await producer.close();
    const result = await reconcile(kafka, topics);
    expect(result).toMatchObject({ addsUp: true, totals: { accepted: made, succeeded: made }, read: { passes: 0 } });
    const since = await reconcile(kafka, topics, { since: Date.parse(result.at) - 1 });
    expect(since).toMatchObject({ addsUp: true });
    expect(since.totals.accepted).toBeLessThan(made);
  });
});
