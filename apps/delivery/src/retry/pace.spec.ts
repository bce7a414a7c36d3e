import fc from 'fast-check';
import { Pace } from './pace';

describe('the pace', () => {
  it('lets a burst go at once, and then so many a second', () => {
    const pace = new Pace(1_000, 100, 0);
    expect(pace.allowed(0)).toBe(100);
    pace.spend(100);
    expect(pace.allowed(0)).toBe(0);
    expect(pace.waitFor(50)).toBe(50);
    expect(pace.allowed(50)).toBe(50);
    expect(pace.allowed(60_000)).toBe(100);
  });

  it('never lets more go in any stretch than the rate and one burst', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(300), fc.nat(200))), (looks) => {
        const pace = new Pace(500, 100, 0);
        let ticks = 0;
        let gone = 0;
        for (const [pass, wanted] of looks) {
          ticks += pass;
          const count = Math.min(wanted, pace.allowed(ticks));
          pace.spend(count);
          gone += count;
          expect(gone).toBeLessThanOrEqual(50 + (ticks * 500) / 1_000);
        }
      }),
    );
  });

  it('says how long to wait so that the wait is worth it, also for more than a burst', () => {
    const pace = new Pace(10, 100, 0);
    expect(pace.allowed(0)).toBe(1);
    pace.spend(1);
    expect(pace.waitFor(500)).toBe(100);
    expect(pace.allowed(100)).toBe(1);
  });
});
