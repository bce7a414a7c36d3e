import type { BreakerRules } from './breaker-rules';

/** Failures since the last success. */
export interface FailureRow {
  readonly failures: number;
  /** How many of them nothing answered. */
  readonly transport: number;
  /** Short hashes of the deliveries that failed, no more of them than the rules ask for. */
  readonly deliveries: readonly number[];
}

/** One part of the sliding window. */
export interface WindowBucket {
  /** Unix ms. */
  readonly startedAt: number;
  readonly requests: number;
  readonly failures: number;
  /** As in `FailureRow`. */
  readonly transport: number;
  /** As in `FailureRow`. */
  readonly deliveries: readonly number[];
}

/** Counts of the last minutes, in a few parts instead of a list of requests. */
export interface FailureWindow {
  /** The part that requests are counted in now. */
  readonly current: WindowBucket;
  /** The parts before it, oldest first; at most `WINDOW_BUCKETS`. */
  readonly earlier: readonly WindowBucket[];
}

export interface CountedRequest {
  readonly deliveryId: string;
  /** Unix ms. */
  readonly at: number;
  readonly failed: boolean;
  readonly transport: boolean;
}

/** The window moves on by a tenth of itself. */
export const WINDOW_BUCKETS = 10;

export const NO_FAILURES: FailureRow = Object.freeze({ failures: 0, transport: 0, deliveries: [] });

export const emptyWindow = (startedAt: number): FailureWindow => ({ current: emptyBucket(startedAt), earlier: [] });

export const longerRow = (row: FailureRow, request: CountedRequest, distinctDeliveries: number): FailureRow => ({
  failures: row.failures + 1,
  transport: row.transport + (request.transport ? 1 : 0),
  deliveries: withDelivery(row.deliveries, request.deliveryId, distinctDeliveries),
});

export const countInWindow = (
  window: FailureWindow,
  request: CountedRequest,
  windowMs: number,
  distinctDeliveries: number,
): FailureWindow => {
  const { current, earlier } = movedTo(window, request.at, windowMs);
  return {
    current: {
      startedAt: current.startedAt,
      requests: current.requests + 1,
      failures: current.failures + (request.failed ? 1 : 0),
      transport: current.transport + (request.failed && request.transport ? 1 : 0),
      deliveries: request.failed
        ? withDelivery(current.deliveries, request.deliveryId, distinctDeliveries)
        : current.deliveries,
    },
    earlier,
  };
};

/** The sums of the whole window, where they are beyond the rate; else null. */
export const excessOf = (
  { current, earlier }: FailureWindow,
  rate: NonNullable<BreakerRules['rate']>,
): { readonly failures: number; readonly transport: number } | null => {
  let { requests, failures, transport } = current;
  for (const bucket of earlier) {
    requests += bucket.requests;
    failures += bucket.failures;
    transport += bucket.transport;
  }
  if (requests < rate.requests || failures < rate.share * requests) return null;
  const deliveries = new Set(current.deliveries);
  for (const bucket of earlier) for (const delivery of bucket.deliveries) deliveries.add(delivery);
  return deliveries.size < rate.distinctDeliveries ? null : { failures, transport };
};

const emptyBucket = (startedAt: number): WindowBucket => ({
  startedAt,
  requests: 0,
  failures: 0,
  transport: 0,
  deliveries: [],
});

const movedTo = (window: FailureWindow, at: number, windowMs: number): FailureWindow => {
  const { current, earlier } = window;
  // A clock that was set back by more than the window would otherwise keep old counts until it caught up.
  if (at < current.startedAt - windowMs) return emptyWindow(at);
  if (at < current.startedAt + windowMs / WINDOW_BUCKETS) return window;
  const held = current.requests === 0 ? earlier : [...earlier, current];
  return { current: emptyBucket(at), earlier: held.filter((bucket) => bucket.startedAt > at - windowMs) };
};

/** A delivery more than the rules ask for changes no decision, so the set stays small however many fail. */
const withDelivery = (deliveries: readonly number[], deliveryId: string, limit: number): readonly number[] => {
  if (deliveries.length >= limit) return deliveries;
  const hash = shortHash(deliveryId);
  return deliveries.includes(hash) ? deliveries : [...deliveries, hash];
};

/** FNV-1a, 32 bits. Two deliveries that collide count as one, which can only delay the decision. */
const shortHash = (text: string): number => {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return hash >>> 0;
};
