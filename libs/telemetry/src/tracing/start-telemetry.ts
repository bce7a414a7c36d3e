import { trace } from '@opentelemetry/api';
import { telemetryConfig } from '../telemetry.config';
import { recordSpansWith } from './spans';
import type { TraceContext } from './trace-context';

export interface Telemetry {
  /** Sends what is buffered and stops; never rejects and takes at most `deadlineMs`. */
  shutdown(deadlineMs?: number): Promise<void>;
}

/** Time that the last export may take while the process ends. */
const LAST_EXPORT_MS = 3_000;

/**
 * Exports spans only when an OTLP endpoint is set; the SDK (50 MB) is not even loaded otherwise. Spans go through a
 * bounded queue in batches: a collector that is slow or down costs spans, never a delivery. Metrics are scraped from
 * /metrics and logs are read from stdout, so the SDK's own exporters for them stay off.
 */
export const startTelemetry = (serviceName: string): Telemetry => {
  if (!telemetryConfig.exportsTraces) return { shutdown: async () => {} };
  const { NodeSDK } = require('@opentelemetry/sdk-node') as typeof import('@opentelemetry/sdk-node');
  const sdk = new NodeSDK({
    serviceName,
    instrumentations: [],
    textMapPropagator: null,
    metricReaders: [],
    logRecordProcessors: [],
  });
  sdk.start();
  recordSpansWith(trace.getTracer('millrace'));
  return {
    shutdown: async (deadlineMs = LAST_EXPORT_MS) => {
      recordSpansWith(null);
      let timer: NodeJS.Timeout | undefined;
      const deadline = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, deadlineMs);
      });
      await Promise.race([sdk.shutdown().catch(() => {}), deadline]);
      clearTimeout(timer);
    },
  };
};

/**
 * A foreign caller's context as our parent: its ids are kept, so that it finds our spans in its own trace; whether the
 * trace is recorded stays our decision (by the trace id, so that every service decides alike).
 */
export const adoptForeignContext = (
  context: TraceContext,
  rootSampleRatio: number = telemetryConfig.rootSampleRatio,
): TraceContext => ({
  ...context,
  sampled: telemetryConfig.exportsTraces && Number.parseInt(context.traceId.slice(24), 16) < rootSampleRatio * 2 ** 32,
});
