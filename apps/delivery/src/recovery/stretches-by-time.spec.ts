import type { Stretch } from './recovery-cursor';
import { StretchesByTime } from './stretches-by-time';

const stretch = (partition: number, length: number): Stretch => ({
  topic: 't',
  partition,
  next: 0n,
  end: BigInt(length),
});

describe('stretches of many partitions', () => {
  it('are read in turns, the one that lags behind in time first, each to its end', () => {
    const fast = stretch(0, 4);
    const slow = stretch(1, 2);
    const empty = stretch(2, 0);
    const turns = new StretchesByTime([fast, slow, empty]);
    // A record of `fast` covers one minute, one of `slow` three.
    const read: string[] = [];
    for (let next = turns.next(); next !== null; next = turns.next()) {
      read.push(`${next.partition}/${next.next}`);
      next.next += 1n;
      turns.noteTime(next, Number(next.next) * (next === fast ? 1 : 3));
    }
    expect(read).toEqual(['0/0', '1/0', '0/1', '0/2', '0/3', '1/1']);
  });

  it('end when there are none', () => {
    expect(new StretchesByTime([]).next()).toBeNull();
  });
});
