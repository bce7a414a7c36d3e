import { SOURCE_TYPES } from '@millrace/machine-mapping';
import type { SourceReach } from './signal-intake/source-kind';
import { SourceRegistry } from './signal-intake/source-registry';
import { sourceKinds } from './source-kinds';
import { SourceKindsController } from './sources/source-kinds.controller';

const registry = new SourceRegistry(sourceKinds());
const peer = (host: string, port: number, path: string): SourceReach => ({ kind: 'peer', host, port, path });
const folder = (name: string, path: string): SourceReach => ({ kind: 'folder', folder: name, path });

/** What a source may lead to is judged by what its kind says, so each kind has to say it. */
test.each<[string, object, SourceReach[]]>([
  ['files', { format: 'json', folder: '/drop', pattern: '*.json', machine: 'M-1' }, [folder('/drop', 'folder')]],
  ['http', { format: 'signals' }, []],
  [
    'modbus',
    { host: 'fd00::7', devices: [{ machine: 'M-1', items: [{ path: 'parts', reference: '40001', type: 'uint16' }] }] },
    [peer('fd00::7', 502, 'host')],
  ],
  ['mqtt', { url: 'mqtt://broker', topics: [{ filter: 'a', machine: 'M-1' }] }, [peer('broker', 1883, 'url')]],
  [
    'mtconnect',
    { url: 'http://[fd00::7]:5000/x', devices: [{ device: 'd', machine: 'M-1' }] },
    [peer('fd00::7', 5000, 'url')],
  ],
  ['mtconnect-recording', { file: '/r/day.xml', machine: 'M-1' }, [folder('/r/day.xml', 'file')]],
  [
    'opcua',
    { endpointUrl: 'opc.tcp://server:4841/x', machine: 'M-1', nodes: [{ nodeId: 'ns=2;s=A' }] },
    [peer('server', 4841, 'endpointUrl')],
  ],
  ['shdr', { host: '10.0.0.7', port: 7878, machine: 'M-1' }, [peer('10.0.0.7', 7878, 'host')]],
  ['shdr-recording', { file: '/r/day.txt', machine: 'M-1' }, [folder('/r/day.txt', 'file')]],
  ['sparkplug', { url: 'mqtts://broker', machines: [{ machine: '{node}' }] }, [peer('broker', 8883, 'url')]],
])('%s says what it leads to', (type, settings, reaches) => {
  const read = registry.find(type)!.read(settings);
  expect(read.kind === 'wrong' ? read.wrong : []).toEqual([]);
  expect(read.kind === 'ready' && read.source.reaches).toEqual(reaches);
});

const wrongIn = (type: string, settings: unknown): string[] => {
  const read = registry.find(type)!.read(settings);
  return read.kind === 'wrong' ? read.wrong.map(({ path, detail }) => `${path.join('.')} ${detail}`) : [];
};

