import { type Event, publicEventId } from '@millrace/domain';
import {
  encodeEvent,
  encodeRejection,
  type IncomingMessage,
  type OutgoingMessage,
  type Page,
  type Problem,
  type QuarantinedDetailView,
  type QuarantinedView,
  type RedrivenManyView,
  type RedrivenView,
} from '@millrace/protocol';
import { eventually, isolatedEnvironment, type TestEnvironment } from '@millrace/test-environment';
import { HistorySite } from '../../test/history-site';

jest.setTimeout(120_000);

let environment: TestEnvironment;
let site: HistorySite;
let operator: string;
let acme: string;
let reader: string;

beforeAll(async () => {
  environment = await isolatedEnvironment();
  site = await HistorySite.start(environment, eventually);
  acme = (await site.newKey('acme', ['deliveries:read', 'deliveries:write'])).text;
  reader = (await site.newKey('acme', ['deliveries:read'])).text;
  operator = (await site.newKey('default', ['admin'])).text;
  await eventually(async () => (await site.get('/v1/quarantine', operator)).status === 200, 'the keys to be known');
});
afterAll(async () => {
  await site?.stop();
  await environment?.close();
});

let offset = 0n;
const came = (over: Partial<IncomingMessage>): IncomingMessage => ({
  topic: site.names.events('mes'),
  partition: 0,
  offset: offset++,
  timestamp: Date.now(),
  key: Buffer.from('RF-1'),
  value: Buffer.from('{'),
  headers: {},
  ...over,
});
const event = (tenant: string, id: string): Event => ({
  id: publicEventId(`${tenant}|s|${id}`, id),
  key: `${tenant}|s|${id}`,
  sourceId: id,
  tenant,
  type: 'machine.alarm',
  source: '/machines/RF-1',
  subject: 'RF-1',
  time: new Date().toISOString(),
  data: '{"n":1}',
  traceparent: null,
});
const incoming = ({ headers, ...message }: OutgoingMessage): Partial<IncomingMessage> => ({
  topic: message.topic,
  key: Buffer.from(message.key ?? ''),
  value: message.value,
  headers: Object.fromEntries(Object.entries(headers).map(([name, text]) => [name, Buffer.from(text)])),
});

const reject = (message: IncomingMessage, code: string, topic: string = site.names.eventsRejected, tenant?: string) =>
  site.producer.send([
    encodeRejection(
      topic,
      message,
      { code, detail: `because of ${code}`, ...(tenant === undefined ? {} : { tenant }) },
      Date.now(),
    ),
  ]);
const listed = async (key: string, query = '') =>
  (await site.get<Page<QuarantinedView>>(`/v1/quarantine${query}`, key)).body.data;
const shown = (key: string, code: string) =>
  eventually(async () => (await listed(key, `?code=${code}`))[0], `${code} is listed`);
const recordsOf = async (topic: string) => {
  const found: IncomingMessage[] = [];
  for (const [partition, to] of await site.kafka.endOffsets(topic))
    if (to > 0n) await site.kafka.readRange({ topic, partition, from: 0n, to, onMessage: (one) => found.push(one) });
  return found;
};

it('shows a tenant its own records, and nobody else those', async () => {
  await reject(came(incoming(encodeEvent(site.names.events('mes'), event('acme', 'e-own')))), 'schema_violation');
  await reject(came({ value: Buffer.from([0xff, 0x00, 0x41]) }), 'not_utf8');
  const own = await shown(acme, 'schema_violation');
  expect(own).toMatchObject({ tenant: 'acme', state: 'open', redrivable: true, list: 'events', preview: '{"n":1}' });
  const nobodys = await shown(operator, 'not_utf8');
  expect(nobodys).toMatchObject({ tenant: null, preview: '\\xff\\x00A', bytes: 3 });
  expect((await listed(acme)).map(({ code }) => code)).toEqual(['schema_violation']);
  expect((await site.get(`/v1/quarantine/${nobodys.id}`, acme)).status).toBe(404);
  expect((await site.get(`/v1/quarantine/${own.id}`, operator)).status).toBe(404);
  const detail = await site.get<QuarantinedDetailView>(`/v1/quarantine/${own.id}`, acme);
  expect(detail.body).toMatchObject({
    key: 'RF-1',
    value: '{"n":1}',
    truncated: false,
    headers: { ce_id: 'e-own' },
    actions: [],
  });
});

