import { randomBytes } from 'node:crypto';
import { connectDatabase, type Database, inTenant } from '@millrace/postgres';
import {
  decodeSource,
  decodeSourceState,
  encodeSignal,
  type MachineAuditEntryView,
  type MachineList,
  type MachineSignalList,
  type SourceView,
} from '@millrace/protocol';
import { bootService, type RunningService } from '@millrace/service-runtime';
import { silentLogger } from '@millrace/telemetry';
import { eventually, testEnvironment } from '@millrace/test-environment';
import { INGEST_TABLES } from './machine-ingest.database';
import { machineIngest } from './machine-ingest.module';
import { removalSignal } from './signal-intake/lifecycle-signal';
import { registered } from './signal-intake/source-registry';
import { ADMIN_KEY, type Answer, ask, IngestSite } from './test-support/ingest-site';
import { CountingPeer, loopbackKind } from './test-support/loopback.kind';

jest.setTimeout(120_000);

let site: IngestSite;
let variables: { [name: string]: string };
let services: RunningService[];
let peer: CountingPeer;

/** Resolves for all when so many are there. */
const meeting = (count: number) => {
  let begin: () => void;
  const all = new Promise<void>((resolve) => {
    begin = resolve;
  });
  let came = 0;
  return (): Promise<void> => {
    if (++came >= count) begin();
    return all;
  };
};
let meet: () => Promise<void> = meeting(0);
/** Has its peer alone, as a session of a broker has one client; its tries wait for each other. */
const soleKind: typeof loopbackKind = {
  ...loopbackKind,
  type: 'sole',
  alone: ({ port }) => ({ key: `the peer at ${port}`, path: 'port', what: `the peer at ${port}` }),
  tryOnce: async (settings, context) => {
    await meet();
    return loopbackKind.tryOnce(settings, context);
  },
};

const boot = () => bootService(machineIngest([registered(loopbackKind), registered(soleKind)]), variables);
const call = (method: string, path: string, body?: object, headers: { [name: string]: string } = {}): Promise<Answer> =>
  ask(services[0]!.url, method, path, body, headers);
const source = async (name: string): Promise<SourceView> =>
  (await call('GET', `/v1/sources/${name}`)).body as SourceView;
const settings = (over: object = {}) => ({ port: peer.port, machine: 'M-1', password: peer.password, ...over });

/** Numbers of a source in the log, in order. */
const numbers = async (name: string): Promise<number[]> =>
  (await site.signals()).flatMap(({ read }) =>
    read.kind === 'signal' && read.signal.source === name && read.signal.path === 'n'
      ? [read.signal.value as number]
      : [],
  );
const upTo = (count: number) => [...Array(count).keys()];
const distinct = (list: readonly number[]) => [...new Set(list)].sort((a, b) => a - b);

beforeAll(async () => {
  const environment = await testEnvironment();
  site = await new IngestSite(environment.brokers, environment.freshPrefix()).provision();
  variables = site.variables({
    MILLRACE_DATABASE_URL: await environment.freshDatabase(),
    MILLRACE_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
    MILLRACE_INSECURE_ENDPOINTS: 'allow',
    MILLRACE_OWN_HOSTS: 'millrace.example',
  });
  services = [await boot()];
});
afterAll(async () => {
  await Promise.all(services.map((service) => service.stop()));
  await site.close();
});
beforeEach(async () => {
  peer = await CountingPeer.start();
});
afterEach(() => peer.stop());

