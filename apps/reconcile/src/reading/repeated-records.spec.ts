import { RepeatedRecords } from './repeated-records';

const flush = (n: number, fill = 'x'.repeat(2_000)) =>
  Buffer.from(`{"v":1,"facts":[{"requestId":"${n}","fill":"${fill}","end":${n}}]}`);

describe('a record that was appended twice', () => {
  it('is told from another flush, at once and after others', () => {
    const records = new RepeatedRecords();
    const seen = [1, 1, 2, 3, 1, 3].map((n) => records.isRepeat(flush(n)));
    expect(seen).toEqual([false, true, false, false, true, true]);
  });

  it('is known by both of its ends', () => {
    const records = new RepeatedRecords();
    expect(records.isRepeat(Buffer.from(`a${'x'.repeat(600)}b`))).toBe(false);
    expect(records.isRepeat(Buffer.from(`a${'x'.repeat(600)}c`))).toBe(false);
    expect(records.isRepeat(Buffer.from(`d${'x'.repeat(600)}b`))).toBe(false);
    expect(records.isRepeat(Buffer.from('short'))).toBe(false);
    expect(records.isRepeat(Buffer.from('short'))).toBe(true);
  });

  it('is forgotten when it is long past', () => {
    const records = new RepeatedRecords();
    for (let n = 0; n < 1_000; n++) records.isRepeat(flush(n));
    expect(records.isRepeat(flush(0))).toBe(false);
    expect(records.isRepeat(flush(999))).toBe(true);
  });
});
