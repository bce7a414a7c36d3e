import { randomBytes } from 'node:crypto';
import { readMapping } from '@millrace/machine-mapping';
import {
  decodeMapping,
  encodeMapping,
  encodeSignal,
  type MachineAuditEntryView,
  type MachineSignalList,
  type MappingDetailView,
  type MappingTrialView,
  type MappingValidationView,
  partitionOfKey,
} from '@millrace/protocol';
import { bootService, type RunningService } from '@millrace/service-runtime';
import { eventually, testEnvironment } from '@millrace/test-environment';
import { machineIngest } from './machine-ingest.module';
import { configSignal } from './signal-intake/lifecycle-signal';
import { type Answer, ask, IngestSite, PARTITIONS } from './test-support/ingest-site';

jest.setTimeout(120_000);

let site: IngestSite;
let services: RunningService[];

const YAML = { 'content-type': 'application/yaml' };
/** A press whose words are its own: BUSY is running, and REST idle. */
const press = (over: { machines?: string[]; idle?: string; test?: string; rules?: string } = {}) => `
apiVersion: ingest/v1
name: press
machines: [${(over.machines ?? ['P-1']).map((id) => `{ id: ${id} }`).join(', ')}]
sources: { plc: { type: http } }
signals:
  word: { source: plc, path: word, type: string }
rules:
  - { id: status, kind: stateMap, input: word, map: { BUSY: running, ${over.idle ?? 'REST'}: idle } }
${over.rules ?? ''}
tests:
  - feed:
      - { alias: word, value: BUSY }
      - { after: 10s, alias: word, value: ${over.idle ?? 'REST'} }
    expect:
      - { type: machine.status_changed, data: { current: ${over.test ?? 'running'} } }
      - { type: machine.status_changed, data: { current: idle } }
`;

const call = (
  method: string,
  path: string,
  body?: string | object,
  headers: { [name: string]: string } = {},
): Promise<Answer> => ask(services[0]!.url, method, path, body, headers);
const activate = (text: string, headers: { [name: string]: string } = {}) =>
  call('POST', '/v1/mappings', text, { ...YAML, ...headers });
const say = async (machine: string, value: string) =>
  expect(await call('POST', '/v1/signals', { machine, path: 'word', value, source: 'plc' })).toMatchObject({
    status: 202,
  });
const status = async (machine: string) =>
  ((await call('GET', `/v1/machines/${machine}`)).body as { status: string }).status;

beforeAll(async () => {
  const environment = await testEnvironment();
  site = await new IngestSite(environment.brokers, environment.freshPrefix()).provision();
  const variables = site.variables({
    MILLRACE_DATABASE_URL: await environment.freshDatabase(),
    MILLRACE_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
  });
  services = await Promise.all([bootService(machineIngest([]), variables), bootService(machineIngest([]), variables)]);
});
afterAll(async () => {
  await Promise.all(services.map((service) => service.stop()));
  await site.close();
});

