import { SeenRecords } from './seen-records';

const at = (attempt: number, epoch = 0) => ({ epoch, attempt });
const finished = (attempt: number, epoch = 0) => ({ epoch, attempt, finished: true, ended: false });

describe('seen records', () => {
  it.each([
    ['the same position again', at(1), at(1), false],
    ['an earlier attempt', at(2), at(1), false],
    ['the next attempt', at(1), at(2), true],
    ['an older chain after a manual retry', at(1, 1), at(4), false],
    ['a newer chain', at(4), at(1, 1), true],
  ])('%s', (_what, first, second, isNew) => {
    const seen = new SeenRecords(10);
    expect(seen.take('d', first)).toBe(true);
    expect(seen.take('d', second)).toBe(isNew);
  });

  it('knows what the log told of', () => {
    const seen = new SeenRecords(10);
    seen.note('d', finished(1));
    expect(seen.take('d', at(1))).toBe(false);
    expect(seen.take('d', at(2))).toBe(true);
  });

  it.each([
    ['taken up only', [], at(1), false],
    ['finished', [finished(1)], at(1), true],
    ['overtaken', [finished(2)], at(1), true],
    ['still to come', [finished(1)], at(2), false],
  ])('an attempt that was %s', (_what, notes, position, expected) => {
    const seen = new SeenRecords(10);
    seen.take('d', at(1));
    for (const note of notes) seen.note('d', note);
    expect(seen.hasFinished('d', position)).toBe(expected);
  });

  it('does not forget an end when the same position is noted again', () => {
    const seen = new SeenRecords(10);
    seen.note('d', { ...finished(1), ended: true });
    seen.note('d', finished(1));
    expect(seen.of('d')).toEqual({ epoch: 0, attempt: 1, finished: true, ended: true });
  });

  it('takes nothing more of a chain that has ended, and the next chain', () => {
    const seen = new SeenRecords(10);
    seen.note('d', { ...finished(2), ended: true });
    expect(seen.take('d', at(3))).toBe(false);
    expect(seen.hasFinished('d', at(3))).toBe(true);
    expect(seen.take('d', at(1, 1))).toBe(true);
  });

  it('takes again what was given back', () => {
    const seen = new SeenRecords(10);
    seen.take('d', at(1));
    seen.forget('d');
    expect(seen.take('d', at(1))).toBe(true);
  });

  it('keeps what was touched among the last half of its capacity, and forgets what was not', () => {
    const seen = new SeenRecords(8);
    seen.take('a', at(1));
    seen.take('b', at(1));
    for (let n = 0; n < 3; n++) seen.take(`x${n}`, at(1));
    seen.note('a', finished(1));
    for (let n = 3; n < 6; n++) seen.take(`x${n}`, at(1));
    expect(seen.take('a', at(1))).toBe(false);
    expect(seen.take('x5', at(1))).toBe(false);
    expect(seen.take('b', at(1))).toBe(true);
  });

  it.each([
    { epoch: 0, attempt: 1, finished: false, ended: false },
    { epoch: 0, attempt: 500, finished: true, ended: false },
    { epoch: 70_000, attempt: 12, finished: false, ended: true },
    { epoch: 2 ** 30, attempt: 1, finished: true, ended: true },
  ])('knows %j as it was noted', (position) => {
    const seen = new SeenRecords(10);
    seen.note('d', position);
    expect(seen.of('d')).toEqual(position);
  });
});
