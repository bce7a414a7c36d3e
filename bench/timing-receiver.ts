import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * The receiver of the timing benchmark, a process of its own. It notes when each request arrives, by `webhook-id`. An id that
 * begins with `fail_` is answered 503 the first time; everything else 204. `GET /` gives what arrived since the last call, as
 * `[id, Unix ms with fractions, status]`.
 */
let arrivals: [string, number, number][] = [];
const seen = new Set<string>();

const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  if (request.method === 'GET') {
    response.end(JSON.stringify(arrivals));
    arrivals = [];
    return;
  }
  const at = performance.timeOrigin + performance.now();
  const id = String(request.headers['webhook-id']);
  const first = !seen.has(id);
  seen.add(id);
  const status = first && id.startsWith('fail_') ? 503 : 204;
  arrivals.push([id, at, status]);
  request.resume();
  request.once('end', () => response.writeHead(status).end());
});
server.maxRequestsPerSocket = 0;
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
process.once('disconnect', () => process.exit());