test('a mapping is in force from the answer on, replaced by the next version, and taken out of force', async () => {
  expect(await activate(press())).toMatchObject({
    status: 201,
    body: { name: 'press', version: 1, machines: ['P-1'], tests: [{ passed: true }] },
  });
  const [record] = (await site.records(site.topics.mappings)).map(decodeMapping);
  expect(record).toMatchObject({ name: 'press', version: 1, text: press() });
  await say('P-1', 'BUSY');
  await eventually(async () => (await status('P-1')) === 'running', 'the status by the mapping');

  // The same document changes nothing, also with other spaces.
  expect(await activate(`${press()}\n\n# the end\n`)).toMatchObject({ status: 200, body: { version: 1 } });

  expect(await activate(press({ idle: 'SLEEP', machines: ['P-1', 'P-2'] }))).toMatchObject({
    status: 201,
    body: { version: 2, machines: ['P-1', 'P-2'] },
  });
  for (const machine of ['P-1', 'P-2']) {
    await say(machine, 'BUSY');
    await say(machine, 'SLEEP');
    await eventually(async () => (await status(machine)) === 'idle', `the status of ${machine} by version 2`);
  }
  const detail = (await call('GET', '/v1/mappings/press')).body as MappingDetailView;
  expect(detail.versions.map(({ version, active }) => [version, active])).toEqual([
    [2, true],
    [1, false],
  ]);
  expect((await call('GET', '/v1/mappings/press/versions/1')).body).toMatchObject({
    format: 'yaml',
    text: press(),
    active: false,
  });
  expect((await call('GET', '/v1/mappings')).body).toMatchObject({
    data: [{ name: 'press', version: 2 }],
    nextCursor: null,
  });

  // A former document keeps its number; P-2 is no longer its machine.
  expect(await activate(press())).toMatchObject({ status: 201, body: { version: 1, machines: ['P-1'] } });
  const state = await eventually(async () => {
    const last = await site.state('default/P-2');
    return last?.config === null ? last : null;
  }, 'the built-in mapping of P-2');
  expect(state.config).toBeNull();
  await eventually(async () => (await site.state('default/P-1'))?.config?.version === 1, 'version 1 of P-1');

  expect((await call('DELETE', '/v1/mappings/press')).status).toBe(204);
  await eventually(async () => (await site.state('default/P-1'))?.config === null, 'the built-in mapping of P-1');
  for (const path of [
    '/v1/mappings/press',
    '/v1/mappings/none',
    '/v1/mappings/press/versions/9',
    '/v1/mappings/press/versions/x',
  ])
    expect(await call('GET', path)).toMatchObject({ status: 404, body: { code: 'not_found' } });
  expect((await call('DELETE', '/v1/mappings/press')).status).toBe(404);

  const { data } = (await call('GET', '/v1/audit-log/machines')).body as { data: MachineAuditEntryView[] };
  const entries = data.filter(({ object }) => object === 'press');
  expect(entries.map(({ actor, action, detail }) => [actor, action, detail]).reverse()).toEqual([
    ['admin', 'mapping.activated', 'version 1, for P-1'],
    ['admin', 'mapping.activated', 'version 2 after 1, for P-1, P-2'],
    ['admin', 'mapping.activated', 'version 1 after 2, for P-1'],
    ['admin', 'mapping.deleted', 'version 1, of P-1'],
  ]);
});

test('a machine shows what was heard last of each of its items, mapped or not, on every process', async () => {
  await activate(press({ machines: ['P-9'] }));
  await say('P-9', 'BUSY');
  await say('P-9', 'REST');
  await call('POST', '/v1/signals', { machine: 'P-9', path: 'oil', value: 71.5, unit: 'Cel', quality: 'uncertain' });
  const read = async (service: RunningService) => {
    const answer = await ask(service.url, 'GET', '/v1/machines/P-9/signals');
    const { data } = answer.body as MachineSignalList;
    return answer.status === 200 && data.length === 2 && data[1]!.count === 2 ? data : null;
  };
  // One of the processes folds the machine; the other one has what that one wrote.
  for (const service of services) {
    const data = await eventually(() => read(service), 'the signals', 20_000);
    expect(data).toMatchObject([
      { path: 'oil', source: 'http', aliases: [], value: 71.5, unit: 'Cel', quality: 'uncertain', count: 1 },
      { path: 'word', source: 'plc', aliases: ['word'], value: 'REST', quality: 'good', count: 2 },
    ]);
    expect(data[0]!.ageMs).toBeGreaterThanOrEqual(0);
    const first = (await ask(service.url, 'GET', '/v1/machines/P-9/signals?limit=1')).body as MachineSignalList;
    const second = await ask(service.url, 'GET', `/v1/machines/P-9/signals?limit=1&cursor=${first.nextCursor}`);
    expect(second.body).toMatchObject({ data: [{ path: 'word' }], nextCursor: null });
  }
  expect(await call('GET', '/v1/machines/P-9')).toMatchObject({ body: { mapping: { name: 'press' } } });
  expect(await call('GET', '/v1/machines/none/signals')).toMatchObject({ status: 404 });
  expect(await call('GET', '/v1/machines/P-9/signals?cursor=%%%')).toMatchObject({ status: 422 });
  await call('DELETE', '/v1/mappings/press');
});

