import { UsageError } from './usage-error';

const UNITS: { readonly [unit: string]: number } = { s: 1, m: 60, h: 3_600, d: 86_400 };
const RFC3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})$/i;

/** Seconds of `90s`, `15m`, `2h`, `7d`. */
export const durationSeconds = (option: string, text: string): number => {
  const found = /^(\d{1,7})([smhd])$/.exec(text);
  if (found === null) throw new UsageError(`${option}: ${text} is not a span of time; write 90s, 15m, 2h or 7d.`);
  return Number(found[1]) * (UNITS[found[2] as string] as number);
};

/** RFC 3339 of a time, or of how long ago it was. */
export const instant = (option: string, text: string, now: number): string => {
  if (/^\d+[a-z]$/i.test(text)) return new Date(now - durationSeconds(option, text) * 1000).toISOString();
  const at = RFC3339.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(at))
    throw new UsageError(`${option}: ${text} is not a time; write 2026-01-31T06:00:00Z, or how long ago: 15m, 2h, 7d.`);
  return new Date(at).toISOString();
};

/** A time for a table: without its milliseconds. */
export const shortTime = (text: string): string => text.replace(/\.\d+(?=Z$)/, '');
