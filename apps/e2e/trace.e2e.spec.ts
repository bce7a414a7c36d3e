import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SparkplugEdge } from '@millrace/sparkplug';
import { eventually, MosquittoBroker, type ReceivedRequest, ScriptedReceiver } from '@millrace/test-environment';
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

describe('one trace', () => {
  let spans: Span[];
  let receiver: ScriptedReceiver;
  let site: Constellation;
  const close: Array<() => unknown> = [];

  beforeAll(async () => {
    const made = await collector();
    spans = made.spans;
    receiver = await ScriptedReceiver.start();
    site = await Constellation.start({
      variables: {
        OTEL_EXPORTER_OTLP_ENDPOINT: made.url,
        OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
        OTEL_BSP_SCHEDULE_DELAY: '200',
      },
    });
    close.push(
      () => site.close(),
      () => receiver.close(),
      () => made.server.close(),
    );
  });
  afterAll(async () => {
    for (const step of close) await step();
  });

  /** Spans of the trace: the named ones, each but the first below another. */
  const expectOneTrace = async (traceId: string, names: readonly (readonly [service: string, span: string])[]) => {
    const ofTrace = () => spans.filter((span) => span.traceId === traceId);
    await eventually(
      () =>
        names.every(([service, name]) => ofTrace().some((span) => span.service === service && span.name === name)) ||
        Promise.reject(ofTrace().map(({ service, name }) => `${service}: ${name}`)),
      `the spans ${names.map((each) => each.join(': ')).join(', ')}`,
    );
    await eventually(() => {
      const known = new Set(ofTrace().map((span) => span.spanId));
      return ofTrace().filter((span) => !span.parentSpanId || !known.has(span.parentSpanId)).length === 1;
    }, 'one root');
  };
  const traceOf = (request: ReceivedRequest) => String(request.headers['traceparent']).split('-')[1]!;
  const statusOf = async (machine: string): Promise<void> => {
    await site.createEndpoint(`${receiver.url}${machine}`, {
      eventTypes: ['machine.status_changed'],
      filter: { '@subject': machine, current: 'running' },
    });
  };

  it('from the accepted event to the first attempt, and on to the receiver', async () => {
    await site.createEndpoint(`${receiver.url}order`, { eventTypes: ['order.traced'] });
    const [id] = await site.publish({ type: 'order.traced', data: null });
    const delivery = await site.settled(id!, 'succeeded');
    const traceId = delivery.attempts[0]!.traceId;
    expect(traceOf(receiver.requests[0]!)).toBe(traceId);
    await expectOneTrace(traceId, [
      ['machine-ingest', 'accept event'],
      ['delivery', 'deliver webhook'],
    ]);
  });

  it('from a signal that comes through a broker by Sparkplug to the webhook of its event', async () => {
    const broker = await MosquittoBroker.start();
    close.unshift(() => broker.remove());
    const edge = new SparkplugEdge({
      url: broker.url,
      group: 'Plant',
      node: 'Press',
      metrics: [],
      devices: { Press1: [{ name: 'State', type: 'String', value: 'HALT' }] },
      aliases: true,
    });
    await edge.start();
    close.unshift(() => edge.kill());
    await statusOf('TR-1');
    const mapping = `
apiVersion: ingest/v1
machine: { id: TR-1 }
sources: { line: { type: sparkplug } }
signals: { state: { metric: State, type: string } }
rules: [{ id: status, kind: stateMap, input: state, map: { RUN: running, HALT: idle } }]
`;
    const yaml = { 'content-type': 'application/yaml' };
    expect((await site.call('POST', '/v1/mappings', mapping, yaml)).status).toBe(201);
    const settings = {
      url: broker.url,
      machines: [{ machine: 'TR-1', group: 'Plant', node: 'Press', device: 'Press1' }],
    };
    expect((await site.call('POST', '/v1/sources', { name: 'line', type: 'sparkplug', settings })).status).toBe(201);
    await eventually(
      async () => (await site.call('GET', '/v1/machines/TR-1')).body['status'] === 'idle',
      'the birth to be read',
    );
    await edge.say('Press1', { State: 'RUN' });
    const traceId = traceOf(await receiver.waitFor(({ path }) => path === '/TR-1'));
    await expectOneTrace(traceId, [
      ['machine-ingest', 'send signals'],
      ['delivery', 'deliver webhook'],
    ]);
    const delivery = (await site.deliveries({ eventType: 'machine.status_changed' }))[0]!;
    expect((await site.delivery(delivery.id)).attempts[0]!.traceId).toBe(traceId);
  });

  it('from the trace of a client that posts a signal to the webhook of its event', async () => {
    await statusOf('TR-2');
    const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
    const signal = { machine: 'TR-2', path: 'execution', value: 'ACTIVE' };
    const traceparent = `00-${traceId}-00f067aa0ba902b7-01`;
    expect((await site.call('POST', '/v1/signals', signal, { traceparent })).status).toBe(202);
    expect(traceOf(await receiver.waitFor(({ path }) => path === '/TR-2'))).toBe(traceId);
    await expectOneTrace(traceId, [
      ['machine-ingest', 'POST /v1/signals'],
      ['delivery', 'deliver webhook'],
    ]);
  });
});