test('one that is wrong, or whose test fails, is refused with the place, and the one in force stays', async () => {
  await activate(press({ machines: ['P-3'] }));
  const wrong = await activate(press({ machines: ['P-3'], rules: '  - { id: status, kind: stateMop, input: word }' }));
  expect(wrong).toMatchObject({
    status: 422,
    body: { code: 'invalid_mapping', detail: expect.stringMatching(/line 10, column \d+/) },
  });
  expect((wrong.body as { errors: object[] }).errors[0]).toMatchObject({
    line: 10,
    column: expect.any(Number),
    path: expect.stringContaining('rules[1]'),
  });
  expect(await activate(press({ machines: ['P-3'], test: 'held' }))).toMatchObject({
    status: 422,
    body: { code: 'mapping_failed', errors: [{ code: 'different_event', line: expect.any(Number) }] },
  });
  // The tests run here, too: what is of another tenant is refused before them.
  const foreign = press({ machines: ['P-3'], test: 'held' }).replace(
    /^machines: .*$/m,
    'machine: { id: P-3, tenant: acme }',
  );
  const place = { line: 4, column: 29, path: 'machine.tenant', code: 'other_tenant' };
  expect(await activate(foreign)).toMatchObject({ status: 422, body: { code: 'invalid_mapping', errors: [place] } });
  expect((await call('POST', '/v1/mappings/validate', foreign, YAML)).body).toMatchObject({
    valid: false,
    problems: [place],
  });
  expect(await call('POST', '/v1/mappings/test', { mapping: foreign, signals: [] })).toMatchObject({
    status: 422,
    body: { code: 'invalid_mapping', errors: [place] },
  });
  expect(await activate('{')).toMatchObject({ status: 422, body: { code: 'invalid_mapping' } });
  expect(await activate('[]', { 'content-type': 'application/json' })).toMatchObject({
    status: 422,
    body: { code: 'invalid_mapping' },
  });
  expect(await activate('{', { 'content-type': 'application/json' })).toMatchObject({
    status: 400,
    body: { code: 'invalid_json' },
  });
  expect((await call('GET', '/v1/mappings/press')).body).toMatchObject({ machines: ['P-3'] });
  expect(await activate(press({ machines: ['P-3'] }).replace('name: press', 'name: other'))).toMatchObject({
    status: 409,
    body: { code: 'conflict', detail: expect.stringContaining('P-3 is read by the mapping press') },
  });
  await call('DELETE', '/v1/mappings/press');
});

test('validate and test save nothing', async () => {
  const good = (await call('POST', '/v1/mappings/validate', press(), YAML)).body as MappingValidationView;
  expect(good).toMatchObject({
    valid: true,
    name: 'press',
    machines: ['P-1'],
    problems: [],
    tests: [{ passed: true }],
  });
  const bad = (await call('POST', '/v1/mappings/validate', press({ test: 'held' }), YAML))
    .body as MappingValidationView;
  expect(bad).toMatchObject({ valid: false, problems: [], tests: [{ passed: false }] });
  const trial = await call('POST', '/v1/mappings/test', {
    mapping: press(),
    signals: '{"alias":"word","value":"BUSY"}\n{"after":"5s","alias":"word","value":"REST"}\nno json',
  });
  expect(trial.status).toBe(200);
  expect(trial.body as MappingTrialView).toMatchObject({
    events: [
      { signal: 0, type: 'machine.status_changed', data: { current: 'running' } },
      { signal: 1, data: { current: 'idle' } },
    ],
    signals: 2,
    rejected: [{ line: 3 }],
    machines: [{ machine: 'P-1', status: 'idle' }],
  });
  expect(await call('POST', '/v1/mappings/test', { name: 'none', signals: [] })).toMatchObject({ status: 404 });
  expect(await call('POST', '/v1/mappings/test', { signals: [] })).toMatchObject({ status: 422 });
  expect((await call('GET', '/v1/mappings')).body).toEqual({ data: [], nextCursor: null });
});

test('names that nothing answers to are told with their place, and the mapping is taken', async () => {
  await say('WELD-01', 'BUSY');
  const text = press({ machines: ['WELD-01', 'WELD-1'] })
    .replace('plc: { type: http }', 'plc: { type: http, id: plcs }')
    .replace('type: string }', 'type: string, enum: [BUSY, REST] }\n  again: { path: wrod, type: string }')
    .replace(
      'rules:',
      'rules:\n  - { id: e, kind: edge, input: again, on: changed, emit: machine.e, when: "word == \'BUSI\'" }',
    );
  const expected = [
    { line: 4, column: 35, code: 'unknown_machine', detail: expect.stringContaining("did you mean 'WELD-01'?") },
    { line: 5, column: 35, code: 'unknown_source', detail: expect.stringContaining("did you mean 'plc'?") },
    { line: 8, column: 18, code: 'unknown_path', detail: expect.stringContaining("did you mean 'word'?") },
    { line: 10, column: 59, code: 'event_type' },
    { line: 10, column: 85, code: 'unknown_word', detail: expect.stringContaining("did you mean 'BUSY'?") },
  ];
  // What was heard is known a moment later.
  await eventually(async () => (await status('WELD-01')) !== undefined, 'the machine');
  for (const service of services)
    await eventually(async () => {
      const { body } = await ask(service.url, 'POST', '/v1/mappings/validate', text, YAML);
      const { valid, warnings } = body as MappingValidationView;
      expect(valid).toBe(true);
      return warnings.some(({ code }) => code === 'unknown_path') ? warnings : null;
    }, 'the warnings');
  expect((await call('POST', '/v1/mappings/validate', text, YAML)).body).toMatchObject({
    valid: true,
    warnings: expected,
  });
  expect(
    await call('POST', '/v1/mappings/test', { mapping: text, signals: [{ alias: 'word', value: 'BUSY' }] }),
  ).toMatchObject({
    status: 200,
    body: { warnings: expected, events: [{ signal: 0 }], signals: 1 },
  });
  expect(await activate(text)).toMatchObject({
    status: 201,
    body: { version: expect.any(Number), warnings: expected },
  });
  await call('DELETE', '/v1/mappings/press');

  // By now WELD-1 is known by its mapping, and was not heard all the same.
  const known = (await call('POST', '/v1/mappings/validate', press({ machines: ['WELD-01'] }), YAML)).body;
  expect(known).toMatchObject({ valid: true, warnings: [] });
  expect((await call('POST', '/v1/mappings/validate', press({ machines: ['WELD-1'] }), YAML)).body).toMatchObject({
    valid: true,
    warnings: [{ code: 'unknown_machine' }],
  });
});

