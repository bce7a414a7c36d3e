import fc from 'fast-check';
import { KeyOrder } from './key-order';

describe('the order of a key', () => {
  test('one at a time; the next goes when the first has ended', () => {
    const order = new KeyOrder();
    expect(order.admit('a', 'd1', 1)).toEqual({ kind: 'go' });
    expect(order.admit('a', 'd2', 2)).toEqual({ kind: 'behind', deliveryId: 'd1' });
    order.wait('a', 'd2', 2);
    expect(order.admit('b', 'd3', 3)).toEqual({ kind: 'go' });
    expect(order.end('a', 'd1')).toBe(2);
    expect(order.admit('a', 'd4', 4)).toEqual({ kind: 'behind', deliveryId: null });
    expect(order.admit('a', 'd2', 2)).toEqual({ kind: 'go' });
    expect(order.waiting).toBe(0);
  });

  test('one that failed holds its key until it comes back and ends', () => {
    const order = new KeyOrder();
    order.admit('a', 'd1', 1);
    order.hold('a', 'd1');
    expect(order.admit('a', 'd2', 2)).toEqual({ kind: 'behind', deliveryId: 'd1' });
    order.wait('a', 'd2', 2);
    expect(order.headOf('a')).toBe('d1');
    expect(order.admit('a', 'd1', 900)).toEqual({ kind: 'go' });
    expect(order.end('a', 'd1')).toBe(2);
  });

  test('a held key that was written down holds after a restart', () => {
    const order = new KeyOrder();
    order.hold('a', 'd1');
    expect(order.admit('a', 'd2', 2)).toEqual({ kind: 'behind', deliveryId: 'd1' });
    expect(order.end('a', 'd1')).toBeNull();
    expect(order.admit('a', 'd2', 2)).toEqual({ kind: 'go' });
  });

  test('one that the lane gives back goes before those that waited behind it', () => {
    const order = new KeyOrder();
    order.admit('a', 'd1', 1);
    order.admit('a', 'd2', 2);
    order.wait('a', 'd2', 2);
    order.giveBack('a', 'd1', 1);
    expect(order.admit('a', 'd2', 2)).toEqual({ kind: 'behind', deliveryId: null });
    expect(order.admit('a', 'd1', 1)).toEqual({ kind: 'go' });
    order.giveBack('a', 'd1', 1);
    expect(order.forget(1)).toBe(2);
  });

  test('keys that mean nothing any more let go of everything, and the others stay', () => {
    const order = new KeyOrder();
    for (const [key, id] of [
      ['a', 'd1'],
      ['b', 'd2'],
    ] as const)
      order.restore(key, id);
    order.wait('a', 'd7', 7);
    order.wait('a', 'd5', 5);
    order.wait('b', 'd6', 6);
    expect(order.missesHeads).toBe(true);
    expect(order.drop((key) => key === 'a')).toEqual({ waiting: [5, 7], heads: [{ key: 'a', deliveryId: 'd1' }] });
    expect(order.waiting).toBe(1);
    expect(order.heads()).toEqual([{ key: 'b', deliveryId: 'd2' }]);
    expect(order.admit('b', 'd2', 9)).toEqual({ kind: 'go' });
    expect(order.missesHeads).toBe(false);
    expect(order.end('b', 'd2')).toBe(6);
  });

  test('a head that comes back while another of its key is under way goes after that', () => {
    const order = new KeyOrder();
    order.admit('a', 'd2', 2);
    order.hold('a', 'd1');
    order.admit('a', 'd2', 2);
    expect(order.admit('a', 'd3', 3)).toEqual({ kind: 'behind', deliveryId: 'd2' });
    order.wait('a', 'd3', 3);
    expect(order.admit('a', 'd1', 9)).toEqual({ kind: 'behind', deliveryId: 'd2' });
    order.wait('a', 'd1', 9);
    expect(order.end('a', 'd2')).toBe(9);
    expect(order.admit('a', 'd1', 9)).toEqual({ kind: 'go' });
    expect(order.end('a', 'd1')).toBe(3);
  });

  test('one that waits and is cancelled leaves the line', () => {
    const order = new KeyOrder();
    order.admit('a', 'd1', 1);
    order.wait('a', 'd2', 2);
    order.wait('a', 'd3', 3);
    order.wait('a', 'd3', 3);
    expect(order.waiting).toBe(2);
    order.forget(2);
    expect(order.end('a', 'd1')).toBe(3);
  });

  test('whatever fails, the first successes of a key are in order', () => {
    const scenario = fc.array(fc.record({ key: fc.constantFrom('a', 'b', 'c'), failures: fc.nat(3) }), {
      maxLength: 40,
    });
    fc.assert(
      fc.property(scenario, fc.infiniteStream(fc.nat(100)), (deliveries, choice) => {
        const order = new KeyOrder();
        const open = deliveries.map(({ key, failures }, offset) => ({ key, id: `d${offset}`, offset, failures }));
        const arriving = [...open];
        const inLane: typeof open = [];
        const inTier: typeof open = [];
        const waiting = new Map<number, (typeof open)[number]>();
        const succeeded: typeof open = [];
        const offer = (delivery: (typeof open)[number]): void => {
          if (order.admit(delivery.key, delivery.id, delivery.offset).kind === 'go') {
            waiting.delete(delivery.offset);
            inLane.push(delivery);
          } else {
            order.wait(delivery.key, delivery.id, delivery.offset);
            waiting.set(delivery.offset, delivery);
          }
        };
        const pick = (list: unknown[]): number => choice.next().value % list.length;
        for (let steps = 0; steps < 2_000 && succeeded.length < deliveries.length; steps++) {
          const what = choice.next().value % 3;
          if (what === 0 && arriving.length > 0) offer(arriving.shift()!);
          else if (what === 1 && inTier.length > 0) offer({ ...inTier.splice(pick(inTier), 1)[0]! });
          else if (inLane.length > 0) {
            const delivery = inLane.splice(pick(inLane), 1)[0]!;
            if (delivery.failures > 0) {
              order.hold(delivery.key, delivery.id);
              inTier.push({ ...delivery, failures: delivery.failures - 1 });
            } else {
              succeeded.push(delivery);
              const next = order.end(delivery.key, delivery.id);
              if (next !== null) offer(waiting.get(next)!);
            }
          }
        }
        while (arriving.length + inTier.length + inLane.length > 0) {
          if (arriving.length > 0) offer(arriving.shift()!);
          else if (inTier.length > 0) offer(inTier.shift()!);
          const delivery = inLane.shift();
          if (!delivery) continue;
          succeeded.push(delivery);
          const next = order.end(delivery.key, delivery.id);
          if (next !== null) offer(waiting.get(next)!);
        }
        expect(succeeded).toHaveLength(deliveries.length);
        for (const key of ['a', 'b', 'c']) {
          const offsets = succeeded.filter((delivery) => delivery.key === key).map(({ offset }) => offset);
          expect(offsets).toEqual([...offsets].sort((a, b) => a - b));
        }
      }),
    );
  });
});
