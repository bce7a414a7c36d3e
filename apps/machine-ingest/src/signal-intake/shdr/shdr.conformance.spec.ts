import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { itConforms, type SourcePeer } from '../source-conformance.fixture';
import { shdrSourceKind } from './shdr.kind';
import { type ShdrSettings, shdrSettings } from './shdr-settings';

/** An adapter of one item that has no value to send again: what it says has happened once. */
const adapterPeer = (): SourcePeer<ShdrSettings> => {
  let server: Server | null = null;
  let sockets: Socket[] = [];
  let port = 0;
  let frozen = false;
  const write = (line: string) => {
    for (const socket of sockets) socket.write(`${line}\n`);
  };
  return {
    path: 'parts',
    settings: () => shdrSettings.parse({ host: '127.0.0.1', port, machine: 'SAW-1', heartbeatMs: 100 }),
    start: async () => {
      if (server !== null) return;
      server = createServer((socket) => {
        sockets.push(socket);
        socket.on('error', () => undefined);
        socket.on('close', () => {
          sockets = sockets.filter((one) => one !== socket);
        });
        socket.on('data', () => {
          if (!frozen) socket.write('* PONG 100\n');
        });
      });
      server.listen(port, '127.0.0.1');
      await once(server, 'listening');
      port = (server.address() as AddressInfo).port;
    },
    kill: async () => {
      if (server === null) return;
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.resetAndDestroy();
      await closed;
      server = null;
    },
    say: async (values) => {
      for (const value of values) write(`${new Date().toISOString()}|parts|${value}`);
    },
    repeat: null,
    garbage: { send: async () => write('HTTP/1.1 400 Bad Request'), refused: true },
    freeze: {
      begin: async () => {
        frozen = true;
      },
      end: async () => {
        frozen = false;
      },
      noticedWithinMs: 5_000,
    },
    keepsForAbsent: false,
  };
};

describe('an SHDR adapter', () => {
  itConforms({
    kind: shdrSourceKind,
    makePeer: adapterPeer,
    folder: () => '',
    // 5,000 and what came with the last of them: the rest waits in the socket
    outage: { values: 20_000, queues: 5_000, mostQueued: 8_000 },
    cannot: { repeat: 'an adapter has no value to send again' },
  });
});
