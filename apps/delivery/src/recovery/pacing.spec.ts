import fc from 'fast-check';
import { Pacing } from './pacing';

describe('pacing', () => {
  it.each([
    [0.5, 1],
    [1, 1],
    [10, 2],
    [100, 25],
    [1_000_000, 500],
  ])('makes %d a second in steps of %d', (perSecond, step) => {
    expect(new Pacing(perSecond).step).toBe(step);
  });

  it('lets the first go at once, each next one when the one before has had its time, and makes up for no rest', () => {
    const pacing = new Pacing(100);
    expect(pacing.take(25, 1_000)).toBe(0);
    expect(pacing.take(25, 1_000)).toBe(250);
    expect(pacing.take(25, 1_600)).toBe(0);
    expect(pacing.take(25, 60_000)).toBe(0);
    expect(pacing.take(25, 60_000)).toBe(250);
  });

  it('never makes more in a span than the rate and one step allow', () => {
    const call = fc.record({ count: fc.integer({ min: 1, max: 50 }), rest: fc.integer({ min: 0, max: 2_000 }) });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 }), fc.array(call, { minLength: 1, maxLength: 50 }), (rate, calls) => {
        const pacing = new Pacing(rate);
        const sent: { at: number; count: number }[] = [];
        let clock = 0;
        for (const { count, rest } of calls) {
          clock += rest;
          clock += pacing.take(count, clock);
          sent.push({ at: clock, count });
        }
        for (let from = 0; from < sent.length; from++) {
          let made = 0;
          for (let to = from; to < sent.length; to++) {
            const seconds = (sent[to]!.at - sent[from]!.at) / 1_000;
            expect(made).toBeLessThanOrEqual(seconds * rate + 1e-6);
            made += sent[to]!.count;
          }
        }
      }),
    );
  });
});
