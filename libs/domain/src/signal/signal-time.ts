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
  /** Source, session and clock that wrote the stamp; null when the stamp was not believed. */
  readonly clock: string | null;
  /** Evaluation time of the machine, Unix ms; never falls from one signal to the next. */
  readonly at: number;
}

/** How far a device's clock may lie from ours before its stamps are not used. */
export const MAX_SKEW_MS = 300_000;

export const momentOf = (signal: Signal, at: number): Moment => {
  const receivedMs = Date.parse(signal.receiveTs);
  if (signal.sourceTs !== null) {
    const ms = Date.parse(signal.sourceTs);
    if (Math.abs(ms - receivedMs) <= MAX_SKEW_MS)
      return { time: signal.sourceTs, ms, clock: `${signal.source}\n${signal.session}\n${signal.clock}`, at };
  }
  return { time: signal.receiveTs, ms: receivedMs, clock: null, at };
};

/** Milliseconds from one moment to a later one; never negative. */
export const elapsedMs = (from: Moment, to: Moment): number =>
  from.clock !== null && from.clock === to.clock && to.ms >= from.ms ? to.ms - from.ms : Math.max(0, to.at - from.at);

/** Seconds with three decimals. */
export const elapsedSeconds = (from: Moment, to: Moment): number => Math.round(elapsedMs(from, to)) / 1000;
