import fc from 'fast-check';
import { Lanes } from './lanes';

const limits = { perEndpoint: 2, queuePerEndpoint: 3, longestWaitMs: 1_000, total: 4 };

describe('lanes', () => {
  it('start no more than the cap of an endpoint', () => {
    const lanes = new Lanes<string>(limits);
    for (const work of ['a', 'b', 'c']) expect(lanes.offer('one', work, 0)).toBe(true);
    expect([lanes.next(0), lanes.next(0), lanes.next(0)]).toEqual(['a', 'b', undefined]);
    lanes.release('one', 0);
    expect(lanes.next(0)).toBe('c');
  });

  it('turn work away when the queue is full', () => {
    const lanes = new Lanes<number>(limits);
    expect([1, 2, 3, 4].map((work) => lanes.offer('one', work, 0))).toEqual([true, true, true, false]);
  });

  it('serve the other lanes while one is at its cap', () => {
    const lanes = new Lanes<string>(limits);
    for (const work of ['slow 1', 'slow 2', 'slow 3']) lanes.offer('slow', work, 0);
    lanes.next(0);
    lanes.next(0);
    lanes.offer('fast', 'fast 1', 0);
    expect(lanes.next(0)).toBe('fast 1');
  });

  it('turn work away when the receiver hangs, long before the queue is full', () => {
    const lanes = new Lanes<number>({ perEndpoint: 2, queuePerEndpoint: 1_000, longestWaitMs: 1_000, total: 4 });
    for (let n = 0; n < 12; n++) lanes.offer('hangs', n, 0);
    lanes.next(0);
    lanes.next(0);
    expect(lanes.offer('hangs', 12, 100)).toBe(true);
    expect(lanes.offer('hangs', 13, 1_000)).toBe(false);
    expect(lanes.offer('other', 1, 1_000)).toBe(true);
  });

  it('take a long queue of a receiver that keeps up', () => {
    const lanes = new Lanes<number>({ perEndpoint: 1, queuePerEndpoint: 1_000, longestWaitMs: 1_000, total: 4 });
    let now = 0;
    for (let n = 0; n < 500; n++) expect(lanes.offer('quick', n, now)).toBe(true);
    for (; now < 100; now++) {
      lanes.next(now);
      lanes.release('quick', now + 1);
    }
    for (let n = 0; n < 500; n++) expect(lanes.offer('quick', n, now)).toBe(true);
  });

  it('turn work away from a receiver that is slow, at its own pace', () => {
    const lanes = new Lanes<number>({ perEndpoint: 1, queuePerEndpoint: 1_000, longestWaitMs: 1_000, total: 4 });
    for (let n = 0; n < 3; n++) lanes.offer('slow', n, 0);
    lanes.next(0);
    lanes.release('slow', 400);
    expect(lanes.offer('slow', 3, 400)).toBe(true);
    expect(lanes.offer('slow', 4, 400)).toBe(false);
  });

  it('give back what a hanging receiver cannot take in time, the newest, and keep the rest in order', () => {
    const lanes = new Lanes<number>({ perEndpoint: 2, queuePerEndpoint: 1_000, longestWaitMs: 1_000, total: 4 });
    for (let n = 0; n < 500; n++) expect(lanes.offer('hangs', n, 0)).toBe(true);
    lanes.offer('other', 1_000, 0);
    expect([lanes.next(0), lanes.next(0), lanes.next(0)]).toEqual([0, 1_000, 1]);
    expect(lanes.overdue(3)).toEqual([]);
    const taken = lanes.overdue(300);
    expect(taken).toHaveLength(488);
    expect(taken[0]).toBe(12);
    expect(lanes.queued).toBe(10);
    expect(lanes.overdue(300)).toEqual([]);
    lanes.release('hangs', 15_000);
    expect(lanes.next(15_000)).toBe(2);
  });

  it('never give back all that waits', () => {
    const lanes = new Lanes<number>({ perEndpoint: 1, queuePerEndpoint: 1_000, longestWaitMs: 1_000, total: 4 });
    for (let n = 0; n < 3; n++) lanes.offer('hangs', n, 0);
    lanes.next(0);
    expect(lanes.overdue(60_000)).toEqual([2]);
    expect(lanes.overdue(90_000)).toEqual([]);
  });

  it('keep all caps, start everything once and in order within a lane, whatever the sequence of calls', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ endpoint: fc.nat(4), act: fc.constantFrom('offer', 'next', 'release') }), {
          maxLength: 300,
        }),
        (steps) => {
          const lanes = new Lanes<{ endpoint: string; n: number }>(limits);
          const flying = new Map<string, number>();
          const lastStarted = new Map<string, number>();
          let accepted = 0;
          let started = 0;
          const start = (work: { endpoint: string; n: number } | undefined) => {
            if (!work) return false;
            started++;
            flying.set(work.endpoint, (flying.get(work.endpoint) ?? 0) + 1);
            expect(flying.get(work.endpoint)).toBeLessThanOrEqual(limits.perEndpoint);
            expect([...flying.values()].reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(limits.total);
            expect(work.n).toBeGreaterThan(lastStarted.get(work.endpoint) ?? -1);
            lastStarted.set(work.endpoint, work.n);
            return true;
          };
          const release = (endpoint: string) => {
            flying.set(endpoint, flying.get(endpoint)! - 1);
            lanes.release(endpoint, 0);
          };
          steps.forEach(({ endpoint, act }, n) => {
            const id = `ep${endpoint}`;
            if (act === 'offer' && lanes.offer(id, { endpoint: id, n }, 0)) accepted++;
            if (act === 'next') start(lanes.next(0));
            if (act === 'release' && (flying.get(id) ?? 0) > 0) release(id);
          });
          for (let more = true; more; ) {
            more = false;
            while (start(lanes.next(0))) more = true;
            for (const [endpoint, count] of flying)
              for (let i = 0; i < count; i++) {
                release(endpoint);
                more = true;
              }
          }
          expect(started).toBe(accepted);
          expect(lanes.inFlight).toBe(0);
          expect(lanes.queued).toBe(0);
        },
      ),
    );
  });
});
