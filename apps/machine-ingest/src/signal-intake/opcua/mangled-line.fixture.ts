import { connect, createServer, type Server, type Socket } from 'node:net';

/** A line between a client and a server on loopback, which can spoil what the server says. */
export class MangledLine {
  private readonly server: Server;
  private readonly ends = new Set<Socket>();
  private port = 0;
  private spoilt: (() => void) | null = null;

  constructor(private readonly target: () => number) {
    this.server = createServer((client) => this.join(client));
  }

  get endpointUrl(): string {
    return `opc.tcp://127.0.0.1:${this.port}`;
  }

  async open(): Promise<void> {
    await new Promise<void>((resolve) => this.server.listen(this.port, '127.0.0.1', resolve));
    this.port = (this.server.address() as { port: number }).port;
  }

  async close(): Promise<void> {
    for (const end of this.ends) end.destroy();
    if (this.server.listening) await new Promise((resolve) => this.server.close(resolve));
  }

  /** Makes nonsense of the server's next words; resolves when they have been said. */
  spoilNext(): Promise<void> {
    return new Promise((resolve) => {
      this.spoilt = resolve;
    });
  }

  private join(client: Socket): void {
    const server = connect(this.target(), '127.0.0.1');
    for (const [one, other] of [
      [client, server],
      [server, client],
    ] as const) {
      this.ends.add(one);
      one.on('error', () => {});
      one.on('close', () => {
        this.ends.delete(one);
        other.destroy();
      });
    }
    client.on('data', (words) => server.write(words));
    server.on('data', (words) => {
      client.write(this.spoilt === null ? words : Buffer.alloc(words.length, 0xff));
      this.spoilt?.();
      this.spoilt = null;
    });
  }
}
