import { localTime } from './local-time';

describe("time on the plant's wall", () => {
  it.each([
    ['2026-02-17T14:00:00.000Z', 'America/Chicago', '2026-02-17T08:00:00'],
    ['2026-07-17T14:00:00.999Z', 'America/Chicago', '2026-07-17T09:00:00'],
    ['2026-01-01T00:00:00.000Z', 'UTC', '2026-01-01T00:00:00'],
    ['2026-02-17T05:00:00.000Z', 'America/New_York', '2026-02-17T00:00:00'],
    ['2026-02-17T20:15:30.000Z', 'Asia/Kathmandu', '2026-02-18T02:00:30'],
    ['2025-12-31T23:30:00.000Z', 'Europe/Berlin', '2026-01-01T00:30:00'],
    ['2026-03-29T00:59:59.000Z', 'Europe/Berlin', '2026-03-29T01:59:59'],
    ['2026-03-29T01:00:00.000Z', 'Europe/Berlin', '2026-03-29T03:00:00'],
  ])('%s in %s is %s', (instant, zone, expected) => {
    expect(localTime(Date.parse(instant), zone)).toBe(expected);
  });

  it('shows one hour twice when summer time ends', () => {
    const at = (text: string) => localTime(Date.parse(text), 'America/Chicago');
    expect([at('2026-11-01T06:30:00Z'), at('2026-11-01T07:30:00Z')]).toEqual([
      '2026-11-01T01:30:00',
      '2026-11-01T01:30:00',
    ]);
  });

  it('refuses a zone that is none', () => {
    expect(() => localTime(0, 'Plant/Hall-3')).toThrow(RangeError);
  });
});
