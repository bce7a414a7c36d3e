import { changed, type Shape } from './shape';
import { text } from './text-shape';

const MS: { readonly [unit: string]: number } = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const DURATION = /^(0|[1-9][0-9]{0,8})(\.[0-9]{1,3})?(ms|s|m|h|d)$/;
const RATE = /^([1-9][0-9]{0,6})\/(s|min|h)$/;
const RATE_MS: { readonly [unit: string]: number } = { s: 1_000, min: 60_000, h: 3_600_000 };

/** Milliseconds of `500ms`, `2s`, ...; null for text that is no duration. */
export const durationMs = (written: string): number | null => {
  const match = DURATION.exec(written);
  if (match === null) return null;
  const [, whole, fraction = '', unit] = match;
  return Math.round(Number(`${whole}${fraction}`) * MS[unit!]!);
};

/** `500ms`, `2s`, `1.5m`, `24h`, `7d`; milliseconds. */
export const duration = (says: string): Shape<number> =>
  changed(
    text({
      says: `${says}, a number with ms, s, m, h or d`,
      form: 'a duration (a number with ms, s, m, h or d)',
      pattern: DURATION,
      meant: (written) => `${written}s`,
      most: 16,
      examples: ['2s', '500ms', '10m', '24h'],
    }),
    (written) => durationMs(written)!,
  );

/** `30/min`. */
export const rate = (says: string): Shape<{ count: number; perMs: number }> =>
  changed(
    text({
      says: `${says}, a number per s, min or h`,
      form: 'a rate (a number per s, min or h)',
      pattern: RATE,
      meant: (written) => `${written}/min`,
      most: 16,
      examples: ['30/min'],
    }),
    (written) => {
      const [, count, unit] = RATE.exec(written)!;
      return { count: Number(count), perMs: RATE_MS[unit!]! };
    },
  );
