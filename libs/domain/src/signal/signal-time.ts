import { createHash } from 'node:crypto';
import type { Signal } from './signal';

/**
 * When something happened to a machine. A stamp is believed when it lies near the time of receipt; otherwise the time of
 * receipt stands for it. Two stamps are subtracted only when one clock wrote both: an agent's stamp may lie 20 s before
 * an adapter's for a later fact, and the difference would be a negative duration.
 */
export interface Moment {
  /** RFC 3339, as the device gave it. */
  readonly time: string;
  /** The same, Unix ms. */
  readonly ms: number;
  /** Source, session and clock that wrote the stamp; null when the time of receipt stands for it. */
  readonly clock: string | null;
  /** Evaluation time of the machine, Unix ms; never falls from one signal to the next. */
  readonly at: number;
  /** There was a stamp, and it could not be right. */
  readonly suspect?: true;
}

/** How far a device's clock may lie from ours before its stamps are not used, where the mapping says nothing. */
export const MAX_SKEW_MS = 300_000;

/** Stamps before this are clocks that were never set, Unix ms. */
export const FIRST_CREDIBLE_MS = Date.parse('2000-01-01T00:00:00Z');

export const momentOf = (signal: Signal, at: number, maxSkewMs: number = MAX_SKEW_MS): Moment => {
  const receivedMs = Date.parse(signal.receiveTs);
  if (signal.sourceTs === null) return { time: signal.receiveTs, ms: receivedMs, clock: null, at };
  const ms = Date.parse(signal.sourceTs);
  if (Math.abs(ms - receivedMs) <= maxSkewMs)
    return { time: plainTime(signal.sourceTs, ms), ms, clock: clockOf(signal), at };
  const received: Moment = { time: signal.receiveTs, ms: receivedMs, clock: null, at };
  return isOldSnapshot(signal, ms, receivedMs) ? received : { ...received, suspect: true };
};

/** A snapshot says what is, and its stamp since when: hours ago is no wrong clock. */
const isOldSnapshot = ({ flags }: Signal, ms: number, receivedMs: number): boolean =>
  flags.includes('snapshot') && ms >= FIRST_CREDIBLE_MS && ms <= receivedMs;

/** A moment that no stamp tells of: a timer that has run out. */
export const momentAt = (at: number): Moment => ({ time: new Date(at).toISOString(), ms: at, clock: null, at });

/** A stamp may have any number of digits; none means anything beyond the 9 that the best clocks have. */
const plainTime = (stamp: string, ms: number): string => (stamp.length <= 40 ? stamp : new Date(ms).toISOString());

const clockOf = (signal: Signal): string => {
  const text = `${signal.source}\n${signal.session}\n${signal.clock}`;
  return text.length <= 96 ? text : createHash('sha256').update(text).digest('hex');
};

/** Milliseconds from one moment to a later one; never negative. */
export const elapsedMs = (from: Moment, to: Moment): number =>
  from.clock !== null && from.clock === to.clock && to.ms >= from.ms ? to.ms - from.ms : Math.max(0, to.at - from.at);

/** Seconds with three decimals. */
export const elapsedSeconds = (from: Moment, to: Moment): number => Math.round(elapsedMs(from, to)) / 1000;
