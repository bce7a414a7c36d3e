import type { AddressInfo } from 'node:net';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { z } from 'zod';
import { lifecycleSignal } from '../signal-intake/lifecycle-signal';
import {
  type OpenSource,
  type OpenSourceHealth,
  type SourceContext,
  type SourceKind,
  SourceProblem,
} from '../signal-intake/source-kind';

/**
 * The least that a kind of source can be, for tests of what runs sources: the peer is a TCP server that says one number a
 * line, keeps all of them, and begins at the one it is asked for. The password is sent first, and a wrong one ends it.
 */
const loopbackSettings = z.strictObject({
  host: z.string().default('127.0.0.1'),
  port: z.number().int().min(1).max(65_535),
  machine: z.string(),
  password: z.string().min(1),
});
type LoopbackSettings = z.infer<typeof loopbackSettings>;

export const loopbackKind: SourceKind<LoopbackSettings> = {
  type: 'loopback',
  says: 'Numbers of a TCP server.',
  settings: loopbackSettings,
  secrets: ['password'],
  machines: ({ machine }) => [machine],
  reaches: ({ host, port }) => [{ kind: 'peer', host, port, path: 'host' }],
  tryOnce: (settings, { signal }) =>
    new Promise((resolve, reject) => {
      const socket = connect({ host: settings.host, port: settings.port, signal });
      socket.on('error', (error) =>
        reject(new SourceProblem('unreachable', `${settings.host} does not answer: ${error.message}`, 'port')),
      );
      socket.on('close', () => reject(new SourceProblem('unauthorized', 'The peer refuses the password.', 'password')));
      socket.once('data', () => {
        socket.removeAllListeners('close').destroy();
        resolve({
          summary: 'A peer that counts.',
          seen: [{ machine: settings.machine, path: 'n', value: 0, unit: null }],
        });
      });
      socket.write(`${settings.password} 0\n`);
    }),
  open: (settings, context) => new LoopbackSource(settings, context),
};

class LoopbackSource implements OpenSource {
  private readonly stopping = new AbortController();
  private socket: Socket | null = null;
  private running: Promise<void> = Promise.resolve();
  private connection: OpenSourceHealth['connection'];
  private next: number;

  constructor(
    private readonly settings: LoopbackSettings,
    private readonly context: SourceContext,
  ) {
    this.next = (context.cursor?.['next'] as number | undefined) ?? 0;
    this.connection = { state: 'connecting', since: context.clock() };
  }

  start(): void {
    this.running = this.run();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    this.socket?.destroy();
    await this.running;
  }

  health(): OpenSourceHealth {
    return { connection: this.connection, lastError: null, counts: { gaps: 0 }, queued: 0, lagMs: 0 };
  }

  private async run(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      try {
        await this.read();
      } catch (error) {
        if (signal.aborted) return;
        this.connection = {
          state: 'disconnected',
          since: this.context.clock(),
          reason: (error as Error).message,
          nextTryAt: null,
        };
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  }

  private async read(): Promise<void> {
    const { settings, context } = this;
    const socket = connect({ host: settings.host, port: settings.port });
    this.socket = socket;
    socket.write(`${settings.password} ${this.next}\n`);
    const { tenant, name: source } = context;
    const place = { tenant, machine: settings.machine, source, session: 'numbers', proto: 'mtc' } as const;
    let rest = '';
    for await (const chunk of socket) {
      if (this.connection.state !== 'connected')
        this.connection = { state: 'connected', since: context.clock(), session: 'numbers' };
      const lines = (rest + String(chunk)).split('\n');
      rest = lines.pop()!;
      const signals = lines.map((line) => ({
        ...lifecycleSignal(place, 'connected', Number(line), context.clock()),
        path: 'n',
        kind: 'sample' as const,
        value: Number(line),
        type: 'double' as const,
      }));
      this.next = Number(lines.at(-1) ?? this.next - 1) + 1;
      await context.sink.append(signals, { cursor: { next: this.next }, stopping: this.stopping.signal });
    }
    throw new Error('closed by the peer');
  }
}

/** The peer: counts from 0 while it is told to. */
export class CountingPeer {
  readonly password = 'kept-to-itself-77';
  connections = 0;
  /** Connections now. */
  open = 0;
  /** Numbers asked for first, in the order of the connections. */
  readonly begins: number[] = [];
  private readonly sockets = new Set<Socket>();
  private said = 1;

  private constructor(private readonly server: Server) {}

  static async start(): Promise<CountingPeer> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const peer = new CountingPeer(server);
    server.on('connection', (socket) => peer.serve(socket));
    return peer;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** All numbers below `count` are said, now or to whoever asks for them. */
  sayTo(count: number): void {
    const from = this.said;
    this.said = count;
    for (const socket of this.sockets) this.send(socket, from);
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private send(socket: Socket, from: number): void {
    for (let n = from; n < this.said; n++) socket.write(`${n}\n`);
  }

  private serve(socket: Socket): void {
    this.connections++;
    this.open++;
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.open--;
      this.sockets.delete(socket);
    });
    socket.once('data', (bytes) => {
      const [password, from] = String(bytes).trim().split(' ');
      if (password !== this.password) return socket.destroy();
      this.begins.push(Number(from));
      this.sockets.add(socket);
      return this.send(socket, Number(from));
    });
  }
}
