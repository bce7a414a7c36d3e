import fc from 'fast-check';
import { dueTime, LONGEST_TRANSIT_MS } from './due-time';

describe('dueTime', () => {
  const appendedAt = 1_000_000;
  it.each([
    ['no plan: from the append time', 5_000, null, appendedAt + 5_000],
    ['the way to the broker took 7 ms', 5_000, appendedAt + 4_993, appendedAt + 4_993],
    ['the longest way', 5_000, appendedAt + 5_000 - LONGEST_TRANSIT_MS, appendedAt + 5_000 - LONGEST_TRANSIT_MS],
    ['the clock of the writer was an hour slow', 5_000, appendedAt + 5_000 - 3_600_000, appendedAt + 5_000],
    ['the clock of the writer was an hour fast', 5_000, appendedAt + 5_000 + 3_600_000, appendedAt + 5_000],
    ['the clock of the writer was a little fast', 5_000, appendedAt + 5_003, appendedAt + 5_000],
    ['nothing left to wait', 0, appendedAt - 20, appendedAt - 20],
    ['planned long ago, as of a delivery that was parked', 0, appendedAt - 90_000, appendedAt],
  ])('%s', (_name, remainingDelayMs, plannedAt, due) => {
    expect(dueTime(appendedAt, { remainingDelayMs, plannedAt })).toBe(due);
  });

  it('is never later than the broker counts, and never earlier than that by more than the longest way', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 1e9 }),
        fc.option(fc.integer({ min: -2e9, max: 2e9 })),
        (remaining, offset) => {
          const plannedAt = offset === null ? null : appendedAt + offset;
          const due = dueTime(appendedAt, { remainingDelayMs: remaining, plannedAt });
          expect(due).toBeLessThanOrEqual(appendedAt + remaining);
          expect(due).toBeGreaterThanOrEqual(appendedAt + remaining - LONGEST_TRANSIT_MS);
        },
      ),
    );
  });
});
