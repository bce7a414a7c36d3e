import type { RecoveryOrder, RecoveryProgress } from '@millrace/protocol';
import fc from 'fast-check';
import { orderOf, progressOf } from './orders.fixture';
import { type BoardView, RecoveryBoard } from './recovery-board';

const NOW = 5_000;

const boardOf = (orders: readonly RecoveryOrder[], progress: readonly RecoveryProgress[] = []): RecoveryBoard => {
  const board = new RecoveryBoard();
  for (const order of orders) board.putOrder(order);
  for (const each of progress) board.putProgress(each);
  return board;
};

const view = (more: Partial<BoardView> = {}): BoardView => ({
  running: new Set(),
  resting: new Set(),
  slots: { sending: 4, dryRuns: 2 },
  owns: () => true,
  now: NOW,
  ...more,
});

/** Steps in short: `start rec_1`, `stop rec_1 pause`, `tell rec_1 paused v2`. */
const told = (board: RecoveryBoard, more: Partial<BoardView> = {}): string[] =>
  board.steps(view(more)).map((step) => {
    if (step.kind === 'start') return `start ${step.order.recoveryId}`;
    if (step.kind === 'stop') return `stop ${step.recoveryId} ${step.reason}`;
    return `tell ${step.progress.recoveryId} ${step.progress.state} v${step.progress.version}`;
  });

const run = (...ids: string[]) => ({ running: new Set(ids) });

describe('what is next about one recovery', () => {
  it.each<[string, Partial<RecoveryOrder>, RecoveryProgress | null, Partial<BoardView>, string[]]>([
    ['a new order starts', {}, null, {}, ['start r']],
    ['one that another process owns does not', {}, null, { owns: () => false }, []],
    ['one that runs, runs on', {}, progressOf('r', 'running'), run('r'), []],
    ['what an earlier owner began goes on', {}, progressOf('r', 'running'), {}, ['start r']],
    ['what was counting goes on', {}, progressOf('r', 'counting'), {}, ['start r']],
    ['a job stops to pause', { wanted: 'pause', version: 2 }, progressOf('r', 'running'), run('r'), ['stop r pause']],
    [
      'a job stops to cancel',
      { wanted: 'cancel', version: 2 },
      progressOf('r', 'running'),
      run('r'),
      ['stop r cancel'],
    ],
    [
      'a job whose endpoint went stops',
      {},
      progressOf('r', 'running'),
      { ...run('r'), owns: () => false },
      ['stop r lost'],
    ],
    ['a job that another owner ended stops', {}, progressOf('r', 'done'), run('r'), ['stop r lost']],
    ['paused before it began', { wanted: 'pause', version: 2 }, null, {}, ['tell r paused v2']],
    [
      'paused while nobody ran it',
      { wanted: 'pause', version: 2 },
      progressOf('r', 'running'),
      {},
      ['tell r paused v2'],
    ],
    ['paused and told', { wanted: 'pause', version: 2 }, progressOf('r', 'paused', { version: 2 }), {}, []],
    ['resumed', { version: 3 }, progressOf('r', 'paused', { version: 2 }), {}, ['start r']],
    ['cancelled before it began', { wanted: 'cancel', version: 2 }, null, {}, ['tell r cancelled v2']],
    [
      'cancelled while paused',
      { wanted: 'cancel', version: 3 },
      progressOf('r', 'paused', { version: 2 }),
      {},
      ['tell r cancelled v3'],
    ],
    ['done is done', {}, progressOf('r', 'done'), {}, []],
    ['failed is failed', {}, progressOf('r', 'failed', { error: 'why' }), {}, []],
    ['an order older than the end is ignored', { version: 1 }, progressOf('r', 'done', { version: 2 }), {}, []],
    [
      'a cancel that came too late learns so',
      { wanted: 'cancel', version: 2 },
      progressOf('r', 'done'),
      {},
      ['tell r done v2'],
    ],
    ['a resume after the end learns so', { version: 4 }, progressOf('r', 'cancelled'), {}, ['tell r cancelled v4']],
    ['rests after a defect', {}, progressOf('r', 'running'), { resting: new Set(['r']) }, []],
  ])('%s', (_name, order, progress, seen, steps) => {
    expect(told(boardOf([orderOf('r', order)], progress === null ? [] : [progress]), seen)).toEqual(steps);
  });

  it('keeps cursor and counts of one that is paused, and the sentence of one that failed', () => {
    const paused = boardOf([orderOf('r', { wanted: 'pause', version: 2 })], [progressOf('r', 'running')]);
    expect(paused.steps(view())[0]).toEqual({
      kind: 'tell',
      progress: progressOf('r', 'paused', { version: 2, at: NOW }),
    });
    const failed = boardOf([orderOf('r', { version: 2 })], [progressOf('r', 'failed', { error: 'why' })]);
    expect(failed.steps(view())[0]).toEqual({
      kind: 'tell',
      progress: progressOf('r', 'failed', { version: 2, at: NOW, error: 'why', cursor: null }),
    });
  });

  it('takes no older version of an order, and forgets one that the topic no longer holds', () => {
    const board = boardOf([orderOf('r', { wanted: 'cancel', version: 2 }), orderOf('r')]);
    expect(told(board)).toEqual(['tell r cancelled v2']);
    board.forget('r');
    expect(told(board)).toEqual([]);
    expect(told(board, run('r'))).toEqual(['stop r lost']);
  });

  it('tells an end again that a late record of an earlier owner hides, until the topic has it', () => {
    const board = boardOf([orderOf('r')], [progressOf('r', 'done'), progressOf('r', 'running')]);
    expect(told(board)).toEqual(['tell r done v1']);
    expect(told(board, { owns: () => false })).toEqual([]);
    board.putProgress(progressOf('r', 'done'));
    expect(told(board)).toEqual([]);
  });
});

