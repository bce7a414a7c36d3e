import { createHmac, randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MachineSignalList, SourceView, TriedSourceView } from '@millrace/protocol';
import { verifyWebhook } from '@millrace/sdk';
import { SparkplugEdge } from '@millrace/sparkplug';
import { eventually, MosquittoBroker, MtconnectAgent, ScriptedReceiver } from '@millrace/test-environment';
import { connectAsync, type MqttClient } from 'mqtt';
import { ModbusServer } from '../machine-ingest/src/signal-intake/modbus/modbus-server.fixture';
import { OpcuaServerProcess } from '../machine-ingest/src/signal-intake/opcua/opcua-server.fixture';
import { Constellation } from './constellation';
import { Documented, withSettings } from './documented';
import { placesOf, toldPlaces } from './told-places';

jest.setTimeout(120_000);

interface Event {
  readonly type: string;
  readonly data: { readonly [member: string]: unknown };
}

const secret = () => randomBytes(18).toString('hex');

describe('from a machine to the first webhook, as docs/sources tells it', () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-sources-'));
  const inbox = join(folder, 'press');
  const secrets = { mqtt: secret(), edge: secret(), agent: secret(), mes: secret() };
  /** What no topic, no log, no table and no answer but the first may show. */
  const hidden = new Set<string>(Object.values(secrets));
  let site: Constellation;
  let receiver: ScriptedReceiver;
  let agent: MtconnectAgent;
  let adapter: Server;
  const plc = new ModbusServer();
  let broker: MosquittoBroker;
  let machine: MqttClient;
  let edge: SparkplugEdge;
  let opcua: OpcuaServerProcess;

  beforeAll(async () => {
    mkdirSync(inbox);
    receiver = await ScriptedReceiver.start();
    opcua = new OpcuaServerProcess(join(folder, 'pki'), { anonymous: false });
    broker = await MosquittoBroker.create({ users: { millrace: secrets.mqtt, edge: secrets.edge } });
    adapter = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.write(`${new Date().toISOString()}|avail|AVAILABLE|execution|ACTIVE|part_count|17\n`);
    }).listen(0, '127.0.0.1');
    agent = await MtconnectAgent.start({
      devices: [
        {
          name: 'Mazak01',
          uuid: 'mazak-01',
          items: [
            { id: 'd1', name: 'avail', category: 'EVENT', type: 'AVAILABILITY' },
            { id: 'd2', name: 'execution', category: 'EVENT', type: 'EXECUTION' },
            { id: 'd3', name: 'Xabs', category: 'SAMPLE', type: 'POSITION', units: 'MILLIMETER' },
            { id: 'd4', name: 'system', category: 'CONDITION', type: 'SYSTEM' },
          ],
        },
      ],
    });
    agent.observe([
      { device: 'Mazak01', item: 'd1', value: 'AVAILABLE' },
      { device: 'Mazak01', item: 'd2', value: 'ACTIVE' },
      { device: 'Mazak01', item: 'd3', value: '-12.5' },
      { device: 'Mazak01', item: 'd4', value: { level: 'Normal' } },
    ]);
    const ready = Constellation.start({
      variables: {
        LOG_LEVEL: 'debug',
        MILLRACE_SOURCE_FOLDERS: folder,
        MILLRACE_SOURCE_STATE: join(folder, 'state'),
      },
    });
    await Promise.all([opcua.start(), broker.start(), plc.start(), ready]);
    site = await ready;
    const login = { reconnectPeriod: 0, username: 'edge', password: secrets.edge };
    machine = await connectAsync(broker.url, login);
    edge = new SparkplugEdge({
      url: broker.url,
      group: 'PlantA',
      node: 'RollForm',
      username: 'edge',
      password: secrets.edge,
      metrics: [],
      devices: { Line1: [{ name: 'Line/State', type: 'String', value: 'HALT' }] },
      aliases: true,
    });
    await edge.start();
  });
  afterAll(async () => {
    edge?.kill();
    await machine?.endAsync(true);
    adapter?.close();
    await Promise.all([agent?.stop(), opcua?.kill(), plc.kill(), site?.close()]);
    await Promise.all([broker?.remove(), receiver?.close()]);
    rmSync(folder, { recursive: true, force: true });
  });

  const make = async <T>(path: string, body: unknown, status = 201): Promise<T> => {
    const answer = await site.call<T>('POST', path, body);
    if (answer.status !== status)
      throw new Error(`POST ${path} answered ${answer.status}: ${JSON.stringify(answer.body)}`);
    return answer.body;
  };
  const tryIt = (body: unknown) => make<TriedSourceView>('/v1/sources/try', body, 200);
  /** Saves it after its endpoint; answers the source as it was saved. */
  const save = async (body: { readonly [member: string]: unknown }): Promise<SourceView> => {
    const saved = await make<SourceView>('/v1/sources', body);
    expect(saved).toMatchObject({ name: body['name'], enabled: true, readOnly: false });
    return saved;
  };
  const listenTo = (id: string, eventTypes: readonly string[] = ['machine.*']) =>
    site.createEndpoint(`${receiver.url}${id}`, { eventTypes, filter: { '@subject': id } });
  const activate = async (mapping: string) => {
    const answer = await site.call('POST', '/v1/mappings', mapping, { 'content-type': 'application/yaml' });
    expect(answer).toMatchObject({ status: 201 });
  };
  const webhook = async (id: string, fits: (event: Event) => boolean): Promise<Event> => {
    const events = () =>
      receiver.requests.filter(({ path }) => path === `/${id}`).map(({ body }) => JSON.parse(body.toString()) as Event);
    return eventually(
      () => events().find(fits) ?? Promise.reject(JSON.stringify(events())),
      `a webhook of ${id}`,
      20_000,
    );
  };
  const comes = (id: string, status: string) =>
    webhook(id, ({ type, data }) => type === 'machine.status_changed' && data['current'] === status);
  const connected = (name: string) =>
    eventually(async () => {
      const { body } = await site.call<SourceView>('GET', `/v1/sources/${name}`);
      return body.state.connection === 'connected' || Promise.reject(JSON.stringify(body.state));
    }, `${name} to be connected`);
  const heard = async (id: string) =>
    new Map(
      (await site.call<MachineSignalList>('GET', `/v1/machines/${id}/signals?limit=200`)).body.data.map(
        ({ path, value }) => [path, value],
      ),
    );

  it('MTConnect; and an alarm of its controller, under two contracts', async () => {
    const doc = new Documented('mtconnect');
    const own = { url: agent.url, bearer: secrets.agent, intervalMs: 50 };
    const tried = await tryIt(withSettings(doc.body(1), own));
    expect(tried.summary).toMatch(/^MTConnect agent .* \(Mazak01\), 1 of them read, 4 data items\.$/);
    expect(tried.seen).toEqual(
      expect.arrayContaining([
        { machine: 'MAZAK-01', path: 'execution', value: 'ACTIVE', unit: null },
        { machine: 'MAZAK-01', path: 'Xabs', value: '-12.5', unit: 'mm' },
      ]),
    );
    const { secret: standardSecret } = await listenTo('MAZAK-01');
    await make('/api/default/subscriptions', {
      event_type: 'machine.alarm',
      target_module: 'external',
      webhook_url: `${receiver.url}proign`,
      secret: 'your-webhook-secret',
    });
    expect((await save(withSettings(doc.body(2), own))).settings).toMatchObject({ bearer: '***' });
    await comes('MAZAK-01', 'running');
    await connected('hall-1');

    const code = { nativeCode: '8100004F', nativeSeverity: '2', qualifier: 'HIGH', text: 'Spindle overload' };
    const said = Date.now();
    agent.observe([{ device: 'Mazak01', item: 'd4', value: { level: 'Fault', ...code } }]);
    await webhook('MAZAK-01', ({ type }) => type === 'machine.alarm');
    // The controller says it again and again; it is one alarm.
    for (let n = 0; n < 3; n++) agent.observe([{ device: 'Mazak01', item: 'd4', value: { level: 'Fault', ...code } }]);
    agent.observe([{ device: 'Mazak01', item: 'd4', value: { level: 'Normal' } }]);
    await webhook('MAZAK-01', ({ data }) => data['status'] === 'cleared');
    await eventually(() => receiver.requests.filter(({ path }) => path === '/proign').length === 2, 'both by PROIGN');
    const alarms = receiver.requests.filter(
      ({ path, body }) => path === '/MAZAK-01' && body.toString().includes('"machine.alarm"'),
    );
    const standard = alarms.map(({ body, headers }) => {
      expect(() => verifyWebhook({ body, headers, secret: standardSecret })).not.toThrow();
      return JSON.parse(body.toString());
    });
    const proign = receiver.requests.flatMap(({ path, body, headers }) => {
      if (path !== '/proign') return [];
      const payload = JSON.parse(body.toString());
      const signature = createHmac('sha256', 'your-webhook-secret').update(JSON.stringify(payload)).digest('hex');
      expect(headers['x-proign-signature']).toBe(`sha256=${signature}`);
      return [payload];
    });
    expect(standard.map(({ data }) => data.status)).toEqual(['raised', 'cleared']);
    expect(standard[0].data).toMatchObject({ code: '8100004F', severity: 'fault', text: 'Spindle overload' });
    expect(standard[1].data.alarmId).toBe(standard[0].data.alarmId);
    expect(Date.parse(standard[0].timestamp)).toBeGreaterThanOrEqual(said - 1_000);
    expect(proign).toEqual(standard.map((event) => ({ ...event, tenant_id: 'default' })));
    expect(await heard('MAZAK-01')).toEqual(
      new Map<string, unknown>([
        ['avail', 'AVAILABLE'],
        ['execution', 'ACTIVE'],
        ['Xabs', '-12.5'],
        ['system', expect.objectContaining({ level: 'NORMAL' })],
      ]),
    );
  });

  it('SHDR', async () => {
    const doc = new Documented('shdr');
    const own = { host: '127.0.0.1', port: (adapter.address() as AddressInfo).port };
    const tried = await tryIt(withSettings(doc.body(1), own));
    expect(tried.summary).toBe('An SHDR adapter that sent 3 values.');
    await listenTo('RF-1');
    await save(withSettings(doc.body(2), own));
    await comes('RF-1', 'running');
    await connected('rf-1');
    expect((await heard('RF-1')).get('part_count')).toBe('17');
  });

  it('Modbus; a counter that wraps while nobody looks, and a line that the PLC has stopped', async () => {
    const doc = new Documented('modbus');
    const own = { host: '127.0.0.1', port: plc.port };
    plc.set('1/holding/0', 0);
    plc.set('1/holding/100', 65_530, 1_234, 0);
    const tried = await tryIt(withSettings(doc.body(1), own));
    expect(tried).toEqual({
      summary: `Modbus TCP at 127.0.0.1:${plc.port}: 1 device, 4 items in 2 reads, 4 with a good value.`,
      seen: [
        { machine: 'slit-01', path: 'running', value: false, unit: null },
        { machine: 'slit-01', path: 'fault', value: false, unit: null },
        { machine: 'slit-01', path: 'parts', value: 65_530, unit: null },
        { machine: 'slit-01', path: 'length', value: 123.4, unit: 'mm' },
      ],
    });
    await listenTo('slit-01', ['machine.*', 'production.*']);
    await activate(doc.mapping());
    await save(withSettings(doc.body(2), own));
    await comes('slit-01', 'idle');
    await connected('slitter');
    plc.set('1/holding/0', 0b0001);
    await comes('slit-01', 'running');
    const registers = new Map(plc.memory);
    await plc.kill();
    await comes('slit-01', 'offline');
    for (const [place, value] of registers) plc.memory.set(place, value);
    plc.set('1/holding/100', 4);
    await plc.start();
    const counted = await webhook('slit-01', ({ type }) => type === 'production.counted');
    expect(counted.data).toMatchObject({ delta: 10, how: 'wrapped', bridged: true });
    plc.set('1/holding/0', 0b1000);
    const alarm = await webhook('slit-01', ({ type }) => type === 'machine.alarm');
    expect(alarm.data).toMatchObject({ status: 'raised', code: 'FAULT' });
    await comes('slit-01', 'down');
    expect(await heard('slit-01')).toEqual(
      new Map<string, unknown>([
        ['running', false],
        ['fault', true],
        ['parts', 4],
        ['length', 123.4],
      ]),
    );
  });

  it('MQTT', async () => {
    const doc = new Documented('mqtt');
    const body = withSettings(doc.body(1), { url: broker.url, password: secrets.mqtt });
    const said = setInterval(() => void machine.publishAsync('plant/rf-01/state', '"HALT"', { qos: 1 }), 200);
    try {
      expect((await tryIt(body)).seen).toContainEqual({ machine: 'rf-01', path: 'state', value: 'HALT', unit: null });
      await listenTo('rf-01');
      await activate(doc.mapping());
      await save({ ...body, name: 'hall-2' });
    } finally {
      clearInterval(said);
    }
    await connected('hall-2');
    // Its session is its own: who would take the same one is not saved.
    const { body: hall } = await site.call<SourceView>('GET', '/v1/sources/hall-2');
    const same = { ...withSettings(body, { clientId: hall.state.session }), name: 'hall-3', try: false };
    expect(await site.call('POST', '/v1/sources', same)).toMatchObject({
      status: 422,
      body: { errors: [{ path: 'settings.clientId', detail: expect.stringContaining('the source hall-2 has') }] },
    });
    await machine.publishAsync('plant/rf-01/drive', JSON.stringify({ rpm: 900, t: new Date().toISOString(), n: 1 }), {
      qos: 1,
    });
    await machine.publishAsync('plant/rf-01/state', '"RUN"', { qos: 1 });
    await comes('rf-01', 'running');
    expect(await heard('rf-01')).toEqual(
      new Map<string, unknown>([
        ['rpm', 900],
        ['state', 'RUN'],
      ]),
    );
  });

  it('Sparkplug', async () => {
    const doc = new Documented('sparkplug');
    const text = JSON.stringify(doc.body(1)).replaceAll('rf-01', 'rf-02');
    const own = { url: broker.url, username: 'edge', password: secrets.edge };
    const body = withSettings(JSON.parse(text), own);
    expect((await tryIt(body)).summary).toMatch(/^MQTT 5 broker; \d+ messages? in \d s/);
    await listenTo('rf-02');
    await activate(doc.mapping().replaceAll('rf-01', 'rf-02'));
    await save({ ...body, name: 'line' });
    // Nothing was said since its birth: it is asked for another one.
    await comes('rf-02', 'idle');
    await edge.say('Line1', { 'Line/State': 'RUN' });
    await comes('rf-02', 'running');
    expect(edge.rebirthsAsked).toBe(1);
    expect(await heard('rf-02')).toEqual(new Map([['Line/State', 'RUN']]));
  });

  it('OPC UA, secured step by step', async () => {
    const doc = new Documented('opc-ua');
    const user = { username: 'operator', password: 'right' };
    const open = withSettings(doc.body(1), {
      endpointUrl: opcua.endpointUrl,
      user,
      browse: [{ root: 'ns=1;s=Press', depth: 3 }],
    });
    expect((await tryIt(open)).seen).toContainEqual({ machine: 'press-01', path: 'Mode', value: 'auto', unit: null });

    const { serverCertificate: _, ...written } = doc.body<{ settings: { [name: string]: unknown } }>(2).settings;
    const settings = {
      ...written,
      endpointUrl: opcua.endpointUrl,
      user,
      nodes: [
        { nodeId: 'ns=1;s=Mode', path: 'state' },
        { nodeId: 'ns=1;s=Count', path: 'strokes', samplingMs: 0, queueSize: 50 },
      ],
      browse: [{ root: 'ns=1;s=Items', depth: 2 }],
    };
    const refused = await site.call<{ code: string; detail: string }>('POST', '/v1/sources/try', {
      type: 'opcua',
      settings,
    });
    expect(refused).toMatchObject({ status: 422, body: { code: 'source_failed' } });
    const thumbprint = /SHA-256 ([0-9A-F]{64})/.exec(JSON.stringify(refused.body))![1]!;
    await listenTo('press-01');
    await activate(`
apiVersion: ingest/v1
machine: { id: press-01 }
sources: { server: { type: opcua } }
signals: { state: { source: server, node: state, type: string } }
rules: [{ id: status, kind: stateMap, input: state, map: { auto: running, setup: idle } }]
`);
    const name = 'press-hall-1';
    const saved = await save({
      ...doc.body(2),
      name,
      settings: { ...settings, serverCertificate: { thumbprint } },
    });
    expect(saved.settings).toMatchObject({ user: { username: 'operator', password: '***' } });
    await comes('press-01', 'running');
    await connected(name);
    await opcua.order({ do: 'set', nodeId: 'ns=1;s=Mode', type: 'String', value: 'setup' });
    await comes('press-01', 'idle');
    expect(await heard('press-01')).toEqual(
      new Map<string, unknown>([
        ['state', 'setup'],
        ['strokes', 0],
      ]),
    );
  });

  it('files in a folder', async () => {
    const doc = new Documented('files');
    const body = withSettings(doc.body(1), { folder: inbox, machine: 'press-8' });
    await listenTo('press-8');
    await save(body);
    await connected('press-files');
    const now = new Intl.DateTimeFormat('de-DE', {
      timeZone: 'Europe/Berlin',
      dateStyle: 'medium',
      timeStyle: 'medium',
    })
      .format(new Date())
      .replace(',', '');
    writeFileSync(join(folder, '.new'), `Zeit;Status;Stück;Öl\n${now};ACTIVE;17;54,5\n`);
    renameSync(join(folder, '.new'), join(inbox, 'shift.csv'));
    await comes('press-8', 'running');
    expect(await heard('press-8')).toEqual(
      new Map<string, unknown>([
        ['execution', 'ACTIVE'],
        ['oil_temp', 54.5],
        ['part_count', 17],
      ]),
    );
  });

  it('HTTP, by a key and by a source with a token of its own', async () => {
    const doc = new Documented('http');
    await listenTo('press-7');
    expect((await site.call('POST', '/v1/signals', doc.body(1))).body).toEqual({ accepted: 2, rejected: [] });
    await comes('press-7', 'running');
    const source = await save(doc.body(2));
    const token = String((source.settings as { token: string }).token);
    hidden.add(token);
    const post = (authorization: string, body: unknown) => site.call('POST', source.url!, body, { authorization });
    expect((await post('Bearer none', doc.body(3))).status).toBe(401);
    expect(await post(`Bearer ${token}`, doc.body(3))).toMatchObject({ status: 200 });
    expect((await post(`Bearer ${token}`, { execution: 'READY' })).status).toBe(200);
    await comes('press-7', 'idle');
    const paths = [...(await heard('press-7')).keys()];
    expect(paths).toEqual(expect.arrayContaining(['state', 'hydraulics.temp', 'axes.0.load', 'part_count']));
  });

  it('Eclipse Pro', async () => {
    const doc = new Documented('eclipse');
    const body = JSON.parse(JSON.stringify(doc.body(1)).replaceAll('rf-01', 'rf-03'));
    await listenTo('rf-03', ['bundle.*']);
    const source = await save(body);
    const token = String((source.settings as { token: string }).token);
    hidden.add(token);
    const bundle = doc.body(2);
    for (let n = 0; n < 2; n++)
      expect((await site.call('POST', source.url!, bundle, { authorization: `Bearer ${token}` })).status).toBe(200);
    expect(await webhook('rf-03', ({ type }) => type === 'bundle.completed')).toMatchObject({ data: bundle });
    const corrected = { ...bundle, ScrapIn: 121 };
    await site.call('POST', source.url!, corrected, { authorization: `Bearer ${token}` });
    expect((await webhook('rf-03', ({ type }) => type === 'bundle.corrected')).data).toMatchObject(corrected);
    expect(receiver.requests.filter(({ path }) => path === '/rf-03')).toHaveLength(2);
  });

  it('MES', async () => {
    const doc = new Documented('mes');
    await listenTo('mes', ['work_order.*']);
    const source = await save(doc.body(1));
    const message = `{"id":"evt-1","type":"work_order.completed","timestamp":"${new Date().toISOString()}","data":{"workOrder":{"id":"wo-123","status":"COMPLETED"}}}`;
    const post = () =>
      site.call('POST', source.url!, message, {
        authorization: '',
        'x-mes-signature': createHmac('sha256', secrets.mes).update(message).digest('hex'),
      });
    expect((await post()).status).toBe(401);
    const { settings } = source;
    const changed = await site.call<SourceView>('PATCH', '/v1/sources/mes', {
      settings: { ...settings, secret: secrets.mes },
    });
    expect(changed).toMatchObject({ status: 200, body: { settings: { secret: '***' } } });
    await eventually(async () => (await post()).status === 200, 'the secret to be known');
    expect(await webhook('mes', () => true)).toMatchObject({
      type: 'work_order.completed',
      data: { workOrder: { id: 'wo-123', status: 'COMPLETED' } },
    });
  });

  it('all of them are listed, and what is refused is said in words', async () => {
    const { body } = await site.call<{ data: SourceView[] }>('GET', '/v1/sources?limit=100');
    expect(body.data.map(({ name, type, state }) => [name, type, state.lastError]).sort()).toEqual([
      ['eclipse', 'http', null],
      ['gateway-1', 'http', null],
      ['hall-1', 'mtconnect', null],
      ['hall-2', 'mqtt', null],
      ['line', 'sparkplug', null],
      ['mes', 'http', null],
      ['press-files', 'files', null],
      ['press-hall-1', 'opcua', null],
      ['rf-1', 'shdr', null],
      ['slitter', 'modbus', expect.objectContaining({ detail: expect.stringContaining(`127.0.0.1:${plc.port}`) })],
    ]);
    const wrong = {
      type: 'mqtt',
      settings: { url: broker.url, username: 'millrace', password: 'wrong', topics: [{ filter: '#', machine: 'm' }] },
    };
    expect(await site.call('POST', '/v1/sources/try', wrong)).toMatchObject({
      status: 422,
      body: { code: 'source_failed', errors: [{ code: 'unauthorized' }] },
    });
  });

  it('no secret of a source is in a topic, a log, a table or an answer', async () => {
    const machines = ['MAZAK-01', 'RF-1', 'rf-01', 'rf-02', 'press-01', 'press-8', 'press-7'];
    const places = await toldPlaces(site, [
      '/v1/sources?limit=100',
      '/v1/source-kinds',
      '/v1/mappings',
      '/v1/machines',
      '/v1/event-log?limit=200',
      '/v1/deliveries?limit=200',
      '/v1/audit-log?limit=200',
      '/v1/audit-log/machines?limit=200',
      '/v1/quarantine?limit=200',
      ...['hall-1', 'hall-2', 'line', 'press-hall-1', 'mes', 'gateway-1', 'eclipse'].map(
        (name) => `/v1/sources/${name}`,
      ),
      ...machines.map((id) => `/v1/machines/${id}/signals?limit=200`),
    ]);
    // What is no secret is found, so the search does search.
    expect(placesOf('press-hall-1', places)).toEqual(
      expect.arrayContaining([
        'the log of machine-ingest',
        site.topics.sources,
        site.topics.sourceState,
        'ingest.source',
        'GET /v1/sources?limit=100',
      ]),
    );
    expect(placesOf('MAZAK-01', places)).toEqual(
      expect.arrayContaining([site.topics.signals, site.topics.machineState]),
    );
    expect(hidden.size).toBe(6);
    // A word that may stand anywhere; as a value it is the password of the OPC UA server.
    const leaks = [...hidden, '"right"', '\\"right\\"'].flatMap((text) =>
      placesOf(text, places).map((place) => `${text} in ${place}`),
    );
    expect(leaks).toEqual([]);
  });
});
