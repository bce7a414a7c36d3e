import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * The receiver of the benchmarks, a process of its own: it reads each request to its end, answers 204 and counts. `GET /`
 * tells the count and the distinct `webhook-id`s.
 */
let requests = 0;
const ids = new Set<string>();

const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  if (request.method === 'GET') {
    response.end(JSON.stringify({ requests, distinct: ids.size }));
    return;
  }
  if (request.method === 'DELETE') {
    requests = 0;
    ids.clear();
    response.end();
    return;
  }
  request.resume();
  request.once('end', () => {
    requests++;
    const id = request.headers['webhook-id'];
    if (typeof id === 'string') ids.add(id);
    response.writeHead(204).end();
  });
});
server.maxRequestsPerSocket = 0;
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