describe('several recoveries', () => {
  it('of one endpoint run one after the other, oldest first', () => {
    const orders = [orderOf('c', { createdAt: 3 }), orderOf('a', { createdAt: 1 }), orderOf('b', { createdAt: 2 })];
    const board = boardOf(orders);
    expect(told(board)).toEqual(['start a']);
    expect(told(board, run('a'))).toEqual([]);
    board.putProgress(progressOf('a', 'done'));
    expect(told(board)).toEqual(['start b']);
  });

  it('of several endpoints run side by side, as many as there are slots', () => {
    const orders = [1, 2, 3, 4, 5, 6].map((n) =>
      orderOf(`r${n}`, { endpointId: `ep_${n}`, tenant: n % 2 ? 'acme' : 'other', createdAt: n }),
    );
    expect(told(boardOf(orders))).toEqual(['start r1', 'start r2', 'start r3', 'start r4']);
    expect(told(boardOf(orders), run('r2', 'r3', 'r4'))).toEqual(['start r1']);
    expect(told(boardOf(orders), run('r1', 'r2', 'r3', 'r4'))).toEqual([]);
  });

  it('of one tenant leave half of the slots to others', () => {
    const orders = [1, 2, 3, 4, 5, 6].map((n) =>
      orderOf(`r${n}`, { endpointId: `ep_${n}`, tenant: n < 6 ? 'acme' : 'other', createdAt: n }),
    );
    expect(told(boardOf(orders))).toEqual(['start r1', 'start r2', 'start r6']);
    expect(told(boardOf(orders), run('r1', 'r2', 'r6'))).toEqual([]);
    expect(told(boardOf(orders), run('r1', 'r6'))).toEqual(['start r2']);
  });

  it('let the next go while one is paused, and a dry run beside one that sends', () => {
    const paused = orderOf('a', { createdAt: 1, wanted: 'pause' });
    const board = boardOf(
      [paused, orderOf('b', { createdAt: 2 }), orderOf('dry', { createdAt: 3, dryRun: true })],
      [progressOf('a', 'paused')],
    );
    expect(told(board)).toEqual(['start b', 'start dry']);
  });

  it('keep the place of one that rests', () => {
    const board = boardOf([orderOf('a', { createdAt: 1 }), orderOf('b', { createdAt: 2 })]);
    expect(told(board, { resting: new Set(['a']) })).toEqual([]);
  });

  it('never run twice, nor two of one endpoint, nor beyond an end, whatever happens', () => {
    const happening = fc.record({
      what: fc.constantFrom('run', 'pause', 'cancel', 'end', 'lose', 'win'),
      job: fc.nat({ max: 5 }),
    });
    fc.assert(
      fc.property(fc.array(happening, { maxLength: 40 }), (happenings) => {
        const orders = new Map(
          [0, 1, 2, 3, 4, 5].map((n) => [
            `r${n}`,
            orderOf(`r${n}`, { endpointId: `ep_${n % 2}`, createdAt: n, dryRun: n > 3 }),
          ]),
        );
        const board = boardOf([...orders.values()]);
        const running = new Set<string>();
        const ended = new Set<string>();
        let owned = true;
        const settle = (): void => {
          for (let round = 0; ; round++) {
            const steps = board.steps(view({ running, owns: () => owned }));
            if (steps.length === 0) return;
            expect(round).toBeLessThan(20);
            for (const step of steps) {
              if (step.kind === 'tell') {
                board.putProgress(step.progress);
                if (step.progress.state === 'cancelled') ended.add(step.progress.recoveryId);
              } else if (step.kind === 'stop') {
                const { version } = orders.get(step.recoveryId)!;
                running.delete(step.recoveryId);
                if (step.reason === 'pause') board.putProgress(progressOf(step.recoveryId, 'paused', { version }));
                if (step.reason === 'cancel') {
                  board.putProgress(progressOf(step.recoveryId, 'cancelled', { version }));
                  ended.add(step.recoveryId);
                }
              } else {
                expect(owned && !ended.has(step.order.recoveryId) && step.order.wanted === 'run').toBe(true);
                running.add(step.order.recoveryId);
              }
            }
            const lanes = [...running].map((id) => `${orders.get(id)!.endpointId} ${orders.get(id)!.dryRun}`);
            expect(new Set(lanes).size).toBe(lanes.length);
          }
        };
        settle();
        for (const { what, job } of happenings) {
          const id = `r${job}`;
          const order = orders.get(id)!;
          if (what === 'lose') owned = false;
          else if (what === 'win') owned = true;
          else if (what === 'end') {
            if (running.delete(id)) {
              board.putProgress(progressOf(id, 'done', { version: order.version }));
              ended.add(id);
            }
          } else {
            orders.set(id, { ...order, wanted: what as 'run', version: order.version + 1 });
            board.putOrder(orders.get(id)!);
          }
          settle();
        }
        if (owned)
          for (const [id, order] of orders)
            if (order.wanted === 'run' && !ended.has(id) && !running.has(id))
              expect([...running].some((other) => orders.get(other)!.endpointId === order.endpointId)).toBe(true);
      }),
    );
  });
});
