import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { registerDemoSource, restDemoSource } from './demo-source';

/** An API that knows one source, or none. */
let source: { settings: { url: string }; enabled: boolean } | null;
let refused: number | null;
const changes: unknown[] = [];
let server: Server;
let api: { origin: string; key: string };

beforeAll(async () => {
  server = createServer(async (request, response) => {
    const text = Buffer.concat(await request.toArray()).toString('utf8');
    const answer = (status: number, body: unknown) => response.writeHead(status).end(JSON.stringify(body));
    if (request.url?.startsWith('/v1/mappings')) return answer(200, {});
    if (refused !== null) return answer(refused, { code: 'unauthenticated' });
    if (request.method === 'GET') return source === null ? answer(404, {}) : answer(200, source);
    const body = JSON.parse(text) as Partial<NonNullable<typeof source>>;
    changes.push(body);
    source = { settings: { url: '' }, enabled: true, ...source, ...body };
    return answer(200, source);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  api = { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, key: 'mr_test' };
});
beforeEach(() => {
  [source, refused] = [null, null];
  changes.length = 0;
});
afterAll(() => new Promise((resolve) => server.close(resolve)));

it('is switched off without the demo, and on again with it', async () => {
  await registerDemoSource(api, 'mqtt://127.0.0.1:1');
  expect(source?.enabled).toBe(true);
  await restDemoSource(api);
  expect(changes.at(-1)).toEqual({ enabled: false, try: false });
  await restDemoSource(api);
  expect(changes).toHaveLength(2);
  await registerDemoSource(api, 'mqtt://127.0.0.1:1');
  expect(source).toMatchObject({ enabled: true, settings: { url: 'mqtt://127.0.0.1:1' } });
  await registerDemoSource(api, 'mqtt://127.0.0.1:1');
  expect(changes).toHaveLength(3);
});

it('is not missed where the demo never ran, and says what was refused', async () => {
  await restDemoSource(api);
  expect(changes).toEqual([]);
  refused = 401;
  await expect(restDemoSource(api)).rejects.toThrow('could not be switched off (401)');
});
