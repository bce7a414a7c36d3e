import { SeenRecords } from './seen-records';

const at = (attempt: number, parkings = 0, epoch = 0) => ({ epoch, attempt, parkings });

describe('seen records', () => {
  it.each([
    ['the same position again', at(1), at(1), false],
    ['an earlier attempt', at(2), at(1), false],
    ['the next attempt', at(1), at(2), true],
    ['the same attempt after parking', at(1, 0), at(1, 1), true],
    ['an older chain after a manual retry', at(1, 0, 1), at(4, 0, 0), false],
    ['a newer chain', at(4, 0, 0), at(1, 0, 1), true],
  ])('%s', (_what, first, second, isNew) => {
    const seen = new SeenRecords(10);
    expect(seen.take('d', first)).toBe(true);
    expect(seen.take('d', second)).toBe(isNew);
  });

  it('knows what the log told of', () => {
    const seen = new SeenRecords(10);
    seen.note('d', at(1, Number.MAX_SAFE_INTEGER));
    expect(seen.take('d', at(1, 3))).toBe(false);
    expect(seen.take('d', at(2))).toBe(true);
  });

  it('takes again what was given back', () => {
    const seen = new SeenRecords(10);
    seen.take('d', at(1));
    seen.forget('d');
    expect(seen.take('d', at(1))).toBe(true);
  });

  it('drops the delivery touched longest ago when it is full', () => {
    const seen = new SeenRecords(2);
    seen.take('a', at(1));
    seen.take('b', at(1));
    seen.take('a', at(2));
    seen.take('c', at(1));
    expect(seen.take('b', at(1))).toBe(true);
    expect(seen.take('a', at(2))).toBe(true);
  });
});
