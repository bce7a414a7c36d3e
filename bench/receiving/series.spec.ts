import fc from 'fast-check';
import { Histogram } from './histogram';
import { numberedId, readNumberedId, Series } from './series';

describe('a series', () => {
  const arrived = (...numbers: number[]) => {
    const series = new Series();
    for (const number of numbers) series.note(number, 0, 1_000);
    return series.report;
  };

  it.each<[string, number[], { requests: number; distinct: number; gaps: number; furthestOvertaken: number }]>([
    ['in order', [0, 1, 2], { requests: 3, distinct: 3, gaps: 0, furthestOvertaken: 0 }],
    ['one missing', [0, 2], { requests: 2, distinct: 2, gaps: 1, furthestOvertaken: 0 }],
    ['a repeat is no overtaking', [0, 1, 2, 0], { requests: 4, distinct: 3, gaps: 0, furthestOvertaken: 0 }],
    ['two overtaken', [3, 2, 0, 1], { requests: 4, distinct: 4, gaps: 0, furthestOvertaken: 3 }],
    ['far apart', [100_000, 0], { requests: 2, distinct: 2, gaps: 99_999, furthestOvertaken: 100_000 }],
  ])('%s', (_name, numbers, expected) => {
    expect(arrived(...numbers)).toMatchObject(expected);
  });

  it('takes the latency of first arrivals alone', () => {
    const series = new Series();
    series.note(0, 1_000, 3_000);
    series.note(0, 1_000, 900_000);
    const latency = Histogram.of(series.report.latency);
    expect(latency.total).toBe(1);
    expect(latency.quantile(1)).toBeCloseTo(2_000, -2);
  });

  it('is told by the id of its events', () => {
    const id = { series: 'live', number: 17, sentAt: 123_456_789 };
    expect(readNumberedId(numberedId(id))).toEqual(id);
    expect(readNumberedId('evt_0123')).toBeNull();
    expect(readNumberedId('a-b-c')).toBeNull();
  });
});

describe('a histogram', () => {
  it('has quantiles within 1 % of the true ones, and never below', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 1_000_000_000 }), { minLength: 1, maxLength: 200 }),
        fc.constantFrom(0.5, 0.99, 1),
        (values, q) => {
          const histogram = new Histogram();
          for (const value of values) histogram.add(value);
          const exact = [...values].sort((a, b) => a - b)[Math.max(1, Math.ceil(values.length * q)) - 1]!;
          const found = histogram.quantile(q);
          expect(found).toBeGreaterThanOrEqual(exact * 0.999999);
          expect(found).toBeLessThanOrEqual(exact * 1.0101);
        },
      ),
    );
  });

  it('counts what is above', () => {
    const histogram = new Histogram();
    for (const value of [1, 10, 256, 300, 5_000]) histogram.add(value);
    expect(histogram.above(256)).toBe(2);
    expect(histogram.above(5_000)).toBe(0);
    expect(new Histogram().quantile(0.5)).toBeNaN();
  });
});
