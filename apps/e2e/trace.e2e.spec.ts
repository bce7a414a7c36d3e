import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { eventually, ScriptedReceiver } from '@millrace/test-environment';
import { Constellation } from './constellation';

jest.setTimeout(120_000);

interface Span {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly service: string;
}

/** A collector that takes OTLP over HTTP in JSON, and keeps the spans. */
const collector = async (): Promise<{ server: Server; url: string; spans: Span[] }> => {
  const spans: Span[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      if (request.url === '/v1/traces') {
        const body = JSON.parse(Buffer.concat(chunks).toString()) as {
          resourceSpans: {
            resource: { attributes: { key: string; value: { stringValue?: string } }[] };
            scopeSpans: { spans: Omit<Span, 'service'>[] }[];
          }[];
        };
        for (const { resource, scopeSpans } of body.resourceSpans) {
          const service = resource.attributes.find((each) => each.key === 'service.name')?.value.stringValue ?? '';
          for (const { spans: each } of scopeSpans) spans.push(...each.map((span) => ({ ...span, service })));
        }
      }
      response.setHeader('content-type', 'application/json').end('{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, spans };
};

it('is one trace from the accepted event to the first attempt, and on to the receiver', async () => {
  const { server, url, spans } = await collector();
  const receiver = await ScriptedReceiver.start();
  const site = await Constellation.start({
    variables: {
      OTEL_EXPORTER_OTLP_ENDPOINT: url,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      OTEL_BSP_SCHEDULE_DELAY: '200',
    },
  });
  try {
    await site.createEndpoint(receiver.url);
    const [id] = await site.publish({ type: 'order.traced', data: null });
    const delivery = await site.settled(id!, 'succeeded');
    const traceId = delivery.attempts[0]!.traceId;
    expect(receiver.requests[0]!.headers['traceparent']).toContain(traceId);
    const ofTrace = () => spans.filter((span) => span.traceId === traceId);
    await eventually(
      () =>
        new Set(ofTrace().map((span) => span.service)).size >= 2 &&
        ofTrace().some((span) => span.name === 'deliver webhook'),
      'the spans of both services',
    );
    // Every span but the root has its parent in the same trace.
    await eventually(() => {
      const known = new Set(ofTrace().map((span) => span.spanId));
      return ofTrace().filter((span) => !span.parentSpanId || !known.has(span.parentSpanId)).length === 1;
    }, 'one root');
  } finally {
    await site.close();
    await receiver.close();
    server.close();
  }
});
