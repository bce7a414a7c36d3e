import { createHmac, randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { builtInEventType, type SourceView } from '@millrace/protocol';
import { bootService, type RunningService } from '@millrace/service-runtime';
import { eventually, testEnvironment } from '@millrace/test-environment';
import { machineIngestService } from './machine-ingest.module';
import { ADMIN_KEY, type Answer, ask, IngestSite, randomName } from './test-support/ingest-site';

jest.setTimeout(120_000);

let site: IngestSite;
let service: RunningService;
let folders: string;

beforeAll(async () => {
  const environment = await testEnvironment();
  folders = await mkdtemp(join(tmpdir(), 'millrace-folders-'));
  site = await new IngestSite(environment.brokers, environment.freshPrefix()).provision();
  service = await bootService(
    machineIngestService,
    site.variables({
      MILLRACE_DATABASE_URL: await environment.freshDatabase(),
      MILLRACE_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
      MILLRACE_SOURCE_FOLDERS: folders,
    }),
  );
});
afterAll(async () => {
  await service?.stop();
  await site?.close();
  await rm(folders, { recursive: true, force: true });
});

const call = (method: string, path: string, body?: object | string, headers: { [name: string]: string } = {}) =>
  ask(service.url, method, path, body, headers);

interface Created {
  readonly url: string;
  readonly settings: { readonly token?: string };
}
const create = async (name: string, type: string, settings: object): Promise<Created> => {
  const answer = await call('POST', '/v1/sources', { name, type, settings });
  expect(answer).toMatchObject({ status: 201 });
  return answer.body as Created;
};
/** What a peer posts to a source. */
const post = async (path: string, body: object | string, headers: { [name: string]: string }): Promise<Answer> =>
  call('POST', path, body, headers);
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const eventsOf = async (machine: string) =>
  (await site.events('mes')).filter((event) => event.source === `/machines/${machine}`);
const distinct = <T extends { readonly id: string }>(events: readonly T[]): T[] => [
  ...new Map(events.map((event) => [event.id, event])).values(),
];

const bundle = builtInEventType('bundle.completed')!.example as { readonly [name: string]: unknown };

describe('Eclipse Pro as a source', () => {
  let machine: string;
  let source: Created;
  let headers: { [name: string]: string };

  beforeAll(async () => {
    machine = randomName();
    source = await create('eclipse', 'http', {
      format: 'eclipse-bundle',
      machines: { 1: machine },
      timeZone: 'America/Chicago',
    });
    headers = bearer(source.settings.token!);
  });
  const bundles = async () => distinct(await eventsOf(machine)).filter(({ type }) => type.startsWith('bundle.'));
  const folded = (type: string, count: number) =>
    eventually(
      async () => {
        const told = (await bundles()).filter((event) => event.type === type);
        return told.length >= count ? told : null;
      },
      `${count} ${type}`,
      30_000,
    );

  it('shows its token once, and its address always', async () => {
    expect(source.url).toBe('/v1/sources/in/default/eclipse');
    expect(source.settings.token).toMatch(/^mrs_.{32}$/);
    expect((await call('GET', '/v1/sources/eclipse')).body).toMatchObject({
      url: '/v1/sources/in/default/eclipse',
      settings: { token: '***' },
    });
  });

  it('makes one event of a bundle that is posted 50 times, ten at once, and a correction of another content', async () => {
    for (let n = 0; n < 5; n++) {
      const answers = await Promise.all(Array.from({ length: 10 }, () => post(source.url, bundle, headers)));
      expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(200));
    }
    expect((await post(source.url, { ...bundle, ScrapIn: 121 }, headers)).status).toBe(200);
    const [corrected] = await folded('bundle.corrected', 1);
    expect(JSON.parse(corrected!.data)).toEqual({ ...bundle, ScrapIn: 121, integrity: { revision: 2 } });
    await eventually(
      async () => {
        const { state } = (await call('GET', '/v1/sources/eclipse')).body as SourceView;
        return state.received === 51 && state.lastSignal?.path === 'bundle';
      },
      'the state of the source to count what came',
      10_000,
    );
    const told = await bundles();
    expect(told.map(({ type }) => type).sort()).toEqual(['bundle.completed', 'bundle.corrected']);
    const completed = told.find(({ type }) => type === 'bundle.completed')!;
    expect([completed.time, completed.subject, JSON.parse(completed.data)]).toEqual([
      '2026-02-17T15:30:00Z',
      machine,
      bundle,
    ]);
  });

  it('orders local times rightly where the clocks go back', async () => {
    const of = (code: string, StartTime: string, EndTime: string) => ({
      ...bundle,
      BundleCode: code,
      StartTime,
      EndTime,
      RunMinutes: 30,
      DelayMinutes: 10,
    });
    // the second ends after the first, although its local time is the earlier one
    await post(source.url, of('dst-1', '2025-11-02T00:58:00', '2025-11-02T01:38:00'), headers);
    await post(source.url, of('dst-2', '2025-11-02T01:40:00', '2025-11-02T01:20:00'), headers);
    await folded('bundle.completed', 3);
    const times = Object.fromEntries(
      (await bundles()).map(({ data, time }) => [(JSON.parse(data) as { BundleCode: string }).BundleCode, time]),
    );
    expect([times['dst-1'], times['dst-2']]).toEqual(['2025-11-02T06:38:00Z', '2025-11-02T07:20:00Z']);
  });

  it.each<[string, { [name: string]: string }, string]>([
    ['another token', bearer('mrs_another_token_altogether'), ''],
    ['no token', { authorization: '' }, ''],
    ['an API key', bearer(ADMIN_KEY), ''],
    ['the token, at another source', {}, '-2'],
    ['the token, at another tenant', {}, '/x'],
  ])('answers 401 to %s', async (_, wrong, end) => {
    const path = end === '/x' ? '/v1/sources/in/other/eclipse' : `${source.url}${end}`;
    expect(await post(path, bundle, { ...headers, ...wrong })).toMatchObject({
      status: 401,
      body: { code: 'source_unauthenticated' },
    });
  });

  it('quarantines what can never be a bundle', async () => {
    const before = (await site.rejected()).length;
    for (let n = 0; n < 2; n++)
      expect(await post(source.url, { ...bundle, BundleCode: 7 }, headers)).toMatchObject({ status: 422 });
    expect(await post(source.url, '{"BundleCode":', headers)).toMatchObject({ status: 400 });
    const rejected = (await site.rejected()).slice(before);
    expect(rejected.map(({ rejection }) => rejection.code).sort()).toEqual(['invalid_json', 'invalid_request']);
    expect(rejected.every(({ rejection }) => rejection.tenant === 'default')).toBe(true);
  });

  it('is answered 401 as soon as the source is switched off', async () => {
    const other = await create('eclipse-2', 'http', { format: 'eclipse-bundle', machine, timeZone: 'UTC' });
    const own = bearer(other.settings.token!);
    expect((await post(other.url, '{}', own)).status).toBe(422);
    await call('PATCH', '/v1/sources/eclipse-2', { enabled: false });
    await eventually(async () => (await post(other.url, bundle, own)).status === 401 || null, 'the refusal', 20_000);
  });
});

