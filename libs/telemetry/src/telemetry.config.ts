/** What telemetry takes from the environment; the OTEL_* names mean what OpenTelemetry says they mean. */
export interface TelemetryConfig {
  readonly logLevel: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';
  /** True when an OTLP endpoint for traces is set: only then is the SDK loaded and are spans recorded. */
  readonly exportsTraces: boolean;
  /** Share of new traces that are recorded, 0 to 1, from OTEL_TRACES_SAMPLER and its argument. */
  readonly rootSampleRatio: number;
}

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

const isSet = (text: string | undefined): boolean => text !== undefined && text.trim() !== '';

const rootSampleRatio = (env: NodeJS.ProcessEnv): number => {
  const sampler = env['OTEL_TRACES_SAMPLER']?.trim() ?? '';
  if (sampler.endsWith('always_off')) return 0;
  if (!sampler.endsWith('traceidratio')) return 1;
  const ratio = Number(env['OTEL_TRACES_SAMPLER_ARG'] ?? '1');
  return ratio >= 0 && ratio <= 1 ? ratio : 1;
};

/** Under a test runner (NODE_ENV=test) the log is silent unless LOG_LEVEL says otherwise. */
export const readTelemetryConfig = (env: NodeJS.ProcessEnv): TelemetryConfig => {
  const wanted = env['LOG_LEVEL']?.trim().toLowerCase();
  const level = LOG_LEVELS.find((name) => name === wanted);
  return {
    logLevel: level ?? (env['NODE_ENV'] === 'test' ? 'silent' : 'info'),
    exportsTraces:
      env['OTEL_SDK_DISABLED']?.trim().toLowerCase() !== 'true' &&
      env['OTEL_TRACES_EXPORTER']?.trim() !== 'none' &&
      (isSet(env['OTEL_EXPORTER_OTLP_ENDPOINT']) || isSet(env['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'])),
    rootSampleRatio: rootSampleRatio(env),
  };
};

export const telemetryConfig: TelemetryConfig = readTelemetryConfig(process.env);
