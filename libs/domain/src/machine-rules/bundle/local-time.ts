const formats = new Map<string, Intl.DateTimeFormat>();

const formatOf = (timeZone: string): Intl.DateTimeFormat => {
  let format = formats.get(timeZone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-US', {
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
    formats.set(timeZone, format);
  }
  return format;
};

/**
 * What a clock on the plant's wall shows at an instant, without a zone: `2026-02-17T08:00:00`, as Eclipse Pro writes
 * times. Whole seconds, cut and not rounded, as a clock shows them. When summer time ends, an hour is shown twice: two
 * instants have the same local time, and only the UTC times beside the BundleResult tell them apart.
 *
 * `timeZone` is an IANA name; throws RangeError for another.
 */
export const localTime = (ms: number, timeZone: string): string => {
  const parts = new Map(
    formatOf(timeZone)
      .formatToParts(ms)
      .map(({ type, value }) => [type, value]),
  );
  const part = (type: Intl.DateTimeFormatPartTypes) => parts.get(type) ?? '';
  const date = `${part('year').padStart(4, '0')}-${part('month')}-${part('day')}`;
  return `${date}T${part('hour')}:${part('minute')}:${part('second')}`;
};
