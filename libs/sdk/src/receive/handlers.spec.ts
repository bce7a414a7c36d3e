import { createHmac } from 'node:crypto';
import { createServer, request as httpRequest, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { PassThrough, Readable } from 'node:stream';
import { formatSecret, importSigningKey, standardSignatureHeader } from '@millrace/domain';
import express from 'express';
import fastify from 'fastify';
import type { ContractName } from '../verify/contract-name';
import { expressWebhook } from './express';
import { fastifyWebhook } from './fastify';
import { readStream } from './read-stream';
import type { ReceiverOptions, RefusedWebhook, WebhookFunction } from './receive-webhook';
import { webWebhook } from './web';

const SECRET = formatSecret(Buffer.alloc(32, 7));
const LIMIT = 10_000;

type Receive = <Contract extends ContractName = 'standard'>(
  options: ReceiverOptions<Contract>,
  handle: WebhookFunction<Contract>,
) => Promise<{ url: string; port: number; close: () => Promise<unknown> }>;

const listening = async (server: Server) => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const close = () =>
    new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    });
  return { url: `http://127.0.0.1:${port}`, port, close };
};

const overExpress =
  (prepare: (app: express.Express) => void): Receive =>
  (options, handle) => {
    const app = express();
    app.disable('x-powered-by');
    prepare(app);
    app.post('/hook', expressWebhook(options, handle));
    return listening(createServer(app));
  };

const FRAMEWORKS: { readonly [name: string]: Receive } = {
  express: overExpress(() => {}),
  'express behind express.raw': overExpress((app) => app.use(express.raw({ type: '*/*' }))),
  'node:http': (options, handle) => {
    const receive = expressWebhook(options, handle);
    return listening(createServer((request, response) => void receive(request, response)));
  },
  fastify: async (options, handle) => {
    const app = fastify();
    app.register(fastifyWebhook('/hook', options, handle));
    app.post('/json', (request) => request.body);
    await app.listen({ port: 0, host: '127.0.0.1' });
    const { port } = app.server.address() as AddressInfo;
    return { url: `http://127.0.0.1:${port}`, port, close: () => app.close() };
  },
  'Request and Response': (options, handle) => {
    const receive = webWebhook(options, handle);
    return listening(
      createServer(async (incoming, outgoing) => {
        const body = Readable.toWeb(incoming);
        const headers = new Headers(incoming.headers as { [name: string]: string });
        const bodiless = incoming.method === 'GET';
        const answer = await receive(
          new Request('http://localhost/hook', {
            method: incoming.method as string,
            headers,
            ...(bodiless ? {} : { body, duplex: 'half' }),
          } as RequestInit),
        );
        outgoing.writeHead(answer.status, Object.fromEntries(answer.headers)).end(await answer.text());
      }),
    );
  },
};

const signed = (body: string, secret = SECRET, at = Math.floor(Date.now() / 1000)) => ({
  'content-type': 'application/json',
  'webhook-id': 'evt_1',
  'webhook-timestamp': String(at),
  'webhook-signature': standardSignatureHeader([importSigningKey(secret)], 'evt_1', at, Buffer.from(body)),
  'millrace-sequence': '12',
  'millrace-previous-id': 'evt_0',
  'millrace-replay': 'rec_1',
});

const BODY =
  '{"id":"evt_1","type":"order.shipped","timestamp":"2026-02-17T13:59:55Z","data":{"weight":14400.0,"é":"\\u00e9"}}';

