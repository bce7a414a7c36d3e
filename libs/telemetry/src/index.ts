export * from './business-events';
export { createLogger, flushLogs, type Logger, silentLogger } from './logging/logger';
export type { CallbackGauge, Counter, Gauge, Histogram, Labels, Reading } from './metrics/metric-kinds';
export { DURATION_BUCKETS, MetricRegistry, metrics } from './metrics/metric-registry';
export { registerProcessMetrics } from './metrics/process-metrics';
export { ATTRIBUTE, messagingSpanName } from './tracing/semantic-names';
export {
  type ActiveSpan,
  type SpanAttributes,
  type SpanKindName,
  type SpanOptions,
  startSpan,
} from './tracing/spans';
export { adoptForeignContext, startTelemetry, type Telemetry } from './tracing/start-telemetry';
export { formatTraceparent, newSpanId, newTraceId, parseTraceparent, type TraceContext } from './tracing/trace-context';