test('a source is tried, saved, run, shown without its secrets, switched off and on, and deleted', async () => {
  const created = await call('POST', '/v1/sources', { name: 'line-1', type: 'loopback', settings: settings() });
  expect(created).toMatchObject({
    status: 201,
    body: {
      name: 'line-1',
      type: 'loopback',
      enabled: true,
      tried: true,
      machines: ['M-1'],
      settings: { port: peer.port, password: '***' },
      seen: { summary: 'A peer that counts.', seen: [{ path: 'n' }] },
    },
  });
  peer.sayTo(50);
  await eventually(async () => (await numbers('line-1')).length >= 50, 'the signals');
  expect(await numbers('line-1')).toEqual(upTo(50));
  const shown = await eventually(async () => {
    const view = await source('line-1');
    return view.state.received >= 50 ? view : null;
  }, 'the state');
  expect(shown).toMatchObject({
    settings: { password: '***' },
    state: {
      connection: 'connected',
      session: 'numbers',
      gaps: 0,
      lagMs: 0,
      owner: expect.any(String),
      lastSignal: { machine: 'M-1', path: 'n' },
    },
  });
  expect((await call('GET', '/v1/sources?limit=1')).body).toMatchObject({
    data: [{ name: 'line-1' }],
    nextCursor: null,
  });

  expect(await call('PATCH', '/v1/sources/line-1', { enabled: false })).toMatchObject({
    status: 200,
    body: { enabled: false, version: 2 },
  });
  await eventually(async () => (await source('line-1')).state.connection === 'stopped' && peer.open === 0, 'its end');
  peer.sayTo(80);
  await call('PATCH', '/v1/sources/line-1', { enabled: true });
  await eventually(async () => (await numbers('line-1')).length >= 80, 'the rest');
  expect(await numbers('line-1')).toEqual(upTo(80));
  expect(peer.begins.at(-1)).toBe(50);

  expect((await call('DELETE', '/v1/sources/line-1')).status).toBe(204);
  await eventually(() => peer.open === 0, 'the end of the connection');
  expect(await call('GET', '/v1/sources/line-1')).toMatchObject({ status: 404, body: { code: 'not_found' } });
  await eventually(async () => {
    const last = (await site.records(site.topics.sourceState)).at(-1)!;
    return decodeSourceState(last).kind === 'deleted';
  }, 'the state to be taken out');
});

test('changed settings restart it; a secret that is left out stays, unless the source leads elsewhere', async () => {
  await call('POST', '/v1/sources', { name: 'line-2', type: 'loopback', settings: settings() });
  await eventually(() => peer.begins.length === 2, 'the connection after the try');
  const { password: _, ...rest } = settings({ machine: 'M-2' });
  expect(await call('PATCH', '/v1/sources/line-2', { settings: rest })).toMatchObject({
    status: 200,
    body: { settings: { machine: 'M-2', password: '***' }, machines: ['M-2'], tried: true },
  });
  // It was tried again, and begun again.
  await eventually(() => peer.begins.length === 4 && peer.open === 1, 'the connection with the new settings');
  peer.sayTo(5);
  await eventually(
    async () => (await site.signals()).some(({ read }) => read.kind === 'signal' && read.signal.machine === 'M-2'),
    'a signal of the other machine',
  );
  const elsewhere = await CountingPeer.start();
  expect(await call('PATCH', '/v1/sources/line-2', { settings: { ...rest, port: elsewhere.port } })).toMatchObject({
    status: 422,
    body: { errors: [{ path: 'settings.password', detail: expect.stringContaining('another place') }] },
  });
  expect(elsewhere.connections).toBe(0);
  await elsewhere.stop();
  await call('DELETE', '/v1/sources/line-2');
});

test.each<[string, () => object, number, object]>([
  [
    'a kind that is none',
    () => ({ type: 'fax', settings: {} }),
    422,
    { code: 'invalid_request', errors: [{ path: 'type' }] },
  ],
  [
    'a setting that is wrong',
    () => ({ settings: settings({ port: 'x' }) }),
    422,
    { errors: [{ path: 'settings.port' }] },
  ],
  [
    'a member that is none',
    () => ({ settings: settings({ colour: 1 }) }),
    422,
    { errors: [{ path: 'settings.colour' }] },
  ],
  [
    'a hidden secret',
    () => ({ settings: settings({ password: '***' }) }),
    422,
    { errors: [{ path: 'settings.password' }] },
  ],
  [
    'a wrong password',
    () => ({ settings: settings({ password: 'no' }) }),
    422,
    { code: 'source_failed', errors: [{ path: 'settings.password', code: 'unauthorized' }] },
  ],
  [
    'a peer that is not there',
    () => ({ settings: settings({ port: 9 }) }),
    422,
    { code: 'source_failed', errors: [{ path: 'settings.port', code: 'unreachable' }] },
  ],
  [
    'Kafka itself',
    () => ({ settings: settings({ port: Number(site.brokers[0]!.split(':')[1]) }), try: false }),
    422,
    { code: 'destination_not_allowed', errors: [{ path: 'settings.host' }] },
  ],
  [
    'metadata of a cloud',
    () => ({ settings: settings({ host: '169.254.169.254' }), try: false }),
    422,
    { code: 'destination_not_allowed' },
  ],
  ['a name that cannot be', () => ({ name: 'Line 1', settings: settings() }), 422, { errors: [{ path: 'name' }] }],
])('%s is refused', async (_, body, status, problem) => {
  const answer = await call('POST', '/v1/sources', { name: 'wrong', type: 'loopback', ...body() });
  expect(answer).toMatchObject({ status, body: problem });
  expect((await call('GET', '/v1/sources/wrong')).status).toBe(404);
});

