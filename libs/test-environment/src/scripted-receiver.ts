import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { eventually } from './eventually';

export interface ReceivedRequest {
  readonly method: string;
  /** Path with query, as sent. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** Names and values in turn, in the order and spelling of the wire. */
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
  /** `Date.now()` when its body was complete. */
  readonly arrivedAt: number;
  /** Counts from 1 over the receiver's life. */
  readonly number: number;
}

export interface ScriptedAnswer {
  readonly status: number;
  readonly headers?: { readonly [name: string]: string };
  readonly body?: string | Buffer;
  /** Milliseconds until the answer begins. */
  readonly delayMs?: number;
}

/**
 * What happens to one request: a status, a whole answer, `hang` (never answered), `reset` (connection reset after the request
 * was read), `close` (closed without an answer), or an own handler that writes to the socket as it likes.
 */
export type Reaction =
  | number
  | ScriptedAnswer
  | 'hang'
  | 'reset'
  | 'close'
  | { readonly write: (response: ServerResponse, request: ReceivedRequest) => void };

export type Script = Reaction | readonly Reaction[] | ((request: ReceivedRequest) => Reaction | Promise<Reaction>);

/** A receiver of webhooks on 127.0.0.1 that does what the test says, and remembers what came. */
export class ScriptedReceiver {
  readonly requests: ReceivedRequest[] = [];
  /** Most requests that were open at one time. */
  mostOpen = 0;
  private open = 0;
  private script: (request: ReceivedRequest) => Reaction | Promise<Reaction>;
  private readonly sockets = new Set<Socket>();
  private readonly waiting = new Set<() => void>();

  private constructor(
    private readonly server: Server,
    script: Script,
  ) {
    this.script = asFunction(script);
    server.on('connection', (socket) => {
      this.sockets.add(socket);
      socket.once('close', () => this.sockets.delete(socket));
    });
    server.on('request', (request, response) => void this.receive(request, response));
  }

  /** Default script: 200 to everything. `port` 0 takes any free one. */
  static async start(script: Script = 200, port = 0): Promise<ScriptedReceiver> {
    const server = createServer({ keepAliveTimeout: 60_000 });
    const receiver = new ScriptedReceiver(server, script);
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, '127.0.0.1', resolve);
    });
    return receiver;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/`;
  }

  /** From now on. A list is used up one by one, its last entry stays; a function is asked for each request. */
  respond(script: Script): void {
    this.script = asFunction(script);
  }

  /** Waits for the first request, earlier or later, that `matches`. */
  waitFor(matches: (request: ReceivedRequest) => boolean, timeoutMs = 10_000): Promise<ReceivedRequest> {
    return eventually(() => this.requests.find(matches), `a request (${this.requests.length} came so far)`, timeoutMs);
  }

  async waitForCount(count: number, timeoutMs = 10_000): Promise<readonly ReceivedRequest[]> {
    await eventually(
      () => this.requests.length >= count,
      `${count} requests (${this.requests.length} at first)`,
      timeoutMs,
    );
    return this.requests;
  }

  /** Ends at once, with all open connections. */
  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
    for (const stop of this.waiting) stop();
  }

  private async receive(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = [];
    this.open += 1;
    this.mostOpen = Math.max(this.mostOpen, this.open);
    response.once('close', () => {
      this.open -= 1;
    });
    try {
      for await (const part of incoming) parts.push(part as Buffer);
    } catch {
      return;
    }
    const request: ReceivedRequest = {
      method: incoming.method ?? '',
      path: incoming.url ?? '',
      headers: incoming.headers,
      rawHeaders: incoming.rawHeaders,
      body: Buffer.concat(parts),
      arrivedAt: Date.now(),
      number: this.requests.length + 1,
    };
    this.requests.push(request);
    await this.react(await this.script(request), request, response);
  }

  private async react(reaction: Reaction, request: ReceivedRequest, response: ServerResponse): Promise<void> {
    if (reaction === 'hang') return;
    if (reaction === 'reset') return void response.socket?.resetAndDestroy();
    if (reaction === 'close') return void response.socket?.destroy();
    if (typeof reaction === 'object' && 'write' in reaction) return reaction.write(response, request);
    const answer = typeof reaction === 'number' ? { status: reaction } : reaction;
    if (answer.delayMs !== undefined) await this.pause(answer.delayMs);
    response.writeHead(answer.status, answer.headers).end(answer.body);
  }

  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const stop = () => {
        clearTimeout(timer);
        this.waiting.delete(stop);
        resolve();
      };
      const timer = setTimeout(stop, ms);
      this.waiting.add(stop);
    });
  }
}

const asFunction = (script: Script): ((request: ReceivedRequest) => Reaction | Promise<Reaction>) => {
  if (typeof script === 'function') return script;
  if (!Array.isArray(script)) return () => script as Reaction;
  const left = [...(script as readonly Reaction[])];
  return () => (left.length > 1 ? (left.shift() as Reaction) : (left[0] ?? 200));
};
