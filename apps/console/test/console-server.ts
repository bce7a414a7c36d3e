import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';

/** What the origin sends with the console (security.md 2.3); the tests run under it. */
export const CONSOLE_HEADERS = {
  'content-security-policy':
    "default-src 'self'; script-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-cache',
} as const;

const TYPES: { readonly [extension: string]: string } = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};
const FILES = join(__dirname, '..', 'public');

type Answer = { readonly status: number; readonly body: unknown };
/** What was asked beyond the path. */
export interface Asked {
  readonly method: string;
  /** Null without a body. */
  readonly body: unknown;
  readonly idempotencyKey: string | undefined;
}

/** The console's files, and an API that answers what the test says. */
export class ConsoleServer {
  /** Null breaks the connection. */
  api: (path: URL, authorization: string | undefined, asked: Asked) => Answer | null | Promise<Answer | null> = () => ({
    status: 404,
    body: {},
  });
  readonly requests: string[] = [];

  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  static async start(): Promise<ConsoleServer> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const console = new ConsoleServer(server, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    server.on('request', (request, response) => void console.answer(request, response));
    return console;
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = new URL(request.url ?? '/', this.url);
    if (/^\/(v1|api)\//.test(path.pathname)) {
      const method = request.method ?? 'GET';
      this.requests.push(`${method === 'GET' ? '' : `${method} `}${path.pathname}${path.search}`);
      const text = Buffer.concat(await request.toArray()).toString('utf8');
      const answer = await this.api(path, request.headers.authorization, {
        method,
        body: text === '' ? null : (JSON.parse(text) as unknown),
        idempotencyKey: request.headers['idempotency-key']?.toString(),
      });
      if (answer === null) return void request.socket.destroy();
      response.writeHead(answer.status, { 'content-type': 'application/json' });
      response.end(answer.status === 204 ? undefined : JSON.stringify(answer.body));
      return;
    }
    const file = path.pathname === '/' ? 'index.html' : path.pathname.slice(1);
    const bytes = /^[a-z-]+\.[a-z]+$/.test(file) ? await readFile(join(FILES, file)).catch(() => null) : null;
    response.writeHead(bytes === null ? 404 : 200, {
      ...CONSOLE_HEADERS,
      'content-type': TYPES[extname(file)] ?? 'text/plain',
    });
    response.end(bytes ?? 'Not found');
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
