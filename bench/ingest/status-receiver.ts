import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

interface Waiting {
  readonly current: string;
  readonly arrived: (at: number) => void;
}

/** Receives `machine.status_changed`, and tells who waits for one when it was there. */
export class StatusReceiver {
  private readonly waiting = new Map<string, Waiting>();

  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  static async start(): Promise<StatusReceiver> {
    let receiver: StatusReceiver | null = null;
    const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const at = performance.now();
        response.writeHead(204).end();
        receiver?.take(Buffer.concat(chunks), at);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    receiver = new StatusReceiver(server, `http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    return receiver;
  }

  /** `performance.now()` of the receipt of the machine's change to `current`. */
  expect(machine: string, current: string, withinMs = 30_000): Promise<number> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`no webhook said within ${withinMs / 1_000} s that ${machine} is ${current}`)),
        withinMs,
      );
      const arrived = (at: number): void => {
        clearTimeout(timer);
        this.waiting.delete(machine);
        resolve(at);
      };
      this.waiting.set(machine, { current, arrived });
    });
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private take(body: Buffer, at: number): void {
    const { data } = JSON.parse(body.toString()) as { data: { machine: string; current: string } };
    const waiting = this.waiting.get(data.machine);
    if (waiting?.current === data.current) waiting.arrived(at);
  }
}