describe('the MES as a source', () => {
  it('is taken by its signature alone, and a wrong one leaves no trace', async () => {
    const machine = randomName();
    const secret = 'test-secret-0123456789';
    const { url } = await create('mes', 'http', { format: 'mes-events', machine });
    const sign = (body: string, key = secret) => ({
      'x-mes-signature': createHmac('sha256', key).update(body).digest('hex'),
    });
    const event = (id: string) =>
      JSON.stringify({
        id,
        type: 'work_order.completed',
        timestamp: new Date().toISOString(),
        data: { workOrder: { id } },
      });
    expect((await post(url, '{}', sign('{}'))).status).toBe(401);
    const state = async () => ((await call('GET', '/v1/sources/mes')).body as SourceView).state;
    const lacking = await eventually(
      async () => [await state()].find(({ connection }) => connection === 'degraded'),
      'the state to say that it takes nothing',
    );
    expect(lacking.reason).toMatch(/answered 401, since the source has no secret: set/);
    // the MES makes its secret when it is told the address
    const changed = await call('PATCH', '/v1/sources/mes', { settings: { format: 'mes-events', machine, secret } });
    expect(changed).toMatchObject({ status: 200, body: { settings: { secret: '***' } } });
    await eventually(async () => (await post(url, '{}', sign('{}'))).status !== 401, 'the secret to be known', 20_000);
    const [signals, rejected] = [(await site.signals()).length, (await site.rejected()).length];
    for (const headers of [sign(event('evt-1'), 'another-secret-0123'), {}, bearer(ADMIN_KEY)])
      expect((await post(url, event('evt-1'), headers)).status).toBe(401);
    expect([(await site.signals()).length, (await site.rejected()).length]).toEqual([signals, rejected]);
    const right = event('evt-2');
    for (let n = 0; n < 3; n++) expect((await post(url, right, sign(right))).status).toBe(200);
    const told = await eventually(async () => {
      const events = distinct(await eventsOf(machine));
      return events.length > 0 ? events : null;
    }, 'the event');
    expect(told.map(({ type, data }) => [type, JSON.parse(data)])).toEqual([
      ['work_order.completed', { workOrder: { id: 'evt-2' } }],
    ]);
    await eventually(async () => (await state()).received === 3, 'what came to be counted');
    expect(await state()).toMatchObject({
      connection: 'connected',
      reason: null,
      received: 3,
      refused: 1,
      lastRefusedAt: expect.stringMatching(/^2/),
    });
  });
});

