import fc from 'fast-check';
import { createdFact, finishedFact, lifeOf, randomFrom, sampleEvent, startedFact, T0 } from '../../../test/sample-log';
import { type DeliveryRow, deliveryRow, mergeDeliveries } from './delivery.projection';

const created = createdFact(sampleEvent('evt-1'), 'ep_1');
const started = startedFact(created, 1, T0 + 10);
const second = startedFact(created, 2, T0 + 6_000);
const parked = {
  ...created,
  kind: 'parked' as const,
  epoch: 0,
  attempt: 1,
  parkings: 1,
  reason: 'endpoint_paused' as const,
};
const ended = {
  ...created,
  kind: 'ended' as const,
  epoch: 0,
  attempt: 2,
  status: 'cancelled' as const,
  reason: 'endpoint_deleted' as const,
};
const retry = finishedFact(started, 500, { kind: 'retry', nextAttemptAt: T0 + 5_130 });
const rowOf = (...facts: Parameters<typeof deliveryRow>[0][]): DeliveryRow =>
  facts.map(deliveryRow).reduce(mergeDeliveries);

describe('where a delivery stands', () => {
  it.each([
    ['just created', [created], 'pending', 0, ''],
    ['first request under way', [created, started], 'pending', 0, ''],
    ['waiting for its endpoint', [created, { ...parked, at: T0 + 5 }], 'parked', 0, 'endpoint_paused'],
    ['going on after waiting', [created, { ...parked, at: T0 + 5 }, started], 'pending', 0, ''],
    ['parked again after a crash', [created, started, { ...parked, at: T0 + 20 }], 'parked', 0, 'endpoint_paused'],
    ['a retry planned', [created, started, retry], 'retrying', T0 + 5_130, ''],
    ['second request under way', [created, started, retry, second], 'retrying', 0, ''],
    ['succeeded', [created, started, finishedFact(started, 200, { kind: 'succeeded' })], 'succeeded', 0, ''],
    [
      'exhausted',
      [created, finishedFact(second, 500, { kind: 'failed', reason: 'exhausted' })],
      'failed',
      0,
      'exhausted',
    ],
    ['expired', [created, started, finishedFact(started, 500, { kind: 'expired' })], 'expired', 0, ''],
    [
      'cancelled while a retry was planned',
      [created, started, retry, { ...ended, at: T0 + 900 }],
      'cancelled',
      0,
      'endpoint_deleted',
    ],
    [
      'succeeded, and a second sender of that attempt reports a timeout later',
      [
        created,
        finishedFact(started, 200, { kind: 'succeeded' }),
        { ...retry, requestId: second.requestId, at: T0 + 60_000 },
      ],
      'succeeded',
      0,
      '',
    ],
    [
      'retried by hand after its end',
      [
        created,
        finishedFact(second, 500, { kind: 'failed', reason: 'exhausted' }),
        { ...started, epoch: 1, at: T0 + 9e6 },
      ],
      'pending',
      0,
      '',
    ],
  ] as const)('%s', (_title, facts, status, nextAttemptAt, reason) => {
    expect(rowOf(...facts).state).toMatchObject({ status, nextAttemptAt, reason });
    expect(rowOf(...[...facts].reverse()).state).toMatchObject({ status, nextAttemptAt, reason });
  });

  it('is not known before its created fact, and keeps what came earlier', () => {
    expect(rowOf(started, retry).created).toBeNull();
    expect(rowOf(started, retry, created)).toEqual(rowOf(created, started, retry));
  });

  it('keeps the first of two creations whole', () => {
    const again = { ...created, at: T0 + 50, acceptedAt: T0 + 45, eventType: 'machine.other' };
    expect(rowOf(again, created).created).toMatchObject({ createdAt: T0, acceptedAt: T0, eventType: 'machine.alarm' });
    const same = { ...created, eventType: 'machine.other' };
    expect(rowOf(same, created)).toEqual(rowOf(created, same));
  });
});

it('does not depend on order, grouping or repeats of the facts', () => {
  fc.assert(
    fc.property(fc.integer(), fc.infiniteStream(fc.double({ min: 0, max: 0.999, noNaN: true })), (seed, dice) => {
      const facts = [created, ...lifeOf(created, randomFrom(seed)), { ...created, at: T0 + 3 }];
      const next = () => dice.next().value as number;
      const shuffled = [...facts, ...facts.filter(() => next() < 0.5)].sort(() => next() - 0.5);
      const cut = Math.floor(next() * shuffled.length);
      const rows = shuffled.map(deliveryRow);
      const grouped = [rows.slice(0, cut), rows.slice(cut)]
        .filter(({ length }) => length > 0)
        .map((half) => half.reduce(mergeDeliveries));
      expect(grouped.reduce((a, b) => mergeDeliveries(b, a))).toEqual(rowOf(...facts));
    }),
  );
});
