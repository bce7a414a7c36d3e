import { Agent, createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { forward } from './forward';

const listening = async (handle: (request: IncomingMessage, response: ServerResponse) => void): Promise<Server> => {
  const server = createServer(handle);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
};
const portOf = (server: Server) => (server.address() as AddressInfo).port;

describe('forward', () => {
  const agent = new Agent({ keepAlive: true });
  let answer: (request: IncomingMessage, response: ServerResponse) => void;
  let service: Server;
  let origin: Server;
  let url: string;
  beforeAll(async () => {
    service = await listening((request, response) => answer(request, response));
    const target = { name: 'delivery', host: '127.0.0.1', port: portOf(service), agent } as const;
    origin = await listening((request, response) => forward(request, response, target));
    url = `http://127.0.0.1:${portOf(origin)}`;
  });
  afterAll(() => {
    agent.destroy();
    for (const server of [service, origin]) {
      server.close();
      server.closeAllConnections();
    }
  });

  it('passes method, path, body and answer through, without claims about the way', async () => {
    answer = async (request, response) => {
      let body = '';
      for await (const part of request) body += part;
      response.writeHead(207, { 'x-seen': String(request.headers['x-forwarded-for']), 'set-cookie': ['a=1', 'b=2'] });
      response.end(`${request.method} ${request.url} ${body}`);
    };
    const headers = { 'x-forwarded-for': '6.6.6.6' };
    const got = await fetch(`${url}/v1/a?b=%20c`, { method: 'PATCH', body: 'hello', headers });
    expect([got.status, got.headers.get('x-seen'), got.headers.getSetCookie()]).toEqual([
      207,
      'undefined',
      ['a=1', 'b=2'],
    ]);
    expect(await got.text()).toBe('PATCH /v1/a?b=%20c hello');
  });

  it('passes a POST without a body on as one', async () => {
    answer = (request, response) => {
      request.resume();
      response.end(JSON.stringify([request.headers['content-length'], request.headers['transfer-encoding'] ?? null]));
    };
    const bare = await new Promise<string>((resolve, reject) => {
      const socket = connect(portOf(origin), '127.0.0.1', () =>
        socket.write('POST /v1/a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'),
      );
      let text = '';
      socket.on('data', (part) => {
        text += part;
      });
      socket.on('end', () => resolve(text));
      socket.on('error', reject);
    });
    expect(bare).toContain('["0",null]');
  });

  it('streams: the first bytes come before the last are written', async () => {
    let finish = () => {};
    answer = (_request, response) => {
      response.write('first');
      finish = () => response.end('last');
    };
    const reader = (await fetch(url)).body!.getReader();
    expect(Buffer.from((await reader.read()).value!).toString()).toBe('first');
    finish();
    expect(Buffer.from((await reader.read()).value!).toString()).toBe('last');
  });

  it('takes a body without a length', async () => {
    answer = (request, response) => request.pipe(response);
    const body = new ReadableStream({
      start(controller) {
        controller.enqueue(Buffer.from('in '));
        controller.enqueue(Buffer.from('parts'));
        controller.close();
      },
    });
    const got = await fetch(url, { method: 'POST', body, duplex: 'half' } as RequestInit);
    expect(await got.text()).toBe('in parts');
  });

  it('ends the request to the service when the caller goes away', async () => {
    const gone = new Promise<void>((resolve) => {
      answer = (_request, response) => void response.once('close', resolve);
    });
    const abort = new AbortController();
    const asked = fetch(url, { signal: abort.signal });
    setTimeout(() => abort.abort(), 50);
    await expect(asked).rejects.toThrow('aborted');
    await gone;
  });

  it('answers 503 as problem details while the service is away', async () => {
    const closed = await listening(() => {});
    const port = portOf(closed);
    await new Promise((resolve) => closed.close(resolve));
    const away = await listening((request, response) =>
      forward(request, response, { name: 'delivery', host: '127.0.0.1', port, agent }),
    );
    const got = await fetch(`http://127.0.0.1:${portOf(away)}/v1/deliveries`, {
      method: 'POST',
      body: 'x'.repeat(100_000),
    });
    expect([got.status, got.headers.get('retry-after'), got.headers.get('content-type')]).toEqual([
      503,
      '2',
      'application/problem+json',
    ]);
    expect(await got.json()).toMatchObject({ code: 'unavailable', status: 503 });
    away.close();
    away.closeAllConnections();
  });

  it('breaks off, and does not pretend to be complete, when the service breaks off', async () => {
    answer = (_request, response) => {
      response.write('half');
      setTimeout(() => response.destroy(), 20);
    };
    const got = await fetch(url);
    await expect(got.text()).rejects.toThrow();
  });
});