describe.each(Object.keys(FRAMEWORKS))('webhooks over %s', (name) => {
  const receive = FRAMEWORKS[name] as Receive;
  let site: Awaited<ReturnType<Receive>>;
  const seen: unknown[][] = [];
  const refused: RefusedWebhook[] = [];
  const errors: unknown[] = [];
  let act: WebhookFunction<'standard'> = () => {};

  beforeAll(async () => {
    const options = {
      secret: SECRET,
      limitBytes: LIMIT,
      onRefused: (each: RefusedWebhook) => refused.push(each),
      onError: (error: unknown) => errors.push(error),
    };
    site = await receive(options, (event, info) => {
      seen.push([event, info]);
      return act(event, info);
    });
  });
  afterAll(() => site.close());
  beforeEach(() => {
    for (const list of [seen, refused, errors]) list.length = 0;
    act = () => {};
  });

  const post = async (body: string, headers: { [name: string]: string }) => {
    const answer = await fetch(`${site.url}/hook`, { method: 'POST', body, headers });
    return { status: answer.status, headers: answer.headers, text: await answer.text() };
  };

  it('are verified over their bytes, parsed and handed over', async () => {
    expect(await post(BODY, signed(BODY))).toMatchObject({ status: 200, text: '' });
    const [[event, info]] = seen as [[unknown, { body: Uint8Array }]];
    expect(event).toEqual(JSON.parse(BODY));
    expect(info).toMatchObject({
      contract: 'standard',
      id: 'evt_1',
      timestamp: expect.any(Number),
      sequence: 12,
      previousId: 'evt_0',
      replay: 'rec_1',
    });
    expect(Buffer.from(info.body).toString()).toBe(BODY);
  });

  it.each<[string, string, { [name: string]: string }, number, string]>([
    ['another signature', BODY, signed(BODY, formatSecret(Buffer.alloc(32))), 401, 'no_matching_signature'],
    ['another body', `${BODY} `, signed(BODY), 401, 'no_matching_signature'],
    ['an old one', BODY, signed(BODY, SECRET, 1_700_000_000), 401, 'timestamp_too_old'],
    ['no signature', BODY, { 'content-type': 'application/json' }, 400, 'missing_header'],
    ['no body', '', { 'content-type': 'application/json' }, 400, 'missing_header'],
    ['no JSON', 'hello', signed('hello'), 400, 'invalid_json'],
    ['bytes that are no UTF-8 text', '\u0000', signed('\u0000'), 400, 'invalid_json'],
    [
      'another type',
      BODY,
      { ...signed(BODY, formatSecret(Buffer.alloc(32))), 'content-type': 'text/plain' },
      401,
      'no_matching_signature',
    ],
  ])('are refused: %s', async (_what, body, headers, status, code) => {
    expect(await post(body, headers)).toMatchObject({ status, text: `{"error":"${code}"}` });
    expect(refused).toEqual([{ status, code, message: expect.any(String) }]);
    expect(seen).toEqual([]);
  });

  it('are taken whatever their content type says', async () => {
    expect(await post(BODY, { ...signed(BODY), 'content-type': 'text/plain' })).toMatchObject({ status: 200 });
  });

  it('are refused when they are too large, announced or not', async () => {
    const large = 'x'.repeat(LIMIT + 1);
    const announced = await post(large, signed(large));
    expect(announced).toMatchObject({ status: 413, text: '{"error":"too_large"}' });
    const status = await new Promise((resolve, reject) => {
      const sending = httpRequest(`${site.url}/hook`, { method: 'POST', headers: signed(large) }, (answer) => {
        answer.resume();
        resolve(answer.statusCode);
      });
      sending.on('error', reject);
      for (let sent = 0; sent < 100; sent++) sending.write(large);
      sending.end();
    });
    expect(status).toBe(413);
    // express.raw has a limit of its own, and refuses the second one itself.
    expect(refused.map(({ code }) => code)).toEqual(Array(name.includes('raw') ? 1 : 2).fill('too_large'));
    expect(await post(BODY, signed(BODY))).toMatchObject({ status: 200 });
  });

  it('come again when your function throws, with its error told to you', async () => {
    const error = new Error('no room');
    act = () => {
      throw error;
    };
    expect(await post(BODY, signed(BODY))).toMatchObject({ status: 500, text: '{"error":"internal"}' });
    act = () => Promise.reject(error);
    expect(await post(BODY, signed(BODY))).toMatchObject({ status: 500 });
    expect(errors).toEqual([error, error]);
  });

  it('are answered as your function says', async () => {
    act = () => ({ status: 429, headers: { 'retry-after': '7' } });
    const answer = await post(BODY, signed(BODY));
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, '7']);
    act = () => ({ status: 99 });
    expect(await post(BODY, signed(BODY))).toMatchObject({ status: 500 });
    expect(String(errors[0])).toContain('a reply is {status: 200 to 599, headers?}');
  });

  it('that end in the middle change nothing for the next', async () => {
    const socket = connect(site.port, '127.0.0.1');
    await new Promise((resolve) => socket.once('connect', resolve));
    socket.write('POST /hook HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\n{"half"');
    await new Promise((resolve) => socket.end(() => resolve(undefined)));
    expect(await post(BODY, signed(BODY))).toMatchObject({ status: 200 });
    expect(seen).toHaveLength(1);
  });
});

