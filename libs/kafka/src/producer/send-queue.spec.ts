import type { OutgoingMessage } from '@millrace/protocol';
import { BufferFull, ProduceFailed } from './durable-producer';
import { type Batch, halves, SendQueue, sizeOf, splitExpired } from './send-queue';

const message = (value: string): OutgoingMessage => ({ topic: 't', key: null, value: Buffer.from(value), headers: {} });
const SIZE = sizeOf(message('a'));
const values = (batch: Batch): string[] =>
  batch.parts.flatMap(({ entries }) => entries.map((entry) => String(entry.message.value)));

const queueOf = (limits: Partial<ConstructorParameters<typeof SendQueue>[0]> = {}) => {
  const queue = new SendQueue({ batchBytes: 10 * SIZE, batchRecords: 4, bufferedBytes: 100 * SIZE, ...limits });
  const settled: string[] = [];
  const add = (name: string, texts: string[], deadline = 1_000): void =>
    queue.add(
      texts.map(message),
      deadline,
      () => settled.push(`${name} done`),
      (error) => settled.push(`${name} failed: ${error.message}`),
    );
  return { queue, settled, add };
};

describe('the send queue', () => {
  test('collects calls in order, up to the limits of a batch', () => {
    const { queue, add, settled } = queueOf();
    add('one', ['a', 'b']);
    add('two', ['c']);
    add('three', ['d', 'e', 'f']);
    const first = queue.take();
    expect(values(first)).toEqual(['a', 'b', 'c', 'd']);
    const second = queue.take();
    expect(values(second)).toEqual(['e', 'f']);
    expect(queue.empty).toBe(true);
    queue.acknowledge(first);
    expect(settled).toEqual(['one done', 'two done']);
    queue.acknowledge(second);
    expect(settled).toEqual(['one done', 'two done', 'three done']);
    expect(queue.bufferedBytes).toBe(0);
  });

  test('a message larger than a batch goes alone', () => {
    const { queue, add } = queueOf({ batchBytes: 1 });
    add('one', ['a', 'b']);
    expect(values(queue.take())).toEqual(['a']);
    expect(values(queue.take())).toEqual(['b']);
  });

  test('a failed call is settled once, and what it has not sent is dropped', () => {
    const { queue, add, settled } = queueOf();
    add('one', ['a', 'b', 'c', 'd', 'e']);
    add('two', ['x']);
    queue.fail(queue.take(), new ProduceFailed('no', true));
    expect(settled).toEqual(['one failed: no']);
    const rest = queue.take();
    expect(values(rest)).toEqual(['x']);
    queue.acknowledge(rest);
    expect(settled).toEqual(['one failed: no', 'two done']);
    expect(queue.bufferedBytes).toBe(0);
  });

  test('a full buffer takes no further call, but always one', () => {
    const { queue, add } = queueOf({ bufferedBytes: 2 * SIZE });
    add('large', ['a', 'b', 'c']);
    expect(() => add('two', ['d'])).toThrow(BufferFull);
    queue.acknowledge(queue.take());
    add('three', ['e']);
  });

  test('halves keep the order, and the expired are told from the open', () => {
    const { queue, add } = queueOf();
    add('one', ['a'], 10);
    add('two', ['b'], 20);
    add('three', ['c'], 30);
    const batch = queue.take();
    expect(halves(batch).map(values)).toEqual([['a'], ['b', 'c']]);
    const { expired, open } = splitExpired(batch, 20);
    expect([values(expired), values(open), open.records]).toEqual([['a', 'b'], ['c'], 1]);
  });
});
