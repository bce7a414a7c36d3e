import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SourceView } from '@millrace/protocol';
import { EdgeSession } from '@millrace/sparkplug';
import {
  eventually,
  MosquittoBroker,
  MtconnectAgent,
  randomFrom,
  ServiceProcess,
  testEnvironment,
} from '@millrace/test-environment';
import { connectAsync, type MqttClient } from 'mqtt';
import { type Answer, ask, IngestSite } from './test-support/ingest-site';
import { mutate } from './test-support/mutate';

jest.setTimeout(180_000);

/** So often something right is said at each door, with garbage before it. */
const ROUNDS = 25;
const GARBAGE_EACH = 8;

let site: IngestSite;
let service: ServiceProcess;
let broker: MosquittoBroker;
let publisher: MqttClient;
let agent: MtconnectAgent;
let adapter: Server;
let adapterSockets: Set<Socket>;
let folders: string;

const call = (method: string, path: string, body?: string | Buffer | object, headers = {}): Promise<Answer> =>
  ask(service.url, method, path, body, headers);
const viewOf = async (name: string): Promise<SourceView> =>
  (await call('GET', `/v1/sources/${name}`)).body as SourceView;

beforeAll(async () => {
  const environment = await testEnvironment();
  folders = await mkdtemp(join(tmpdir(), 'millrace-garbage-'));
  site = await new IngestSite(environment.brokers, environment.freshPrefix()).provision();
  broker = await MosquittoBroker.start();
  publisher = await connectAsync(broker.url, { reconnectPeriod: 0 });
  const items = [{ id: 'n', category: 'EVENT', type: 'PART_COUNT' }] as const;
  agent = await MtconnectAgent.start({ devices: [{ name: 'SAW', uuid: 'saw', items }], instanceId: 7 });
  adapterSockets = new Set();
  adapter = createServer((socket) => {
    socket.on('error', () => undefined).on('close', () => adapterSockets.delete(socket));
    adapterSockets.add(socket);
  });
  adapter.listen(0, '127.0.0.1');
  await once(adapter, 'listening');
  service = await ServiceProcess.start('machine-ingest', {
    variables: site.variables({
      MILLRACE_DATABASE_URL: await environment.freshDatabase(),
      MILLRACE_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
      MILLRACE_INSECURE_ENDPOINTS: 'allow',
      MILLRACE_SOURCE_FOLDERS: folders,
    }),
  });
  await service.waitReady(60_000);
});
afterAll(async () => {
  await service?.stop();
  await publisher?.endAsync(true);
  await broker?.remove();
  await agent?.stop();
  for (const socket of adapterSockets ?? []) socket.destroy();
  adapter?.close();
  await site?.close();
  await rm(folders, { recursive: true, force: true });
});