test('a source can be saved untried, and a try saves nothing', async () => {
  const untried = { name: 'later', type: 'loopback', settings: settings({ port: 9 }), enabled: false, try: false };
  expect(await call('POST', '/v1/sources', untried)).toMatchObject({ status: 201, body: { tried: false, seen: null } });
  expect((await call('POST', '/v1/sources', untried)).body).toMatchObject({ code: 'conflict' });
  expect(await call('POST', '/v1/sources/try', { type: 'loopback', settings: settings() })).toMatchObject({
    status: 200,
    body: { summary: 'A peer that counts.' },
  });
  expect(((await call('GET', '/v1/sources')).body as { data: SourceView[] }).data.map(({ name }) => name)).toEqual([
    'later',
  ]);
  // Who is switched off feeds nothing; who is switched on is named to the other.
  const again = { ...untried, name: 'again' };
  expect(await call('POST', '/v1/sources', again)).toMatchObject({ status: 201, body: { warnings: [] } });
  expect(await call('PATCH', '/v1/sources/later', { enabled: true, try: false })).toMatchObject({ status: 200 });
  expect(await call('PATCH', '/v1/sources/again', { settings: again.settings, try: false })).toMatchObject({
    status: 200,
    body: {
      warnings: [
        {
          path: 'settings',
          code: 'shared_machine',
          detail: expect.stringMatching(/^the source later also feeds M-1;/),
        },
      ],
    },
  });
  for (const name of ['later', 'again']) await call('DELETE', `/v1/sources/${name}`);
});

test('a repeat with the same Idempotency-Key is one source, and is not tried again', async () => {
  const body = { name: 'once', type: 'loopback', settings: settings(), enabled: false };
  const first = await call('POST', '/v1/sources', body, { 'idempotency-key': 'k-1' });
  const tries = peer.connections;
  const second = await call('POST', '/v1/sources', body, { 'idempotency-key': 'k-1' });
  expect([first.status, second.status]).toEqual([201, 201]);
  expect(second.body).toEqual(first.body);
  expect(peer.connections).toBe(tries);
  await call('DELETE', '/v1/sources/once');
});

test('one process at a time runs a source; another goes on from the cursor', async () => {
  await call('POST', '/v1/sources', { name: 'moved', type: 'loopback', settings: settings({ machine: 'M-3' }) });
  peer.sayTo(1_000);
  await eventually(async () => (await numbers('moved')).length >= 1_000, 'the first signals');
  const owner = (await source('moved')).state.owner;
  services.push(await boot());
  // Whoever gets the partition, the source goes on; then the first process ends, and the other one has it.
  peer.sayTo(2_000);
  await eventually(async () => distinct(await numbers('moved')).length >= 2_000, 'the signals of two processes');
  await services.shift()!.stop();
  peer.sayTo(3_000);
  await eventually(
    async () => distinct(await numbers('moved')).length >= 3_000,
    'the signals of the other process',
    60_000,
  );
  expect(distinct(await numbers('moved'))).toEqual(upTo(3_000));
  const state = await eventually(async () => {
    const view = await source('moved');
    return view.state.owner !== owner && view.state.connection === 'connected' ? view.state : null;
  }, 'the other owner');
  expect(state.owner).not.toBeNull();
  expect(peer.open).toBe(1);
  await call('DELETE', '/v1/sources/moved');
});

test('the secrets stand in no topic', async () => {
  const topics = await Promise.all(
    [site.topics.sources, site.topics.sourceState, site.topics.signals].map((topic) => site.records(topic)),
  );
  const records = topics.flat();
  expect(records.some((record) => decodeSource(record).kind === 'put')).toBe(true);
  expect(records.some(({ value }) => value?.toString().includes(peer.password))).toBe(false);
});

