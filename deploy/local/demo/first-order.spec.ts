import { beforeTheShift, nextStep } from '../simulated-line/roll-former';
import { firstOrderAt } from './first-order';

const STARTED = Date.parse('2026-03-02T08:00:00Z');

/** The order that the line is at after so long, when it is as quick as it can be. */
const lastOrderOf = (startedAt: number, ranMs: number): number => {
  let shift = beforeTheShift(firstOrderAt(startedAt));
  let last = shift.firstOrder;
  for (let ran = 0; ran < ranMs; ) {
    const step = nextStep(shift, () => 0);
    last = Number(step.says['Job/OrdId'] ?? last);
    shift = step.shift;
    ran += step.waitMs;
  }
  return last;
};

it.each([
  ['ten seconds', 10_000],
  ['a minute', 60_000],
  ['an hour', 3_600_000],
  ['a day', 86_400_000],
])('is ahead of every order of a run of %s', (_, ranMs) => {
  expect(firstOrderAt(STARTED + ranMs)).toBeGreaterThan(lastOrderOf(STARTED, ranMs));
});

it('keeps to seven digits', () => {
  for (const day of [0, 1, 400, 624, 625, 626, 10_000]) {
    const order = firstOrderAt(STARTED + day * 86_400_000);
    expect(Number.isInteger(order)).toBe(true);
    expect(order).toBeGreaterThanOrEqual(10_000);
    expect(order).toBeLessThan(10_000_000);
  }
});
