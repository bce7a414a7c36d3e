import fc from 'fast-check';
import { loopUtilization, Pace } from './pace';

const MANY = 10_000;
const fixed = (perSecond: number) => ({ least: perSecond, first: perSecond, most: perSecond });
const still = () => 0.7;

describe('the pace', () => {
  it('lets a burst go at once, and then so many a second', () => {
    const pace = new Pace(fixed(1_000), still, 0);
    expect(pace.allowed(MANY, 0)).toBe(20);
    pace.spend(20);
    expect(pace.allowed(MANY, 0)).toBe(0);
    expect(pace.waitFor(10)).toBe(10);
    expect(pace.allowed(MANY, 10)).toBe(10);
    expect(pace.allowed(3, 60_000)).toBe(3);
    expect(pace.allowed(MANY, 60_000)).toBe(20);
  });

  it('never lets more go in any stretch than the rate and one burst', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(300), fc.nat(200))), (looks) => {
        const pace = new Pace(fixed(500), still, 0);
        let ticks = 0;
        let gone = 0;
        for (const [pass, wanted] of looks) {
          ticks += pass;
          const count = pace.allowed(wanted, ticks);
          pace.spend(count);
          gone += count;
          expect(gone).toBeLessThanOrEqual(10 + (ticks * 500) / 1_000);
        }
      }),
    );
  });

  it('says how long to wait so that the wait is worth it, also for more than a burst', () => {
    const pace = new Pace(fixed(50), still, 0);
    expect(pace.allowed(MANY, 0)).toBe(1);
    pace.spend(1);
    expect(pace.waitFor(500)).toBe(20);
    expect(pace.allowed(MANY, 20)).toBe(1);
  });

  const limits = { least: 100, first: 1_000, most: 3_000 };
  const rateAfter = (seconds: number, utilization: (rate: number) => number, due = MANY) => {
    const pace: Pace = new Pace(limits, () => utilization(pace.perSecond), 0);
    for (let ticks = 0; ticks <= seconds * 1_000; ticks += 10) pace.spend(pace.allowed(due, ticks));
    return pace.perSecond;
  };

  it.each([
    ['a process with time to spare', 0.3, 3_000],
    ['a busy process', 1, 100],
    ['neither', 0.7, 1_000],
  ])('goes to its limits: %s', (_name, utilization, rate) => {
    expect(rateAfter(60, () => utilization)).toBe(rate);
  });

  it('finds the rate that the process can bear', () => {
    // Each 1,000 a second keep it busy for half of its time, on top of a fifth.
    const rate = rateAfter(60, (perSecond) => 0.2 + perSecond / 2_000);
    expect(rate).toBeGreaterThan(700);
    expect(rate).toBeLessThan(1_300);
  });

  it('learns nothing while nothing is held up', () => {
    expect(rateAfter(60, () => 1, 5)).toBe(1_000);
  });

  it('reads how busy the event loop was since the last look', () => {
    const read = loopUtilization();
    for (const until = performance.now() + 30; performance.now() < until; );
    const busy = read();
    expect(busy).toBeGreaterThanOrEqual(0);
    expect(busy).toBeLessThanOrEqual(1);
  });
});