/** Members that a kind cannot do without are missed by name, each in the same words. */
test.each<[string, object, string[]]>([
  ['files', {}, ['format is missing; it must be csv, ndjson, json or b2mml']],
  [
    'files',
    { format: 'json' },
    ['folder is missing; it must be the path of a folder', 'machine is missing; it must name a machine'],
  ],
  [
    'files',
    { format: 'csv', folder: '/drop', machine: 'M-1', columns: [{ column: 1 }] },
    ['columns.0.path is needed where no pathColumn names the value of a row'],
  ],
  ['http', {}, ['format is missing; it must be signals, json, eclipse-bundle or mes-events']],
  ['http', { format: 'eclipse-bundle', machine: 'M-1' }, ['timeZone is missing; it must be text']],
  ['http', { format: 'mes-events' }, ['machine is missing; it must name a machine']],
  ['modbus', {}, ['host is missing; it must be text', 'devices is missing; it must be a list']],
  [
    'modbus',
    { host: 'h', devices: [{ machine: 'M-1', items: [{ path: 'parts', table: 'register', address: 1 }] }, {}] },
    [
      'devices.0.items.0.table must be coil, discrete, input or holding',
      'devices.1.machine is missing; it must be text',
      'devices.1.items is missing; it must be a list',
    ],
  ],
  ['mqtt', {}, ['url is missing; it must be text', 'topics is missing; it must be a list']],
  [
    'mqtt',
    { url: 'mqtt://b', protocolVersion: 3, topics: [] },
    ['protocolVersion must be 4 or 5', 'topics must not be empty'],
  ],
  [
    'mqtt',
    { url: 'mqtt://b', brokerQueue: 1_000, topics: [{ filter: 'a', machine: 'M' }] },
    [
      'brokerQueue must be 0 (no limit) or at least 100000: a broker drops what is above its limit, at QoS 1 too. Raise it at the broker (mosquitto: max_queued_messages)',
    ],
  ],
  ['mtconnect', {}, ['url is missing; it must be an http:// or https:// address']],
  [
    'opcua',
    { nodes: [{}] },
    [
      'endpointUrl is missing; it must be text',
      'machine is missing; it must be text',
      'nodes.0.nodeId is missing; it must be text',
    ],
  ],
  ['shdr', {}, ['host is missing; it must be text', 'machine is missing; it must be text']],
  ['shdr', { host: 'h', machine: 'M-1', port: '7878' }, ['port must be a number']],
  ['sparkplug', { url: 'mqtt://b' }, ['machines is missing; it must be a list']],
  [
    'sparkplug',
    { url: 'mqtt://b', machines: [{ machine: '{node}' }], role: 'host' },
    ['role must be passive, active or primary'],
  ],
  ['shdr', { host: 'h', machine: 'M-1', hots: 'h' }, ['hots There is no such member.']],
])('%s says what is wrong with %j', (type, settings, sentences) => {
  expect(wrongIn(type, settings)).toEqual(sentences);
});

test('whatever stands in the place of a member, it is told in plain words', () => {
  const whole: Array<[string, object]> = [
    [
      'files',
      {
        format: 'csv',
        folder: '/drop',
        pattern: '*',
        after: 'done',
        settleMs: 1000,
        scanEveryMs: 1000,
        historical: true,
        machine: 'M',
        machineColumn: 1,
        delimiter: ',',
        header: true,
        encoding: 'utf-8',
        decimal: '.',
        columns: [{ column: 1, path: 'a', type: 'string', unit: 'mm', kind: 'event' }],
        timestamp: { column: 1, format: 'unix', timeZone: 'UTC' },
      },
    ],
    ['http', { format: 'json', token: 't'.repeat(16), machine: 'M', machineMember: 'm', timestampMember: 't' }],
    ['http', { format: 'eclipse-bundle', token: 't'.repeat(16), machine: 'M', machines: { 1: 'M' }, timeZone: 'UTC' }],
    ['http', { format: 'mes-events', machine: 'M', secret: 's'.repeat(16), maxAgeDays: 8 }],
    [
      'modbus',
      {
        host: 'h',
        port: 502,
        devices: [
          {
            machine: 'M',
            unitId: 1,
            intervalMs: 100,
            items: [
              { path: 'a', table: 'holding', address: 0, type: 'bool', bit: 0 },
              { path: 'b', reference: '40002', type: 'uint32', order: 'CDAB', scale: '0.1', offset: 1, unit: 'mm' },
              { path: 'c', table: 'input', address: 4, type: 'string', length: 4 },
            ],
          },
        ],
        intervalMs: 100,
        timeoutMs: 100,
        connectMs: 100,
        repeatMs: 1000,
        maxRegisters: 125,
        maxBits: 2000,
        maxHole: 0,
        pauseMs: 0,
      },
    ],
    [
      'mqtt',
      {
        url: 'mqtt://b',
        protocolVersion: 4,
        clientId: 'c',
        username: 'u',
        password: 'p',
        tls: { ca: '-----BEGIN CERTIFICATE-----' },
        keepaliveSeconds: 1,
        inFlight: 1,
        sessionExpirySeconds: 60,
        brokerQueue: 100_000,
        topics: [
          {
            filter: 'a',
            machine: 'M',
            path: 'p',
            format: 'json',
            value: 'v',
            timestamp: 't',
            timestampUnit: 'ms',
            seq: 's',
            unit: 'mm',
          },
        ],
      },
    ],
    [
      'mtconnect',
      {
        url: 'http://a',
        devices: [{ device: 'd', machine: 'M' }],
        mode: 'poll',
        intervalMs: 10,
        heartbeatMs: 100,
        count: 1,
        path: '//a',
        timeoutMs: 100,
        bearer: 'b',
        header: { name: 'a', value: 'b' },
        ca: '-----BEGIN CERTIFICATE-----',
      },
    ],
    [
      'opcua',
      {
        endpointUrl: 'opc.tcp://h:4840',
        securityMode: 'Sign',
        securityPolicy: 'Basic256Sha256',
        user: { username: 'u', password: 'p' },
        serverCertificate: { trust: 'first-use' },
        machine: 'M',
        nodes: [{ nodeId: 'i=1', path: 'p', machine: 'M', samplingMs: 0, queueSize: 1 }],
        browse: [{ root: 'i=1', depth: 1, machine: 'M' }],
        events: [{ notifier: 'i=1', machine: 'M' }],
        publishingIntervalMs: 50,
        keepAliveMs: 1000,
      },
    ],
    ['shdr', { host: 'h', port: 1, machine: 'M', messages: ['m'], heartbeatMs: 100, silenceMs: 1000, connectMs: 100 }],
    [
      'sparkplug',
      {
        url: 'mqtt://b',
        machines: [{ machine: 'M', group: 'g', node: 'n', device: 'd' }],
        role: 'primary',
        hostId: 'h',
        rebirthMinIntervalMs: 100,
        reorderTimeoutMs: 0,
      },
    ],
    ['mtconnect-recording', { file: '/f', machine: 'M', device: 'd' }],
    ['shdr-recording', { file: '/f', machine: 'M', messages: ['m'] }],
  ];
  const instead = [undefined, null, true, -1, 0.5, 1e12, '', 'x'.repeat(70_000), [], [7], {}, { a: 1 }];
  for (const [type, settings] of whole) {
    expect(wrongIn(type, settings)).toEqual([]);
    for (const changed of replaced(settings, instead))
      for (const sentence of wrongIn(type, changed))
        expect(sentence).not.toMatch(/Invalid|expected|Too |Unrecognized|undefined/);
  }
});

