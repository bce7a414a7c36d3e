import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { formatSecret, importSigningKey, standardSignatureHeader } from '@millrace/domain';
import { eventually, ScriptedReceiver } from '@millrace/test-environment';
import { runIn } from './cli.fixture';
import { passedOn } from './listen/forward';
import { inUrl } from './listen/local-address';

const SECRET = formatSecret(Buffer.alloc(32, 7));
const OWN = formatSecret(Buffer.alloc(32, 9));
const BODY = '{"id":"evt_1","type":"order.shipped","data":14400.0}';

const signed = (body: string, secret = SECRET) => {
  const at = Math.floor(Date.now() / 1000);
  return {
    'Content-Type': 'application/json',
    'webhook-id': 'evt_1',
    'webhook-timestamp': String(at),
    'webhook-signature': standardSignatureHeader([importSigningKey(secret)], 'evt_1', at, Buffer.from(body)),
    'millrace-sequence': '1',
  };
};

/** A site that keeps endpoints and sends nothing by itself. */
const startSite = async (removal = 204) => {
  const endpoints = new Map<string, { url: string; [name: string]: unknown }>();
  const deleted: string[] = [];
  const server = createServer(async (request, response) => {
    const body = Buffer.concat(await request.toArray()).toString();
    if (request.method === 'DELETE') {
      deleted.push(request.url as string);
      return void response.writeHead(removal, { 'content-type': 'application/json' }).end(removal === 204 ? '' : '{}');
    }
    const endpoint = { secret: SECRET, ...(JSON.parse(body) as { url: string }), id: 'ep_1' };
    endpoints.set('ep_1', endpoint);
    response.writeHead(201, { 'content-type': 'application/json' }).end(JSON.stringify(endpoint));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    endpoints,
    deleted,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
};

/** `millrace listen` as it runs; `endpoint` is what it made. */
const listening = async (
  forwardTo: string,
  args: string[] = [],
  removal = 204,
  env: { [name: string]: string } = {},
) => {
  const site = await startSite(removal);
  const stop = new AbortController();
  let out = '';
  let err = '';
  const ran = runIn(
    {
      env: { MILLRACE_URL: site.url, MILLRACE_API_KEY: 'mr_key', ...env },
      now: Date.now,
      interrupted: () => stop.signal,
      stdout: {
        write: (text) => {
          out += text;
        },
      },
      stderr: {
        write: (text) => {
          err += text;
        },
      },
    },
    ...['listen', '--forward-to', forwardTo, ...args],
  );
  const endpoint = await eventually(() => site.endpoints.get('ep_1'), 'an endpoint', 5_000);
  return {
    site,
    endpoint,
    out: () => out,
    err: () => err,
    send: (body: string, headers: { [name: string]: string }) => fetch(endpoint.url, { method: 'POST', body, headers }),
    end: async () => {
      stop.abort();
      const { code } = await ran;
      site.close();
      return code;
    },
  };
};

describe('millrace listen', () => {
  let app: ScriptedReceiver;
  beforeEach(async () => {
    app = await ScriptedReceiver.start();
  });
  afterEach(() => app.close());

  it('forwards bytes and headers as they came, answers what the app answers, and deletes its endpoint', async () => {
    app.respond([{ status: 503, headers: { 'retry-after': '7', 'x-own': 'no' }, body: 'later' }, 200]);
    const cli = await listening(`${app.url}hook?a=b`, ['--types', 'order.*,machine.*', '--filter', '{"a":1}']);
    expect(cli.endpoint).toMatchObject({
      eventTypes: ['order.*', 'machine.*'],
      filter: { a: 1 },
      contract: 'standard',
    });
    expect(cli.endpoint.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/r4nd0m$/);
    const headers = signed(BODY);
    const first = await cli.send(BODY, headers);
    expect([first.status, first.headers.get('retry-after'), first.headers.get('x-own')]).toEqual([503, '7', null]);
    expect(await first.text()).toBe('later');
    expect((await cli.send(BODY, headers)).status).toBe(200);

    const [request] = app.requests;
    expect(request?.path).toBe('/hook?a=b');
    expect(request?.body.toString()).toBe(BODY);
    expect(request?.headers).toMatchObject({ host: `127.0.0.1:${app.port}`, ...lowerCase(headers) });
    expect(cli.out()).toMatch(/ {2}503 {2} +\d+ ms {2}order\.shipped {2}evt_1\n.* {2}200 {2}/);
    expect(await cli.end()).toBe(0);
    expect(cli.site.deleted).toEqual(['/v1/endpoints/ep_1']);
    await expect(cli.send(BODY, headers)).rejects.toThrow();
  });

  it('forwards nothing that is not genuine, and answers nobody who does not know its path', async () => {
    const cli = await listening(app.url);
    expect((await cli.send(BODY, signed(BODY, formatSecret(Buffer.alloc(32))))).status).toBe(401);
    expect(
      (await fetch(new URL('/', cli.endpoint.url), { method: 'POST', body: BODY, headers: signed(BODY) })).status,
    ).toBe(404);
    expect((await fetch(cli.endpoint.url)).status).toBe(404);
    expect((await cli.send(BODY, signed(BODY))).status).toBe(200);
    expect(app.requests).toHaveLength(1);
    expect(cli.err()).toContain('no_matching_signature');
    expect(await cli.end()).toBe(0);
  });

  it('answers 502 while the app is away, and says so', async () => {
    const { url, port } = app;
    await app.close();
    const cli = await listening(url, ['--json']);
    expect((await cli.send(BODY, signed(BODY))).status).toBe(502);
    const lines = cli
      .out()
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines[0]).toMatchObject({ listening: true, endpointId: 'ep_1', secret: SECRET });
    expect(lines[1]).toMatchObject({
      status: 502,
      type: 'order.shipped',
      error: `nothing listens at 127.0.0.1:${port}`,
    });
    expect(await cli.end()).toBe(0);
  });

  it('tells the secret, so that the app can verify', async () => {
    const cli = await listening(app.url);
    await eventually(() => cli.out().includes('secret'), 'the secret', 5_000);
    expect(cli.out().split('\n')[1]).toBe(`secret ${SECRET}`);
    expect(await cli.end()).toBe(0);
  });

  it.each<[string, string[], { [name: string]: string }]>([
    ['--secret', ['--secret', OWN], { WEBHOOK_SECRET: SECRET }],
    ['WEBHOOK_SECRET', [], { WEBHOOK_SECRET: OWN }],
  ])('gives the endpoint the secret that the app has: %s', async (_what, args, env) => {
    const cli = await listening(app.url, args, 204, env);
    expect(cli.endpoint).toMatchObject({ secret: OWN });
    expect((await cli.send(BODY, signed(BODY, OWN))).status).toBe(200);
    expect((await cli.send(BODY, signed(BODY))).status).toBe(401);
    expect(cli.out()).toContain(`secret ${OWN}\n`);
    expect(await cli.end()).toBe(0);
  });

  it.each<[string, string[], { [name: string]: string }]>([
    ['--token', ['--token', 't-1'], { WEBHOOK_TOKEN: 'other' }],
    ['WEBHOOK_TOKEN', [], { WEBHOOK_TOKEN: 't-1' }],
  ])('gives an endpoint of eclipse the token that the app has: %s', async (_what, args, env) => {
    const cli = await listening(app.url, ['--contract', 'eclipse', ...args], 204, env);
    expect(cli.endpoint).toMatchObject({ headers: { Authorization: 'Bearer t-1' } });
    expect((await cli.send(BODY, { ...signed(BODY), authorization: 'Bearer t-1' })).status).toBe(200);
    expect((await cli.send(BODY, signed(BODY))).status).toBe(401);
    expect(app.requests[0]?.headers['authorization']).toBe('Bearer t-1');
    expect(await cli.end()).toBe(0);
  });

  it('says how to remove an endpoint that it could not delete', async () => {
    const cli = await listening(app.url, [], 403);
    expect(await cli.end()).toBe(1);
    expect(cli.err()).toContain('millrace endpoints delete ep_1');
  });

  it('registers the address of a tunnel, and listens at the port that it leads to', async () => {
    const free = await ScriptedReceiver.start();
    const port = free.port;
    await free.close();
    const cli = await listening(app.url, [
      '--port',
      String(port),
      '--public-url',
      'https://t.example/base/',
      '--contract',
      'mes',
    ]);
    expect(cli.endpoint).toMatchObject({ url: 'https://t.example/base/r4nd0m', contract: 'mes' });
    const answer = await fetch(`http://127.0.0.1:${port}/r4nd0m`, { method: 'POST', body: BODY });
    expect(answer.status).toBe(401);
    expect(cli.err()).toContain('x-mes-signature');
    expect(await cli.end()).toBe(0);
  });

  it('ends with 1 where the site cannot be reached', async () => {
    const env = { MILLRACE_URL: app.url, MILLRACE_API_KEY: 'mr_key' };
    await app.close();
    const ran = await runIn({ env }, 'listen', '--forward-to', 'http://localhost:1');
    expect([ran.code, ran.err]).toEqual([1, expect.stringContaining('cannot be reached')]);
  });

  it('says what to do where the site does not send to this machine, and makes no endpoint', async () => {
    const body = JSON.stringify({ code: 'destination_not_allowed', detail: 'Not there.' });
    app.respond({ status: 422, headers: { 'content-type': 'application/problem+json' }, body });
    const env = { MILLRACE_URL: app.url, MILLRACE_API_KEY: 'mr_key' };
    const ran = await runIn({ env }, 'listen', '--forward-to', 'http://localhost:1');
    expect([ran.code, ran.err]).toEqual([1, expect.stringContaining('Open a tunnel to this machine')]);
    expect(app.requests.map(({ method }) => method)).toEqual(['POST']);
  });

  it('shows nothing of a delivery that a terminal would act upon', async () => {
    const cli = await listening(app.url);
    const body = JSON.stringify({ type: '\u001b[2J\u202e' });
    await cli.send(body, signed(body));
    expect(cli.out()).toContain('\\u001b[2J\\u202e');
    expect(cli.out()).not.toMatch(/[\u001b\u202e]/);
    await cli.end();
  });
});

const lowerCase = (headers: { [name: string]: string }) =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));

it('passes headers on in their order and spelling, repeated ones too', () => {
  const raw = ['Host', 'a', 'X-One', '1', 'Connection', 'close', 'x-one', '2', 'Content-Length', '5', 'TE', 'x'];
  expect(passedOn(raw, new URL('http://b:1/'), 5)).toEqual([
    'Host',
    'b:1',
    'X-One',
    '1',
    'x-one',
    '2',
    'Content-Length',
    '5',
    'Connection',
    'close',
  ]);
});

it.each([
  ['127.0.0.1', '127.0.0.1'],
  ['::ffff:10.0.0.5', '10.0.0.5'],
  ['::1', '[::1]'],
  ['fe80::1%eth0', '[fe80::1]'],
  ['host.example', 'host.example'],
])('the address %s stands in a URL as %s', (address, written) => {
  expect(inUrl(address)).toBe(written);
});
