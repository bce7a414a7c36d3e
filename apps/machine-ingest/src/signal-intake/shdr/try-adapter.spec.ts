import { once } from 'node:events';
import { createServer as createWebServer } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { shdrSettings } from './shdr-settings';
import { tryAdapter } from './try-adapter';

const STAMP = '2026-02-17T13:00:00.000Z';

describe('a try of an SHDR adapter', () => {
  const servers: Server[] = [];
  afterEach(async () => {
    for (const server of servers.splice(0)) server.close();
  });

  const serve = async (server: Server): Promise<number> => {
    servers.push(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  };
  const answering = (act: (socket: Socket, heard: string) => void) =>
    serve(
      createServer((socket) => {
        socket.on('error', () => undefined);
        socket.on('data', (bytes) => act(socket, bytes.toString()));
      }),
    );
  const trial = (port: number) =>
    tryAdapter(shdrSettings.parse({ host: '127.0.0.1', port, machine: 'SAW-1' }), {
      signal: AbortSignal.timeout(10_000),
    });

  it.each<[string, string, object]>([
    [
      'values',
      `* PONG 10000\n${STAMP}|avail|AVAILABLE|execution|READY\n`,
      { summary: 'An SHDR adapter that sent 2 values.', seen: [{ path: 'avail' }, { path: 'execution' }] },
    ],
    ['nothing but PONG', '* PONG 10000\n', { summary: 'An SHDR adapter that has sent no values yet.', seen: [] }],
    ['nothing', '', { summary: 'The adapter takes the connection and has sent nothing yet.', seen: [] }],
    [
      'values between garbage',
      `garbage\n${STAMP}|avail|AVAILABLE\n`,
      { summary: 'An SHDR adapter that sent 1 values and 1 lines that cannot be read.' },
    ],
  ])('is content with one that answers a PING with %s', async (_, answer, seen) => {
    const asked: string[] = [];
    const port = await answering((socket, heard) => {
      asked.push(heard);
      if (answer !== '') socket.write(answer);
    });
    expect(await trial(port)).toMatchObject(seen);
    expect(asked).toEqual(['* PING\n']);
  });

  it('knows a web server, or an agent, by its answer', async () => {
    const port = await serve(createWebServer());
    await expect(trial(port)).rejects.toMatchObject({
      code: 'not_this_protocol',
      path: 'port',
      message: expect.stringContaining('mtconnect'),
    });
  });

  it.each<[string, (socket: Socket) => void]>([
    ['closes', (socket) => socket.end()],
    ['cuts', (socket) => socket.resetAndDestroy()],
    ['answers in bytes and closes', (socket) => socket.end(Buffer.from([0x20, 0x02, 0x00, 0x84]))],
    ['answers in bytes and waits', (socket) => socket.write(Buffer.from([0x20, 0x02, 0x00, 0x84]))],
  ])('knows what is no adapter where its port, at a PING, %s', async (_, act) => {
    const port = await answering(act);
    await expect(trial(port)).rejects.toMatchObject({ code: 'not_this_protocol', path: 'port' });
  });

  it('says that nothing listens', async () => {
    const port = await answering(() => undefined);
    const [server] = servers.splice(0);
    server!.close();
    await once(server!, 'close');
    await expect(trial(port)).rejects.toMatchObject({ code: 'unreachable', path: 'host' });
  });
});
