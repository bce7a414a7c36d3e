import type { Signal } from '@millrace/domain';
import { eventually } from '@millrace/test-environment';
import { MessageQueue, type Waiting } from './message-queue';

const waiting = (seqs: readonly number[], stored: () => void = () => undefined): Waiting => ({
  kind: 'message',
  receivedAt: 1,
  size: seqs.length,
  write: () => seqs.map((seq) => ({ seq }) as Signal),
  stored,
});

it('tries again what the sink has given up on, in its order and without haste, and says so', async () => {
  const log: Array<number | null> = [];
  const failures: string[] = [];
  let acknowledged = 0;
  let calls = 0;
  const queue = new MessageQueue(
    async (signals) => {
      if (++calls === 2) throw new Error('not authorised');
      log.push(...signals.map(({ seq }) => seq));
    },
    new AbortController().signal,
    ({ message }) => failures.push(message),
  );
  const first = Array.from({ length: 3_000 }, (_, n) => n);
  queue.put(waiting(first, () => acknowledged++));
  await eventually(() => failures.length > 0, 'the failure');
  queue.put(waiting([3_000]));
  await new Promise(setImmediate);
  expect([calls, acknowledged, queue.messages]).toEqual([2, 0, 2]);
  await eventually(() => queue.messages === 0, 'what was given up on');
  expect([log, failures, acknowledged]).toEqual([[...first, 3_000], ['not authorised'], 1]);
});

it('gives up with the source, and nothing is acknowledged', async () => {
  const stopping = new AbortController();
  let acknowledged = 0;
  const queue = new MessageQueue(
    () => Promise.reject(new Error('not authorised')),
    stopping.signal,
    () => stopping.abort(),
  );
  queue.put(waiting([1], () => acknowledged++));
  await queue.empty();
  expect([acknowledged, queue.messages]).toEqual([0, 1]);
});