/** Each member at any depth, replaced by each of these. */
function* replaced(given: object, instead: readonly unknown[]): Generator<unknown> {
  for (const [name, value] of Object.entries(given)) {
    const inners = typeof value === 'object' && value !== null ? replaced(value, instead) : [];
    for (const other of [...instead, ...inners])
      yield Array.isArray(given)
        ? given.map((one, index) => (String(index) === name ? other : one))
        : { ...given, [name]: other };
  }
}

test('all kinds are told, each with the JSON Schema of its settings', () => {
  const { data } = new SourceKindsController(registry).list();
  expect(data.map(({ type }) => type)).toEqual([
    'files',
    'http',
    'modbus',
    'mqtt',
    'mtconnect',
    'mtconnect-recording',
    'opcua',
    'shdr',
    'shdr-recording',
    'sparkplug',
  ]);
  for (const { says, settings } of data) {
    expect(says).toMatch(/^[A-Z].*\.$/);
    expect(Object.keys(settings as object).some((name) => ['properties', 'anyOf', 'oneOf'].includes(name))).toBe(true);
  }
});

test('no schema gives away a secret that settings would make themselves', () => {
  const first = JSON.stringify(new SourceKindsController(registry).list());
  expect(JSON.stringify(new SourceKindsController(registry).list())).toBe(first);
  const defaults: string[] = [];
  JSON.parse(first, (name, value) => {
    if (name === 'token' && value?.default !== undefined) defaults.push(value.default);
    return value;
  });
  expect([first.includes('"token"'), defaults]).toEqual([true, []]);
});

test('what the console begins a source of files with, its examples, are settings of it', () => {
  const { settings } = new SourceKindsController(registry).list().data.find(({ type }) => type === 'files')!;
  const [csv] = (settings as { oneOf: Array<{ properties: { [name: string]: { examples?: unknown[] } } }> }).oneOf;
  const examples = Object.entries(csv!.properties).flatMap(([name, { examples }]) =>
    examples ? [[name, examples[0]]] : [],
  );
  expect(wrongIn('files', { format: 'csv', ...Object.fromEntries(examples) })).toEqual([]);
  expect(examples.map(([name]) => name)).toEqual(['folder', 'machine', 'columns']);
});

test('a mapping names the kinds that there are, and no others', () => {
  expect([...SOURCE_TYPES].sort()).toEqual(new SourceKindsController(registry).list().data.map(({ type }) => type));
});
