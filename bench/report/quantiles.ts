import { Histogram } from '../receiving/histogram';
import type { SeriesReport } from '../receiving/series';

/** Milliseconds. */
export interface Latency {
  readonly p50: number;
  readonly p99: number;
  readonly longest: number;
  /** What the share that was asked for did not exceed. */
  readonly most: number;
  readonly count: number;
}

export const latencyOf = ({ latency }: SeriesReport, share = 0.9): Latency => {
  const histogram = Histogram.of(latency);
  const ms = (q: number): number => histogram.quantile(q) / 1_000;
  return { p50: ms(0.5), p99: ms(0.99), longest: ms(1), most: ms(share), count: histogram.total };
};

export const latencyText = ({ p50, p99, longest, count }: Latency): string =>
  `p50 ${p50.toFixed(1)}, p99 ${p99.toFixed(1)}, longest ${longest.toFixed(1)} ms (${count})`;
