import type { BreakerRules } from './breaker-rules';
import { countTowardsDisable, type DisableChange, type DisableCount, NOT_DISABLING } from './disable-count';
import {
  countInWindow,
  emptyWindow,
  excessOf,
  type FailureRow,
  type FailureWindow,
  longerRow,
  NO_FAILURES,
} from './failure-counts';

/**
 * Whether an endpoint takes deliveries now: a circuit breaker with one probe, a ramp after recovery, and the count towards a
 * contract's disable limit. Each endpoint has one owner, which folds every request's end into it.
 *
 * Plain JSON: it is stored in the endpoint's health record and given to the next owner. Times are Unix ms; durations in it are
 * already multiplied by the time scale.
 */
export type EndpointHealth = EndpointUp | EndpointDown;

export interface EndpointUp {
  readonly kind: 'up';
  readonly row: FailureRow;
  readonly window: FailureWindow;
  /** After a recovery: how many requests may be in flight, and how many have succeeded since that was raised. */
  readonly ramp: { readonly limit: number; readonly successes: number } | null;
  readonly disabling: DisableCount;
  /** When it came back last; null when it was never down. */
  readonly recoveredAt: number | null;
}

export interface EndpointDown {
  readonly kind: 'down';
  readonly reason: DownReason;
  readonly since: number;
  /** When the next probe may leave; while one is in flight, when that one left. */
  readonly probeAt: number;
  /** The wait before the probe. */
  readonly intervalMs: number;
  /** Id of the delivery that is the one probe in flight. */
  readonly probing: string | null;
  readonly failedProbes: number;
  readonly disabling: DisableCount;
}

/** `transport`: at least half of the failures were of a kind that has no answer. `failure_rate`: most were answers. */
export type DownReason = 'transport' | 'failure_rate';

/** How one request ended, as far as health is concerned. */
export interface AttemptReport {
  readonly deliveryId: string;
  /** Unix ms of the end of the request. */
  readonly at: number;
  /** `throttled` is a 429: the receiver is alive, and it is neither success nor failure. */
  readonly result: 'success' | 'http_failure' | 'transport_failure' | 'throttled';
  /** The delivery carries an operational event: it never counts towards opening or disabling, so no alert leads to another. */
  readonly operational: boolean;
  /** The delivery has ended without success. */
  readonly deliveryEnded: boolean;
}

export type HealthChange =
  | { readonly kind: 'went_down'; readonly reason: DownReason; readonly failures: number }
  | { readonly kind: 'recovered'; readonly downSince: number }
  | DisableChange;

/** What may go out now. `limit` caps the requests in flight while ramping; null for none. */
export type Admission =
  | { readonly kind: 'send'; readonly limit: number | null }
  | { readonly kind: 'probe' }
  | { readonly kind: 'wait'; readonly until: number };

/** The ramp ends after as many successes with as many in flight. */
export const RAMP_TOP = 64;

const RAMP_START = { limit: 1, successes: 0 } as const;

const freshlyUp = (
  at: number,
  ramp: EndpointUp['ramp'],
  disabling: DisableCount,
  recoveredAt: number | null,
): EndpointUp => ({
  kind: 'up',
  row: NO_FAILURES,
  window: emptyWindow(at),
  ramp,
  disabling,
  recoveredAt,
});

export const HEALTHY: EndpointHealth = Object.freeze(freshlyUp(0, null, NOT_DISABLING, null));

export const afterAttempt = (
  health: EndpointHealth,
  report: AttemptReport,
  rules: BreakerRules,
  timeScale: number,
): { health: EndpointHealth; changes: HealthChange[] } => {
  const counted = countTowardsDisable(
    health.disabling,
    {
      succeeded: report.result === 'success',
      failed: !report.operational && (report.result === 'http_failure' || report.result === 'transport_failure'),
      deliveryEnded: !report.operational && report.deliveryEnded,
    },
    rules.disableAfter,
  );
  const next =
    health.kind === 'up'
      ? whileUp(health, report, rules, timeScale, counted.count)
      : whileDown(health, report, rules, timeScale, counted.count);
  const changes: HealthChange[] = [];
  if (next.change) changes.push(next.change);
  if (counted.change) changes.push(counted.change);
  return { health: next.health, changes };
};

export const admission = (health: EndpointHealth, now: number): Admission => {
  if (health.kind === 'up') return { kind: 'send', limit: health.ramp?.limit ?? null };
  // The end of the probe changes the health; this is only when to ask again at the latest.
  if (health.probing !== null) return { kind: 'wait', until: now + health.intervalMs };
  // A probe that is further off than it can be was planned by a clock that has been set back since, or by another owner's.
  const isDue = now >= health.probeAt || health.probeAt - now > 2 * health.intervalMs;
  return isDue ? { kind: 'probe' } : { kind: 'wait', until: health.probeAt };
};

/** No effect on an endpoint that is up, or while a probe is in flight. */
export const beginProbe = (health: EndpointHealth, deliveryId: string, now: number): EndpointHealth =>
  health.kind === 'up' || health.probing !== null ? health : { ...health, probing: deliveryId, probeAt: now };

