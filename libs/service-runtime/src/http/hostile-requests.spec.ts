import 'reflect-metadata';
import { createHash } from 'node:crypto';
import type { Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { ProduceFailed } from '@millrace/kafka';
import { PROBLEMS } from '@millrace/protocol';
import { silentLogger } from '@millrace/telemetry';
import { Controller, Delete, Get, HttpCode, Module, Param, Post } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { z } from 'zod';
import { CurrentTenant, Public, RequireScope } from '../auth/access';
import type { ApiKeyDirectory, Authentication } from '../auth/api-key-directory';
import { configureApplication, configureServer } from '../boot-service';
import { ReadinessChecks } from '../health/readiness-checks';
import { ServiceState } from '../lifecycle/service-state';
import { RuntimeModule } from '../runtime.module';
import type { ServiceContext } from '../service-definition';
import { WorkerRegistry } from '../workers/worker-registry';
import { BodyLimit, ContentTypes, JsonBody, OptionalJsonBody, ParsedQuery, RawBody } from './body-decorators';

const Thing = z.object({
  name: z.string().max(20),
  tags: z.array(z.string()).optional(),
  nested: z.strictObject({ n: z.number() }).optional(),
  data: z.record(z.string(), z.unknown()).optional(),
});
const Page = z.object({ limit: z.coerce.number().int().min(1).max(100).default(20), cursor: z.string().optional() });

@Controller('v1')
@RequireScope('webhooks:write')
class ThingController {
  @Post('things')
  create(@JsonBody(Thing) thing: z.infer<typeof Thing>, @CurrentTenant() tenant: string) {
    return { thing, tenant };
  }
  @Post('things/:id/act')
  @HttpCode(202)
  act(@Param('id') id: string, @OptionalJsonBody(Thing.partial()) options: object) {
    return { id, options };
  }
  @Get('things')
  list(@ParsedQuery(Page) page: z.infer<typeof Page>) {
    return page;
  }
  @Get('things/:id')
  read(@Param('id') id: string) {
    return { id };
  }
  @Delete('things/:id')
  @HttpCode(204)
  remove() {}
  @Post('raw')
  @BodyLimit(1024)
  @ContentTypes('application/json', 'application/octet-stream')
  raw(@RawBody() body: Buffer) {
    return { sha256: createHash('sha256').update(body).digest('hex') };
  }
  @Get('defect')
  defect() {
    throw new TypeError('secret detail of the defect');
  }
  @Get('kafka-down')
  kafkaDown() {
    throw new ProduceFailed('no broker', true);
  }
  @Get('postgres-down')
  postgresDown() {
    throw Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:5432'), { code: 'ECONNREFUSED' });
  }
  @Get('unstorable')
  unstorable() {
    throw Object.assign(new Error('invalid byte sequence for encoding "UTF8": 0x00'), { code: '22021' });
  }
}

@Controller('open')
class OpenController {
  @Public()
  @Get()
  open() {
    return { ok: true };
  }
  @Get('forgotten')
  forgotten() {
    return { ok: true };
  }
}

@Module({ controllers: [ThingController, OpenController] })
class TestModule {}

const KEYS: { readonly [key: string]: Authentication } = {
  mr_write: { kind: 'known', principal: { keyId: 'w', tenant: 'acme', scopes: ['webhooks:write'] } },
  mr_read: { kind: 'known', principal: { keyId: 'r', tenant: 'acme', scopes: ['webhooks:read'] } },
  mr_admin: { kind: 'known', principal: { keyId: 'admin', tenant: 'default', scopes: ['admin'] } },
};
const keys = {
  authenticate: async (text: string): Promise<Authentication> => KEYS[text] ?? { kind: 'refused', reason: 'unknown' },
} as ApiKeyDirectory;

describe('requests that nobody should send', () => {
  let app: NestExpressApplication;
  let port: number;
  let url: string;
  const state = new ServiceState();
  const errors: string[] = [];

  beforeAll(async () => {
    const logger = { ...silentLogger, error: (_: object, message: string) => void errors.push(message) };
    const context = {
      logger,
      apiKeys: keys,
      workers: new WorkerRegistry(),
      readiness: new ReadinessChecks(),
    } as Partial<ServiceContext<object>> as ServiceContext<object>;
    app = await NestFactory.create<NestExpressApplication>(RuntimeModule.around(context, state, [TestModule]), {
      bodyParser: false,
      abortOnError: false,
      logger: false,
    });
    configureApplication(app, logger, state);
    configureServer(app.getHttpServer() as Server);
    await app.listen(0, '127.0.0.1');
    port = ((app.getHttpServer() as Server).address() as AddressInfo).port;
    url = `http://127.0.0.1:${port}`;
    state.phase = 'serving';
  });
  afterAll(() => app.close());
  beforeEach(() => errors.splice(0));

  const json = { 'content-type': 'application/json' };
  const call = async (
    method: string,
    path: string,
    options: { body?: string | Uint8Array; headers?: Record<string, string>; key?: string | null } = {},
  ) => {
    const { body, headers = body === undefined ? {} : json, key = 'mr_write' } = options;
    const response = await fetch(`${url}${path}`, {
      method,
      body: body as string | undefined,
      headers: { ...headers, ...(key === null ? {} : { authorization: `Bearer ${key}` }) },
      redirect: 'manual',
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: text === '' ? null : JSON.parse(text) };
  };

  const deep = (levels: number) => `{"name":"x","data":{"a":${'['.repeat(levels)}${']'.repeat(levels)}}}`;

  it.each<[string, () => ReturnType<typeof call>, number, string]>([
    ['an unknown path', () => call('GET', '/v1/nothing'), 404, 'not_found'],
    ['an unknown path without a key', () => call('POST', '/nothing', { key: null }), 404, 'not_found'],
    ['a method that the path lacks', () => call('PUT', '/v1/things/7', { body: '{}' }), 405, 'method_not_allowed'],
    ['OPTIONS', () => call('OPTIONS', '/v1/things'), 405, 'method_not_allowed'],
    ['malformed percent-encoding in a parameter', () => call('GET', '/v1/things/%E0%A4%A'), 404, 'not_found'],
    ['malformed percent-encoding elsewhere', () => call('GET', '/%zz/%'), 404, 'not_found'],
    [
      'malformed percent-encoding in the query',
      () => call('GET', '/v1/things?cursor=%E0%A4%A&limit=%'),
      422,
      'invalid_request',
    ],
    ['a path of 12,000 characters', () => call('GET', `/v1/${'a/'.repeat(6000)}`), 404, 'not_found'],
    ['no key', () => call('GET', '/v1/things', { key: null }), 401, 'unauthenticated'],
    ['an unknown key', () => call('GET', '/v1/things', { key: 'mr_unknown' }), 401, 'unauthenticated'],
    [
      'Basic instead of Bearer',
      () => call('GET', '/v1/things', { key: null, headers: { authorization: 'Basic eDp5' } }),
      401,
      'unauthenticated',
    ],
    ['a key of another scope', () => call('GET', '/v1/things', { key: 'mr_read' }), 403, 'insufficient_scope'],
    ['no JSON', () => call('POST', '/v1/things', { body: '{"name":' }), 400, 'invalid_json'],
    ['no body', () => call('POST', '/v1/things', { headers: json }), 400, 'invalid_json'],
    [
      'invalid UTF-8',
      () => call('POST', '/v1/things', { body: Uint8Array.from([0x22, 0xc3, 0x28, 0x22]), headers: json }),
      400,
      'invalid_json',
    ],
    ['nesting of 65', () => call('POST', '/v1/things', { body: deep(64) }), 400, 'invalid_json'],
    ['nesting of 5,000', () => call('POST', '/v1/things', { body: deep(5_000) }), 400, 'invalid_json'],
    [
      'nesting of 100,000, unclosed',
      () => call('POST', '/v1/things', { body: '['.repeat(100_000) }),
      400,
      'invalid_json',
    ],
    ['a number', () => call('POST', '/v1/things', { body: '7' }), 422, 'invalid_request'],
    ['null', () => call('POST', '/v1/things', { body: 'null' }), 422, 'invalid_request'],
    ['an unknown member', () => call('POST', '/v1/things', { body: '{"name":"x","nmae":1}' }), 422, 'invalid_request'],
    [
      'an unknown nested member',
      () => call('POST', '/v1/things', { body: '{"name":"x","nested":{"n":1,"m":2}}' }),
      422,
      'invalid_request',
    ],
    [
      '__proto__ as a member',
      () => call('POST', '/v1/things', { body: '{"name":"x","__proto__":{"admin":true}}' }),
      422,
      'invalid_request',
    ],
    [
      'constructor as a member',
      () => call('POST', '/v1/things', { body: '{"name":"x","constructor":{"prototype":{}}}' }),
      422,
      'invalid_request',
    ],
    ['1e400', () => call('POST', '/v1/things', { body: '{"name":"x","nested":{"n":1e400}}' }), 422, 'invalid_request'],
    [
      'another content type',
      () =>
        call('POST', '/v1/things', {
          body: 'name=x',
          headers: { 'content-type': 'application/x-www-form-urlencoded' },
        }),
      415,
      'unsupported_media_type',
    ],
    [
      'bytes without a content type',
      () => call('POST', '/v1/things', { body: Uint8Array.from([1]), headers: {} }),
      415,
      'unsupported_media_type',
    ],
    [
      'a nonsense content type',
      () => call('POST', '/v1/things', { body: '{}', headers: { 'content-type': ';;;' } }),
      415,
      'unsupported_media_type',
    ],
    [
      'another charset',
      () => call('POST', '/v1/things', { body: '{}', headers: { 'content-type': 'application/json; charset=latin1' } }),
      415,
      'unsupported_media_type',
    ],
    [
      'a gzip body',
      () => call('POST', '/v1/things', { body: '{}', headers: { ...json, 'content-encoding': 'gzip' } }),
      415,
      'unsupported_media_type',
    ],
    [
      'a body over 256 KiB',
      () => call('POST', '/v1/things', { body: `"${'x'.repeat(256 * 1024)}"` }),
      413,
      'too_large',
    ],
    [
      'a body over the limit of its route',
      () => call('POST', '/v1/raw', { body: `"${'x'.repeat(1023)}"` }),
      413,
      'too_large',
    ],
    ['a limit that is no number', () => call('GET', '/v1/things?limit=1e9'), 422, 'invalid_request'],
    ['a repeated query member', () => call('GET', '/v1/things?cursor=a&cursor=b'), 422, 'invalid_request'],
    ['an unknown query member', () => call('GET', '/v1/things?limt=5'), 422, 'invalid_request'],
    ['__proto__ in the query', () => call('GET', '/v1/things?__proto__=5'), 422, 'invalid_request'],
    [
      'an Idempotency-Key of 300 characters',
      () =>
        call('POST', '/v1/things', { body: '{"name":"x"}', headers: { ...json, 'idempotency-key': 'k'.repeat(300) } }),
      422,
      'invalid_request',
    ],
    ['an event log that is away', () => call('GET', '/v1/kafka-down'), 503, 'unavailable'],
    ['a database that is away', () => call('GET', '/v1/postgres-down'), 503, 'unavailable'],
    ['a value that PostgreSQL refuses', () => call('GET', '/v1/unstorable'), 422, 'invalid_request'],
  ])('%s', async (_, send, status, code) => {
    const answer = await send();
    expect({ status: answer.status, code: answer.body.code }).toEqual({ status, code });
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect(answer.body).toMatchObject({ title: PROBLEMS[code as keyof typeof PROBLEMS].title, status });
    expect(answer.body.type).toBe(`https://millrace.dev/problems/${code}`);
    expect(answer.body.traceId).toBe(answer.headers.get('x-trace-id'));
    if (status === 503) expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    if (status === 401) expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer/);
    if (status === 405) expect(answer.headers.get('allow')).toMatch(/GET|POST/);
    expect(errors).toEqual([]);
    expect(({} as { admin?: boolean }).admin).toBeUndefined();
  });

  it('names each wrong member with its path', async () => {
    const answer = await call('POST', '/v1/things', {
      body: '{"name":5,"tags":["a",7],"nested":{"n":1,"m":2},"extra":1}',
    });
    expect(answer.body.errors.map((error: { path: string }) => error.path)).toEqual([
      'name',
      'tags[1]',
      'nested.m',
      'extra',
    ]);
  });

  it('says which scope is needed and which the key has', async () => {
    const { body } = await call('GET', '/v1/things', { key: 'mr_read' });
    expect(body).toMatchObject({ required: ['webhooks:write'], provided: ['webhooks:read'] });
  });

  it('a defect of ours is 500, is logged, and says nothing of itself', async () => {
    const answer = await call('GET', '/v1/defect');
    expect(answer.status).toBe(500);
    expect(JSON.stringify(answer.body)).not.toContain('secret detail');
    expect(errors).toEqual(['request failed unexpectedly']);
  });

  it('a route that says nothing about access answers nobody', async () => {
    expect((await call('GET', '/open/forgotten', { key: null })).status).toBe(401);
    expect((await call('GET', '/open/forgotten', { key: 'mr_admin' })).status).toBe(500);
    expect((await call('GET', '/open', { key: null })).status).toBe(200);
  });

  it.each<[string, string, string, object]>([
    [
      'names of the prototype inside data',
      'things',
      '{"name":"x","data":{"__proto__":{"a":1},"toString":2}}',
      { tenant: 'acme' },
    ],
    ['a byte order mark', 'things', '\ufeff{"name":"x"}', { thing: { name: 'x' } }],
    ['lone surrogates and NUL', 'things', '{"name":"\\ud800\\u0000"}', { thing: { name: '\ud800\u0000' } }],
    ['duplicate members, the last counts', 'things', '{"name":"a","name":"b"}', { thing: { name: 'b' } }],
    ['nesting of 64', 'things', deep(62), { tenant: 'acme' }],
    ['no body where it is optional', 'things/a%2Fb%00/act', '', { id: 'a/b\u0000', options: {} }],
  ])('takes %s', async (_, path, body, expected) => {
    const answer = await call('POST', `/v1/${path}`, body === '' ? {} : { body });
    expect(answer.body).toMatchObject(expected);
    expect(answer.status).toBeLessThan(300);
  });

  it('hands the bytes on as they came', async () => {
    const bytes = Uint8Array.from({ length: 1024 }, (_, n) => n % 256);
    const answer = await call('POST', '/v1/raw', {
      body: bytes,
      headers: { 'content-type': 'application/octet-stream' },
    });
    expect(answer.body.sha256).toBe(createHash('sha256').update(bytes).digest('hex'));
  });

  it('every answer has the security headers, and none names the framework', async () => {
    for (const answer of [
      await call('GET', '/v1/things/1'),
      await call('GET', '/nothing'),
      await call('GET', '/healthz'),
    ]) {
      expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
      expect(answer.headers.get('cache-control')).toBe('no-store');
      expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'");
      expect(answer.headers.get('x-powered-by')).toBeNull();
      expect(answer.headers.get('x-request-id')).toBeTruthy();
    }
  });

  it("keeps the caller's trace and request id, and makes its own from nonsense", async () => {
    const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
    const kept = await call('GET', '/v1/things/1', {
      headers: { traceparent: `00-${traceId}-00f067aa0ba902b7-01`, 'x-request-id': 'abc-1' },
    });
    expect(kept.headers.get('x-trace-id')).toBe(traceId);
    expect(kept.headers.get('x-request-id')).toBe('abc-1');
    const made = await call('GET', '/v1/things/1', {
      headers: { traceparent: '00-zzz', 'x-request-id': 'a b <script>' },
    });
    expect(made.headers.get('x-trace-id')).toMatch(/^[0-9a-f]{32}$/);
    expect(made.headers.get('x-request-id')).not.toContain('script');
  });

  it('answers 503 to everything but health while it starts', async () => {
    state.phase = 'starting';
    try {
      expect((await call('GET', '/v1/things/1')).status).toBe(503);
      expect((await call('GET', '/healthz')).status).toBe(200);
      expect((await call('GET', '/readyz')).status).toBe(503);
    } finally {
      state.phase = 'serving';
    }
    expect((await call('GET', '/readyz')).status).toBe(200);
  });

  /** Sends bytes as they are; answers everything that came back until the other side closed or fell silent. */
  const raw = (...parts: Array<string | Buffer>): Promise<string> =>
    new Promise((resolve) => {
      const socket = connect(port, '127.0.0.1');
      let text = '';
      socket.setTimeout(1_000, () => socket.destroy());
      socket.on('data', (data) => {
        text += data.toString('latin1');
      });
      socket.on('error', () => {});
      socket.on('close', () => resolve(text));
      for (const part of parts) socket.write(part);
      socket.end();
    });
  const auth = 'Authorization: Bearer mr_write\r\nHost: x\r\nConnection: close\r\n';

  it.each<[string, string, number]>([
    ['garbage', '\x16\x03\x01\x02\x00garbage\r\n\r\n', 400],
    ['an unknown method', `FROB /v1/things HTTP/1.1\r\n${auth}\r\n`, 400],
    ['a header without a colon', `GET /v1/things HTTP/1.1\r\n${auth}broken\r\n\r\n`, 400],
    ['two content lengths', `POST /v1/things HTTP/1.1\r\n${auth}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}`, 400],
    [
      'a length and chunks',
      `POST /v1/things HTTP/1.1\r\n${auth}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      400,
    ],
    ['a negative length', `POST /v1/things HTTP/1.1\r\n${auth}Content-Length: -1\r\n\r\n`, 400],
    ['20 KiB of headers', `GET / HTTP/1.1\r\nHost: x\r\nX: ${'a'.repeat(20_000)}\r\n\r\n`, 431],
    ['a URL of 20 KiB', `GET /${'a'.repeat(20_000)} HTTP/1.1\r\nHost: x\r\n\r\n`, 431],
    ['two authorizations, one wrong', `GET /v1/things HTTP/1.1\r\nAuthorization: Bearer mr_nope\r\n${auth}\r\n`, 401],
    [
      'two content types',
      `POST /v1/things HTTP/1.1\r\n${auth}Content-Type: text/plain\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}`,
      415,
    ],
    [
      'many cookies and accepts',
      `GET /v1/things/1 HTTP/1.1\r\n${auth}${'Cookie: a=b\r\nAccept: x\r\n'.repeat(50)}\r\n`,
      200,
    ],
    ['an absolute URL of another host', `GET http://169.254.169.254/latest HTTP/1.1\r\n${auth}\r\n`, 404],
    ['an asterisk', `OPTIONS * HTTP/1.1\r\n${auth}\r\n`, 404],
    ['two slashes', `GET //v1//things HTTP/1.1\r\n${auth}\r\n`, 404],
    ['a path that climbs', `GET /v1/../../etc/passwd HTTP/1.1\r\n${auth}\r\n`, 404],
    ['latin-1 in the path', `GET /v1/things/\xe9\xff HTTP/1.1\r\n${auth}\r\n`, 400],
    [
      'a chunked body over the limit',
      `POST /v1/raw HTTP/1.1\r\n${auth}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n800\r\n${'x'.repeat(0x800)}\r\n0\r\n\r\n`,
      413,
    ],
    [
      'an announced body of 10 GB',
      `POST /v1/raw HTTP/1.1\r\n${auth}Content-Type: application/json\r\nContent-Length: 10000000000\r\n\r\n{}`,
      413,
    ],
    [
      'a broken chunk',
      `POST /v1/things HTTP/1.1\r\n${auth}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n`,
      400,
    ],
    [
      'an upgrade',
      `GET /v1/things/1 HTTP/1.1\r\nAuthorization: Bearer mr_write\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`,
      200,
    ],
  ])('on the wire: %s', async (_, bytes, status) => {
    const text = await raw(Buffer.from(bytes, 'latin1'));
    expect(text.split('\r\n')[0]).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    if (status >= 400) expect(text).toContain('application/problem+json');
    expect(errors).toEqual([]);
  });

  it('on the wire: no Host is answered by Node itself', async () => {
    expect(await raw('GET /v1/things HTTP/1.1\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 /);
    const expecting = await raw(
      'GET /nothing HTTP/1.1\r\nHost: x\r\nExpect: wonders\r\nContent-Length: 0\r\nConnection: close\r\n\r\n',
    );
    expect(expecting).toMatch(/^HTTP\/1\.1 404 /);
    expect(expecting).toContain('"code":"not_found"');
  });

  it('a client that goes away in the middle of its body harms nobody', async () => {
    await raw(`POST /v1/things HTTP/1.1\r\n${auth}Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"na`);
    expect((await call('GET', '/v1/things/1')).status).toBe(200);
    expect(errors).toEqual([]);
  });

  it('a client gets to read the 413 although it has megabytes left to send', async () => {
    const answer = await call('POST', '/v1/things', { body: Buffer.alloc(8 * 1024 * 1024, 0x20), headers: json });
    expect(answer.body.code).toBe('too_large');
  });

  it('/metrics counts requests by route pattern, not by path', async () => {
    await call('GET', '/v1/things/very-special-id');
    const text = await (await fetch(`${url}/metrics`)).text();
    expect(text).toContain('route="/v1/things/:id"');
    expect(text).not.toContain('very-special-id');
  });
});
