import { connect, createServer, type Server, type Socket } from 'node:net';

/** A Kafka response on its way to the client, after the broker has done the work. */
export interface PassingResponse {
  /** Kafka's number of the request: 0 produce, 1 fetch, 8 offset commit, 11 join, 12 heartbeat. */
  readonly apiKey: number;
  readonly apiVersion: number;
  /** Without length; the first four bytes are the correlation id. */
  readonly frame: Buffer;
}

/** `drop` loses the response silently, `cut` also closes the connection; a buffer is sent in its place. */
export type Verdict = 'pass' | 'drop' | 'cut' | Buffer;

/**
 * Stands between kafkajs and one broker, and rewrites the broker's address in what it answers, so that clients stay here.
 */
export class BrokerProxy {
  judge: (response: PassingResponse) => Verdict = () => 'pass';
  private readonly sockets = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    private readonly target: { host: string; port: number },
  ) {}

  static async start(broker: string): Promise<BrokerProxy> {
    const [host, port] = broker.split(':');
    const server = createServer();
    const proxy = new BrokerProxy(server, { host: host!, port: Number(port) });
    server.on('connection', (socket) => proxy.accept(socket));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get port(): number {
    return (this.server.address() as { port: number }).port;
  }

  get address(): string {
    return `${this.target.host}:${this.port}`;
  }

  cutAll(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  async close(): Promise<void> {
    this.cutAll();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private accept(client: Socket): void {
    const broker = connect(this.target.port, this.target.host);
    const asked = new Map<number, { apiKey: number; apiVersion: number }>();
    const end = (): void => {
      client.destroy();
      broker.destroy();
      this.sockets.delete(client);
    };
    this.sockets.add(client);
    for (const socket of [client, broker]) socket.on('error', end).on('close', end);
    client.on(
      'data',
      frames((frame) => {
        asked.set(frame.readInt32BE(4), { apiKey: frame.readInt16BE(0), apiVersion: frame.readInt16BE(2) });
        broker.write(framed(frame));
      }),
    );
    broker.on(
      'data',
      frames((frame) => {
        const correlation = frame.readInt32BE(0);
        const request = asked.get(correlation)!;
        asked.delete(correlation);
        const verdict = this.judge({ ...request, frame });
        if (verdict === 'cut') end();
        else if (verdict !== 'drop') client.write(framed(this.withOurPort(verdict === 'pass' ? frame : verdict)));
      }),
    );
  }

  /** Addresses are a length, a name, and a port in four bytes, in metadata and coordinator answers alike. */
  private withOurPort(frame: Buffer): Buffer {
    const { host, port } = this.target;
    const pattern = Buffer.alloc(2 + host.length + 4);
    pattern.writeInt16BE(host.length, 0);
    pattern.write(host, 2);
    pattern.writeInt32BE(port, 2 + host.length);
    for (let at = frame.indexOf(pattern); at >= 0; at = frame.indexOf(pattern, at + 1))
      frame.writeInt32BE(this.port, at + 2 + host.length);
    return frame;
  }
}

const framed = (frame: Buffer): Buffer => {
  const length = Buffer.alloc(4);
  length.writeInt32BE(frame.length, 0);
  return Buffer.concat([length, frame]);
};

const frames = (onFrame: (frame: Buffer) => void): ((chunk: Buffer) => void) => {
  let rest: Buffer = Buffer.alloc(0);
  return (chunk) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    while (rest.length >= 4 && rest.length >= 4 + rest.readInt32BE(0)) {
      const length = rest.readInt32BE(0);
      onFrame(Buffer.from(rest.subarray(4, 4 + length)));
      rest = rest.subarray(4 + length);
    }
  };
};