test('another tenant sees and changes nothing of it', async () => {
  await call('POST', '/v1/sources', { name: 'mine', type: 'loopback', settings: settings(), enabled: false });
  const other = await site.keyOf('other', ['machines:read', 'machines:write']);
  const as = { authorization: `Bearer ${other}` };
  await eventually(async () => (await call('GET', '/v1/sources', undefined, as)).status === 200, 'the key');
  expect((await call('GET', '/v1/sources', undefined, as)).body).toEqual({ data: [], nextCursor: null });
  for (const [method, body] of [['GET'], ['PATCH', { enabled: true }], ['DELETE']] as const)
    expect((await call(method, '/v1/sources/mine', body, as)).status).toBe(404);
  const reader = await site.keyOf('default', ['machines:read']);
  const read = { authorization: `Bearer ${reader}` };
  await eventually(async () => (await call('GET', '/v1/sources/mine', undefined, read)).status === 200, 'the key');
  expect((await call('DELETE', '/v1/sources/mine', undefined, read)).status).toBe(403);
  expect(ADMIN_KEY).not.toBe(other);
  await call('DELETE', '/v1/sources/mine');
});

test('who made, changed, switched and deleted a source is on record, without a word of its secrets', async () => {
  const writer = await site.keyOf('default', ['machines:read', 'machines:write']);
  const as = { authorization: `Bearer ${writer}` };
  await eventually(async () => (await call('GET', '/v1/sources', undefined, as)).status === 200, 'the key');
  const asked = { name: 'watched', type: 'loopback', settings: settings() };
  // What was refused has changed nothing, and a repeat is the same change.
  expect((await call('POST', '/v1/sources', { ...asked, settings: settings({ password: 'no' }) }, as)).status).toBe(
    422,
  );
  for (let n = 0; n < 2; n++)
    expect((await call('POST', '/v1/sources', asked, { ...as, 'idempotency-key': 'watched-1' })).status).toBe(201);
  const { password: _, ...rest } = settings({ machine: 'M-2' });
  for (const changes of [
    { settings: rest },
    { settings: settings({ machine: 'M-2' }), enabled: false },
    { enabled: true },
  ])
    expect((await call('PATCH', '/v1/sources/watched', changes, as)).status).toBe(200);
  expect((await call('DELETE', '/v1/sources/watched')).status).toBe(204);

  const { data } = (await call('GET', '/v1/audit-log/machines?limit=200')).body as { data: MachineAuditEntryView[] };
  const entries = data.filter(({ object }) => object === 'watched');
  const keyId = writer.split('_')[1];
  expect(entries.map(({ actor, action, detail }) => [actor, action, detail]).reverse()).toEqual([
    [keyId, 'source.created', 'loopback, version 1'],
    [keyId, 'source.changed', 'loopback, version 2, new: machine'],
    [keyId, 'source.changed', 'loopback, version 3, new: password'],
    [keyId, 'source.switched_off', 'loopback, version 3'],
    [keyId, 'source.switched_on', 'loopback, version 4'],
    ['admin', 'source.deleted', 'loopback, version 4'],
  ]);
  expect(JSON.stringify(data)).not.toContain(peer.password);
  expect(entries.map(({ id, at }) => [id.slice(0, 3), Math.abs(Date.parse(at) - Date.now()) < 60_000])).toEqual(
    Array(6).fill(['au_', true]),
  );
  expect(await call('GET', '/v1/audit-log/machines', undefined, as)).toMatchObject({ status: 403 });
  const stranger = { authorization: `Bearer ${await site.keyOf('other', ['admin'])}` };
  await eventually(async () => (await call('GET', '/v1/sources', undefined, stranger)).status === 200, 'the other key');
  expect((await call('GET', '/v1/audit-log/machines', undefined, stranger)).body).toEqual({
    data: [],
    nextCursor: null,
  });
});

