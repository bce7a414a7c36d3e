import { bootService, type RunningService } from '@millrace/service-runtime';
import { parseTraceparent } from '@millrace/telemetry';
import { eventually, testEnvironment } from '@millrace/test-environment';
import { machineIngestService } from './machine-ingest.module';
import { type Answer, ask, IngestSite, randomName } from './test-support/ingest-site';

let site: IngestSite;
let service: RunningService;

beforeAll(async () => {
  const environment = await testEnvironment();
  site = await new IngestSite(environment.brokers, environment.freshPrefix()).provision();
  service = await bootService(machineIngestService, site.variables());
}, 120_000);
afterAll(async () => {
  await service?.stop();
  await site?.close();
}, 60_000);

const post = (path: string, body: string | Buffer | object, headers: { [name: string]: string } = {}) =>
  ask(service.url, 'POST', path, body, headers);
const get = (path: string) => ask(service.url, 'GET', path);
const ids = (answer: Answer) => (answer.body as { events: Array<{ id: string }> }).events.map(({ id }) => id);

describe('POST /v1/events', () => {
  it('answers 202 when the event is in its topic, with its bytes, in the trace of the request', async () => {
    const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
    const answer = await post(
      '/v1/events',
      '{"type":"order.created","subject":"O-1","data":{"total": 14400.0,"n":12345678901234567890}}',
      { traceparent: `00-${trace}-00f067aa0ba902b7-01` },
    );
    expect(answer.status).toBe(202);
    const stored = (await site.events('order')).find(({ id }) => id === ids(answer)[0]);
    expect(stored).toMatchObject({
      tenant: 'default',
      type: 'order.created',
      subject: 'O-1',
      data: '{"total": 14400.0,"n":12345678901234567890}',
    });
    expect(parseTraceparent(stored!.traceparent)!.traceId).toBe(trace);
    expect(parseTraceparent(stored!.traceparent)!.spanId).not.toBe('00f067aa0ba902b7');
  });

  it('takes the three forms of CloudEvents', async () => {
    const event = { specversion: '1.0', source: '/erp', type: 'quality.failed', data: { n: 1 } };
    const answers = [
      await post('/v1/events', { ...event, id: 's-1' }, { 'content-type': 'application/cloudevents+json' }),
      await post(
        '/v1/events',
        [
          { ...event, id: 'b-1' },
          { ...event, id: 'b-2' },
        ],
        {
          'content-type': 'application/cloudevents-batch+json',
        },
      ),
      await post('/v1/events', '{"n":1}', {
        'ce-specversion': '1.0',
        'ce-id': 'h-1',
        'ce-source': '/erp',
        'ce-type': 'quality.failed',
      }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([202, 202, 202]);
    expect(answers.flatMap(ids)).toEqual(['s-1', 'b-1', 'b-2', 'h-1']);
    expect((await site.events('quality')).map(({ id }) => id).sort()).toEqual(['b-1', 'b-2', 'h-1', 's-1']);
  });

  it('publishes nothing of a request with one wrong event', async () => {
    const wrong = await post('/v1/events', [
      { type: 'stock.moved', data: 1, id: 'n-1' },
      { type: 'stock.moved', data: 2, timestamp: 'noon' },
    ]);
    expect(wrong).toMatchObject({
      status: 422,
      body: { code: 'invalid_event', errors: [{ path: '[1].timestamp', code: 'invalid_attribute' }] },
    });
    await post('/v1/events', { type: 'stock.moved', data: 3, id: 'n-2' });
    expect((await site.events('inventory')).map(({ id }) => id)).toEqual(['n-2']);
  });

  it('gives a repeat with the same Idempotency-Key the same ids, and refuses another body', async () => {
    const body = [
      { type: 'ticket.opened', data: 1 },
      { type: 'ticket.opened', data: 2 },
    ];
    const first = await post('/v1/events', body, { 'idempotency-key': 'once' });
    const again = await post('/v1/events', body, { 'idempotency-key': 'once' });
    expect([first.status, ids(again)]).toEqual([202, ids(first)]);
    const stored = await site.events('support');
    expect(new Set(stored.map(({ key, time, data }) => `${key} ${time} ${data}`)).size).toBe(2);
    expect(await post('/v1/events', [], { 'idempotency-key': 'once' })).toMatchObject({
      status: 409,
      body: { code: 'idempotency_conflict' },
    });
  });

  it('needs a key with the scope', async () => {
    const answer = await post('/v1/events', { type: 'a', data: 1 }, { authorization: 'Bearer mr_no_key' });
    expect(answer).toMatchObject({ status: 401, body: { code: 'unauthenticated' } });
  });
});

describe('signals', () => {
  const signal = (machine: string, path: string, value: unknown, over: object = {}) => ({
    machine,
    path,
    value,
    timestamp: new Date().toISOString(),
    ...over,
  });
  const mesEvents = async (machine: string, type: string) =>
    (await site.events('mes'))
      .filter((event) => event.subject === machine && event.type === type)
      .map(({ data }) => JSON.parse(data) as { [name: string]: unknown });

  it('become what the machine is doing, an alarm, and a run that closes by itself when the machine is silent', async () => {
    const machine = randomName();
    const sent = await post('/v1/signals', [
      signal(machine, 'program', 'P-7'),
      signal(machine, 'part_count', 10),
      signal(machine, 'execution', 'ACTIVE'),
      signal(machine, 'hydraulic', { level: 'WARNING', nativeCode: 'H7', text: 'oil is hot' }, { kind: 'condition' }),
      signal(machine, 'execution', 'PROGRAM_COMPLETED'),
      signal(machine, 'part_count', 11),
    ]);
    expect(sent).toMatchObject({ status: 202, body: { accepted: 6, rejected: [] } });
    const [run] = await eventually(async () => {
      const runs = await mesEvents(machine, 'production.run_completed');
      return runs.length > 0 ? runs : null;
    }, 'the run');
    expect(run).toMatchObject({
      machine,
      parts: 1,
      partsBefore: 10,
      partsAfter: 11,
      program: 'P-7',
      endedBy: 'PROGRAM_COMPLETED',
    });
    expect(await mesEvents(machine, 'machine.alarm')).toMatchObject([
      { status: 'raised', item: 'hydraulic', code: 'H7', severity: 'warning' },
    ]);
    expect((await mesEvents(machine, 'machine.status_changed')).map(({ current }) => current)).toEqual([
      'running',
      'idle',
    ]);
    await eventually(
      async () => ((await get(`/v1/machines/${machine}`)).body as { lastRun: unknown }).lastRun,
      'the view',
    );
    expect(await get(`/v1/machines/${machine}`)).toMatchObject({
      status: 200,
      body: {
        id: machine,
        status: 'idle',
        alarms: [{ code: 'H7', stale: false }],
        currentRun: null,
        lastRun: { parts: 1 },
      },
    });
  });

  it('have one effect when they are sent twice', async () => {
    const machine = randomName();
    const body = [signal(machine, 'execution', 'ACTIVE'), signal(machine, 'execution', 'READY')];
    for (let n = 0; n < 3; n++)
      expect((await post('/v1/signals', body, { 'idempotency-key': machine })).status).toBe(202);
    expect(await post('/v1/signals', body.slice(1), { 'idempotency-key': machine })).toMatchObject({
      status: 409,
      body: { code: 'idempotency_conflict' },
    });
    await eventually(async () => (await site.state(`default/${machine}`))?.counts.signals === 6, 'all six folded');
    expect(await mesEvents(machine, 'machine.status_changed')).toHaveLength(2);
    expect((await site.state(`default/${machine}`))!.counts.duplicates).toBe(4);
  });

  it('that cannot be read are quarantined with their bytes, and the next is folded', async () => {
    const machine = randomName();
    const garbage: Array<[string | null, Buffer | null]> = [
      [`default/${machine}`, null],
      [`default/${machine}`, Buffer.from([0xff, 0x00])],
      [`default/${machine}`, Buffer.from('{"v":1}')],
      [null, Buffer.from('7')],
      [`default/${machine}`, Buffer.from(`${'['.repeat(100_000)}`)],
    ];
    const producer = site.kafka.producer('garbage');
    await producer.send(garbage.map(([key, value]) => ({ topic: site.topics.signals, key, value, headers: {} })));
    await producer.close();
    await post('/v1/signals', signal(machine, 'execution', 'ACTIVE'));
    await eventually(async () => (await site.rejected()).length >= garbage.length, 'the quarantine');
    await eventually(async () => (await mesEvents(machine, 'machine.status_changed')).length === 1, 'the next signal');
    expect((await site.rejected()).map(({ rejection }) => rejection.code).sort()).toEqual([
      'empty_value',
      'invalid_signal',
      'not_json',
      'not_json',
      'not_json',
    ]);
  });
});

describe('GET /v1/machines', () => {
  it('lists in pages, and says what is not there', async () => {
    await eventually(
      async () =>
        (await get('/v1/machines')).body && ((await get('/v1/machines')).body as { data: unknown[] }).data.length >= 2,
      'two machines',
    );
    const first = (await get('/v1/machines?limit=1')).body as { data: Array<{ id: string }>; nextCursor: string };
    const second = (await get(`/v1/machines?limit=1&cursor=${first.nextCursor}`)).body as typeof first;
    expect(second.data[0]!.id > first.data[0]!.id).toBe(true);
    expect(await get('/v1/machines/nothing')).toMatchObject({ status: 404, body: { code: 'not_found' } });
    expect(await get('/v1/machines?cursor=%%%')).toMatchObject({ status: 422 });
    for (const limit of ['0', '501', '', '0x10', '1e2', '%205', '1.5', '1&limit=2'])
      expect(await get(`/v1/machines?limit=${limit}`)).toMatchObject({
        status: 422,
        body: { code: 'invalid_request' },
      });
  });
});

describe('wrong input', () => {
  const bodies: Array<string | Buffer> = [
    '',
    'null',
    '7',
    '"x"',
    '{}',
    '[]',
    '[[]]',
    '{"__proto__":{"type":"a"}}',
    '{"constructor":1}',
    `${'['.repeat(5000)}${']'.repeat(5000)}`,
    '{"type":"a","data":'.padEnd(3_000_000, '1'),
    Buffer.alloc(6 * 1024 * 1024, 0x20),
    Buffer.from([0xff, 0xfe, 0x00]),
    '{"type":{"toString":1},"data":1}',
    '{"machine":"M","path":"a\\u0000","value":1}',
    '{"machine":{"length":1},"path":[],"value":[]}',
    '[{"machine":"M","path":"p","value":1,"timestamp":"+275760-09-13T00:00:00Z"}]',
  ];
  const types = [
    'application/json',
    'application/cloudevents+json',
    'application/cloudevents-batch+json',
    'text/plain',
    'application/cloudevents',
    ';;;',
    'application/json; charset=x',
  ];
  it('is answered with problem details, never with 500', async () => {
    for (const path of ['/v1/events', '/v1/signals'])
      for (const type of types)
        for (const body of bodies) {
          const answer = await post(path, body, {
            'content-type': type,
            ...(type === 'text/plain' ? { 'ce-specversion': '1.0', 'ce-type': '%' } : {}),
          });
          expect(answer.status).toBeGreaterThanOrEqual(400);
          expect(answer.status).toBeLessThan(500);
          expect(answer.body).toMatchObject({ code: expect.any(String), detail: expect.any(String) });
        }
    expect((await get('/healthz')).status).toBe(200);
  }, 60_000);
});
