import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { verifyWebhook } from '@millrace/sdk';
import type { ShownWebhook } from './webhook-line';

export interface DemoReceiver {
  readonly url: string;
  close(): Promise<void>;
}

const MOST_BYTES = 1024 * 1024;

/**
 * A customer's system in small: takes webhooks, checks the signature as every receiver should, and hands them on to be
 * shown. A webhook with a wrong signature is answered with 401, and shown as such.
 */
export const startDemoReceiver = async (
  port: number,
  secret: () => string | null,
  show: (webhook: ShownWebhook) => void,
): Promise<DemoReceiver> => {
  const server = createServer((request, response) => void receive(request, response, secret(), show));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${port}/webhooks`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};

const receive = async (
  request: IncomingMessage,
  response: ServerResponse,
  secret: string | null,
  show: (webhook: ShownWebhook) => void,
): Promise<void> => {
  try {
    const body = await readBody(request);
    if (secret === null) return void response.writeHead(503, { 'retry-after': '1' }).end();
    const refused = refusal(body, request, secret);
    const shown = read(body);
    show({ ...shown, arrivedAt: new Date(), refused });
    response.writeHead(refused === null ? 204 : 401).end();
  } catch {
    if (response.headersSent) response.destroy();
    else response.writeHead(400).end();
  }
};

const readBody = async (request: IncomingMessage): Promise<Buffer> => {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request) {
    size += (part as Buffer).length;
    if (size > MOST_BYTES) throw new Error('too large');
    parts.push(part as Buffer);
  }
  return Buffer.concat(parts);
};

const refusal = (body: Buffer, request: IncomingMessage, secret: string): string | null => {
  try {
    verifyWebhook({ body, headers: request.headers, secret });
    return null;
  } catch (error) {
    return (error as Error).message;
  }
};

const read = (body: Buffer): Pick<ShownWebhook, 'type' | 'data' | 'ageMs'> => {
  const { type, timestamp, data } = JSON.parse(body.toString('utf8')) as {
    type: string;
    timestamp: string;
    data: ShownWebhook['data'];
  };
  const happened = Date.parse(timestamp);
  return { type, data: data ?? {}, ageMs: Number.isNaN(happened) ? null : Date.now() - happened };
};