/**
 * The probe's record left this owner without an answer (rebalance, crash): another may be made at once. Also applied by a new
 * owner to a stored state.
 */
export const abandonProbe = (health: EndpointHealth): EndpointHealth =>
  health.kind === 'up' || health.probing === null ? health : { ...health, probing: null };

/** The user set it active again, or its settings changed: counters start anew, the ramp from 1. */
export const afterEnabled = (
  health: EndpointHealth,
  now: number,
): { health: EndpointHealth; changes: HealthChange[] } => ({
  health: freshlyUp(now, RAMP_START, NOT_DISABLING, health.kind === 'down' ? now : health.recoveredAt),
  changes: health.kind === 'down' ? [{ kind: 'recovered', downSince: health.since }] : [],
});

interface Step {
  readonly health: EndpointHealth;
  readonly change: HealthChange | null;
}

/** The receiver took the request, or answered in a way that its contract takes for a sign of life. */
const showsLife = ({ result }: AttemptReport, rules: BreakerRules): boolean =>
  result === 'success' || (result === 'http_failure' && !rules.countsHttpFailures);

const whileUp = (
  up: EndpointUp,
  report: AttemptReport,
  rules: BreakerRules,
  timeScale: number,
  disabling: DisableCount,
): Step => {
  const alive = showsLife(report, rules);
  if (!alive && (report.operational || report.result === 'throttled'))
    return { health: disabling === up.disabling ? up : { ...up, disabling }, change: null };
  const request = {
    deliveryId: report.deliveryId,
    at: report.at,
    failed: !alive,
    transport: report.result === 'transport_failure',
  };
  const { consecutive, rate } = rules;
  const row = alive || consecutive === null ? NO_FAILURES : longerRow(up.row, request, consecutive.distinctDeliveries);
  const counts = rate !== null && !report.operational;
  const window = counts
    ? countInWindow(up.window, request, rate.windowMs * timeScale, rate.distinctDeliveries)
    : up.window;
  if (!alive) {
    const excess = rowIsTooLong(row, consecutive) ? row : rate === null ? null : excessOf(window, rate);
    if (excess !== null) return goDown(excess, report.at, rules, timeScale, disabling);
  }
  return { health: { ...up, row, window, ramp: nextRamp(up.ramp, alive), disabling }, change: null };
};

const whileDown = (
  down: EndpointDown,
  report: AttemptReport,
  rules: BreakerRules,
  timeScale: number,
  disabling: DisableCount,
): Step => {
  const isProbe = down.probing === report.deliveryId;
  if (showsLife(report, rules) || (isProbe && report.result === 'throttled'))
    return {
      health: freshlyUp(report.at, RAMP_START, disabling, report.at),
      change: { kind: 'recovered', downSince: down.since },
    };
  // A request that was in flight when it went down says nothing new when it fails.
  if (!isProbe) return { health: disabling === down.disabling ? down : { ...down, disabling }, change: null };
  const intervalMs = waitWithin(rules, timeScale, down.intervalMs * rules.probeInterval.factor);
  return {
    health: {
      ...down,
      probeAt: report.at + intervalMs,
      intervalMs,
      probing: null,
      failedProbes: down.failedProbes + 1,
      disabling,
    },
    change: null,
  };
};

const rowIsTooLong = (row: FailureRow, consecutive: BreakerRules['consecutive']): boolean =>
  consecutive !== null &&
  row.failures >= consecutive.failures &&
  row.deliveries.length >= consecutive.distinctDeliveries;

const goDown = (
  { failures, transport }: { readonly failures: number; readonly transport: number },
  at: number,
  rules: BreakerRules,
  timeScale: number,
  disabling: DisableCount,
): Step => {
  const reason = transport * 2 >= failures ? 'transport' : 'failure_rate';
  const intervalMs = waitWithin(rules, timeScale, 0);
  return {
    health: {
      kind: 'down',
      reason,
      since: at,
      probeAt: at + intervalMs,
      intervalMs,
      probing: null,
      failedProbes: 0,
      disabling,
    },
    change: { kind: 'went_down', reason, failures },
  };
};

/** At least 1 ms, so that no time scale makes the probes a loop. */
const waitWithin = ({ probeInterval }: BreakerRules, timeScale: number, ms: number): number =>
  Math.max(1, Math.min(probeInterval.longestMs * timeScale, Math.max(probeInterval.firstMs * timeScale, ms)));

const nextRamp = (ramp: EndpointUp['ramp'], alive: boolean): EndpointUp['ramp'] => {
  if (ramp === null) return null;
  // A failure starts its step anew: only successes without one between them show that more can be taken.
  if (!alive) return ramp.successes === 0 ? ramp : { limit: ramp.limit, successes: 0 };
  const successes = ramp.successes + 1;
  if (successes < ramp.limit) return { limit: ramp.limit, successes };
  return ramp.limit >= RAMP_TOP ? null : { limit: ramp.limit * 2, successes: 0 };
};
