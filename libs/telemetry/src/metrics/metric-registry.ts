import { CallbackGauge, Counter, Gauge, Histogram, type Metric, type Reading } from './metric-kinds';

/** Buckets for durations in seconds, from a local call to a receiver's deadline. */
export const DURATION_BUCKETS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30] as const;

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;

/**
 * The metrics of one process, in the Prometheus text format. Asking for a name again gives the metric that exists, so a
 * module may name its metrics at the top of its file. Label values must be few: past 500 combinations (SERIES_LIMIT) of
 * one metric, further ones are counted under `other`. Ids belong in log lines.
 */
export class MetricRegistry {
  private readonly metrics = new Map<string, Metric>();

  counter<const L extends readonly string[] = []>(name: string, help: string, labelNames?: L): Counter<L[number]> {
    return this.once(name, Counter, () => new Counter<L[number]>(name, help, labelNames ?? []));
  }

  gauge<const L extends readonly string[] = []>(name: string, help: string, labelNames?: L): Gauge<L[number]> {
    return this.once(name, Gauge, () => new Gauge<L[number]>(name, help, labelNames ?? []));
  }

  /** Read at each scrape. A later registration of the same name replaces the reader. */
  callbackGauge<const L extends readonly string[] = []>(
    name: string,
    help: string,
    labelNames: L,
    read: () => number | ReadonlyArray<Reading<L[number]>>,
  ): void {
    this.check(name, CallbackGauge);
    this.metrics.set(name, new CallbackGauge<L[number]>(name, help, labelNames, read));
  }

  histogram<const L extends readonly string[] = []>(
    name: string,
    help: string,
    labelNames?: L,
    buckets: readonly number[] = DURATION_BUCKETS,
  ): Histogram<L[number]> {
    return this.once(name, Histogram, () => new Histogram<L[number]>(name, help, labelNames ?? [], buckets));
  }

  render(): string {
    const lines: string[] = [];
    for (const metric of this.metrics.values()) metric.render(lines);
    return `${lines.join('\n')}\n`;
  }

  private once<M extends Metric>(name: string, kind: abstract new (...args: never[]) => M, create: () => M): M {
    const existing = this.check(name, kind);
    if (existing !== undefined) return existing as M;
    const metric = create();
    this.metrics.set(name, metric);
    return metric;
  }

  private check(name: string, kind: abstract new (...args: never[]) => Metric): Metric | undefined {
    if (!NAME.test(name)) throw new Error(`'${name}' is not a metric name.`);
    const existing = this.metrics.get(name);
    if (existing !== undefined && !(existing instanceof kind)) {
      throw new Error(`The metric '${name}' exists with another kind.`);
    }
    return existing;
  }
}

/** The process's one registry. */
export const metrics = new MetricRegistry();
