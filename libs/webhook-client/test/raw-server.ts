import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';

/** What a scripted receiver does with a connection once a whole request has arrived on it. */
export type Script = (socket: Socket, request: string) => void;

/** A receiver that speaks in raw bytes, so that it can misbehave in every way. */
export class RawServer {
  readonly requests: string[] = [];
  connections = 0;
  private readonly sockets = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    readonly port: number,
    private readonly scheme: 'http' | 'https',
  ) {}

  static async start(script: Script | null, tls?: TlsOptions): Promise<RawServer> {
    const server = tls ? createTlsServer(tls) : createServer();
    server.listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const raw = new RawServer(server, (server.address() as AddressInfo).port, tls ? 'https' : 'http');
    server.on('connection', (socket: Socket) => {
      raw.connections++;
      raw.sockets.add(socket);
      socket.on('error', () => {}).once('close', () => raw.sockets.delete(socket));
    });
    server.on('tlsClientError', () => {});
    server.on(tls ? 'secureConnection' : 'connection', (socket: Socket) => raw.serve(socket, script));
    return raw;
  }

  url(path = '/', host = '127.0.0.1'): string {
    return `${this.scheme}://${host}:${this.port}${path}`;
  }

  /** Resolves when no connection is open any more. */
  async allClosed(): Promise<void> {
    while (this.sockets.size > 0) await new Promise((resolve) => [...this.sockets][0]!.once('close', resolve));
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private serve(socket: Socket, script: Script | null): void {
    let buffered = '';
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      buffered += chunk.toString('latin1');
      for (;;) {
        const head = buffered.indexOf('\r\n\r\n');
        if (head < 0) return;
        const length = Number(/content-length: (\d+)/i.exec(buffered)?.[1] ?? 0);
        const end = head + 4 + length;
        if (buffered.length < end) return;
        const request = buffered.slice(0, end);
        buffered = buffered.slice(end);
        this.requests.push(request);
        script?.(socket, request);
      }
    });
  }
}

/** Answers every request with these bytes and keeps the connection. */
export const answering =
  (bytes: string | Buffer): Script =>
  (socket) =>
    socket.write(bytes);

/** Calls `write` again and again while the connection lives and its buffer has room. */
export const endlessly = (socket: Socket, write: () => boolean): void => {
  const more = (): void => {
    while (!socket.destroyed && write());
    if (!socket.destroyed) socket.once('drain', more);
  };
  more();
};

/** Calls `write` every few milliseconds while the connection lives. */
export const dripping = (socket: Socket, everyMs: number, write: () => void): void => {
  const timer = setInterval(write, everyMs);
  socket.once('close', () => clearInterval(timer));
};