test('of sources that would have the same of a peer one is saved, also where they come at once', async () => {
  const stranger = { authorization: `Bearer ${await site.keyOf('other', ['machines:read', 'machines:write'])}` };
  await eventually(async () => (await call('GET', '/v1/sources', undefined, stranger)).status === 200, 'the other key');
  const other = await CountingPeer.start();
  const save = (name: string, headers = {}) =>
    call('POST', '/v1/sources', { name, type: 'sole', settings: settings(), enabled: false }, headers);
  const move = (name: string) => call('PATCH', `/v1/sources/${name}`, { settings: settings() });
  const sole = () => expect.stringMatching(/^(the source sole-\d|another source of this site) has the peer at/);
  try {
    for (const [first, second, names] of [
      [() => save('sole-1'), () => save('sole-2'), ['sole-1', 'sole-2']],
      [() => save('sole-1'), () => save('sole-2', stranger), ['sole-1', 'sole-2']],
      [() => move('sole-3'), () => save('sole-1'), ['sole-1', 'sole-3']],
    ] as const) {
      meet = meeting(1);
      const elsewhere = { port: other.port, password: other.password };
      if (names.includes('sole-3' as never))
        await call('POST', '/v1/sources', {
          name: 'sole-3',
          type: 'sole',
          settings: settings(elsewhere),
          enabled: false,
        });
      // Both have looked at what there is, and neither is there yet.
      meet = meeting(2);
      const answers = await Promise.all([first(), second()]);
      const [saved, refused] = [...answers].sort((a, b) => a.status - b.status);
      expect(saved!.status).toBeLessThan(300);
      expect(refused).toMatchObject({
        status: 422,
        body: { code: 'invalid_request', errors: [{ path: 'settings.port', detail: sole() }] },
      });
      for (const name of names)
        for (const headers of [{}, stranger]) await call('DELETE', `/v1/sources/${name}`, undefined, headers);
    }
  } finally {
    await other.stop();
  }
});