it('puts a record back on its topic, once, and keeps who did so', async () => {
  await reject(came(incoming(encodeEvent(site.names.events('order'), event('acme', 'e-again')))), 'unknown_tenant');
  const item = await shown(acme, 'unknown_tenant');
  expect((await site.post(`/v1/quarantine/${item.id}/redrive`, {}, reader)).status).toBe(403);
  const headers = { 'idempotency-key': 'again-1' };
  const first = await site.post<RedrivenView>(
    `/v1/quarantine/${item.id}/redrive`,
    { reason: 'tenant made' },
    acme,
    headers,
  );
  expect(first).toMatchObject({ status: 202, body: { id: item.id } });
  const repeat = await site.post<RedrivenView>(
    `/v1/quarantine/${item.id}/redrive`,
    { reason: 'tenant made' },
    acme,
    headers,
  );
  expect(repeat).toMatchObject({ status: 202, body: first.body });
  const records = (await recordsOf(site.names.events('mes'))).filter(
    ({ headers }) => String(headers['ce_id']) === 'e-again',
  );
  expect(records).toHaveLength(1);
  expect(String(records[0]!.headers['millrace-redriven'])).toBe(item.id);
  const done = await eventually(async () => {
    const { body } = await site.get<QuarantinedDetailView>(`/v1/quarantine/${item.id}`, acme);
    return body.state === 'redriven' ? body : null;
  }, 'the record to be noted as redriven');
  expect(done.actions).toMatchObject([{ action: 'redriven', corrected: false, reason: 'tenant made' }]);
  expect((await listed(acme, '?state=open')).map(({ id }) => id)).not.toContain(item.id);
});

it('leaves what names a tenant that there is not to the operator, who gives it to whose it is', async () => {
  await reject(came(incoming(encodeEvent(site.names.events('mes'), event('acmee', 'e-typo')))), 'unknown_tenant');
  const item = await eventually(
    async () => (await listed(operator, '?code=unknown_tenant')).find(({ tenant }) => tenant === 'acmee'),
    'the record of no tenant to be listed',
  );
  const wish = { list: 'events', code: 'unknown_tenant', dryRun: true };
  expect((await site.post<RedrivenManyView>('/v1/quarantine/redrive', wish, operator)).body).toMatchObject({
    matched: expect.any(Number),
    refused: [],
  });
  const reading = (await site.newKey('default', ['deliveries:read', 'deliveries:write'])).text;
  await eventually(async () => (await site.get('/v1/quarantine', reading)).status === 200, 'the key to be known');
  for (const key of [acme, reading]) {
    expect(await listed(key, '?code=unknown_tenant')).not.toContainEqual(expect.objectContaining({ id: item.id }));
    expect((await site.get(`/v1/quarantine/${item.id}`, key)).status).toBe(404);
    expect((await site.post(`/v1/quarantine/${item.id}/redrive`, {}, key)).status).toBe(404);
  }
  const headers = { ce_tenantid: 'acme' };
  expect((await site.post(`/v1/quarantine/${item.id}/redrive`, { headers }, operator)).status).toBe(202);
  const sent = (await recordsOf(site.names.events('mes'))).find(({ headers: of }) => String(of['ce_id']) === 'e-typo');
  expect(String(sent!.headers['ce_tenantid'])).toBe('acme');
});

it('refuses a correction of the headers that are its own', async () => {
  const wish = { headers: { 'millrace-redriven': 'events-0-0' } };
  expect(await site.post<Problem>('/v1/quarantine/events-0-0/redrive', wish, operator)).toMatchObject({
    status: 422,
    body: { detail: expect.stringContaining('written by Millrace alone') },
  });
});

it('shows that a record came back that was driven again', async () => {
  const once = came(incoming(encodeEvent(site.names.events('mes'), event('acme', 'e-back'))));
  await reject({ ...once, headers: { ...once.headers, 'millrace-redriven': Buffer.from('events-0-7') } }, 'came_back');
  await reject({ ...once, headers: { ...once.headers, 'millrace-redriven': Buffer.from('<b>') } }, 'made_up');
  expect(await shown(acme, 'came_back')).toMatchObject({ redrivenFrom: 'events-0-7' });
  expect(await shown(acme, 'made_up')).toMatchObject({ redrivenFrom: null });
});

it('sends what was corrected, and refuses what would only come back', async () => {
  const signal = (quality: string) =>
    JSON.stringify({
      v: 1,
      tenant: 'acme',
      machine: 'RF-9',
      source: 's',
      session: 'x',
      seq: 1,
      path: 'execution',
      kind: 'event',
      value: 'ACTIVE',
      type: 'string',
      unit: null,
      quality,
      qualityCode: null,
      sourceTs: null,
      serverTs: null,
      receiveTs: '2026-02-17T14:00:00.000Z',
      at: '2026-02-17T14:00:00.000Z',
      clock: 'device',
      flags: [],
      raw: { proto: 'http', ref: '' },
    });
  const bad = came({
    topic: site.names.signals,
    key: Buffer.from('acme/RF-9'),
    value: Buffer.from(signal('splendid')),
  });
  await reject(bad, 'invalid_signal', site.names.signalsRejected);
  const item = await shown(acme, 'invalid_signal');
  expect(item.id).toMatch(/^signals-0-\d+$/);
  const again = await site.post<Problem>(`/v1/quarantine/${item.id}/redrive`, {}, acme);
  expect(again).toMatchObject({
    status: 409,
    body: { code: 'still_refused', detail: expect.stringContaining("'quality'") },
  });
  const corrected = await site.post(`/v1/quarantine/${item.id}/redrive`, { value: signal('good') }, acme);
  expect(corrected.status).toBe(202);
  const stored = (await recordsOf(site.names.signals)).find(({ key }) => String(key) === 'acme/RF-9');
  expect(JSON.parse(String(stored!.value))).toMatchObject({ quality: 'good' });
});

