import fc from 'fast-check';
import { instantsOf, isTimeZone, readIsoLocal, utcText } from './local-time';

const utc = (text: string, timeZone: string) => instantsOf(readIsoLocal(text)!, timeZone).map((ms) => utcText(ms, ''));

it.each([
  ['2026-02-17T09:30:00', 'America/Chicago', ['2026-02-17T15:30:00Z']],
  ['2026-07-17T09:30:00', 'America/Chicago', ['2026-07-17T14:30:00Z']],
  // 1 November 2026, 2:00 daylight time: clocks go back to 1:00
  ['2026-11-01T00:59:59', 'America/Chicago', ['2026-11-01T05:59:59Z']],
  ['2026-11-01T01:30:00', 'America/Chicago', ['2026-11-01T06:30:00Z', '2026-11-01T07:30:00Z']],
  ['2026-11-01T02:00:00', 'America/Chicago', ['2026-11-01T08:00:00Z']],
  // 8 March 2026, 2:00: clocks go forward to 3:00
  ['2026-03-08T02:30:00', 'America/Chicago', []],
  ['2026-03-08T03:00:00', 'America/Chicago', ['2026-03-08T08:00:00Z']],
  ['2026-10-25T02:30:00', 'Europe/Berlin', ['2026-10-25T00:30:00Z', '2026-10-25T01:30:00Z']],
  // half an hour only
  ['2026-04-05T01:45:00', 'Australia/Lord_Howe', ['2026-04-04T14:45:00Z', '2026-04-04T15:15:00Z']],
  ['2026-02-17T09:30:00', 'Asia/Kolkata', ['2026-02-17T04:00:00Z']],
  ['0005-01-01T00:00:00', 'UTC', ['0005-01-01T00:00:00Z']],
  // in UTC it is in the year 10000, which cannot be written
  ['9999-12-31T23:30:00', 'America/Chicago', []],
  ['9999-12-31T23:30:00', 'UTC', ['9999-12-31T23:30:00Z']],
])('%s in %s is %j', (text, timeZone, expected) => {
  expect(utc(text, timeZone)).toEqual(expected);
});

it.each([
  '2026-02-30T00:00:00',
  '2026-13-01T00:00:00',
  '2026-01-01T24:00:00',
  '2026-01-01',
  '2026-01-01T00:00:00Z',
  '',
])('takes %j for no local time', (text) => {
  expect(readIsoLocal(text)).toBeNull();
});

it('keeps every digit of a fraction', () => {
  const read = readIsoLocal('2012-11-29T11:58:25.3149559')!;
  expect(utcText(instantsOf(read, 'Europe/Paris')[0]!, read.fraction)).toBe('2012-11-29T10:58:25.3149559Z');
});

it('knows zones by name', () => {
  expect([isTimeZone('America/Chicago'), isTimeZone('Mars/Olympus')]).toEqual([true, false]);
});

it('finds the instant that a clock of the zone shows', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 4_000_000_000 }),
      fc.constantFrom('America/Chicago', 'Europe/Berlin', 'Australia/Lord_Howe', 'Asia/Tehran', 'UTC'),
      (seconds, timeZone) => {
        const shown = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'medium' });
        expect(instantsOf(readIsoLocal(shown.format(seconds * 1000))!, timeZone)).toContain(seconds * 1000);
      },
    ),
  );
});
