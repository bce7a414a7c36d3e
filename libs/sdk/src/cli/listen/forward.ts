import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';

export interface Forwarded {
  readonly status: number;
  readonly headers: { readonly [name: string]: string };
  readonly body: Uint8Array;
}

/** Of one connection, not of the message; and the host, which is another one now. */
const NOT_PASSED_ON = new Set([
  'host',
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'content-length',
]);
/** What of the answer says something to Millrace. */
const ANSWERED = ['content-type', 'retry-after'];
const ANSWER_KEPT = 64 * 1024;

/** Names and values in turn, as they came, without those of the connection. Pure. */
export const passedOn = (rawHeaders: readonly string[], target: URL, length: number): string[] => {
  const headers = ['Host', target.host];
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const [name, value] = [rawHeaders[at] as string, rawHeaders[at + 1] as string];
    if (!NOT_PASSED_ON.has(name.toLowerCase())) headers.push(name, value);
  }
  return [...headers, 'Content-Length', String(length), 'Connection', 'close'];
};

const isThisMachine = (host: string): boolean => /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(host);

/** Sends the same bytes and headers to the developer's own app. Rejects when it does not answer in time. */
export const forward = (
  target: URL,
  rawHeaders: readonly string[],
  body: Uint8Array,
  timeoutMs: number,
): Promise<Forwarded> =>
  new Promise((resolve, reject) => {
    const send = target.protocol === 'https:' ? httpsRequest : httpRequest;
    const request = send(
      target,
      {
        method: 'POST',
        headers: passedOn(rawHeaders, target, body.length) as unknown as { [name: string]: string },
        agent: false,
        // An app on this very machine has a certificate of its own making.
        rejectUnauthorized: !isThisMachine(target.hostname),
        signal: AbortSignal.timeout(timeoutMs),
      },
      async (answer) => {
        const parts: Buffer[] = [];
        let size = 0;
        try {
          for await (const part of answer as AsyncIterable<Buffer>) {
            if (size < ANSWER_KEPT) parts.push(part);
            size += part.length;
          }
        } catch (error) {
          return reject(error);
        }
        const headers: { [name: string]: string } = {};
        for (const name of ANSWERED) {
          const value = answer.headers[name];
          if (typeof value === 'string') headers[name] = value;
        }
        resolve({ status: answer.statusCode ?? 502, headers, body: Buffer.concat(parts).subarray(0, ANSWER_KEPT) });
      },
    );
    request.once('error', reject);
    request.end(body);
  });

/** Why an app did not answer, in words. Pure. */
export const whyNot = (error: unknown, target: URL, timeoutMs: number): string => {
  const { code, name, message } = error as { code?: string; name?: string; message?: string };
  if (name === 'TimeoutError' || name === 'AbortError') return `no answer within ${timeoutMs / 1000} s`;
  if (code === 'ECONNREFUSED') return `nothing listens at ${target.host}`;
  return message || code || 'no answer';
};
