import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readStream } from '../../receive/read-stream';
import { WebhookVerificationError } from '../../verify/verification-error';
import type { Forwarded } from './forward';

export interface Arrived {
  readonly headers: IncomingMessage['headers'];
  readonly rawHeaders: readonly string[];
  readonly body: Uint8Array;
}

export interface ListenerOptions {
  readonly address: string;
  /** 0 for any that is free. */
  readonly port: number;
  /** The only path that is answered; nobody guesses it. */
  readonly path: string;
  /** Rejects with WebhookVerificationError. */
  readonly verify: (arrived: Arrived) => Promise<void>;
  readonly forward: (arrived: Arrived) => Promise<Forwarded>;
  readonly onRefused: (code: string, message: string) => void;
}

export interface Listener {
  readonly port: number;
  /** Ends what is under way after a moment. */
  close(): Promise<void>;
}

const LIMIT_BYTES = 16 * 1024 * 1024;
const LAST_MS = 2_000;

const receive = async (options: ListenerOptions, request: IncomingMessage, response: ServerResponse): Promise<void> => {
  const end = (status: number, body: string | Uint8Array = '', headers: { [name: string]: string } = {}) =>
    response.writeHead(status, headers).end(body);
  if (request.method !== 'POST' || request.url !== options.path) return void end(404);
  const body = await readStream(request, LIMIT_BYTES);
  if (body === 'incomplete') return void request.destroy();
  if (body === 'too_large') return void end(413);
  const arrived = { headers: request.headers, rawHeaders: request.rawHeaders, body };
  try {
    await options.verify(arrived);
  } catch (error) {
    if (!(error instanceof WebhookVerificationError)) throw error;
    options.onRefused(error.code, error.message);
    return void end(401, JSON.stringify({ error: error.code }), { 'content-type': 'application/json' });
  }
  const answer = await options.forward(arrived);
  end(answer.status, answer.body, { ...answer.headers });
};

/** Takes deliveries on the developer's machine. */
export const startListener = async (options: ListenerOptions): Promise<Listener> => {
  const server = createServer((request, response) => {
    receive(options, request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.address, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        const timer = setTimeout(() => server.closeAllConnections(), LAST_MS);
        server.close(() => {
          clearTimeout(timer);
          resolve();
        });
        server.closeIdleConnections();
      }),
  };
};
