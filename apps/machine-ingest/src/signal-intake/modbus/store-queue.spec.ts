import type { Signal } from '@millrace/domain';
import { eventually } from '@millrace/test-environment';
import { StoreQueue } from './store-queue';

const signal = (seq: number) => ({ seq }) as Signal;

it('tries again what the sink has given up on, in its order and without haste, and says so', async () => {
  const stopping = new AbortController();
  const stored: (number | null)[] = [];
  const failures: string[] = [];
  let calls = 0;
  const sink = {
    append: async (signals: readonly Signal[]) => {
      if (++calls === 1) throw new Error('not authorised');
      stored.push(...signals.map(({ seq }) => seq));
    },
    refuse: async () => undefined,
  };
  const queue = new StoreQueue(sink, Date.now, stopping.signal, ({ message }) => failures.push(message));
  queue.put([signal(1), signal(2)]);
  await eventually(() => failures.length > 0, 'the failure');
  queue.put([signal(3)]);
  await new Promise(setImmediate);
  expect([calls, queue.size]).toEqual([1, 3]);
  await eventually(() => stored.length === 3, 'what was given up on');
  expect([stored, failures, queue.size]).toEqual([[1, 2, 3], ['not authorised'], 0]);
});

it('gives up with the source', async () => {
  const stopping = new AbortController();
  const sink = { append: () => Promise.reject(new Error('not authorised')), refuse: async () => undefined };
  const queue = new StoreQueue(sink, Date.now, stopping.signal, () => stopping.abort());
  queue.put([signal(1)]);
  await queue.empty();
  expect(queue.size).toBe(1);
});
