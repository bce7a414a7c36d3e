import fc from 'fast-check';
import { OwnerProgress } from './owner-progress';

describe('the progress of an owner', () => {
  const steps = fc.array(fc.tuple(fc.nat(3_000), fc.nat(1_000)), { maxLength: 200 });

  it('never says more than the log does, and misses at most the span that it sums up', () => {
    fc.assert(
      fc.property(
        steps,
        fc.constantFrom(0, 16, 16_000),
        fc.nat(1_000),
        fc.nat(400_000),
        (moves, graceMs, offset, after) => {
          const progress = new OwnerProgress(graceMs);
          const noted: { at: number; offset: number }[] = [];
          let at = 0;
          for (const [ms, recordOffset] of moves) {
            at += ms;
            progress.note(at, recordOffset);
            noted.push({ at, offset: recordOffset });
          }
          const wentPast = (time: number) => noted.some((each) => each.at >= time && each.offset > offset);
          const said = progress.wentPast(offset, after);
          if (said) expect(wentPast(after)).toBe(true);
          if (wentPast(after + graceMs / 16)) expect(said).toBe(true);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('stays small over a long log, and still tells early from late', () => {
    const progress = new OwnerProgress(0);
    for (let n = 0; n < 300_000; n++) progress.note(n, n);
    expect(progress.wentPast(299_998, 299_000)).toBe(true);
    expect(progress.wentPast(299_999, 0)).toBe(false);
    expect(progress.wentPast(10, 300_001)).toBe(false);
  });
});
