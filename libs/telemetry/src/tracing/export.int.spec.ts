import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

interface Exported {
  readonly resourceSpans: ReadonlyArray<{
    readonly resource: { readonly attributes: ReadonlyArray<{ key: string; value: { stringValue?: string } }> };
    readonly scopeSpans: ReadonlyArray<{
      readonly spans: ReadonlyArray<{
        readonly name: string;
        readonly traceId: string;
        readonly parentSpanId?: string;
        readonly links?: ReadonlyArray<{ readonly traceId: string }>;
        readonly status: { readonly code?: number };
      }>;
    }>;
  }>;
}

/** The configuration is read when the modules load, so each case loads them anew with the environment it needs. */
const load = (endpoint: string) => {
  process.env['OTEL_EXPORTER_OTLP_ENDPOINT'] = endpoint;
  process.env['OTEL_EXPORTER_OTLP_PROTOCOL'] = 'http/json';
  let modules: { start: typeof import('./start-telemetry'); spans: typeof import('./spans') } | null = null;
  jest.isolateModules(() => {
    modules = { start: require('./start-telemetry'), spans: require('./spans') };
  });
  return modules!;
};

describe('export of spans', () => {
  let collector: Server;
  let endpoint: string;
  let answer: (request: IncomingMessage, response: ServerResponse, body: string) => void;

  beforeEach(async () => {
    collector = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => answer(request, response, Buffer.concat(chunks).toString()));
    });
    await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
    endpoint = `http://127.0.0.1:${(collector.address() as AddressInfo).port}`;
  });
  afterEach(() => {
    collector.closeAllConnections();
    collector.close();
    delete process.env['OTEL_EXPORTER_OTLP_ENDPOINT'];
  });

  it('sends them with parent, links and error to the collector, at the latest at the end', async () => {
    const bodies: string[] = [];
    answer = (_, response, body) => {
      bodies.push(body);
      response.setHeader('content-type', 'application/json').end('{}');
    };
    const { start, spans } = load(endpoint);
    const telemetry = start.startTelemetry('millrace-test');
    const root = spans.startSpan('send events', { kind: 'producer', parent: null });
    const retry = spans.startSpan('POST', { kind: 'client', parent: null, links: [root.context] });
    const child = spans.startSpan('process events', { kind: 'consumer', parent: root.context });
    expect(root.recording).toBe(true);
    retry.end({ error: '503' });
    child.end();
    root.end();
    await telemetry.shutdown();

    const { resourceSpans } = JSON.parse(bodies[0]!) as Exported;
    expect(resourceSpans[0]!.resource.attributes).toContainEqual({
      key: 'service.name',
      value: { stringValue: 'millrace-test' },
    });
    const sent = new Map(resourceSpans[0]!.scopeSpans[0]!.spans.map((span) => [span.name, span]));
    expect(sent.get('process events')).toMatchObject({
      traceId: root.context.traceId,
      parentSpanId: root.context.spanId,
    });
    expect(sent.get('POST')!.traceId).not.toBe(root.context.traceId);
    expect(sent.get('POST')!.links![0]!.traceId).toBe(root.context.traceId);
    expect(sent.get('POST')!.status.code).toBe(2);
  }, 30_000);

  it('a collector that never answers holds up neither the spans nor the end', async () => {
    answer = () => {};
    const { start, spans } = load(endpoint);
    const telemetry = start.startTelemetry('millrace-test');
    const began = performance.now();
    for (let n = 0; n < 20_000; n++) spans.startSpan('s', { kind: 'internal', parent: null }).end();
    expect(performance.now() - began).toBeLessThan(5_000);
    await telemetry.shutdown(300);
    expect(performance.now() - began).toBeLessThan(6_000);
  }, 30_000);
});