describe('a folder as a source', () => {
  it('tells what its machine does', async () => {
    const machine = randomName();
    const folder = join(folders, 'drop');
    await mkdir(folder);
    expect(
      await call('POST', '/v1/sources', {
        name: 'elsewhere',
        type: 'files',
        settings: { format: 'json', folder: tmpdir(), machine },
      }),
    ).toMatchObject({ status: 422 });
    await create('drop', 'files', {
      format: 'csv',
      folder,
      machine,
      columns: [{ column: 'state', path: 'execution' }],
      settleMs: 50,
      scanEveryMs: 100,
    });
    await writeFile(join(folders, 'a.csv'), 'state\nACTIVE\nREADY\n');
    await rename(join(folders, 'a.csv'), join(folder, 'a.csv'));
    const told = await eventually(async () => {
      const events = (await eventsOf(machine)).filter(({ type }) => type === 'machine.status_changed');
      return events.length >= 2 ? events : null;
    }, 'both changes');
    expect(told.map(({ data }) => (JSON.parse(data) as { current: string }).current)).toEqual(['running', 'idle']);
  });
});

/** A connection on which the test says byte by byte what is sent. */
const open = (): { socket: Socket; answer: () => string } => {
  const socket = connect(Number(new URL(service.url).port), '127.0.0.1');
  let text = '';
  socket.on('data', (data) => {
    text += data.toString('latin1');
  });
  socket.on('error', () => undefined);
  return { socket, answer: () => text };
};

describe('a stranger at the address of a source that signs', () => {
  const SIGNED = `x-mes-signature: ${'0'.repeat(64)}`;
  const LIMIT = 256 * 1024;
  const secret = 'test-secret-0123456789';
  const sources = { mes: '/v1/sources/in/default/signing', off: '/v1/sources/in/default/signing-off' };

  beforeAll(async () => {
    for (const name of ['signing', 'signing-off'])
      await create(name, 'http', { format: 'mes-events', machine: randomName(), secret });
    await call('PATCH', '/v1/sources/signing-off', { enabled: false });
  });

  /** Announces so many bytes and sends none of them. */
  const announce = (path: string, bytes: number, ...headers: string[]) => {
    const opened = open();
    opened.socket.write(
      [
        `POST ${path} HTTP/1.1`,
        'Host: x',
        'Content-Type: application/json',
        `Content-Length: ${bytes}`,
        ...headers,
        '\r\n',
      ].join('\r\n'),
    );
    return opened;
  };
  const statusOf = ({ answer }: ReturnType<typeof announce>) =>
    eventually(() => /^HTTP\/1\.1 (\d{3}) /.exec(answer())?.[1] ?? null, 'the answer', 20_000);
  const places: ReadonlyArray<readonly [string, string]> = [
    ['there', sources.mes],
    ['switched off', sources.off],
    ['not there', '/v1/sources/in/default/no-such'],
    ['of a tenant that is not there', '/v1/sources/in/nobody/no-such'],
  ];

  const asAStranger = async (path: string) => {
    const refused = { status: 401, body: { code: 'source_unauthenticated' } };
    expect(await post(path, '{}', { 'x-mes-signature': '0'.repeat(64) })).toMatchObject(refused);
    // what is no signature at all is refused before the body: not a byte of it comes
    for (const headers of [[], ['x-mes-signature: 00'], ['Authorization: Bearer x'], [SIGNED, SIGNED]]) {
      const one = announce(path, LIMIT, ...headers);
      expect(await statusOf(one)).toBe('401');
      one.socket.destroy();
    }
    const large = announce(path, LIMIT + 1, SIGNED);
    expect(await statusOf(large)).toBe('413');
    large.socket.destroy();
    const many = Array.from({ length: 17 }, () => announce(path, LIMIT, SIGNED));
    const early = await eventually(
      () => many.map(({ answer }) => answer().slice(9, 12)).filter((status) => status !== '')[0] ?? null,
      'a refusal',
    );
    expect([path, early]).toEqual([path, '429']);
    // whoever sends nothing is told so and holds nothing any more
    const ends = await Promise.all(many.map(statusOf));
    expect(ends.sort()).toEqual([...Array(16).fill('408'), '429']);
    for (const { socket } of many) socket.destroy();
  };

  it('is answered alike whether the source is there or not', async () => {
    // at the same time: each waits until a body that does not come is given up
    await Promise.all(places.map(([, path]) => asAStranger(path)));
  });

  it('leaves the signals of all others their room', async () => {
    const many = Array.from({ length: 80 }, (_, n) => announce(places[n % 4]![1], LIMIT, SIGNED));
    await eventually(() => many.some(({ answer }) => answer().startsWith('HTTP/1.1 429')) || null, 'a full share');
    const body = `${JSON.stringify({ machine: 'm', path: 'p', value: 'x'.repeat(60_000) })}\n`.repeat(50);
    for (let n = 0; n < 3; n++)
      expect(await call('POST', '/v1/signals', body, { 'content-type': 'application/x-ndjson' })).toMatchObject({
        status: 202,
      });
    for (const { socket } of many) socket.destroy();
    const right = JSON.stringify({ id: 'e-1', type: 'a.b', timestamp: new Date().toISOString(), data: {} });
    const signature = createHmac('sha256', secret).update(right).digest('hex');
    await eventually(
      async () => (await post(sources.mes, right, { 'x-mes-signature': signature })).status === 200 || null,
      'room for the MES',
    );
  });
});

