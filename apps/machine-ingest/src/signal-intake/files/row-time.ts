import { isTimestamp } from '@millrace/domain';
import { instantsOf, localTime, utcText } from '../local-time/local-time';

/**
 * The stamp of a row. A pattern's letters: yyyy MM dd, HH (0-23) or hh (1-12) with a (AM, PM), mm, ss, and S for a fraction
 * of one to nine digits; all else stands for itself. A point before S may be a comma in the file.
 */
const WORDS: { readonly [word: string]: string } = {
  yyyy: '(?<year>\\d{4})',
  MM: '(?<month>\\d{1,2})',
  dd: '(?<day>\\d{1,2})',
  HH: '(?<hour>\\d{1,2})',
  hh: '(?<half>\\d{1,2})',
  mm: '(?<minute>\\d{2})',
  ss: '(?<second>\\d{2})',
  S: '(?<fraction>\\d{1,9})',
  a: '(?<noon>[AaPp][Mm])',
};
const TOKEN = /yyyy|MM|dd|HH|hh|mm|ss|S+|a|[^A-Za-z]|./g;

const compiled = new Map<string, RegExp | null>();

const patternOf = (format: string): RegExp | null => {
  const known = compiled.get(format);
  if (known !== undefined) return known;
  const seen = new Set<string>();
  const parts = (format.match(TOKEN) ?? []).map((token) => {
    const word = token.startsWith('S') ? 'S' : token;
    if (Object.hasOwn(WORDS, word)) {
      if (seen.has(word)) return null;
      seen.add(word);
      return WORDS[word]!;
    }
    // a letter that is no word is a slip, such as YYYY, but for the T of ISO 8601
    if (/[A-Za-z]/.test(token) && token !== 'T') return null;
    return token === '.' || token === ',' ? '[.,]' : token.replace(/[\\^$*+?()[\]{}|/-]/g, '\\$&');
  });
  const complete =
    ['yyyy', 'MM', 'dd', 'mm'].every((word) => seen.has(word)) && (seen.has('HH') || (seen.has('hh') && seen.has('a')));
  const pattern = parts.includes(null) || !complete ? null : new RegExp(`^${parts.join('')}$`);
  compiled.set(format, pattern);
  return pattern;
};

export const isTimePattern = (format: string): boolean =>
  ['rfc3339', 'unix', 'unixMs'].includes(format) || (format.length <= 64 && patternOf(format) !== null);

export interface RowTime {
  /** RFC 3339; what has a zone stays as it is written. */
  readonly text: string;
  /** Unix ms of the whole second. */
  readonly instant: number;
}

/**
 * Null where the text is no time of the format, or one that its zone never had. Of the two instants in the hour that comes
 * twice it is the first that is not before `after`, the row before: a file's rows follow each other.
 */
export const readRowTime = (
  written: string,
  { format, timeZone }: { readonly format: string; readonly timeZone: string },
  after: number | null,
): RowTime | null => {
  const text = written.trim();
  if (format === 'rfc3339') return readRfc3339(text);
  if (format === 'unix' || format === 'unixMs') return readUnix(text, format === 'unix' ? 1000 : 1);
  const found = patternOf(format)?.exec(text)?.groups;
  if (found === undefined) return null;
  const hour = found['hour'] === undefined ? hourOfHalf(Number(found['half']), found['noon']!) : Number(found['hour']);
  if (hour === null) return null;
  const local = localTime(
    {
      year: Number(found['year']),
      month: Number(found['month']),
      day: Number(found['day']),
      hour,
      minute: Number(found['minute']),
      second: Number(found['second'] ?? 0),
    },
    found['fraction'] ?? '',
  );
  if (local === null) return null;
  const instants = instantsOf(local, timeZone);
  const instant = instants.find((one) => after === null || one >= after) ?? instants[0];
  return instant === undefined ? null : { text: utcText(instant, local.fraction), instant };
};

/** What programs write for RFC 3339 beside it: a space for the T or before the zone, a zone without its colon. */
const readRfc3339 = (written: string): RowTime | null => {
  const text = written
    .replace(/^(\d{4}-\d{2}-\d{2}) (?=\d)/, '$1T')
    .replace(/ ?([+-]\d{2}):?(\d{2})$/, (zone, hours, minutes) => (written.length > 19 ? `${hours}:${minutes}` : zone));
  return isTimestamp(text) ? { text, instant: Date.parse(text) } : null;
};

const hourOfHalf = (half: number, noon: string): number | null => {
  if (half < 1 || half > 12) return null;
  return (half % 12) + (noon.toLowerCase() === 'pm' ? 12 : 0);
};

/** 1 January 10000. */
const LAST_MS = 253_402_300_800_000;

const readUnix = (text: string, unitMs: number): RowTime | null => {
  const found = /^(\d{1,15})(?:\.(\d{1,9}))?$/.exec(text);
  if (found === null) return null;
  const whole = Number(found[1]) * unitMs;
  if (whole >= LAST_MS) return null;
  if (unitMs === 1) return { text: new Date(whole).toISOString(), instant: whole };
  return { text: utcText(whole, found[2] ?? ''), instant: whole };
};
