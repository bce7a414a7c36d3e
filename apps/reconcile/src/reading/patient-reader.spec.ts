import { PaperSite } from '../../test/paper-site';
import { patientReader } from './patient-reader';
import type { TopicReader } from './read-span';

const TOPIC = 'p.delivery-log';

const siteWith = (records: number): PaperSite => {
  const site = new PaperSite();
  for (let n = 0; n < records; n++) site.write({ topic: TOPIC, key: null, value: Buffer.from(`${n}`), headers: {} });
  return site;
};

/** Fails as often as told before it answers. */
const failing = (reader: TopicReader, failures: number): TopicReader => {
  let left = failures;
  const orFail = async <T>(ask: () => Promise<T>): Promise<T> => {
    if (left-- > 0) throw new Error('not the leader');
    return ask();
  };
  return {
    fetch: (...args) => orFail(() => reader.fetch(...args)),
    beginnings: (...args) => orFail(() => reader.beginnings(...args)),
    ends: (...args) => orFail(() => reader.ends(...args)),
    offsetsAt: (...args) => orFail(() => reader.offsetsAt(...args)),
  };
};

describe('a patient reader', () => {
  const waits: number[] = [];
  const wait = async (ms: number) => {
    waits.push(ms);
  };
  beforeEach(() => {
    waits.length = 0;
  });

  it('asks again', async () => {
    const reader = patientReader(failing(siteWith(3).reader(), 3), wait);
    expect(await reader.ends(TOPIC)).toEqual(new Map([[0, 3n]]));
    expect(waits).toEqual([200, 500, 1_000]);
  });

  it('gives up at last, and says which topic it is', async () => {
    const reader = patientReader(failing(siteWith(3).reader(), 100), wait);
    await expect(reader.beginnings(TOPIC)).rejects.toThrow('p.delivery-log cannot be read: not the leader.');
    expect(waits).toHaveLength(5);
  });

  it('goes on from the first record that is kept', async () => {
    const site = siteWith(10);
    site.keepFrom(TOPIC, 6);
    const { messages, next } = await patientReader(site.reader(), wait).fetch(TOPIC, 0, 2n);
    expect(messages.map(({ offset }) => offset)).toEqual([6n, 7n, 8n, 9n]);
    expect(next).toBe(10n);
    expect(waits).toEqual([]);
  });
});