test('files that its tests name come along, and a repeat with the same Idempotency-Key is one version', async () => {
  const mapping = press({ machines: ['P-4'] }).replace(
    /tests:[\s\S]*$/,
    'tests: [{ feed: day.ndjson, expect: [{ type: machine.status_changed }] }]',
  );
  expect(await call('POST', '/v1/mappings', { mapping })).toMatchObject({
    status: 422,
    body: { errors: [{ code: 'attachment' }] },
  });
  const whole = { mapping, attachments: { 'day.ndjson': '{"alias":"word","value":"BUSY"}\n' } };
  const first = await call('POST', '/v1/mappings', whole, { 'idempotency-key': 'm-1' });
  const again = await call('POST', '/v1/mappings', whole, { 'idempotency-key': 'm-1' });
  expect([first.status, again.status]).toEqual([201, 201]);
  expect(again.body).toEqual(first.body);
  await call('DELETE', '/v1/mappings/press');
});

test('another tenant neither sees nor reaches it', async () => {
  await activate(press({ machines: ['P-5'] }));
  const as = { authorization: `Bearer ${await site.keyOf('other', ['machines:read', 'machines:write'])}` };
  await eventually(async () => (await call('GET', '/v1/mappings', undefined, as)).status === 200, 'the key');
  expect((await call('GET', '/v1/mappings', undefined, as)).body).toEqual({ data: [], nextCursor: null });
  for (const [method, path] of [
    ['GET', '/v1/mappings/press'],
    ['GET', '/v1/mappings/press/versions/1'],
    ['DELETE', '/v1/mappings/press'],
  ] as const)
    expect((await call(method, path, undefined, as)).status).toBe(404);
  // The same machine name of another tenant is another machine.
  expect(await activate(press({ machines: ['P-5'] }), as)).toMatchObject({ status: 201, body: { version: 1 } });
});

test('signals that come before their mapping wait for it, and what is behind them in their partition too', async () => {
  const document = press({ machines: ['P-6'], idle: 'DOZE' });
  const read = readMapping(document);
  if (read.kind === 'refused') throw new Error(read.problems[0]?.detail);
  const { hash } = read.mapping;
  const producer = site.kafka.producer('test');
  const config = configSignal({ tenant: 'default', machine: 'P-6' }, { name: 'press', version: 7, hash }, Date.now());
  await producer.send([encodeSignal(site.topics.signals, config)]);
  await say('P-6', 'BUSY');
  // Another partition goes on meanwhile: by then the record that waits was read, too.
  const others = ['Q-1', 'Q-2', 'Q-3', 'Q-4', 'Q-5', 'Q-6'].filter(
    (machine) => partitionOfKey(`default/${machine}`, PARTITIONS) !== partitionOfKey('default/P-6', PARTITIONS),
  );
  await say(others[0]!, 'BUSY');
  await eventually(async () => (await call('GET', `/v1/machines/${others[0]}`)).status === 200, 'another machine');
  expect((await call('GET', '/v1/machines/P-6')).status).toBe(404);
  await producer.send([
    encodeMapping(site.topics.mappings, {
      tenant: 'default',
      name: 'press',
      version: 7,
      hash,
      format: 'yaml',
      text: document,
      machines: [{ machine: 'P-6', hash: read.mapping.hash }],
    }),
  ]);
  await producer.close();
  await eventually(async () => (await status('P-6')) === 'running', 'the signal by its mapping');
  expect((await site.state('default/P-6'))?.config).toEqual({ name: 'press', version: 7, hash });
});
