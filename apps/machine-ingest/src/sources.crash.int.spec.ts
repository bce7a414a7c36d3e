import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { SourceView } from '@millrace/protocol';
import {
  eventually,
  isolatedEnvironment,
  MtconnectAgent,
  ServiceProcess,
  type TestEnvironment,
} from '@millrace/test-environment';
import { ask, IngestSite } from './test-support/ingest-site';

jest.setTimeout(240_000);

const BEARER = 'of-the-agent-4711';
const ITEM = { device: 'SAW-1', item: 'c1' };

let environment: TestEnvironment;
let site: IngestSite;
let agent: MtconnectAgent;
let first: ServiceProcess;
let second: ServiceProcess;

beforeAll(async () => {
  environment = await isolatedEnvironment();
  site = await new IngestSite(environment.brokers, environment.freshPrefix()).provision();
  agent = await MtconnectAgent.start({
    devices: [
      { name: 'SAW-1', uuid: 'saw', items: [{ id: 'c1', name: 'parts', category: 'EVENT', type: 'PART_COUNT' }] },
    ],
    instanceId: 7,
    bufferSize: 100_000,
  });
  const variables = site.variables({
    MILLRACE_DATABASE_URL: await environment.freshDatabase(),
    MILLRACE_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
    MILLRACE_INSECURE_ENDPOINTS: 'allow',
    LOG_LEVEL: 'debug',
  });
  [first, second] = await Promise.all([
    ServiceProcess.start('machine-ingest', { variables }),
    ServiceProcess.start('machine-ingest', { variables }),
  ]);
  await Promise.all([first.waitReady(60_000), second.waitReady(60_000)]);
});
afterAll(async () => {
  await Promise.all([first?.stop(), second?.stop()]);
  await agent?.stop();
  await site?.close();
  await environment?.close();
});

const call = (service: ServiceProcess, method: string, path: string, body?: object) =>
  ask(service.url, method, path, body);
const state = async (service: ServiceProcess) =>
  ((await call(service, 'GET', '/v1/sources/saw')).body as SourceView).state;

let said = 0;
const say = (count: number): void => {
  agent.observe([...Array(count).keys()].map((n) => ({ ...ITEM, value: String(said + n) })));
  said += count;
};

/** Values as the fold sees them: each position of the session once, in the order of the log. */
const values = async (): Promise<number[]> => {
  const seen = new Set<string>();
  return (await site.signals()).flatMap(({ read }) => {
    // What an agent says to be so now, when a connection begins, is no news.
    if (read.kind !== 'signal' || read.signal.path !== 'parts' || read.signal.flags.includes('snapshot')) return [];
    const position = `${read.signal.session} ${read.signal.seq} ${read.signal.idx ?? 0}`;
    if (seen.has(position)) return [];
    seen.add(position);
    return [Number(read.signal.value)];
  });
};
const all = () => [...Array(said).keys()];

test('what an agent says reaches the log once and in order, though its owner is killed while it reads', async () => {
  const settings = {
    url: agent.url,
    devices: [{ device: 'SAW-1', machine: 'SAW-1' }],
    intervalMs: 20,
    bearer: BEARER,
  };
  expect(await call(first, 'POST', '/v1/sources', { name: 'saw', type: 'mtconnect', settings })).toMatchObject({
    status: 201,
    body: { tried: true, settings: { bearer: '***' } },
  });
  // A source that has never read an agent begins with what is so now; from there on it reads everything.
  await eventually(async () => (await state(first)).connection === 'connected', 'the connection', 30_000);
  say(500);
  await eventually(async () => (await values()).length >= said, 'what was said before', 60_000);
  const { owner } = await state(first);
  say(500);
  const byPid = [first, second].find(
    (service) => owner === null || readFileSync(service.logFile, 'utf8').includes(owner),
  )!;
  await byPid.kill('SIGKILL');
  say(500);
  const other = byPid === first ? second : first;
  await eventually(async () => (await values()).length >= said, 'what was said after', 60_000);
  expect(await values()).toEqual(all());
  await eventually(async () => {
    const now = await state(other);
    return now.owner !== null && now.owner !== owner && now.connection === 'connected';
  }, 'the other owner');
  await byPid.startAgain();
  await byPid.waitReady(60_000);
});

test('while PostgreSQL is away sources run, signals are taken, and only configuration answers 503', async () => {
  await environment.stopDatabase('immediate');
  for (const service of [first, second]) {
    expect(await call(service, 'GET', '/v1/sources')).toMatchObject({ status: 503, body: { code: 'unavailable' } });
    expect((await fetch(`${service.url}/readyz`)).status).toBe(200);
    expect(await call(service, 'POST', '/v1/signals', { machine: 'M', path: 'p', value: 1 })).toMatchObject({
      status: 202,
    });
  }
  say(300);
  await eventually(async () => (await values()).length >= said, 'the signals', 30_000);
  // One that starts meanwhile runs its sources, too.
  await first.kill('SIGKILL');
  await second.kill('SIGKILL');
  await first.startAgain();
  await first.waitReady(60_000);
  say(300);
  await eventually(async () => (await values()).length >= said, 'the signals after a start without a database', 60_000);
  expect(await values()).toEqual(all());
  expect(await call(first, 'GET', '/v1/sources')).toMatchObject({ status: 503 });
  await environment.startDatabase();
  await eventually(
    async () => (await call(first, 'GET', '/v1/sources/saw')).status === 200,
    'the configuration',
    30_000,
  );
  await second.startAgain();
  await second.waitReady(60_000);
});

test('the logs tell nothing of the secret', () => {
  for (const service of [first, second]) {
    const log = readFileSync(service.logFile, 'utf8');
    expect(log).toContain('source started');
    expect(log).not.toContain(BEARER);
  }
});
