import { existsSync, readFileSync } from 'node:fs';
import { Agent, createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { asyncApiDocument, DEFAULT_TOPIC_PREFIX, EVENT_MODULES, openApiDocument } from '@millrace/protocol';
import { LocalStackError } from '../machine/local-stack-error';
import { SERVICES, type Service } from '../services/service-part';
import { forward, type Target } from './forward';
import { mergeMetrics } from './merge-metrics';
import { sendJson, sendProblem } from './problem-response';
import { ownerOf } from './routes';
import { findStaticFile, sendStaticFile } from './static-files';

export interface OriginOptions {
  readonly port: number;
  /** Addresses to listen on; one that the machine does not have (no IPv6) is left out, unless it is the only one. */
  readonly hosts: readonly string[];
  readonly services: { readonly [name in Service]: { readonly host: string; readonly port: number } };
  readonly projectRoot: string;
  /** For the AsyncAPI document; the defaults of every service when absent. */
  readonly topicPrefix?: string;
  readonly extraModules?: readonly string[];
}

export interface Origin {
  close(): Promise<void>;
}

const PROBE_MS = 2_000;

/**
 * The one address of Millrace on this machine: the console, the API of the four services by path, the API documents, and the
 * health and metrics of all.
 */
export const startOrigin = async (options: OriginOptions): Promise<Origin> => {
  const agent = new Agent({ keepAlive: true, maxFreeSockets: 64 });
  const targets = Object.fromEntries(
    SERVICES.map((name) => [name, { name, agent, ...options.services[name] }]),
  ) as Record<Service, Target>;
  const handle = handler(options, targets);
  const servers: Server[] = [];
  for (const host of options.hosts) {
    const server = createServer({ keepAliveTimeout: 30_000 }, handle);
    try {
      await listen(server, host, options.port);
      servers.push(server);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code === 'EADDRINUSE') {
        await Promise.all(servers.map(close));
        throw new LocalStackError(`Port ${options.port} is in use by another program.`, [
          `Stop that program, or choose another port: MILLRACE_PORT=${options.port + 10} npm start`,
        ]);
      }
      if (options.hosts.length === 1 || (code !== 'EADDRNOTAVAIL' && code !== 'EAFNOSUPPORT')) throw error;
    }
  }
  return {
    close: async () => {
      await Promise.all(servers.map(close));
      agent.destroy();
    },
  };
};

const listen = (server: Server, host: string, port: number): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });

const close = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });

const handler = (options: OriginOptions, targets: Record<Service, Target>) => {
  const console = ['apps/console/dist', 'apps/console/public']
    .map((folder) => join(options.projectRoot, folder))
    .filter((folder) => existsSync(folder));
  const { version } = JSON.parse(readFileSync(join(options.projectRoot, 'package.json'), 'utf8')) as {
    version: string;
  };
  const documents: { readonly [path: string]: () => unknown } = {
    '/openapi.json': () => openApiDocument(version),
    '/asyncapi.json': () =>
      asyncApiDocument(version, {
        prefix: options.topicPrefix ?? DEFAULT_TOPIC_PREFIX,
        modules: [...new Set([...EVENT_MODULES, ...(options.extraModules ?? [])])],
      }),
  };
  const own: { readonly [path: string]: (response: ServerResponse) => Promise<void> } = {
    '/healthz': (response) => sendHealth(response, targets, '/healthz'),
    '/readyz': (response) => sendHealth(response, targets, '/readyz'),
    '/metrics': (response) => sendMetrics(response, targets),
  };
  return (request: IncomingMessage, response: ServerResponse) => {
    const path = (request.url ?? '/').split('?', 1)[0] as string;
    const service = ownerOf(path);
    if (service !== null) return forward(request, response, targets[service]);
    const method = request.method ?? 'GET';
    const file = findStaticFile(console, path);
    const document = documents[path];
    const answer = own[path];
    if (file === null && document === undefined && answer === undefined) {
      return sendProblem(
        response,
        'not_found',
        `There is nothing at ${path.slice(0, 200)}. The calls are listed in /openapi.json.`,
      );
    }
    if (method !== 'GET' && method !== 'HEAD') {
      return sendProblem(response, 'method_not_allowed', `${path} takes GET only.`, { allow: 'GET, HEAD' });
    }
    if (document !== undefined) return sendJson(response, 200, document());
    if (answer !== undefined) return answer(response).catch(() => response.destroy());
    sendStaticFile(response, file as string, method);
  };
};

const ask = async (target: Target, path: string): Promise<{ status: number; text: string }> => {
  try {
    const answer = await fetch(`http://${target.host}:${target.port}${path}`, {
      signal: AbortSignal.timeout(PROBE_MS),
    });
    return { status: answer.status, text: await answer.text() };
  } catch {
    return { status: 503, text: '' };
  }
};

/** 200 when all four say so, else 503; the body says which does not. */
const sendHealth = async (response: ServerResponse, targets: Record<Service, Target>, path: string): Promise<void> => {
  const answers = await Promise.all(
    SERVICES.map(
      async (name) => [name, (await ask(targets[name], path)).status === 200 ? 'ok' : 'unavailable'] as const,
    ),
  );
  const well = answers.every(([, state]) => state === 'ok');
  sendJson(response, well ? 200 : 503, { status: well ? 'ok' : 'unavailable', services: Object.fromEntries(answers) });
};

const sendMetrics = async (response: ServerResponse, targets: Record<Service, Target>): Promise<void> => {
  const texts = new Map<string, string>();
  for (const name of SERVICES) {
    const answer = await ask(targets[name], '/metrics');
    if (answer.status === 200) texts.set(name, answer.text);
  }
  response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' });
  response.end(mergeMetrics(texts));
};
