import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { monotonicMicros } from './receiving/monotonic';
import type { Behaviour, Question, Questions, Topic } from './receiving/questions';
import { readNumberedId, Series } from './receiving/series';

/**
 * The receiver of the benchmarks, a process of its own, spoken to over the channel to its parent. What it does with a request
 * is told by the first part of its path: 204 unless it was asked to behave otherwise. What it answers is entered in the
 * books of the series that stands in `webhook-id`.
 */
const behaviours = new Map<string, Behaviour>();
const series = new Map<string, Series>();
let hanging = 0;

const groupOf = (path: string): string => {
  const end = path.indexOf('/', 1);
  return path.slice(1, end < 0 ? undefined : end);
};

const seriesNamed = (name: string): Series => {
  let found = series.get(name);
  if (!found) {
    found = new Series();
    series.set(name, found);
  }
  return found;
};

/** A series of its own is kept of what was refused: `<series>_refused`. */
const enter = (request: IncomingMessage, suffix = ''): void => {
  const id = readNumberedId(String(request.headers['webhook-id']));
  if (id) seriesNamed(id.series + suffix).note(id.number, id.sentAt, monotonicMicros());
};

const receive = (request: IncomingMessage, response: ServerResponse): void => {
  request.resume();
  switch (behaviours.get(groupOf(request.url!)) ?? 'answer') {
    case 'refuse':
      enter(request, '_refused');
      request.socket.destroy();
      return;
    case 'hang':
      hanging++;
      request.socket.once('close', () => hanging--);
      return;
    case 'answer':
      request.once('end', () => {
        enter(request);
        response.writeHead(204).end();
      });
  }
};

const listen = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer({ keepAliveTimeout: 60_000, requestTimeout: 0 }, receive);
    server.maxRequestsPerSocket = 0;
    server.listen({ port: 0, host: '127.0.0.1', backlog: 4_096 }, () =>
      resolve((server.address() as AddressInfo).port),
    );
  });

const answers: { readonly [T in Topic]: (ask: Questions[T]['ask']) => Questions[T]['answer'] | Promise<number[]> } = {
  listen: ({ origins }) => Promise.all(Array.from({ length: origins }, listen)),
  behave: ({ group, as }) => {
    behaviours.set(group, as);
    return null;
  },
  count: (ask) => seriesNamed(ask.series).count,
  report: (ask) => seriesNamed(ask.series).report,
  hanging: () => hanging,
  forget: () => {
    series.clear();
    return null;
  },
};

process.on('message', async ({ id, topic, ask }: Question) => {
  const answer = await (answers[topic] as (ask: unknown) => unknown)(ask);
  process.send!({ id, answer });
});
process.once('disconnect', () => process.exit());
process.send!({ id: 0, answer: null });
