import { createServer } from 'node:net';
import type { Outcome } from '@millrace/domain';
import { laterThanTimer } from '@millrace/test-environment';
import { answering, dripping, endlessly, RawServer, type Script } from '../../test/raw-server';
import { WebhookClient } from './webhook-client';

/** Rows 34 to 46 of the battery of bad input: what a receiver may do to a sender. */
describe('a receiver that misbehaves', () => {
  const DEADLINE_MS = 400;
  let sender: WebhookClient;
  let server: RawServer | null = null;

  beforeEach(() => {
    sender = new WebhookClient({ insecure: 'allow' });
  });
  afterEach(async () => {
    await sender.close();
    await server?.close();
    server = null;
  });

  const meet = async (script: Script | null, timeoutMs = DEADLINE_MS, body = 1_000): Promise<Outcome> => {
    server = await RawServer.start(script);
    return sender.send({
      url: server.url('/hook'),
      headers: [['content-type', 'application/json']],
      body: Buffer.alloc(body, 'x'),
      timeoutMs,
    });
  };

  const head = 'HTTP/1.1 200 OK\r\n';

  describe('ends at the deadline, and the socket with it, when it', () => {
    it.each<[string, Script | null]>([
      ['accepts and never answers', null],
      ['drips its status line', (socket) => dripping(socket, 20, () => socket.write('\r\n'))],
      [
        'drips its headers',
        (socket) => {
          socket.write(head);
          dripping(socket, 20, () => socket.write('x-a: b\r\n'));
        },
      ],
      [
        'drips one byte of its body at a time',
        (socket) => {
          socket.write(`${head}content-length: 100000\r\n\r\n`);
          dripping(socket, 20, () => socket.write('x'));
        },
      ],
      [
        'drips chunks',
        (socket) => {
          socket.write(`${head}transfer-encoding: chunked\r\n\r\n`);
          dripping(socket, 20, () => socket.write('1\r\nx\r\n'));
        },
      ],
      [
        'sends endless 103 responses',
        (socket) => dripping(socket, 5, () => socket.write('HTTP/1.1 103 Early Hints\r\nlink: </style.css>\r\n\r\n')),
      ],
      ['sends its headers and then no body', (socket) => socket.write(`${head}content-length: 5\r\n\r\n`)],
      ['sends a body without an end', (socket) => socket.write(`${head}\r\nhello`)],
      [
        'drips the size of a chunk',
        (socket) => {
          socket.write(`${head}transfer-encoding: chunked\r\n\r\n`);
          dripping(socket, 20, () => socket.write('0'));
        },
      ],
    ])('%s', async (_what, script) => {
      const { result, laterMs } = await laterThanTimer(DEADLINE_MS, () => meet(script));

      expect(result).toMatchObject({ kind: 'failure', failure: 'timeout' });
      expect(laterMs).toBeGreaterThanOrEqual(-2);
      expect(laterMs).toBeLessThan(DEADLINE_MS * 0.1 + 250);
      await server!.allClosed();
    });
  });

  it('ends early when 103 responses come in a flood', async () => {
    const hint = Buffer.from('HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(1_000));
    const outcome = await meet((socket) => endlessly(socket, () => socket.write(hint)), 30_000);
    expect(outcome).toMatchObject({ kind: 'failure', failure: 'timeout' });
    expect(outcome.durationMs).toBeLessThan(5_000);
    await server!.allClosed();
  });

  it('never reads its request', async () => {
    const deaf = createServer({ pauseOnConnect: true }).listen(0, '127.0.0.1');
    await new Promise((resolve) => deaf.once('listening', resolve));
    const { port } = deaf.address() as { port: number };
    const outcome = await sender.send({
      url: `http://127.0.0.1:${port}/`,
      headers: [],
      body: Buffer.alloc(32 * 1024 * 1024),
      timeoutMs: DEADLINE_MS,
    });
    deaf.close();
    expect(outcome).toMatchObject({ kind: 'failure', failure: 'timeout' });
  });

  it.each([
    ['of known length', `content-length: ${10 * 1024 ** 3}\r\n`],
    ['without length', ''],
    ['compressed', 'content-encoding: gzip\r\n'],
  ])('answers with a body of 10 GiB %s: its start is kept, memory stays flat', async (_what, header) => {
    let written = 0;
    const piece = Buffer.alloc(64 * 1024, 'x');
    const before = process.memoryUsage().rss;
    const outcome = await meet((socket) => {
      socket.write(`${head}${header}\r\n`);
      endlessly(socket, () => {
        written += piece.length;
        return written < 10 * 1024 ** 3 && socket.write(piece);
      });
    }, 20_000);
    await server!.allClosed();

    expect(outcome).toMatchObject({ kind: 'response', status: 200, bodyTruncated: true });
    expect(outcome.kind === 'response' && outcome.body.length).toBe(16 * 1024);
    // What the kernel's buffers took before the sender hung up.
    expect(written).toBeLessThan(64 * 1024 ** 2);
    expect(process.memoryUsage().rss - before).toBeLessThan(64 * 1024 ** 2);
  });

  it('answers with one line of 5 MB, NUL bytes and invalid UTF-8: kept as bytes', async () => {
    const line = Buffer.alloc(5_000_000, 0xff).fill(0, 0, 10);
    const outcome = await meet((socket) => {
      socket.write(`${head}content-length: ${line.length}\r\n\r\n`);
      socket.write(line);
    }, 5_000);
    expect(outcome.kind === 'response' && outcome.body.equals(line.subarray(0, 16 * 1024))).toBe(true);
  });

  it.each<[string, Script]>([
    ['40 KB of headers', answering(`${head}${`x-a: ${'y'.repeat(990)}\r\n`.repeat(40)}content-length: 0\r\n\r\n`)],
    ['one header of 40 KB', answering(`${head}x-a: ${'y'.repeat(40_000)}\r\ncontent-length: 0\r\n\r\n`)],
    [
      'endless headers',
      (socket) => {
        socket.write(head);
        endlessly(socket, () => socket.write(`x-a: ${'y'.repeat(1_000)}\r\n`));
      },
    ],
    [
      'both transfer-encoding and content-length',
      answering(`${head}content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`),
    ],
    [
      'transfer-encoding before content-length',
      answering(`${head}transfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n0\r\n\r\n`),
    ],
    ['two lengths', answering(`${head}content-length: 5\r\ncontent-length: 6\r\n\r\nhello!`)],
    ['a length that is no number', answering(`${head}content-length: five\r\n\r\nhello`)],
    ['garbage', answering('\x00\x01\x02 garbage \xff\r\n\r\n')],
    ['another protocol', answering('SSH-2.0-OpenSSH_9.6\r\n')],
    ['a TLS alert', answering(Buffer.from('15030300020228', 'hex'))],
    ['HTTP/2', answering('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')],
    ['HTTP/9.9', answering('HTTP/9.9 200 OK\r\n\r\n')],
    ['101', answering('HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n')],
    ['101 without an upgrade', answering('HTTP/1.1 101 Switching Protocols\r\n\r\n')],
    ['100', answering('HTTP/1.1 100 Continue\r\n\r\n')],
    ['status 000', answering('HTTP/1.1 000 X\r\ncontent-length: 0\r\n\r\n')],
    ['status 99', answering('HTTP/1.1 99 X\r\ncontent-length: 0\r\n\r\n')],
    ['status 1000', answering('HTTP/1.1 1000 X\r\ncontent-length: 0\r\n\r\n')],
    ['a header with a NUL byte', answering(`${head}x-a: b\x00c\r\ncontent-length: 0\r\n\r\n`)],
    ['a bad chunk size', answering(`${head}transfer-encoding: chunked\r\n\r\nzz\r\nhello\r\n`)],
  ])('answers with %s: protocol', async (_what, script) => {
    const outcome = await meet(script, 3_000);
    expect(outcome).toMatchObject({ kind: 'failure', failure: 'protocol' });
    await server!.allClosed();
  });

  it.each<[string, Script]>([
    ['resets after the request', (socket) => void socket.resetAndDestroy()],
    ['closes after the request', (socket) => void socket.end()],
    ['resets in its headers', (socket) => socket.write(head, () => socket.resetAndDestroy())],
    ['closes in its headers', (socket) => void socket.end(head)],
    [
      'resets in its body',
      (socket) => socket.write(`${head}content-length: 9\r\n\r\nhel`, () => socket.resetAndDestroy()),
    ],
    ['closes in its body', (socket) => void socket.end(`${head}content-length: 9\r\n\r\nhel`)],
    [
      'closes in its body, as announced',
      (socket) => void socket.end(`${head}connection: close\r\ncontent-length: 9\r\n\r\nhel`),
    ],
    ['closes between chunks', (socket) => void socket.end(`${head}transfer-encoding: chunked\r\n\r\n3\r\nhel\r\n`)],
  ])('%s: connection', async (_what, script) => {
    const outcome = await meet(script, 3_000);
    expect(outcome).toMatchObject({ kind: 'failure', failure: 'connection' });
  });

  it('resets at once when connected: connection', async () => {
    const rude = createServer((socket) => void socket.on('error', () => {}).resetAndDestroy()).listen(0, '127.0.0.1');
    await new Promise((resolve) => rude.once('listening', resolve));
    const { port } = rude.address() as { port: number };
    const outcome = await sender.send({
      url: `http://127.0.0.1:${port}/`,
      headers: [],
      body: Buffer.from('x'),
      timeoutMs: 3_000,
    });
    rude.close();
    expect(outcome).toMatchObject({ kind: 'failure', failure: 'connection' });
  });

  it('refuses connections: connection, and the text names no address', async () => {
    const gone = await RawServer.start(null);
    await gone.close();
    const outcome = await sender.send({ url: gone.url(), headers: [], body: Buffer.from('x'), timeoutMs: 3_000 });
    expect(outcome).toMatchObject({ failure: 'connection', message: 'The connection was refused.' });
  });

  it('ends its body by closing: a response', async () => {
    const outcome = await meet((socket) => void socket.end(`${head}\r\nhello`), 3_000);
    expect(outcome).toMatchObject({ kind: 'response', status: 200, body: Buffer.from('hello'), bodyTruncated: false });
  });

  it('answers before it has read the request: a response', async () => {
    server = await RawServer.start(null);
    const early = createServer((socket) => {
      socket.on('error', () => {});
      socket.write('HTTP/1.1 413 Too Large\r\ncontent-length: 0\r\n\r\n');
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => early.once('listening', resolve));
    const { port } = early.address() as { port: number };
    const outcome = await sender.send({
      url: `http://127.0.0.1:${port}/`,
      headers: [],
      body: Buffer.alloc(8 * 1024 * 1024),
      timeoutMs: 3_000,
    });
    early.close();
    expect(outcome).toMatchObject({ kind: 'response', status: 413 });
  });

  it('sends a second response unasked: the next request is not answered by it', async () => {
    const script: Script = (socket, request) =>
      socket.write(
        request.startsWith('POST /first')
          ? `${head}content-length: 2\r\n\r\nokHTTP/1.1 500 Smuggled\r\ncontent-length: 0\r\n\r\n`
          : `${head}content-length: 6\r\n\r\nsecond`,
      );
    server = await RawServer.start(script);
    const post = (path: string) =>
      sender.send({ url: server!.url(path), headers: [], body: Buffer.from('x'), timeoutMs: 3_000 });
    expect(await post('/first')).toMatchObject({ kind: 'response', status: 200 });
    expect(await post('/next')).toMatchObject({ kind: 'response', status: 200, body: Buffer.from('second') });
  });

  it('hangs on all connections: requests that wait for one end at their own deadline, the pool recovers', async () => {
    let hanging = true;
    server = await RawServer.start((socket) => {
      if (!hanging) socket.write('HTTP/1.1 204 No Content\r\n\r\n');
    });
    const narrow = new WebhookClient({ insecure: 'allow', connectionsPerOrigin: 2 });
    const post = (timeoutMs: number) =>
      narrow.send({ url: server!.url(), headers: [], body: Buffer.from('x'), timeoutMs });
    const { result: outcomes, laterMs } = await laterThanTimer(300, () =>
      Promise.all([post(300), post(300), post(100), post(200), post(250)]),
    );
    expect(laterMs).toBeLessThan(400);
    expect(outcomes.map((outcome) => outcome.kind === 'failure' && outcome.failure)).toEqual(Array(5).fill('timeout'));

    hanging = false;
    expect(await post(3_000)).toMatchObject({ kind: 'response', status: 204 });
    // What was given up while it waited has never been sent.
    expect(server.requests).toHaveLength(3);
    await narrow.close();
  });
});