it('a sender that never ends gets its answer, and is cut off', async () => {
  const site = await (FRAMEWORKS['express'] as Receive)({ secret: SECRET, limitBytes: LIMIT }, () => {});
  const socket = connect(site.port, '127.0.0.1');
  let answer = '';
  let sent = 0;
  socket.on('data', (bytes) => {
    answer += bytes;
  });
  socket.on('error', () => {});
  socket.write('POST /hook HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n');
  const chunk = `${(1_000).toString(16)}\r\n${'x'.repeat(1_000)}\r\n`;
  const timer = setInterval(() => {
    if (socket.writable) socket.write(chunk);
    sent += 1_000;
  }, 5);
  const began = Date.now();
  await new Promise((resolve) => socket.once('close', resolve));
  clearInterval(timer);
  await site.close();
  expect(answer).toContain('HTTP/1.1 413 ');
  expect(sent).toBeGreaterThan(LIMIT * 2);
  expect(Date.now() - began).toBeLessThan(8_000);
});

describe('a body that is read', () => {
  const from = (stream: PassThrough, headers = {}) => Object.assign(stream, { headers, method: 'POST' });

  it('is given up as soon as it is too large, or says so', async () => {
    const endless = new PassThrough();
    const reading = readStream(from(endless), 10);
    endless.write('123456');
    endless.write('78901');
    expect(await reading).toBe('too_large');
    expect(await readStream(from(new PassThrough(), { 'content-length': '11' }), 10)).toBe('too_large');
  });

  it('is whole, or incomplete', async () => {
    const whole = new PassThrough();
    const reading = readStream(from(whole), 10);
    whole.write('12345');
    whole.end('67890');
    expect(Buffer.from((await reading) as Uint8Array).toString()).toBe('1234567890');
    const broken = new PassThrough();
    const waiting = readStream(from(broken), 10);
    broken.destroy(new Error('reset'));
    expect(await waiting).toBe('incomplete');
    const gone = new PassThrough();
    gone.destroy();
    await new Promise((resolve) => gone.once('close', resolve));
    expect(await readStream(from(gone), 10)).toBe('incomplete');
  });
});

it('a GET is answered with 405 where no framework does it', async () => {
  for (const name of ['node:http', 'Request and Response']) {
    const site = await (FRAMEWORKS[name] as Receive)({ secret: SECRET }, () => {});
    const answer = await fetch(site.url);
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'POST']);
    await site.close();
  }
});

it('the plugin for Fastify leaves the parsers of the app alone', async () => {
  const site = await (FRAMEWORKS['fastify'] as Receive)({ secret: SECRET }, () => {});
  const init = { method: 'POST', body: '{"a":1}', headers: { 'content-type': 'application/json' } };
  expect(await (await fetch(`${site.url}/json`, init)).json()).toEqual({ a: 1 });
  await site.close();
});

