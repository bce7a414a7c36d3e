import fc from 'fast-check';
import { Lanes } from './lanes';

const limits = { perEndpoint: 2, queuePerEndpoint: 3, total: 4 };

describe('lanes', () => {
  it('start no more than the cap of an endpoint', () => {
    const lanes = new Lanes<string>(limits);
    for (const work of ['a', 'b', 'c']) expect(lanes.offer('one', work)).toBe(true);
    expect([lanes.next(), lanes.next(), lanes.next()]).toEqual(['a', 'b', undefined]);
    lanes.release('one');
    expect(lanes.next()).toBe('c');
  });

  it('turn work away when the queue is full', () => {
    const lanes = new Lanes<number>(limits);
    expect([1, 2, 3, 4].map((work) => lanes.offer('one', work))).toEqual([true, true, true, false]);
  });

  it('serve the other lanes while one is at its cap', () => {
    const lanes = new Lanes<string>(limits);
    for (const work of ['slow 1', 'slow 2', 'slow 3']) lanes.offer('slow', work);
    lanes.next();
    lanes.next();
    lanes.offer('fast', 'fast 1');
    expect(lanes.next()).toBe('fast 1');
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
            lanes.release(endpoint);
          };
          steps.forEach(({ endpoint, act }, n) => {
            const id = `ep${endpoint}`;
            if (act === 'offer' && lanes.offer(id, { endpoint: id, n })) accepted++;
            if (act === 'next') start(lanes.next());
            if (act === 'release' && (flying.get(id) ?? 0) > 0) release(id);
          });
          for (let more = true; more; ) {
            more = false;
            while (start(lanes.next())) more = true;
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
