import { type Agent, type IncomingMessage, type ServerResponse, request as startRequest } from 'node:http';
import { sendProblem } from './problem-response';

/** Belong to one connection, not to the request (RFC 9110, 7.6.1). */
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Claims about the way here; nothing stands before this origin, so a caller's claim is never true. */
const FORWARDING = /^(forwarded|via|x-forwarded-.*|x-real-ip|x-client-ip|true-client-ip)$/;

/**
 * The headers that go on, in the caller's order and spelling (`rawHeaders` form). Drops what belongs to the connection, what
 * `Connection` names, and with `drop` what else matches.
 */
export const passedHeaders = (raw: readonly string[], drop: RegExp | null): string[] => {
  const pairs: Array<[string, string]> = [];
  for (let at = 0; at + 1 < raw.length; at += 2) pairs.push([raw[at] as string, raw[at + 1] as string]);
  const named = new Set(
    pairs
      .filter(([name]) => name.toLowerCase() === 'connection')
      .flatMap(([, value]) => value.split(',').map((part) => part.trim().toLowerCase())),
  );
  return pairs
    .filter(([name]) => {
      const lower = name.toLowerCase();
      return !HOP_BY_HOP.has(lower) && !named.has(lower) && drop?.test(lower) !== true;
    })
    .flat();
};

const SILENCE_MS = 65_000;

export interface Target {
  readonly name: string;
  readonly port: number;
  readonly host: string;
  readonly agent: Agent;
}

/** Streams a request to a service and its answer back. A service that is away answers 503 with `Retry-After`. */
export const forward = (incoming: IncomingMessage, response: ServerResponse, target: Target, again = false): void => {
  const hasBody =
    incoming.headers['transfer-encoding'] !== undefined || incoming.headers['content-length'] !== undefined;
  const headers = passedHeaders(incoming.rawHeaders, FORWARDING);
  // Node frames the body anew where it came in chunks; a length stays as it is.
  if (incoming.headers['transfer-encoding'] !== undefined) headers.push('Transfer-Encoding', 'chunked');
  // Without this Node would announce chunks for a POST that has no body, and the service would ask for its type.
  else if (!hasBody && incoming.method !== 'GET' && incoming.method !== 'HEAD') headers.push('Content-Length', '0');
  const outgoing = startRequest({
    host: target.host,
    port: target.port,
    method: incoming.method,
    path: incoming.url,
    headers,
    agent: target.agent,
    timeout: SILENCE_MS,
  });
  const away = () =>
    sendProblem(
      response,
      'unavailable',
      `The service ${target.name} does not answer at the moment. Try again shortly.`,
      {
        'retry-after': '2',
      },
    );
  let answered = false;
  outgoing.once('response', (answer) => {
    answered = true;
    response.writeHead(answer.statusCode ?? 502, answer.statusMessage, passedHeaders(answer.rawHeaders, null));
    answer.pipe(response);
    answer.once('error', () => response.destroy());
  });
  outgoing.once('timeout', () => outgoing.destroy(new Error('no answer')));
  outgoing.once('error', () => {
    if (answered) return void response.destroy();
    // The service had just closed the idle connection that we took; nothing was sent on a new one yet.
    if (outgoing.reusedSocket && !hasBody && !again) return forward(incoming, response, target, true);
    incoming.unpipe(outgoing);
    incoming.resume();
    away();
  });
  response.once('close', () => {
    if (!response.writableFinished) outgoing.destroy();
  });
  if (hasBody) incoming.pipe(outgoing);
  else outgoing.end();
};
