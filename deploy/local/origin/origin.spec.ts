import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { passedHeaders } from './forward';
import { mergeMetrics } from './merge-metrics';
import { readOriginSettings } from './origin.config';
import { ownerOf } from './routes';
import { findStaticFile, sendStaticFile } from './static-files';

describe('ownerOf', () => {
  it.each([
    ['/v1/events', 'machine-ingest'],
    ['/v1/event-log/evt_1', 'audit-projector'],
    ['/v1/event-types', 'subscription'],
    ['/v1/endpoints/ep_1/rotate-secret', 'subscription'],
    ['/v1/endpoints/ep_1/recover', 'subscription'],
    ['/v1/recoveries/rec_1/cancel', 'subscription'],
    ['/v1/deliveries', 'audit-projector'],
    ['/v1/deliveries/x/retry', 'audit-projector'],
    ['/v1/filters/test', 'audit-projector'],
    ['/v1/endpoints/ep_1/held-keys', 'audit-projector'],
    ['/v1/endpoints/held-keys', 'subscription'],
    ['/v1/endpoints/ep_1/x/held-keys', 'subscription'],
    ['/v1/contracts/mes/preview', 'subscription'],
    ['/v1/audit-log', 'subscription'],
    ['/v1/audit-log/machines', 'machine-ingest'],
    ['/v1/connections/cn_1', 'subscription'],
    ['/v1/exports', 'subscription'],
    ['/v1/export-events', 'audit-projector'],
    ['/v1/export-events/x/retry', 'audit-projector'],
    ['/v1/webhooks', 'subscription'],
    ['/v1/webhooks/ep_1', 'subscription'],
    ['/v1/webhooks/run-secret', 'subscription'],
    ['/v1/webhooks/deliveries', 'audit-projector'],
    ['/api/acme/subscriptions', 'subscription'],
    ['/api/acme/subscriptions/ep_1/test', 'subscription'],
    ['/api/acme/subscriptions/ep_1/deliveries', 'audit-projector'],
    ['/api/v2/webhooks/endpoints/ep_1/secret', 'subscription'],
    ['/api/v2/webhooks/logs/x', 'audit-projector'],
    ['/api/v1/integration/webhook-events', 'subscription'],
    ['/api/acme/orders', null],
    ['/api/acme/subscriptionsX', null],
    ['/v1/machines/RF-1', 'machine-ingest'],
    ['/v1/eventsX', null],
    ['/v2/events', null],
    ['/', null],
  ])('%s -> %s', (path, expected) => {
    expect(ownerOf(path)).toBe(expected);
  });
});

describe('passedHeaders', () => {
  it('passes on order, spelling and repeats, and drops what belongs to the connection', () => {
    const raw = [
      'X-B',
      '1',
      'Connection',
      'keep-alive, X-Secret',
      'X-Secret',
      's',
      'x-b',
      '2',
      'Transfer-Encoding',
      'chunked',
    ];
    expect(passedHeaders(raw, null)).toEqual(['X-B', '1', 'x-b', '2']);
  });

  it('drops what the caller says about the way here', () => {
    expect(
      passedHeaders(['X-Forwarded-For', '1.1.1.1', 'Forwarded', 'for=x', 'Host', 'h'], /^(forwarded|x-forwarded-.*)$/),
    ).toEqual(['Host', 'h']);
  });
});

describe('mergeMetrics', () => {
  it('labels every sample, and says HELP and TYPE once', () => {
    const one = '# HELP up_seconds Since start.\n# TYPE up_seconds gauge\nup_seconds 3\n';
    const two =
      '# HELP up_seconds Since start.\n# TYPE up_seconds gauge\nup_seconds{a="}"} 4\n# TYPE d histogram\nd_bucket{le="1"} 2\nd_count{} 2\n';
    expect(
      mergeMetrics(
        new Map([
          ['delivery', one],
          ['subscription', two],
        ]),
      ),
    ).toBe(
      [
        '# HELP up_seconds Since start.',
        '# TYPE up_seconds gauge',
        'up_seconds{service="delivery"} 3',
        'up_seconds{service="subscription",a="}"} 4',
        '# TYPE d histogram',
        'd_bucket{service="subscription",le="1"} 2',
        'd_count{service="subscription"} 2',
        '',
      ].join('\n'),
    );
  });
});

describe('findStaticFile', () => {
  it.each([
    '/../origin.spec.ts',
    '/%2e%2e/origin.spec.ts',
    '/..%2forigin.spec.ts',
    '/%00',
    '/%zz',
    '/missing.html',
    '/',
  ])('finds nothing at %j', (path) => {
    expect(findStaticFile([`${__dirname}/../origin/none`, `${__dirname}/../demo`], path)).toBeNull();
  });

  it('finds a file in the first folder that has it', () => {
    expect(findStaticFile([`${__dirname}/none`, __dirname], '/origin.ts')).toBe(`${__dirname}/origin.ts`);
  });
});

describe('sendStaticFile', () => {
  it.each(['endpoint-form.js', 'endpoint-settings.js'])('lets no browser keep %s without asking', async (name) => {
    const folder = await mkdtemp(join(tmpdir(), 'millrace-files-'));
    await writeFile(join(folder, name), '//');
    const server = createServer((_, response) => sendStaticFile(response, join(folder, name), 'GET')).listen(0);
    const answer = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    expect(await answer.text()).toBe('//');
    expect(answer.headers.get('cache-control')).toBe('no-cache');
    server.closeAllConnections();
    server.close();
    await rm(folder, { recursive: true });
  });
});

describe('readOriginSettings', () => {
  const all = 'machine-ingest=a:1,subscription=b:2,delivery=c:3,audit-projector=d:4';

  it('reads the four places', () => {
    expect(readOriginSettings({ MILLRACE_ORIGIN_SERVICES: all, MILLRACE_SERVICE_PORT: '80' })).toMatchObject({
      port: 80,
      hosts: ['0.0.0.0'],
      services: { delivery: { host: 'c', port: 3 } },
    });
  });

  it.each([
    ['', 'names no machine-ingest'],
    [all.replace('c:3', 'c'), '"delivery=c" is not'],
  ])('refuses %j', (text, message) => {
    expect(() => readOriginSettings({ MILLRACE_ORIGIN_SERVICES: text })).toThrow(message);
  });
});
