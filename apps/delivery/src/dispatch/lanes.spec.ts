import { TokenBucket } from '@millrace/domain';
import fc from 'fast-check';
import { type LaneLimits, Lanes, type LaneWork } from './lanes';

const limits: LaneLimits = {
  perEndpoint: 2,
  initial: 2,
  queuePerEndpoint: 3,
  queueAtAnyPace: 0,
  longestWaitMs: 1_000,
  perTenant: 4,
  total: 4,
  totalBytes: 1_000,
};

interface Work extends LaneWork {
  readonly n: number;
}

const work = (endpointId: string, n = 0, more: Partial<Work> = {}): Work => ({
  endpointId,
  tenant: 'default',
  bytes: 1,
  n,
  ...more,
});

const lanesWith = (more: Partial<LaneLimits> = {}) => new Lanes<Work>({ ...limits, ...more });
const started = (lanes: Lanes<Work>, now = 0): Work[] => {
  const all: Work[] = [];
  for (let next = lanes.next(now); next; next = lanes.next(now)) all.push(next);
  return all;
};
const numbers = (all: readonly Work[]): number[] => all.map(({ n }) => n);

describe('lanes', () => {
  it('start no more than the cap of an endpoint', () => {
    const lanes = lanesWith();
    const [a, b, c] = [work('one', 1), work('one', 2), work('one', 3)];
    for (const each of [a, b, c]) expect(lanes.offer(each, 0)).toBe(true);
    expect(started(lanes)).toEqual([a, b]);
    lanes.release(a, 0, 'none', 1);
    expect(started(lanes)).toEqual([c]);
  });

  it('turn work away when the queue is full', () => {
    const lanes = lanesWith();
    expect([1, 2, 3, 4].map((n) => lanes.offer(work('one', n), 0))).toEqual([true, true, true, false]);
  });

  it('serve the other lanes while one is at its cap', () => {
    const lanes = lanesWith();
    for (const n of [1, 2, 3]) lanes.offer(work('slow', n), 0);
    started(lanes);
    lanes.offer(work('fast', 9), 0);
    expect(numbers(started(lanes))).toEqual([9]);
  });

  it('turn work away when the receiver hangs, long before the queue is full', () => {
    const lanes = lanesWith({ queuePerEndpoint: 1_000 });
    for (let n = 0; n < 12; n++) lanes.offer(work('hangs', n), 0);
    started(lanes);
    expect(lanes.offer(work('hangs'), 100)).toBe(true);
    expect(lanes.offer(work('hangs'), 1_000)).toBe(false);
    expect(lanes.offer(work('other'), 1_000)).toBe(true);
  });

  it('take a long queue of a receiver that keeps up', () => {
    const lanes = lanesWith({ perEndpoint: 1, initial: 1, queuePerEndpoint: 1_000 });
    let now = 0;
    for (let n = 0; n < 500; n++) expect(lanes.offer(work('quick', n), now)).toBe(true);
    for (; now < 100; now++) lanes.release(lanes.next(now)!, now + 1, 'kept_up', 1);
    for (let n = 0; n < 500; n++) expect(lanes.offer(work('quick', n), now)).toBe(true);
  });

  it('turn work away from a receiver that is slow, at its own pace', () => {
    const lanes = lanesWith({ perEndpoint: 1, initial: 1, queuePerEndpoint: 1_000 });
    for (let n = 0; n < 3; n++) lanes.offer(work('slow', n), 0);
    lanes.release(lanes.next(0)!, 400, 'kept_up', 400);
    // With a place free it is not the receiver that is slow.
    for (const n of [3, 4, 5]) expect(lanes.offer(work('slow', n), 400)).toBe(true);
    lanes.next(400);
    // Nor does a lane show anything that has just begun.
    expect(lanes.offer(work('slow', 6), 900)).toBe(true);
    expect(lanes.offer(work('slow', 7), 1_000)).toBe(false);
  });

  it('take a few at any pace, unless the pace is set', () => {
    const lanes = lanesWith({ queuePerEndpoint: 1_000, queueAtAnyPace: 20 });
    for (let n = 0; n < 12; n++) lanes.offer(work('hangs', n), 0);
    started(lanes);
    expect(lanes.offer(work('hangs'), 60_000)).toBe(true);
    lanes.setPacer('hangs', new TokenBucket({ perSecond: 1, burst: 1 }, 0), 0);
    expect(lanes.offer(work('hangs'), 60_000)).toBe(false);
  });

  it('give back what a hanging receiver cannot take in time, the newest, and keep the rest in order', () => {
    const lanes = lanesWith({ queuePerEndpoint: 1_000 });
    for (let n = 0; n < 500; n++) expect(lanes.offer(work('hangs', n), 0)).toBe(true);
    lanes.offer(work('other', 1_000), 0);
    const flying = started(lanes);
    expect(numbers(flying)).toEqual([0, 1_000, 1]);
    expect(lanes.overdue(3)).toEqual([]);
    const taken = lanes.overdue(300);
    expect(taken).toHaveLength(488);
    expect(taken[0]!.n).toBe(12);
    expect(lanes.queued).toBe(10);
    expect(lanes.overdue(300)).toEqual([]);
    lanes.release(flying[0]!, 15_000, 'overloaded', 1);
    lanes.release(flying[2]!, 15_000, 'overloaded', 1);
    expect(lanes.next(15_000)!.n).toBe(2);
  });

  it('never give back all that waits', () => {
    const lanes = lanesWith({ perEndpoint: 1, initial: 1, queuePerEndpoint: 1_000 });
    for (let n = 0; n < 3; n++) lanes.offer(work('hangs', n), 0);
    lanes.next(0);
    expect(numbers(lanes.overdue(60_000))).toEqual([2]);
    expect(lanes.overdue(90_000)).toEqual([]);
  });

  it('give no more to a receiver that was never given all that it may have', () => {
    const lanes = lanesWith({ perEndpoint: 8, initial: 2 });
    for (let n = 0; n < 20; n++) {
      lanes.offer(work('one', n), n);
      for (const each of started(lanes, n)) lanes.release(each, n, 'kept_up', 1);
    }
    expect(lanes.limitOf('one')).toBe(2);
  });

  it('give a receiver that keeps up more at a time, and one that does not less', () => {
    const lanes = lanesWith({ perEndpoint: 8, initial: 2, queuePerEndpoint: 1_000, total: 100, perTenant: 100 });
    for (let n = 0; n < 100; n++) lanes.offer(work('one', n), 0);
    const first = started(lanes);
    expect(first).toHaveLength(2);
    for (const each of first) lanes.release(each, 1, 'kept_up', 1);
    expect(started(lanes, 1)).toHaveLength(4);
    expect(lanes.limitOf('one')).toBe(4);
    for (let n = 0; n < 5; n++) {
      lanes.offer(work('hangs', n), 1);
    }
    const hanging = started(lanes, 1);
    for (const each of hanging) lanes.release(each, 2, 'overloaded', 1);
    expect(lanes.limitOf('hangs')).toBe(1);
  });

  it('keep a cap that is given from outside', () => {
    const lanes = lanesWith({ perEndpoint: 8, initial: 8, queuePerEndpoint: 100, total: 100, perTenant: 100 });
    for (let n = 0; n < 10; n++) lanes.offer(work('one', n), 0);
    lanes.setRamp('one', 1);
    expect(started(lanes)).toHaveLength(1);
    lanes.setRamp('one', 3);
    expect(started(lanes)).toHaveLength(2);
    lanes.setRamp('one', null);
    expect(started(lanes)).toHaveLength(5);
  });

  it('keep the cap of a tenant, and serve the other tenants meanwhile', () => {
    const lanes = lanesWith({ perTenant: 2, total: 10 });
    for (const id of ['a', 'b', 'c']) lanes.offer(work(id, 1, { tenant: 'big' }), 0);
    lanes.offer(work('d', 2, { tenant: 'small' }), 0);
    const flying = started(lanes);
    expect(flying.map(({ tenant }) => tenant)).toEqual(['big', 'big', 'small']);
    lanes.release(flying[0]!, 0, 'kept_up', 1);
    expect(started(lanes)).toHaveLength(1);
  });

  it('keep the cap in bytes, and let one through whatever its size', () => {
    const lanes = lanesWith({ totalBytes: 100 });
    const [big, small] = [work('a', 1, { bytes: 500 }), work('b', 2, { bytes: 10 })];
    lanes.offer(big, 0);
    lanes.offer(small, 0);
    expect(started(lanes)).toEqual([big]);
    lanes.release(big, 0, 'kept_up', 1);
    expect(started(lanes)).toEqual([small]);
  });

  it('keep a rate', () => {
    const lanes = lanesWith({ perEndpoint: 100, initial: 100, queuePerEndpoint: 100, total: 100, perTenant: 100 });
    lanes.setPacer('one', new TokenBucket({ perSecond: 10, burst: 2 }, 0), 0);
    for (let n = 0; n < 10; n++) lanes.offer(work('one', n), 0);
    expect(started(lanes)).toHaveLength(2);
    expect(lanes.nextWake()).toBe(100);
    expect(started(lanes, 99)).toHaveLength(0);
    expect(started(lanes, 100)).toHaveLength(1);
    expect(started(lanes, 400)).toHaveLength(2);
  });

  it('let a receiver rest when it asks for it, and turn work away meanwhile', () => {
    const lanes = lanesWith();
    lanes.offer(work('one', 1), 0);
    lanes.sleep('one', 5_000, 0);
    expect(started(lanes, 4_999)).toEqual([]);
    expect(lanes.offer(work('one', 2), 1_000)).toBe(false);
    expect(lanes.rests('one', 4_999)).toBe(true);
    expect(numbers(started(lanes, 5_000))).toEqual([1]);
    expect(lanes.nextWake()).toBeNull();
  });

  it('keep nothing while a receiver rests for long, so that its partition goes on', () => {
    const lanes = lanesWith();
    for (const n of [1, 2]) lanes.offer(work('one', n), 0);
    lanes.sleep('one', 3_600_000, 0);
    expect(numbers(lanes.overdue(0))).toEqual([1, 2]);
    expect(lanes.queued).toBe(0);
  });

  it('end a rest that was lengthened when the longer one is over, and one that was called off at once', () => {
    const lanes = lanesWith();
    lanes.offer(work('one', 1), 0);
    lanes.sleep('one', 1_000, 0);
    lanes.sleep('one', 5_000, 500);
    expect(started(lanes, 1_000)).toEqual([]);
    expect(lanes.nextWake()).toBe(5_000);
    lanes.endRest('one', 2_000);
    expect(lanes.nextWake()).toBe(2_000);
    expect(numbers(started(lanes, 2_000))).toEqual([1]);
    expect(started(lanes, 5_000)).toEqual([]);
    expect(lanes.nextWake()).toBeNull();
  });

  it('remember nothing of an endpoint that is gone', () => {
    const lanes = lanesWith();
    lanes.setPacer('one', new TokenBucket({ perSecond: 1, burst: 1 }, 0), 0);
    lanes.setRamp('one', 1);
    lanes.sleep('one', 3_600_000, 0);
    lanes.forget('one');
    expect(lanes.rests('one', 0)).toBe(false);
    for (const n of [1, 2]) lanes.offer(work('one', n), 0);
    expect(numbers(started(lanes))).toEqual([1, 2]);
    lanes.sleep('one', 50, 0);
    lanes.offer(work('one', 3), 0);
    for (const n of [1, 2]) lanes.release(work('one', n), 1, 'none', 1);
    expect(started(lanes, 49)).toEqual([]);
    expect(numbers(started(lanes, 50))).toEqual([3]);
  });

  it('hand back what waits, one or all', () => {
    const lanes = lanesWith();
    const all = [work('one', 1), work('one', 2), work('one', 3)];
    for (const each of all) lanes.offer(each, 0);
    expect(lanes.remove(all[1]!)).toBe(true);
    expect(lanes.remove(all[1]!)).toBe(false);
    expect(numbers(lanes.drain('one'))).toEqual([1, 3]);
    expect(lanes.queued).toBe(0);
    expect(started(lanes)).toEqual([]);
  });

  it('keep all caps, start everything once and in order within a lane, whatever the sequence of calls', () => {
    const step = fc.record({
      endpoint: fc.nat(4),
      act: fc.constantFrom('offer', 'next', 'kept_up', 'overloaded', 'none'),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        const lanes = lanesWith({ perTenant: 3 });
        const flying = new Map<string, Work[]>();
        const lastStarted = new Map<string, number>();
        let accepted = 0;
        let count = 0;
        const start = (next: Work | undefined): boolean => {
          if (!next) return false;
          count++;
          const ofLane = flying.get(next.endpointId) ?? [];
          ofLane.push(next);
          flying.set(next.endpointId, ofLane);
          expect(ofLane.length).toBeLessThanOrEqual(limits.perEndpoint);
          const all = [...flying.values()].flat();
          expect(all.length).toBeLessThanOrEqual(limits.total);
          expect(all.filter(({ tenant }) => tenant === next.tenant).length).toBeLessThanOrEqual(3);
          expect(next.n).toBeGreaterThan(lastStarted.get(next.endpointId) ?? -1);
          lastStarted.set(next.endpointId, next.n);
          return true;
        };
        steps.forEach(({ endpoint, act }, n) => {
          const id = `ep${endpoint}`;
          if (act === 'offer') accepted += lanes.offer(work(id, n, { tenant: `t${endpoint % 2}` }), 0) ? 1 : 0;
          else if (act === 'next') start(lanes.next(0));
          else {
            const done = flying.get(id)?.shift();
            if (done) lanes.release(done, 0, act, 1);
          }
        });
        for (let more = true; more; ) {
          more = false;
          while (start(lanes.next(0))) more = true;
          for (const ofLane of flying.values())
            for (let done = ofLane.shift(); done; done = ofLane.shift()) {
              lanes.release(done, 0, 'kept_up', 1);
              more = true;
            }
        }
        expect(count).toBe(accepted);
        expect(lanes.inFlight).toBe(0);
        expect(lanes.queued).toBe(0);
      }),
    );
  });
});
