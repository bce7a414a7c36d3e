/**
 * Times that a plant writes without a zone. Which instant one of them is depends on the zone, and twice a year on more than
 * that: when clocks are put back an hour comes twice, when they are put forward one never comes.
 */
export interface LocalTime {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  /** Digits after the second's point, as they were written; empty for none. */
  readonly fraction: string;
}

export const isTimeZone = (name: string): boolean => {
  try {
    new Intl.DateTimeFormat('en-US', { timeZone: name });
    return true;
  } catch {
    return false;
  }
};

/** Null where there is no such day or hour. */
export const localTime = (parts: Omit<LocalTime, 'fraction'>, fraction = ''): LocalTime | null => {
  const read = new Date(wallMs(parts));
  const same =
    read.getUTCFullYear() === parts.year &&
    read.getUTCMonth() + 1 === parts.month &&
    read.getUTCDate() === parts.day &&
    read.getUTCHours() === parts.hour &&
    read.getUTCMinutes() === parts.minute &&
    read.getUTCSeconds() === parts.second;
  return same && parts.year >= 1 ? { ...parts, fraction } : null;
};

const ISO_LOCAL = /^(\d{4})-(\d{2})-(\d{2})[T ](\d{2}):(\d{2}):(\d{2})(?:[.,](\d{1,9}))?$/;

/** `2026-02-17T08:00:00`, with up to nine digits of fraction; null for anything else. */
export const readIsoLocal = (text: string): LocalTime | null => {
  const found = ISO_LOCAL.exec(text);
  if (found === null) return null;
  const [year, month, day, hour, minute, second] = found.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  return localTime({ year, month, day, hour, minute, second }, found[7] ?? '');
};

/**
 * The instants that a local time may be, Unix ms of its whole second, earliest first: one, two in the hour that comes twice,
 * none in the hour that is left out.
 */
export const instantsOf = (local: LocalTime, timeZone: string): readonly number[] => {
  const wall = wallMs(local);
  const offsets = new Set([wall - DAY_MS, wall, wall + DAY_MS].map((near) => offsetMs(near, timeZone)));
  return [...offsets]
    .map((offset) => wall - offset)
    .filter((instant) => instant + offsetMs(instant, timeZone) === wall)
    .filter((instant) => instant >= FIRST_MS && instant <= LAST_MS)
    .sort((a, b) => a - b);
};

/** RFC 3339 in UTC, with the fraction's own digits: Okuma and B2MML write seven, and none may be lost. */
export const utcText = (instant: number, fraction: string): string => {
  const seconds = new Date(instant).toISOString().slice(0, 19);
  return `${seconds}${fraction === '' ? '' : `.${fraction}`}Z`;
};

/** RFC 3339 has years of four digits: an hour before the end of the last one, some zones are already beyond. */
const FIRST_MS = Date.parse('0000-01-01T00:00:00Z');
const LAST_MS = Date.parse('9999-12-31T23:59:59Z');

const DAY_MS = 24 * 60 * 60 * 1000;

const wallMs = ({ year, month, day, hour, minute, second }: Omit<LocalTime, 'fraction'>): number => {
  const date = new Date(0);
  // Date.UTC takes the years 0 to 99 for 1900 to 1999
  date.setUTCFullYear(year, month - 1, day);
  return date.setUTCHours(hour, minute, second, 0);
};

const formats = new Map<string, Intl.DateTimeFormat>();

const formatOf = (timeZone: string): Intl.DateTimeFormat => {
  const known = formats.get(timeZone);
  if (known !== undefined) return known;
  const made = new Intl.DateTimeFormat('en-US', {
    timeZone,
    calendar: 'gregory',
    numberingSystem: 'latn',
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  });
  formats.set(timeZone, made);
  return made;
};

/** How far the zone's clocks are ahead of UTC at an instant. */
const offsetMs = (instant: number, timeZone: string): number => {
  const found: { [part: string]: number } = {};
  for (const { type, value } of formatOf(timeZone).formatToParts(instant)) found[type] = Number(value);
  const wall = wallMs({
    year: found['year']!,
    month: found['month']!,
    day: found['day']!,
    hour: found['hour']!,
    minute: found['minute']!,
    second: found['second']!,
  });
  return wall - Math.floor(instant / 1000) * 1000;
};
