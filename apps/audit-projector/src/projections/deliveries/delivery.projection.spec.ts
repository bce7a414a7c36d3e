import { randomFrom } from '@millrace/test-environment';
import fc from 'fast-check';
import {
  createdFact,
  endedFact,
  finishedFact,
  lifeOf,
  parkedFact,
  reopenedFact,
  sampleEvent,
  startedFact,
  T0,
  uuidOfDelivery,
} from '../../projector/sample-log.fixture';
import { type DeliveryRow, type DeliveryStateFact, deliveryRow, mergeDeliveries } from './delivery.projection';

const created = createdFact(sampleEvent('evt-1'), 'ep_1');
const started = startedFact(created, 1, T0 + 10);
const second = startedFact(created, 2, T0 + 6_000);
const parked = parkedFact(created, { at: T0 + 5 });
const head = uuidOfDelivery(created.deliveryId, 'head');
const ended = endedFact(created, { at: T0 + 900, attempt: 2 });
const failed = finishedFact(second, 500, { kind: 'failed', reason: 'exhausted' });
const reopened = reopenedFact(created, 1, T0 + 9_000);
const again = { ...startedFact(created, 1, T0 + 9_100, 'again'), epoch: 1, recordOffset: 900 };
const retry = finishedFact(started, 500, { kind: 'retry', nextAttemptAt: T0 + 5_130 });
const rowOf = (...facts: DeliveryStateFact[]): DeliveryRow => facts.map(deliveryRow).reduce(mergeDeliveries);

describe('where a delivery stands', () => {
  it.each([
    ['just created', [created], 'pending', 0, ''],
    ['first request under way', [created, started], 'pending', 0, ''],
    ['waiting for its endpoint', [created, parked], 'parked', 0, 'endpoint_paused'],
    ['going on after waiting', [created, parked, started], 'pending', 0, ''],
    ['parked again after a crash', [created, started, { ...parked, at: T0 + 20 }], 'parked', 0, 'endpoint_paused'],
    ['a retry planned', [created, started, retry], 'retrying', T0 + 5_130, ''],
    ['second request under way', [created, started, retry, second], 'retrying', 0, ''],
    ['succeeded', [created, started, finishedFact(started, 200, { kind: 'succeeded' })], 'succeeded', 0, ''],
    ['exhausted', [created, failed], 'failed', 0, 'exhausted'],
    ['expired', [created, started, finishedFact(started, 500, { kind: 'expired' })], 'expired', 0, ''],
    ['cancelled while a retry was planned', [created, started, retry, ended], 'cancelled', 0, 'endpoint_deleted'],
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
    ['retried by hand after its end', [created, failed, { ...started, epoch: 1, at: T0 + 9e6 }], 'pending', 0, ''],
    ['reopened, and nothing since', [created, failed, reopened], 'pending', 0, ''],
    ['reopened after it was cancelled', [created, ended, reopened, again], 'pending', 0, ''],
    ['reopened while a retry was planned', [created, started, retry, reopened], 'pending', 0, ''],
    [
      'reopened, and a sender of the older epoch reports late',
      [created, started, reopened, again, { ...finishedFact(started, 200, { kind: 'succeeded' }), at: T0 + 99_000 }],
      'pending',
      0,
      '',
    ],
    [
      'reopened and parked',
      [created, failed, reopened, { ...parked, epoch: 1, at: T0 + 9_050 }],
      'parked',
      0,
      'endpoint_paused',
    ],
    [
      'exhausted again after it was reopened',
      [created, failed, reopened, again, finishedFact(again, 500, { kind: 'failed', reason: 'exhausted' })],
      'failed',
      0,
      'exhausted',
    ],
    [
      'cancelled by an owner that did not know of the attempt before',
      [created, started, retry, second, { ...ended, attempt: 1 }],
      'cancelled',
      0,
      'endpoint_deleted',
    ],
    [
      'succeeded, and a chain that a crash forked runs out later',
      [created, finishedFact(started, 200, { kind: 'succeeded' }), failed],
      'succeeded',
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

  it('says behind which delivery it waits, for as long as it does', () => {
    const waiting = parkedFact(created, { at: T0 + 5, reason: 'behind_key', behind: head });
    expect(rowOf(created, waiting).state).toMatchObject({ reason: 'behind_key', behind: head });
    expect(rowOf(created, waiting, started).state.behind).toBe('');
    expect(rowOf(created, { ...waiting, behind: null }).state).toMatchObject({ reason: 'behind_key', behind: '' });
  });

  it('keeps the first of two creations whole', () => {
    const again = { ...created, at: T0 + 50, acceptedAt: T0 + 45, eventType: 'machine.other' };
    expect(rowOf(again, created).created).toMatchObject({ createdAt: T0, acceptedAt: T0, eventType: 'machine.alarm' });
    const same = { ...created, eventType: 'machine.other' };
    expect(rowOf(same, created)).toEqual(rowOf(created, same));
  });

  it('takes no subject and an absent one for the same', () => {
    const { subject: _, ...without } = created;
    expect(deliveryRow(without)).toEqual(deliveryRow({ ...created, subject: null }));
    expect(deliveryRow(created).created?.subject).toBe('press-4');
  });
});

describe('where its record lies, and its place at its endpoint', () => {
  it.each([
    ['unknown before the first record arrives', [created], null],
    ['of the parked record', [created, parked], 99],
    ['of the latest record, whichever fact comes last', [second, parked, started, created], 200],
    ['of the record of the later epoch', [again, second], 900],
    ['not lost by an end that knows of none', [started, ended], 100],
    ['of the end, where that alone knows it', [{ ...ended, recordOffset: 12 }, created], 12],
  ] as const)('%s', (_title, facts, offset) => {
    expect(rowOf(...facts).recordOffset).toBe(offset);
  });

  it('keeps the last place that it was given', () => {
    const { chain: _, ...older } = started;
    const first = { ...started, chain: { sequence: 1, previousId: null } };
    expect(rowOf(created, older as typeof started, { ...started, chain: null }).chain).toBeNull();
    expect(rowOf(first, created).chain).toEqual({ sequence: 1, previousEventId: '' });
    expect(rowOf(first, started).chain).toEqual({ sequence: 7, previousEventId: 'evt-before' });
    expect(rowOf(started, first).chain).toEqual({ sequence: 7, previousEventId: 'evt-before' });
  });
});

it('does not depend on order, grouping or repeats of the facts', () => {
  fc.assert(
    fc.property(fc.integer(), fc.infiniteStream(fc.double({ min: 0, max: 0.999, noNaN: true })), (seed, dice) => {
      const facts = [created, ...lifeOf(created, randomFrom(seed)), { ...created, at: T0 + 3 }].filter(
        (fact): fact is DeliveryStateFact => fact.kind !== 'command-refused',
      );
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