describe('more than fits', () => {
  const head = (length: string) =>
    `POST /v1/signals HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${ADMIN_KEY}\r\nContent-Type: application/x-ndjson\r\n${length}\r\n\r\n`;

  it('is answered 429 while the rest is under way, and taken again when it is not', async () => {
    const requests = Array.from({ length: 8 }, open);
    for (const { socket } of requests) socket.write(head(`Content-Length: ${5 * 1024 * 1024}`));
    const refused = await eventually(() => {
      const answers = requests.map(({ answer }) => answer()).filter((answer) => answer.endsWith('}'));
      return answers.length === 2 ? answers : null;
    }, 'two refusals');
    for (const answer of refused) {
      expect(answer).toMatch(/^HTTP\/1\.1 429 /);
      expect(answer).toContain('retry-after: 1\r\n');
      expect(answer).toContain('"code":"rate_limited"');
    }
    for (const { socket } of requests) socket.destroy();
    const body = `${JSON.stringify({ machine: 'm', path: 'p', value: 'x'.repeat(60_000) })}\n`.repeat(50);
    await eventually(
      async () =>
        (await call('POST', '/v1/signals', body, { 'content-type': 'application/x-ndjson' })).status === 202 || null,
      'room for the request',
    );
  });

  it('as one value is refused for good, and the largest that a record holds is taken', async () => {
    // what cannot be made smaller on its way to the broker
    const value = (bytes: number) => ({ image: randomBytes(Math.floor((bytes * 3) / 4)).toString('base64') });
    const of = (bytes: number) => ({ machine: 'm', path: 'p', value: value(bytes) });
    expect(await call('POST', '/v1/signals', of(2_031_500))).toMatchObject({ status: 202 });
    expect(await call('POST', '/v1/signals', of(2_100_000))).toMatchObject({
      status: 413,
      body: { code: 'too_large' },
    });
    expect(await call('POST', '/v1/signals', [of(2_100_000), of(1_000)])).toMatchObject({
      status: 202,
      body: { accepted: 1, rejected: [{ index: 0, path: 'value', code: 'too_large' }] },
    });
  });

  it('is refused before it is read: 100 MB announced, and 100 MB without a length', async () => {
    const announced = open();
    announced.socket.write(head(`Content-Length: ${100 * 1024 * 1024}`));
    await eventually(() => announced.answer().startsWith('HTTP/1.1 413') || null, 'the answer');
    announced.socket.destroy();
    const endless = open();
    endless.socket.write(head('Transfer-Encoding: chunked'));
    const chunk = Buffer.concat([Buffer.from('100000\r\n'), Buffer.alloc(0x100000, 0x20), Buffer.from('\r\n')]);
    let sent = 0;
    while (sent < 100 && endless.answer() === '' && !endless.socket.destroyed) {
      sent++;
      await new Promise<void>((resolve) => {
        endless.socket.write(chunk, () => resolve());
      });
    }
    await eventually(() => endless.answer().startsWith('HTTP/1.1 413') || null, 'the answer');
    endless.socket.destroy();
    expect(sent).toBeLessThan(50);
    expect((await call('GET', '/healthz')).status).toBe(200);
  });
});
