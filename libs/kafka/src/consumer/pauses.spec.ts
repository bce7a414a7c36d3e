import { type Load, mayFetch, mayHandOut } from './pauses';

const window = { recordsPerPartition: 100, bytes: 1_000 };
const idle: Load = {
  heldRecords: 0,
  heldBytes: 0,
  waitingRecords: 0,
  waitingBytes: 0,
  span: 0,
  pausedByHandler: false,
  totalHeldBytes: 0,
  totalWaitingBytes: 0,
  partitions: 4,
};

describe('pauses', () => {
  test.each<[what: string, load: Partial<Load>, handOut: boolean, fetch: boolean]>([
    ['an idle partition', {}, true, true],
    ['a full window still reads ahead', { heldRecords: 100 }, false, true],
    ['half a window waiting is enough', { heldRecords: 100, waitingRecords: 50 }, false, false],
    ['paused by the handler, one batch waits', { pausedByHandler: true }, false, true],
    ['paused by the handler, and something waits', { pausedByHandler: true, waitingRecords: 1 }, false, false],
    [
      'below half of the bytes nobody counts shares',
      { heldRecords: 9, heldBytes: 499, totalHeldBytes: 499 },
      true,
      true,
    ],
    ['over half of the bytes, within its share', { heldRecords: 1, heldBytes: 100, totalHeldBytes: 900 }, true, true],
    ['over half of the bytes, over its share', { heldRecords: 1, heldBytes: 130, totalHeldBytes: 900 }, false, false],
    ['others hold all bytes, it holds nothing', { totalHeldBytes: 5_000 }, true, true],
    [
      'bytes that wait hold back fetching, not handing out',
      {
        heldRecords: 1,
        heldBytes: 10,
        waitingBytes: 800,
        waitingRecords: 10,
        totalHeldBytes: 10,
        totalWaitingBytes: 800,
      },
      true,
      false,
    ],
    ['a watermark that waits for a time-out', { heldRecords: 1, span: 99_999 }, true, true],
    ['a watermark that is stuck far behind', { heldRecords: 1, span: 100_000 }, false, true],
  ])('%s', (_what, load, handOut, fetch) => {
    expect(mayHandOut({ ...idle, ...load }, window)).toBe(handOut);
    expect(mayFetch({ ...idle, ...load }, window)).toBe(fetch);
  });
});
