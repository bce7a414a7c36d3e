import { PaperSite } from '../../test/paper-site';
import { patientReader } from './patient-reader';
import { readSpan, type TopicReader } from './read-span';

const TOPIC = 'p.delivery-log';
const read = async (reader: TopicReader, from: number, to: number): Promise<number[]> => {
  const offsets: number[] = [];
  await readSpan(reader, { topic: TOPIC, partition: 0, from: BigInt(from), to: BigInt(to) }, ({ offset }) =>
    offsets.push(Number(offset)),
  );
  return offsets;
};
const siteWith = (records: number): PaperSite => {
  const site = new PaperSite();
  for (let n = 0; n < records; n++) site.write({ topic: TOPIC, key: null, value: Buffer.from(`${n}`), headers: {} });
  return site;
};
const upTo = (from: number, to: number) => Array.from({ length: to - from }, (_each, n) => from + n);

describe('reading a span', () => {
  it.each([
    [0, 0],
    [0, 20],
    [3, 17],
    [19, 20],
    [20, 20],
    [5, 2],
  ])('from %d to %d', async (from, to) => {
    expect(await read(siteWith(20).reader(), from, to)).toEqual(upTo(from, Math.max(from, to)));
  });

  it('leaves out what retention takes meanwhile', async () => {
    const site = siteWith(30);
    const reader = site.reader();
    let asked = 0;
    const shrinking: TopicReader = {
      ...reader,
      fetch: (...args) => {
        if (++asked === 2) site.keepFrom(TOPIC, 25);
        return reader.fetch(...args);
      },
    };
    expect(await read(patientReader(shrinking), 0, 30)).toEqual([...upTo(0, 7), ...upTo(25, 30)]);
  });

  it('ends where compaction has taken the last records before the end', async () => {
    const site = siteWith(10);
    const reader = site.reader();
    const stuck: TopicReader = {
      ...reader,
      fetch: async (topic, partition, from) =>
        from >= 7n ? { messages: [], next: from } : reader.fetch(topic, partition, from),
    };
    expect(await read(stuck, 0, 10)).toEqual(upTo(0, 7));
  });

  it('rejects when the brokers cannot be reached', async () => {
    const reader: TopicReader = { ...siteWith(10).reader(), fetch: () => Promise.reject(new Error('gone')) };
    await expect(read(reader, 0, 10)).rejects.toThrow('gone');
  });
});
