import { readTelemetryConfig } from '../telemetry.config';
import { ATTRIBUTE } from './semantic-names';
import { startSpan } from './spans';
import { adoptForeignContext } from './start-telemetry';
import { formatTraceparent, newSpanId, newTraceId, parseTraceparent } from './trace-context';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN = '00f067aa0ba902b7';

describe('trace context', () => {
  it('reads and writes the text of W3C', () => {
    const text = `00-${TRACE}-${SPAN}-01`;
    expect(parseTraceparent(text)).toEqual({ traceId: TRACE, spanId: SPAN, sampled: true });
    expect(formatTraceparent(parseTraceparent(text)!)).toBe(text);
    expect(parseTraceparent(` 00-${TRACE}-${SPAN}-00 `)?.sampled).toBe(false);
    expect(parseTraceparent(`cc-${TRACE}-${SPAN}-03-what-comes-later`)?.sampled).toBe(true);
  });

  it.each([
    null,
    undefined,
    '',
    'nonsense',
    `ff-${TRACE}-${SPAN}-01`,
    `00-${'0'.repeat(32)}-${SPAN}-01`,
    `00-${TRACE}-${'0'.repeat(16)}-01`,
    `00-${TRACE.toUpperCase()}-${SPAN}-01`,
    `00-${TRACE}-${SPAN}-01-more`,
    `00-${TRACE.slice(1)}-${SPAN}-01`,
  ])('refuses %j', (text) => {
    expect(parseTraceparent(text)).toBeNull();
  });

  it('makes ids that are never alike and never all zero', () => {
    const ids = new Set(Array.from({ length: 5_000 }, newTraceId));
    expect(ids.size).toBe(5_000);
    for (const id of ids) expect(id).toMatch(/^(?!0{32})[0-9a-f]{32}$/);
    expect(newSpanId()).toMatch(/^[0-9a-f]{16}$/);
  });

  it('a span has ids also when nothing is exported, and keeps its parent and its sampling', () => {
    const root = startSpan('r', { kind: 'server', parent: null });
    const child = startSpan('c', { kind: 'client', parent: root.context });
    expect(child.context.traceId).toBe(root.context.traceId);
    expect(child.context.spanId).not.toBe(root.context.spanId);
    expect(root.recording).toBe(false);
    const sampled = startSpan('c', { kind: 'client', parent: { traceId: TRACE, spanId: SPAN, sampled: true } });
    expect(sampled.context.sampled).toBe(true);
  });

  it("takes a foreign caller's ids, not its wish to be recorded", () => {
    const foreign = { traceId: TRACE, spanId: SPAN, sampled: true };
    expect(adoptForeignContext(foreign)).toEqual({ ...foreign, sampled: false });
  });

  it.each<[NodeJS.ProcessEnv, { exportsTraces: boolean; rootSampleRatio: number }]>([
    [{}, { exportsTraces: false, rootSampleRatio: 1 }],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://x:4318' }, { exportsTraces: true, rootSampleRatio: 1 }],
    [{ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://x:4318/v1/traces' }, { exportsTraces: true, rootSampleRatio: 1 }],
    [
      { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://x', OTEL_SDK_DISABLED: 'true' },
      { exportsTraces: false, rootSampleRatio: 1 },
    ],
    [
      { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://x', OTEL_TRACES_EXPORTER: 'none' },
      { exportsTraces: false, rootSampleRatio: 1 },
    ],
    [{ OTEL_TRACES_SAMPLER: 'always_off' }, { exportsTraces: false, rootSampleRatio: 0 }],
    [
      { OTEL_TRACES_SAMPLER: 'parentbased_traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.25' },
      { exportsTraces: false, rootSampleRatio: 0.25 },
    ],
  ])('reads %j', (env, expected) => {
    expect(readTelemetryConfig(env)).toMatchObject(expected);
  });

  it('names attributes as the semantic conventions of the installed version do', () => {
    const conventions = require('@opentelemetry/semantic-conventions/incubating') as { [name: string]: unknown };
    const known = new Set(
      Object.entries(conventions).flatMap(([name, value]) => (name.startsWith('ATTR_') ? [value] : [])),
    );
    const own = Object.values(ATTRIBUTE).filter((name) => !name.startsWith('webhook.'));
    expect(own.filter((name) => !known.has(name))).toEqual([]);
  });
});
