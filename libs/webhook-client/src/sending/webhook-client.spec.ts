import type { Outcome } from '@millrace/domain';
import { answering, RawServer, type Script } from '../../test/raw-server';
import { WebhookClient, type WebhookClientOptions } from './webhook-client';
import type { WebhookRequest } from './webhook-request';

const NO_CONTENT = 'HTTP/1.1 204 No Content\r\n\r\n';
const OK = (body: string, ...headers: string[]) =>
  `HTTP/1.1 200 OK\r\n${[...headers, `content-length: ${Buffer.byteLength(body)}`].join('\r\n')}\r\n\r\n${body}`;

describe('WebhookClient', () => {
  const opened: { close(): Promise<void> }[] = [];
  const receiver = async (script: Script | null): Promise<RawServer> => {
    const server = await RawServer.start(script);
    opened.push(server);
    return server;
  };
  const client = (options: Partial<WebhookClientOptions> = {}): WebhookClient => {
    const made = new WebhookClient({ insecure: 'allow', ...options });
    opened.push(made);
    return made;
  };
  const send = (to: WebhookClient, url: string, rest: Partial<WebhookRequest> = {}): Promise<Outcome> =>
    to.send({
      url,
      headers: [['content-type', 'application/json']],
      body: Buffer.from('{"a":1}'),
      timeoutMs: 5_000,
      ...rest,
    });

  afterEach(async () => {
    for (const thing of opened.splice(0).reverse()) await thing.close();
  });

  it('posts the bytes, the path and the headers as given, and asks for no encoding', async () => {
    const server = await receiver(answering(NO_CONTENT));
    const outcome = await send(client(), server.url('/hook/%C3%BC?a=b&c'), {
      headers: [
        ['content-type', 'application/json'],
        ['X-Proign-Signature', 'sha256=abc'],
        ['webhook-id', 'evt_1'],
      ],
      body: Buffer.from('{"n":14400.0}'),
    });

    expect(outcome).toEqual({
      kind: 'response',
      status: 204,
      headers: {},
      body: Buffer.alloc(0),
      bodyTruncated: false,
      durationMs: expect.any(Number),
    });
    expect(server.requests).toEqual([
      `POST /hook/%C3%BC?a=b&c HTTP/1.1\r\nhost: 127.0.0.1:${server.port}\r\nconnection: keep-alive\r\n` +
        'content-type: application/json\r\nX-Proign-Signature: sha256=abc\r\nwebhook-id: evt_1\r\n' +
        'accept-encoding: identity\r\ncontent-length: 13\r\n\r\n{"n":14400.0}',
    ]);
  });

  it('gives the response with lower-case names and joined repeats, and its body as bytes', async () => {
    const server = await receiver(
      answering(OK('<script>\u001b[31m', 'Set-Cookie: a=1', 'X-B: 1', 'set-cookie: b=2', '__proto__: polluted')),
    );
    const outcome = await send(client(), server.url());

    if (outcome.kind !== 'response') throw new Error(outcome.message);
    expect(outcome.status).toBe(200);
    expect(JSON.parse(JSON.stringify(outcome.headers))).toEqual(
      JSON.parse('{"set-cookie":"a=1, b=2","x-b":"1","__proto__":"polluted","content-length":"13"}'),
    );
    expect(({} as { polluted?: string }).polluted).toBeUndefined();
    expect(outcome.body.toString()).toBe('<script>\u001b[31m');
    expect(outcome.bodyTruncated).toBe(false);
  });

  it('sends an empty body with its length', async () => {
    const server = await receiver(answering(NO_CONTENT));
    await send(client(), server.url(), { body: Buffer.alloc(0) });
    expect(server.requests[0]).toContain('content-length: 0\r\n');
  });

  it('keeps the connection for the next request', async () => {
    const server = await receiver(answering(NO_CONTENT));
    const sender = client();
    for (let count = 0; count < 5; count++) await send(sender, server.url());
    expect(server.requests).toHaveLength(5);
    // A connection is free one turn of the loop after its response, so a sender in a hurry opens a second one.
    expect(server.connections).toBeLessThanOrEqual(2);
  });

  it('keeps the connection after a body that fits, and closes it after one that does not', async () => {
    const server = await receiver((socket, request) =>
      socket.write(OK('x'.repeat(request.startsWith('POST /long') ? 20_000 : 16 * 1024))),
    );
    const sender = client();
    const short = [await send(sender, server.url('/short')), await send(sender, server.url('/short'))];
    expect(short.map((outcome) => outcome.kind === 'response' && [outcome.body.length, outcome.bodyTruncated])).toEqual(
      [
        [16 * 1024, false],
        [16 * 1024, false],
      ],
    );
    const connections = server.connections;
    expect(connections).toBeLessThanOrEqual(2);

    const long = await send(sender, server.url('/long'));
    expect(long.kind === 'response' && [long.status, long.body.length, long.bodyTruncated]).toEqual([
      200,
      16 * 1024,
      true,
    ]);
    await server.allClosed();
  });

  it.each([200, 201, 299, 302, 400, 410, 429, 500, 599, 999])('reports the status %i as a response', async (status) => {
    const server = await receiver(answering(`HTTP/1.1 ${status} X\r\nretry-after: 7\r\ncontent-length: 0\r\n\r\n`));
    const outcome = await send(client(), server.url());
    expect(outcome).toMatchObject({ kind: 'response', status, headers: { 'retry-after': '7' } });
  });

  it('does not follow a redirect', async () => {
    const target = await receiver(answering(NO_CONTENT));
    const server = await receiver(
      answering(`HTTP/1.1 302 Found\r\nlocation: ${target.url('/elsewhere')}\r\ncontent-length: 0\r\n\r\n`),
    );
    expect(await send(client(), server.url())).toMatchObject({ kind: 'response', status: 302 });
    expect(target.connections).toBe(0);
  });

  it('does not decompress', async () => {
    const bytes = Buffer.from('1f8b08000000000000034b4c0400', 'hex');
    const head = `HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: ${bytes.length}\r\n\r\n`;
    const server = await receiver(answering(Buffer.concat([Buffer.from(head), bytes])));
    const outcome = await send(client(), server.url());
    expect(outcome.kind === 'response' && outcome.body.equals(bytes)).toBe(true);
  });

  it('takes interim responses before the final one', async () => {
    const server = await receiver(
      answering(`HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n${OK('done', 'x-final: yes')}`),
    );
    expect(await send(client(), server.url())).toMatchObject({
      status: 200,
      headers: { 'x-final': 'yes', 'content-length': '4' },
    });
  });

  it.each([
    ['a line break in a value', ['x-note', 'a\r\nX-Evil: 1']],
    ['a line break in a name', ['x-a\r\nx-b', '1']],
    ['a space in a name', ['x note', '1']],
    ['a character beyond latin-1', ['x-note', '😀']],
    ['host', ['Host', 'internal']],
    ['content-length', ['content-length', '1']],
    ['transfer-encoding', ['Transfer-Encoding', 'chunked']],
    ['connection', ['connection', 'close']],
    ['expect', ['expect', '100-continue']],
  ] as const)('refuses a request with %s in its headers, and sends nothing', async (_what, header) => {
    const server = await receiver(answering(NO_CONTENT));
    const outcome = await send(client(), server.url(), { headers: [header] });
    expect(outcome).toMatchObject({ kind: 'failure', failure: 'protocol' });
    expect(server.requests).toEqual([]);
  });

  it('refuses a destination that the rules forbid, and says nothing about it', async () => {
    const blocked: string[] = [];
    const sender = client({ insecure: 'deny', onBlocked: ({ reason }) => blocked.push(reason) });
    for (const url of [
      'http://example.com/',
      'https://127.0.0.1/',
      'https://[::1]:8443/',
      'nonsense',
      'https://a.svc/',
    ])
      expect(await send(sender, url)).toMatchObject({
        failure: 'blocked_destination',
        message: 'Destination not allowed.',
      });
    expect(blocked).toHaveLength(5);
  });

  it('tells operators the host of a refused URL, and nothing that may be a token', async () => {
    const hosts: string[] = [];
    const sender = client({ insecure: 'deny', onBlocked: ({ host }) => hosts.push(host) });
    await send(sender, 'https://user:password@hooks.internal:8443/token-1?key=token-2');
    await send(sender, 'no URL, token-3');
    expect(hosts).toEqual(['hooks.internal:8443', '']);
  });

  it('takes up to its limit of connections to an origin, and lets the rest wait for one', async () => {
    const server = await receiver((socket) => void setImmediate(() => socket.write(NO_CONTENT)));
    const sender = client({ connectionsPerOrigin: 3 });
    const outcomes = await Promise.all(Array.from({ length: 40 }, () => send(sender, server.url())));
    expect(outcomes.every((outcome) => outcome.kind === 'response')).toBe(true);
    expect([server.requests.length, server.connections]).toEqual([40, 3]);
  });

  it('ends requests under way when it is closed, and takes no more', async () => {
    const server = await receiver(null);
    const sender = client();
    const hanging = [send(sender, server.url()), send(sender, server.url())];
    while (server.requests.length < 2) await new Promise((resolve) => setImmediate(resolve));
    await sender.close();
    expect(await Promise.all(hanging)).toMatchObject([{ failure: 'connection' }, { failure: 'connection' }]);
    expect(await send(sender, server.url())).toMatchObject({ failure: 'connection' });
    await server.allClosed();
  });
});
