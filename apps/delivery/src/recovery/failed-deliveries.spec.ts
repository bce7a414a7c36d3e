import type { DeliveryFact } from '@millrace/protocol';
import fc from 'fast-check';
import { created, ended, finished, idOf, NOW, parked, reopened, started } from './facts.fixture';
import { FailedDeliveries } from './failed-deliveries';
import { RecoveryFailure } from './recovery-failure';

const span = {
  endpointId: 'ep_1',
  since: NOW - 1_000,
  until: NOW + 1_000,
  wantsType: (type: string) => type !== 'order.x',
};

const fold = (facts: readonly DeliveryFact[], limit = 1_000): FailedDeliveries => {
  const failed = new FailedDeliveries(span, limit);
  for (const fact of facts) failed.apply(fact);
  return failed;
};

describe('the last state of deliveries', () => {
  it.each<[string, DeliveryFact[], number]>([
    ['nothing but created', [created(1)], 0],
    ['exhausted', [created(1), started(1), finished(1, 'failed')], 1],
    ['expired with an attempt', [created(1), started(1), finished(1, 'expired')], 1],
    ['expired while it waited', [created(1), started(1), finished(1, 'retry'), ended(1, 'expired')], 1],
    ['ended as failed', [created(1), ended(1, 'failed')], 1],
    ['cancelled', [created(1), ended(1, 'cancelled')], 0],
    ['succeeded', [created(1), started(1), finished(1, 'succeeded')], 0],
    ['under way', [created(1), started(1)], 0],
    ['waiting for a retry', [created(1), finished(1, 'retry')], 0],
    ['parked', [created(1), parked(1)], 0],
    ['failed, then asked for again', [created(1), finished(1, 'failed'), reopened(1, 1)], 0],
    ['failed twice', [created(1), finished(1, 'failed'), reopened(1, 1), finished(1, 'failed', { epoch: 1 })], 1],
    [
      'failed, asked for again, succeeded',
      [created(1), finished(1, 'failed'), reopened(1, 1), finished(1, 'succeeded', { epoch: 1 })],
      0,
    ],
    [
      'an old chain ends after the new one',
      [created(1), finished(1, 'failed'), reopened(1, 1), finished(1, 'succeeded', { epoch: 1 }), ended(1, 'expired')],
      0,
    ],
    ['repeated after a crash, and well', [created(1), finished(1, 'failed'), finished(1, 'succeeded')], 0],
    ['created comes late', [finished(1, 'failed'), created(1)], 1],
    ['made before the span', [finished(1, 'failed')], 0],
    ['accepted before the span', [created(1, { acceptedAt: NOW - 1_001 }), finished(1, 'failed')], 0],
    ['accepted as the span begins', [created(1, { acceptedAt: NOW - 1_000 }), finished(1, 'failed')], 1],
    ['accepted as the span ends', [created(1, { acceptedAt: NOW + 1_000 }), finished(1, 'failed')], 0],
    ['of a type not asked for', [created(1, { eventType: 'order.x' }), finished(1, 'failed')], 0],
    ['a test', [created(1, { trigger: { kind: 'test', id: 't' } }), finished(1, 'failed')], 0],
    ['of another endpoint', [created(1, { endpointId: 'ep_2' }), finished(1, 'failed', { endpointId: 'ep_2' })], 0],
    ['a fact that is not whole', [created(1), { ...finished(1, 'failed'), epoch: 'x' as unknown as number }], 0],
  ])('%s', (_name, facts, qualified) => {
    expect(fold(facts).qualified).toBe(qualified);
  });

  it('counts what was made in the span, each once', () => {
    const failed = fold([created(1), created(1), created(2), finished(2, 'failed'), finished(3, 'failed')]);
    expect([failed.examined, failed.qualified]).toEqual([2, 1]);
  });

  it('asks for a delivery once, under the epoch that failed', () => {
    const failed = fold([created(1), finished(1, 'failed'), reopened(1, 3), finished(1, 'failed', { epoch: 3 })]);
    expect(failed.hasFailed(idOf(1), 0)).toBe(false);
    expect(failed.hasFailed(idOf(1), 3)).toBe(true);
    failed.noteAsked(idOf(1));
    expect(failed.hasFailed(idOf(1), 3)).toBe(false);
    expect(failed.qualified).toBe(0);
  });

  it('fails with a sentence when there are more than it can tell apart, and not before', () => {
    const facts = Array.from({ length: 20 }, (_each, n) => created(n));
    expect(fold(facts, 20).examined).toBe(20);
    expect(() => fold([...facts, created(20)], 20)).toThrow(RecoveryFailure);
  });

  it('keeps nothing of deliveries made before the span that did not fail', () => {
    const facts = Array.from({ length: 50 }, (_each, n) => [started(n), finished(n, 'succeeded'), parked(n)]).flat();
    expect(() => fold(facts, 10)).not.toThrow();
  });

  it('agrees with a fold over plain objects', () => {
    const fact = fc
      .tuple(fc.nat({ max: 4 }), fc.nat({ max: 2 }), fc.nat({ max: 6 }))
      .map(([n, epoch, kind]): DeliveryFact => {
        const more = { epoch };
        return [
          created(n),
          started(n, more),
          finished(n, 'failed', more),
          finished(n, 'succeeded', more),
          ended(n, 'expired', more),
          ended(n, 'cancelled', more),
          reopened(n, epoch),
        ][kind]!;
      });
    fc.assert(
      fc.property(fc.array(fact, { maxLength: 40 }), (random) => {
        // `created` comes first, as it nearly always does: what comes before it is told apart only for failures.
        const facts = [0, 1, 2, 3, 4].map((n): DeliveryFact => created(n)).concat(random);
        const model = new Map<string, { epoch: number; failed: boolean }>();
        for (const each of facts) {
          if (each.kind === 'created' || each.kind === 'command-refused') continue;
          const held = model.get(each.deliveryId) ?? { epoch: 0, failed: false };
          if (each.epoch < held.epoch) continue;
          const failed =
            (each.kind === 'attempt-finished' && each.result.kind === 'failed') ||
            (each.kind === 'ended' && each.status !== 'cancelled');
          model.set(each.deliveryId, { epoch: each.epoch, failed });
        }
        const folded = fold(facts);
        expect(folded.qualified).toBe([...model.values()].filter(({ failed }) => failed).length);
        for (const [id, { epoch, failed }] of model) expect(folded.hasFailed(id, epoch)).toBe(failed);
      }),
    );
  });
});