test('a process lives through garbage at every door, counts it, and has all that is right between it', async () => {
  const random = randomFrom(31);
  const { pid } = service;
  const broken = (whole: string | Buffer): Buffer => mutate(Buffer.from(whole), random);
  const drop = join(folders, 'drop');
  await mkdir(drop);
  const sources: { readonly [name: string]: readonly [type: string, settings: object] } = {
    pushed: ['http', { format: 'json', machine: 'OTHER', machineMember: 'machine' }],
    plain: ['mqtt', { url: broker.url, topics: [{ filter: 'plain/+', machine: '{2}', seq: 'seq' }] }],
    edge: ['sparkplug', { url: broker.url, machines: [{ machine: '{node}', group: 'G', device: '+' }] }],
    saw: ['mtconnect', { url: agent.url, devices: [{ device: 'SAW', machine: 'SAW' }], intervalMs: 20 }],
    line: ['shdr', { host: '127.0.0.1', port: (adapter.address() as AddressInfo).port, machine: 'LINE' }],
    drop: [
      'files',
      {
        format: 'csv',
        folder: drop,
        machine: 'DROP',
        columns: [{ column: 'n', path: 'n', type: 'int64' }],
        settleMs: 50,
        scanEveryMs: 100,
      },
    ],
  };
  const addresses: { [name: string]: { url: string; token: string } } = {};
  for (const [name, [type, settings]] of Object.entries(sources)) {
    const answer = await call('POST', '/v1/sources', { name, type, settings, try: false });
    expect([name, answer.status, answer.body]).toEqual([name, 201, expect.anything()]);
    const { url, settings: shown } = answer.body as { url?: string; settings: { token?: string } };
    addresses[name] = { url: url ?? '', token: shown.token ?? '' };
  }
  await eventually(async () => {
    const states = await Promise.all(Object.keys(sources).map(async (name) => (await viewOf(name)).state.connection));
    return states.every((state) => state === 'connected') || Promise.reject(states.join(' '));
  }, 'all sources to be connected');

  const push = (body: Buffer | string) =>
    call('POST', addresses['pushed']!.url, body, { authorization: `Bearer ${addresses['pushed']!.token}` });
  const lines = (...said: readonly (Buffer | string)[]) => {
    for (const socket of adapterSockets) for (const one of said) socket.write(one);
  };
  const dropFile = async (name: string, content: Buffer | string) => {
    await writeFile(join(folders, name), content);
    await rename(join(folders, name), join(drop, name));
  };
  const layout = {
    group: 'G',
    node: 'EDGE',
    metrics: [],
    devices: { D: [{ name: 'n', type: 'Int32', value: 0 }] },
    aliases: true,
  } as const;
  const node = new EdgeSession(layout, 0);
  const births = node.births(Date.now());
  for (const { topic, payload } of births) await publisher.publishAsync(topic, payload, { qos: 1 });
  const GARBAGE = ['html', 'doctype', 'mismatched', 'truncated', 'bad_gateway', 'reset'] as const;
  const answers = new Set<number>();
  for (let n = 1; n <= ROUNDS; n++) {
    const right = JSON.stringify({ n, seq: n });
    for (let times = 0; times < GARBAGE_EACH; times++) {
      answers.add((await push(broken('{"machine":"OTHER","n":1}'))).status);
      answers.add((await call('POST', '/v1/signals', broken('[{"machine":"OTHER","path":"n","value":1}]'))).status);
      await publisher.publishAsync('plain/OTHER', broken(right), { qos: 1 });
      // what another node says is no word of this one
      const { topic, payload } = births[times % births.length]!;
      await publisher.publishAsync(topic.replaceAll('EDGE', 'OTHER'), broken(payload), { qos: 1 });
      const line = broken('2026-02-17T13:00:00Z|other|1|logic|2').filter((byte) => byte !== 0x0a);
      lines(Buffer.from(line), '\n');
      await dropFile(`garbage-${n}-${times}.csv`, broken(`m,other\n1,${n}\n`));
    }
    agent.answerGarbage(GARBAGE[n % GARBAGE.length]!);
    expect((await push(JSON.stringify({ machine: 'PUSHED', n }))).status).toBe(200);
    expect((await call('POST', '/v1/signals', { machine: 'POSTED', path: 'n', value: n })).status).toBe(202);
    await publisher.publishAsync('plain/PLAIN', right, { qos: 1 });
    const { topic, payload } = node.data('D', { n }, Date.now());
    await publisher.publishAsync(topic, payload, { qos: 1 });
    lines(`2026-02-17T13:00:00Z|n|${n}\n`);
    agent.observe([{ device: 'SAW', item: 'n', value: String(n) }]);
    await dropFile(`right-${String(n).padStart(3, '0')}.csv`, `n\n${n}\n`);
  }

  const expected = Array.from({ length: ROUNDS }, (_, at) => at + 1);
  const machines = ['PUSHED', 'POSTED', 'PLAIN', 'EDGE', 'LINE', 'SAW', 'DROP'];
  const values = async () => {
    const all: { [machine: string]: number[] } = Object.fromEntries(machines.map((machine) => [machine, []]));
    for (const { read } of await site.signals()) {
      if (read.kind === 'refused') throw new Error(`stored and not readable: ${read.detail}`);
      const { machine, path, value, flags } = read.signal;
      if (path === 'n' && all[machine] !== undefined && !flags.includes('snapshot')) all[machine].push(Number(value));
    }
    return all;
  };
  const distinct = (numbers: readonly number[]) => [...new Set(numbers)].filter((n) => n > 0);
  await eventually(
    async () => {
      const all = await values();
      const missing = machines.filter((machine) => distinct(all[machine]!).length < ROUNDS);
      return missing.length === 0 || Promise.reject(missing.map((machine) => `${machine} ${all[machine]}`).join('; '));
    },
    'all that is right',
    60_000,
  );
  const all = await values();
  // a file is read when it lies still, so two of one scan come by their times
  for (const machine of machines)
    expect([machine, distinct(all[machine]!).sort((a, b) => (machine === 'DROP' ? a - b : 0))]).toEqual([
      machine,
      expected,
    ]);

  expect(service.alive && service.pid === pid).toBe(true);
  expect((await call('GET', '/healthz')).status).toBe(200);
  expect([...answers].filter((status) => ![200, 202, 400, 413, 422].includes(status))).toEqual([]);
  const rejections = await site.rejected();
  const of = (name: string) =>
    rejections.filter(({ rejection }) => rejection.origin.topic.startsWith(`${name}/`)).length;
  for (const name of ['pushed', 'plain', 'edge', 'line', 'drop']) {
    expect([name, of(name) > ROUNDS]).toEqual([name, true]);
    await eventually(
      async () => (await viewOf(name)).state.refused === of(name) || Promise.reject((await viewOf(name)).state.refused),
      `${of(name)} refusals of ${name} to be counted`,
    );
  }
  // Garbage ends its connection, and how many there are in that time is the pace of the backoff.
  expect(of('saw')).toBeGreaterThan(0);
});