it('says why bytes of a source cannot be driven again, and lets them be set aside', async () => {
  await reject(came({ topic: 'line-1/session', key: null }), 'decode_error', site.names.signalsRejected, 'acme');
  const item = await shown(acme, 'decode_error');
  expect(item).toMatchObject({ redrivable: false, notRedrivable: expect.stringContaining('POST /v1/signals') });
  expect(await site.post<Problem>(`/v1/quarantine/${item.id}/redrive`, {}, acme)).toMatchObject({
    status: 409,
    body: { code: 'not_redrivable' },
  });
  expect((await site.post(`/v1/quarantine/${item.id}/discard`, { reason: 'a loose cable' }, acme)).status).toBe(204);
  await eventually(
    async () => (await listed(acme, '?state=discarded')).some(({ id }) => id === item.id),
    'the record to be noted as discarded',
  );
});

it('believes no bytes of a source about whose they are', async () => {
  const says = Buffer.from(JSON.stringify({ tenant: 'acme', tenantid: 'acme', specversion: '1.0', x: 1 }));
  await reject(came({ topic: 'line-9/session', key: null, value: says }), 'foreign_bytes', site.names.signalsRejected);
  const theirs = came({ topic: 'line-9/session', key: null, value: says });
  await reject(theirs, 'foreign_bytes', site.names.signalsRejected, 'globex');
  const keyed = came({ topic: site.names.signals, key: Buffer.from('acme/RF-1'), value: Buffer.from('{') });
  await reject(keyed, 'foreign_bytes', site.names.signalsRejected);
  const shownToAcme = await eventually(async () => {
    const found = await listed(acme, '?code=foreign_bytes');
    return found.length > 0 ? found : null;
  }, 'the signal with a key of acme to be listed');
  expect(shownToAcme.map(({ origin }) => origin.topic)).toEqual([site.names.signals]);
  expect((await listed(operator, '?code=foreign_bytes')).map(({ tenant }) => tenant)).toEqual([null]);
});

it('drives all that match again, oldest first, a page at a time', async () => {
  for (let n = 0; n < 5; n++)
    await reject(came(incoming(encodeEvent(site.names.events('mes'), event('acme', `many-${n}`)))), 'many_of_them');
  await reject(came({ value: Buffer.from('{"tenantid":') }), 'many_of_them');
  await eventually(async () => (await listed(acme, '?code=many_of_them')).length === 5, 'all to be listed');
  const wish = { list: 'events', code: 'many_of_them', limit: 3 };
  expect((await site.post<RedrivenManyView>('/v1/quarantine/redrive', { ...wish, dryRun: true }, acme)).body).toEqual({
    matched: 3,
    redriven: 0,
    refused: [],
    dryRun: true,
    more: true,
  });
  expect((await site.post<RedrivenManyView>('/v1/quarantine/redrive', wish, acme)).body).toMatchObject({
    redriven: 3,
    more: true,
  });
  await eventually(async () => (await listed(acme, '?code=many_of_them&state=open')).length === 2, 'three to be noted');
  expect((await site.post<RedrivenManyView>('/v1/quarantine/redrive', wish, acme)).body).toMatchObject({
    redriven: 2,
    more: false,
  });
  const ids = (await recordsOf(site.names.events('mes'))).map(({ headers }) => String(headers['ce_id']));
  expect(ids.filter((id) => id.startsWith('many-'))).toEqual(['many-0', 'many-1', 'many-2', 'many-3', 'many-4']);
});

it('turns pages that do not repeat, and refuses what it does not know', async () => {
  const first = await site.get<Page<QuarantinedView>>('/v1/quarantine?limit=3', acme);
  const second = await site.get<Page<QuarantinedView>>(`/v1/quarantine?limit=3&cursor=${first.body.nextCursor}`, acme);
  const ids = [...first.body.data, ...second.body.data].map(({ id }) => id);
  expect(new Set(ids).size).toBe(6);
  expect((await site.get<Problem>('/v1/quarantine?states=open', acme)).body.code).toBe('invalid_request');
  expect((await site.get<Problem>(`/v1/quarantine?state=open&cursor=${first.body.nextCursor}`, acme)).body.code).toBe(
    'invalid_cursor',
  );
  expect((await site.get('/v1/quarantine/events-0-999999', acme)).status).toBe(404);
  expect((await site.post('/v1/quarantine/nonsense/redrive', {}, acme)).status).toBe(404);
});