describe('a machine that is there by mistake', () => {
  const ID = 'PRES-7';
  const signalOf = (n: number, machine = ID) => {
    const spoken = new Date(Date.now() - 3_600_000 + n).toISOString();
    return encodeSignal(site.topics.signals, {
      ...removalSignal({ tenant: 'default', machine }, { heardAt: null }, Date.parse(spoken)),
      source: 'gateway',
      path: 'execution',
      kind: 'event',
      value: n % 2 === 0 ? 'ACTIVE' : 'READY',
      type: 'string',
    });
  };
  const say = async (...signals: ReturnType<typeof signalOf>[]) => {
    const producer = site.kafka.producer('mistakes');
    await producer.send(signals);
    await producer.close();
  };
  const one = async (id = ID, of = services[0]!): Promise<Answer> => ask(of.url, 'GET', `/v1/machines/${id}`);
  const listed = async (of = services[0]!): Promise<string[]> =>
    ((await ask(of.url, 'GET', '/v1/machines')).body as MachineList).data.map(({ id }) => id);
  const remove = (id = ID) => call('DELETE', `/v1/machines/${id}`);
  /** Events of the machine, by id. */
  const told = async () => (await site.events('mes')).filter(({ subject }) => subject === ID).map(({ id }) => id);

  test('is removed when nothing names it and nobody hears it, everywhere and for good', async () => {
    expect(await remove()).toMatchObject({ status: 404, body: { code: 'not_found' } });
    await say(...[0, 1, 2].map((n) => signalOf(n)), signalOf(0, 'PRESS-7'));
    await eventually(async () => (await one()).status === 200 && (await one('PRESS-7')).status === 200, 'the machines');
    const reader = { authorization: `Bearer ${await site.keyOf('default', ['machines:read'])}` };
    await eventually(async () => (await call('GET', '/v1/machines', undefined, reader)).status === 200, 'the key');
    expect((await call('DELETE', `/v1/machines/${ID}`, undefined, reader)).status).toBe(403);
    const stranger = { authorization: `Bearer ${await site.keyOf('other', ['machines:read', 'machines:write'])}` };
    await eventually(async () => (await call('GET', '/v1/machines', undefined, stranger)).status === 200, 'the key');
    expect((await call('DELETE', `/v1/machines/${ID}`, undefined, stranger)).status).toBe(404);

    await call('POST', '/v1/sources', {
      name: 'wrong',
      type: 'loopback',
      settings: settings({ machine: ID }),
      enabled: false,
      try: false,
    });
    expect(await remove()).toMatchObject({
      status: 409,
      body: {
        detail: expect.stringContaining(`The source wrong names the machine ${ID} in its settings; take it out`),
      },
    });
    expect((await call('DELETE', '/v1/sources/wrong')).status).toBe(204);
    const mapping = {
      apiVersion: 'ingest/v1',
      name: 'presses',
      machines: [{ id: ID }],
      sources: { gateway: { type: 'http' } },
      signals: { word: { source: 'gateway', path: 'execution', type: 'string' } },
      rules: [{ id: 'status', kind: 'stateMap', input: 'word', map: { ACTIVE: 'running', READY: 'idle' } }],
    };
    expect(await call('POST', '/v1/mappings', mapping)).toMatchObject({ status: 201 });
    expect(await remove()).toMatchObject({
      status: 409,
      body: { detail: expect.stringContaining('is read by the mapping presses; take it out there') },
    });
    expect((await call('DELETE', '/v1/mappings/presses')).status).toBe(204);
    const now = { machine: 'LIVE-1', path: 'execution', value: 'ACTIVE', source: 'gateway' };
    await call('POST', '/v1/signals', now);
    await eventually(async () => (await one('LIVE-1')).status === 200, 'the machine that is heard');
    expect(await remove('LIVE-1')).toMatchObject({
      status: 409,
      body: { detail: expect.stringMatching(/was heard \d+ s ago, of the source gateway,.* silent for 5 minutes/) },
    });

    services.push(await boot());
    expect((await remove()).status).toBe(204);
    for (const service of services) {
      await eventually(async () => (await one(ID, service)).status === 404, 'the machine to be gone');
      expect(await listed(service)).not.toContain(ID);
      expect((await ask(service.url, 'GET', `/v1/machines/${ID}/signals`)).status).toBe(404);
    }
    expect(await listed()).toEqual(expect.arrayContaining(['LIVE-1', 'PRESS-7']));
    expect((await remove()).status).toBe(404);
    const { data } = (await call('GET', '/v1/audit-log/machines')).body as { data: MachineAuditEntryView[] };
    expect(data.filter(({ object }) => object === ID)).toEqual([
      expect.objectContaining({
        actor: 'admin',
        action: 'machine.removed',
        detail: expect.stringMatching(/^last heard 2/),
      }),
    ]);
    await eventually(async () => {
      const parts = (await site.records(site.topics.machineSignals)).filter(({ key }) =>
        String(key).includes(`/${ID}/`),
      );
      return parts.length > 0 && parts.at(-1)!.value === null;
    }, 'its last signals to be taken out');
  });

  test('comes back by no restart, and by a late signal as one that nobody knew', async () => {
    const before = await told();
    await Promise.all(services.map((service) => service.stop()));
    services = [await boot()];
    await eventually(async () => (await one('PRESS-7')).status === 200, 'the others');
    expect((await one()).status).toBe(404);
    // What its sources say of themselves, and a removal that is published twice, leave it as it is.
    const again = removalSignal({ tenant: 'default', machine: ID }, { heardAt: null }, Date.now());
    await say(encodeSignal(site.topics.signals, again), signalOf(0, 'PRESS-8'));
    await eventually(async () => (await one('PRESS-8')).status === 200, 'the next machine');
    expect(await listed()).not.toContain(ID);
    expect(before.length).toBeGreaterThan(0);
    expect(await told()).toEqual(before);
    await say(signalOf(5));
    await eventually(async () => (await one()).status === 200, 'the machine anew');
    expect((await one()).body).toMatchObject({ alarms: [], lastRun: null, counts: { signals: 1, duplicates: 0 } });
    expect(await listed()).toContain(ID);
    await eventually(
      async () => ((await call('GET', `/v1/machines/${ID}/signals`)).body as MachineSignalList).data.length === 1,
      'its signal',
    );
    const { data } = (await call('GET', `/v1/machines/${ID}/signals`)).body as MachineSignalList;
    expect(data).toMatchObject([{ path: 'execution', value: 'READY', count: 1 }]);
  });
});

describe('the tables of the configuration', () => {
  let database: Database;
  beforeAll(async () => {
    const url = variables['MILLRACE_DATABASE_URL']!;
    database = await connectDatabase({ url, applicationName: 'test', ...INGEST_TABLES }, silentLogger);
  });
  afterAll(() => database.destroy());

  test('are as the entities say', async () => {
    const { upQueries } = await database.driver.createSchemaBuilder().log();
    expect(upQueries.map(({ query }) => query)).toEqual([]);
  });

  test('what is on record is neither changed nor deleted', async () => {
    for (const statement of ["UPDATE ingest.audit_entry SET actor = 'nobody'", 'DELETE FROM ingest.audit_entry'])
      await expect(inTenant(database, 'default', (tx) => tx.query(statement))).rejects.toThrow(
        'neither changed nor deleted',
      );
  });
});
