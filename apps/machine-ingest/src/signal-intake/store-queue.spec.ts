import { setTimeout as delay } from 'node:timers/promises';
import type { Signal } from '@millrace/domain';
import { eventually } from '@millrace/test-environment';
import fc from 'fast-check';
import type { RefusedLine } from './source';
import type { SourceCursor, SourceSink } from './source-kind';
import { StoreQueue, type StoreQueueParts } from './store-queue';

const signal = (seq: number) => ({ seq }) as Signal;
const signals = (from: number, count: number) => Array.from({ length: count }, (_, n) => signal(from + n));
const refused = (line: number) => ({ line }) as RefusedLine;

/** A sink that gives up on the calls of these numbers. */
class Log implements SourceSink {
  readonly stored: string[] = [];
  readonly appends: Array<{ readonly count: number; readonly cursor: SourceCursor | undefined }> = [];
  calls = 0;
  atOnce = 0;
  private under = 0;

  constructor(private readonly givesUp: (call: number) => boolean = () => false) {}

  async append(given: readonly Signal[], { cursor }: { readonly cursor?: SourceCursor }): Promise<void> {
    await this.call();
    this.appends.push({ count: given.length, cursor });
    this.stored.push(...given.map(({ seq }) => String(seq)));
  }

  async refuse({ line }: RefusedLine): Promise<void> {
    await this.call();
    this.stored.push(`refused ${line}`);
  }

  private async call(): Promise<void> {
    const call = this.calls++;
    this.atOnce = Math.max(this.atOnce, ++this.under);
    await new Promise(setImmediate);
    this.under--;
    if (this.givesUp(call)) throw new Error('not authorised');
  }
}

const queueOn = (sink: SourceSink, parts: Partial<StoreQueueParts> = {}) => {
  const failures: string[] = [];
  const onFailure = ({ message }: Error) => void failures.push(message);
  return { failures, queue: new StoreQueue({ sink, clock: () => 0, onFailure, againMs: 0, ...parts }) };
};

it('tries again what the sink has given up on, in its order and without haste, and says so', async () => {
  let givesUp = true;
  const log = new Log((call) => call > 0 && givesUp);
  const { failures, queue } = queueOn(log, { againMs: 1_000 });
  const acknowledged: string[] = [];
  queue.put(signals(0, 3_000), () => acknowledged.push('first'));
  await eventually(() => failures.length > 0, 'the failure');
  queue.put([signal(3_000)], () => acknowledged.push('second'));
  // In haste there would be dozens by now; a slow machine has time for another one or two.
  await delay(50);
  expect(log.calls).toBeLessThan(10);
  expect([acknowledged, queue.size]).toEqual([[], 3_001]);
  givesUp = false;
  await eventually(() => queue.isEmpty, 'what was given up on');
  expect(log.stored).toEqual(signals(0, 3_001).map(({ seq }) => String(seq)));
  expect([new Set(failures), acknowledged, queue.size]).toEqual([new Set(['not authorised']), ['first', 'second'], 0]);
});

const putOf = fc.oneof(
  fc.record({ kind: fc.constant('signals' as const), count: fc.nat({ max: 5 }) }),
  fc.record({ kind: fc.constant('unwritten' as const), count: fc.nat({ max: 5 }), later: fc.boolean() }),
  fc.record({ kind: fc.constant('many' as const), count: fc.integer({ min: 1_990, max: 4_010 }) }),
  fc.record({ kind: fc.constant('refused' as const) }),
  fc.record({ kind: fc.constant('turn' as const) }),
);

