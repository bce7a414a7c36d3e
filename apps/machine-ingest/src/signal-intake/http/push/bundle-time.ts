import { isTimestamp } from '@millrace/domain';
import { instantsOf, type LocalTime, readIsoLocal, utcText } from '../../local-time/local-time';
import { memberOf } from './json-body';

/** How far the plant's clock may be ahead of ours before a reading of its time is not believed. */
const AHEAD_MS = 5 * 60_000;
/** Two readings of a time that fit the bundle's own minutes equally well, as far as clocks and rounding go. */
const SAME_FIT_MS = 10 * 60_000;

type Bundle = { readonly [name: string]: unknown };

/**
 * When a bundle ended, RFC 3339 in UTC; null where it does not say, or says an hour that its zone never had. In the hour
 * that comes twice its own minutes tell which one it is: the end lies RunMinutes and DelayMinutes after the start. Where the
 * start lies in that hour too, the message tells it by its arrival: it cannot come before the bundle has ended.
 */
export const bundleEndedAt = (bundle: Bundle, timeZone: string, receivedAt: number): string | null => {
  const written = memberOf(bundle, 'EndTime');
  if (typeof written !== 'string') return null;
  if (isTimestamp(written)) return written;
  const local = readIsoLocal(written);
  if (local === null) return null;
  const instants = instantsOf(local, timeZone);
  if (instants.length === 0) return null;
  const instant = instants.length === 1 ? instants[0]! : whichOf(instants, bundle, timeZone, receivedAt);
  return utcText(instant, local.fraction);
};

const whichOf = (instants: readonly number[], bundle: Bundle, timeZone: string, receivedAt: number): number => {
  const misfits = misfitsOf(instants, bundle, timeZone);
  if (misfits !== null) {
    const best = Math.min(...misfits);
    const fitting = instants.filter((_, n) => misfits[n]! - best < SAME_FIT_MS);
    if (fitting.length === 1) return fitting[0]!;
  }
  return instants.findLast((instant) => instant <= receivedAt + AHEAD_MS) ?? instants[0]!;
};

/** How far each end is from start + minutes, ms; null where the bundle does not say enough. */
const misfitsOf = (ends: readonly number[], bundle: Bundle, timeZone: string): number[] | null => {
  const start = startOf(bundle);
  const run = memberOf(bundle, 'RunMinutes');
  const delay = memberOf(bundle, 'DelayMinutes');
  if (start === null || typeof run !== 'number' || typeof delay !== 'number') return null;
  const lasted = (run + delay) * 60_000;
  const starts = instantsOf(start, timeZone);
  if (starts.length === 0) return null;
  return ends.map((end) => Math.min(...starts.map((begun) => Math.abs(end - begun - lasted))));
};

const startOf = (bundle: Bundle): LocalTime | null => {
  const written = memberOf(bundle, 'StartTime');
  return typeof written === 'string' ? readIsoLocal(written) : null;
};
