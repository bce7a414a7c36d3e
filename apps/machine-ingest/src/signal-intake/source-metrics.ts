import { metrics } from '@millrace/telemetry';

/** What sources tell of themselves as metrics: by kind, never by name, of which there may be thousands. */
const signals = metrics.counter('millrace_source_signals_total', 'Signals that sources have stored.', ['kind']);
const refused = metrics.counter('millrace_source_refused_total', 'Input of sources that went to quarantine.', ['kind']);
const gaps = metrics.counter('millrace_source_gaps_total', 'Stretches of signals that sources told to be lost.', [
  'kind',
]);
const counted = metrics.counter(
  'millrace_source_counts_total',
  'What kinds of source count: gaps, duplicates, late, …',
  ['kind', 'what'],
);
const retries = metrics.counter(
  'millrace_source_append_retries_total',
  'Appends of sources that had to be tried again.',
  ['kind'],
);
const queued = metrics.gauge('millrace_source_queued_signals', 'Read from peers and not yet stored.', ['kind']);
const lag = metrics.gauge('millrace_source_lag_seconds', 'How far the slowest source of a kind is behind its peer.', [
  'kind',
]);
const silence = metrics.gauge(
  'millrace_source_silence_seconds',
  'How long the connected source of a kind that is silent longest has stored nothing.',
  ['kind'],
);
const sources = metrics.gauge('millrace_sources', 'Sources that this process runs.', ['kind', 'connection']);

export const sourceMetrics = {
  stored: (kind: string, count: number): void => signals.inc({ kind }, count),
  /** Also told with 0, by who may come to refuse something: of a series that begins at 1 Prometheus sees no rise. */
  refused: (kind: string, count = 1): void => refused.inc({ kind }, count),
  lost: (kind: string, count: number): void => gaps.inc({ kind }, count),
  counted: (kind: string, what: string, count: number): void => counted.inc({ kind, what }, count),
  retried: (kind: string): void => retries.inc({ kind }),
  queued: (kind: string, count: number): void => queued.set(count, { kind }),
  silence: (kind: string, seconds: number): void => silence.set(seconds, { kind }),
  lag: (kind: string, seconds: number): void => lag.set(seconds, { kind }),
  running: (kind: string, connection: string, count: number): void => sources.set(count, { kind, connection }),
  /** Asked at each scrape, of every process: where none runs a source, none would tell it of those that it runs. */
  unowned: (count: () => number): void =>
    metrics.callbackGauge('millrace_sources_unowned', 'Sources that are switched on and run by no process.', [], count),
};