it('stores each once and in order, one call at a time, whatever comes when and fails', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(putOf, { maxLength: 12 }),
      fc.array(fc.boolean(), { maxLength: 6 }),
      async (puts, fail) => {
        const log = new Log((call) => fail[call] === true);
        const { failures, queue } = queueOn(log);
        const expected: string[] = [];
        const wrong: string[] = [];
        let next = 0;
        let done = 0;
        let awaited = 0;
        const numbered = (count: number) => {
          const own = signals(next, count);
          next += count;
          expected.push(...own.map(({ seq }) => String(seq)));
          return own;
        };
        const stored = () => {
          const mine = awaited++;
          const upTo = expected.length;
          return () => {
            if (done++ !== mine) wrong.push('told out of turn');
            if (log.stored.length < upTo) wrong.push('told before it was stored');
          };
        };
        for (const put of puts)
          switch (put.kind) {
            case 'turn':
              await new Promise(setImmediate);
              break;
            case 'refused':
              expected.push(`refused ${next}`);
              queue.refuse(refused(next++), stored());
              break;
            case 'unwritten': {
              const own = numbered(put.count);
              const write = () => (put.later ? new Promise<Signal[]>((ready) => setImmediate(ready, own)) : own);
              queue.putUnwritten({ size: put.count, write, stored: stored() });
              break;
            }
            default: {
              const own = numbered(put.count);
              queue.put(own, own.length === 0 ? undefined : stored());
            }
          }
        await queue.empty();
        expect(log.stored).toEqual(expected);
        expect([queue.size, queue.isEmpty, done, wrong]).toEqual([0, true, awaited, []]);
        expect(log.atOnce).toBeLessThanOrEqual(1);
        expect(Math.max(0, ...log.appends.map(({ count }) => count))).toBeLessThanOrEqual(2_000);
        expect(failures).toHaveLength(fail.slice(0, log.calls).filter((failed) => failed).length);
      },
    ),
    { numRuns: 60 },
  );
});

it('counts what was put until it is stored, and how long the oldest of it has waited', async () => {
  let now = 1_000;
  const { queue } = queueOn(new Log(), { clock: () => now });
  expect([queue.size, queue.ageMs, queue.isEmpty]).toEqual([0, 0, true]);
  queue.putUnwritten({ size: 0, write: () => [signal(1)] });
  queue.put(signals(2, 2));
  queue.refuse(refused(4));
  now = 1_500;
  expect([queue.size, queue.ageMs, queue.isEmpty]).toEqual([3, 500, false]);
  await queue.empty();
  expect([queue.size, queue.ageMs, queue.isEmpty]).toEqual([0, 0, true]);
});

it('stores what a successor is to know with what comes next, once', async () => {
  const log = new Log((call) => call === 0);
  let cursor: SourceCursor | null = null;
  const { queue } = queueOn(log, { cursor: () => cursor });
  const steps = [null, { polled: ['M-1'] }, { polled: ['M-1'] }, { polled: ['M-1', 'M-2'] }];
  for (const [n, step] of steps.entries()) {
    cursor = step;
    queue.put([signal(n)]);
    await queue.empty();
  }
  expect(log.appends.map((append) => append.cursor)).toEqual([undefined, steps[1], undefined, steps[3]]);
});

it('does not store again the cursor that it began with', async () => {
  const log = new Log();
  const { queue } = queueOn(log, { cursor: () => ({ v: 1 }) });
  queue.put([signal(1)]);
  await queue.empty();
  expect(log.appends).toEqual([{ count: 1, cursor: undefined }]);
});

it('stores what was read before it stops', async () => {
  const log = new Log((call) => call < 2);
  const { queue } = queueOn(log);
  queue.put(signals(0, 3));
  queue.refuse(refused(3));
  await queue.stop();
  expect([log.stored, queue.size]).toEqual([['0', '1', '2', 'refused 3'], 0]);
});

it('gives up with the source what the sink does not take, and tells nobody that it is stored', async () => {
  let acknowledged = 0;
  const never: SourceSink = {
    append: (_, { stopping }) =>
      new Promise((_done, fail) => stopping.addEventListener('abort', () => fail(new Error('x')))),
    refuse: async () => undefined,
  };
  const { failures, queue } = queueOn(never);
  queue.put([signal(1)], () => acknowledged++);
  await queue.stop();
  queue.put([signal(2)], () => acknowledged++);
  await queue.empty();
  expect([acknowledged, queue.size, failures]).toEqual([0, 2, []]);
});