describe('behind a JSON parser', () => {
  const behindJson = overExpress((app) => app.use(express.json()));
  const keeping = overExpress((app) =>
    app.use(
      express.json({
        verify: (request, _response, bytes) => {
          (request as unknown as { rawBody: Buffer }).rawBody = bytes;
        },
      }),
    ),
  );
  const post = async (receive: Receive, options: { contract?: 'mes' | 'proign'; secret: string }, headers: object) => {
    const errors: unknown[] = [];
    const seen: unknown[] = [];
    const site = await receive({ ...options, onError: (error: unknown) => errors.push(error) }, (event) => {
      seen.push(event);
    });
    const init = { method: 'POST', body: BODY, headers: { 'content-type': 'application/json', ...headers } };
    const { status } = await fetch(`${site.url}/hook`, init);
    await site.close();
    return { status, seen: seen.length, errors: errors.map(String) };
  };

  it('a standard webhook cannot be verified, and the error says what to do', async () => {
    const { status, errors } = await post(behindJson, { secret: SECRET }, signed(BODY));
    expect(status).toBe(500);
    expect(errors[0]).toContain('Put the handler before express.json()');
  });

  it('it can where the parser kept the bytes', async () => {
    expect(await post(keeping, { secret: SECRET }, signed(BODY))).toEqual({ status: 200, seen: 1, errors: [] });
  });

  it.each(['mes', 'proign'] as const)(
    'one of %s can, since its bytes are those of JSON.stringify',
    async (contract) => {
      const hex = createHmac('sha256', 's')
        .update(JSON.stringify(JSON.parse(BODY)))
        .digest('hex');
      const headers = { 'x-mes-signature': hex, 'x-proign-signature': `sha256=${hex}` };
      expect(await post(behindJson, { contract, secret: 's' }, headers)).toEqual({ status: 200, seen: 1, errors: [] });
    },
  );
});

describe('the other contracts', () => {
  it('come typed, with what proves them', async () => {
    const types: string[] = [];
    const mes = webWebhook({ contract: 'mes', secret: 's' }, (event, info) => {
      types.push(event.type, String(info.id));
    });
    const eclips = webWebhook({ contract: 'eclips', secret: 's' }, (event) => {
      types.push(String(event.run_id));
    });
    const eclipse = webWebhook({ contract: 'eclipse', bearerToken: 't' }, (bundle) => {
      types.push(String(bundle.OrderCode));
    });
    const nentropy = webWebhook({ contract: 'nentropy', secret: 's', signatureFormat: 'prefixed' }, (event) => {
      types.push(String(event.integrationId));
    });
    const send = (handle: typeof mes, body: string, headers: (hex: string) => { [name: string]: string }) => {
      const hex = createHmac('sha256', 's').update(body).digest('hex');
      return handle(new Request('http://a/', { method: 'POST', body, headers: headers(hex) }));
    };
    const statuses = [
      await send(mes, '{"type":"work_order.created"}', (hex) => ({ 'x-mes-signature': hex })),
      await send(eclips, '{"run_id":"r-1"}', (hex) => ({ 'x-eclips-signature': `sha256=${hex}` })),
      await send(eclipse, '{"OrderCode":"WO-1"}', () => ({ authorization: 'Bearer t' })),
      await send(nentropy, '{"integrationId":"int_1"}', (hex) => ({ 'x-webhook-signature': `sha256=${hex}` })),
    ].map(({ status }) => status);
    expect(statuses).toEqual([200, 200, 200, 200]);
    expect(types).toEqual(['work_order.created', 'null', 'r-1', 'WO-1', 'int_1']);
  });

  it('a wrong bearer token is 401', async () => {
    const receive = webWebhook({ contract: 'eclipse', bearerToken: 't' }, () => {});
    expect((await receive(new Request('http://a/', { method: 'POST', body: '{}' }))).status).toBe(401);
  });

  it.each<[string, object]>([
    ['no secret', { secret: undefined }],
    ['an empty secret', { secret: '' }],
    ['an empty list', { secret: [] }],
    ['a secret that is none', { secret: 'whsec_***' }],
    ['no secret of another contract', { contract: 'mes' }],
    ['neither secret nor token', { contract: 'eclipse' }],
    ['an empty token', { contract: 'eclipse', bearerToken: '' }],
    ['half a key beside a token', { contract: 'eclipse', bearerToken: 't', secret: 'whpk_AAAA' }],
    ['half a key beside a signature', { contract: 'mes', replayProtection: true, secret: 'whpk_AAAA' }],
  ])('a handler with %s is not made', (_what, options) => {
    const wrong = options as { secret: string };
    const sentence = /^This handler cannot verify webhooks: .*\.$|\?$/;
    expect(() => expressWebhook(wrong, () => {})).toThrow(TypeError);
    expect(() => expressWebhook(wrong, () => {})).toThrow(sentence);
    expect(() => fastifyWebhook('/hook', wrong, () => {})).toThrow(sentence);
    expect(() => webWebhook(wrong, () => {})).toThrow(sentence);
  });
});
