import type { DeliveryFact } from '@millrace/protocol';
import { encodeCommand, encodeRejection } from '@millrace/protocol';
import { PaperDelivery, PaperSite, T0, topics } from '../test/paper-site';
import { reconcileWith } from './reconcile';
import type { ReconcileOptions } from './reconcile-options';
import { FINDING_KINDS, type FindingKind, type Sums } from './reconciliation';

const MINUTE_MS = 60_000;

const check = async (site: PaperSite, options: ReconcileOptions = {}) =>
  reconcileWith(site.reader(), topics, {
    passes: 2,
    settleMs: 0,
    wait: async () => {},
    now: () => site.clock,
    ...options,
  });

const site = (build: (site: PaperSite) => void): PaperSite => {
  const made = new PaperSite();
  made.endpoint('ep_a');
  build(made);
  return made;
};

/** A delivery whose record and created fact are written; answers the record's offset. */
const accept = (made: PaperSite, delivery: PaperDelivery): number => {
  const offset = made.task(delivery.task(1));
  made.log(delivery.created());
  return offset;
};

/** Attempt 1 begins and fails; the record of attempt 2 goes to the tier. */
const failOnce = (made: PaperSite, delivery: PaperDelivery, offset = accept(made, delivery)): void => {
  made.log(delivery.started(1, offset));
  made.task(delivery.task(2, { remainingDelayMs: 5_000 }), '5s');
  made.log(delivery.finished(1, 'retry'));
};

const succeed = (made: PaperSite, delivery: PaperDelivery): number => {
  const offset = accept(made, delivery);
  made.log(delivery.started(1, offset));
  made.log(delivery.finished(1, 'succeeded'));
  return offset;
};

const park = (made: PaperSite, delivery: PaperDelivery): number => {
  const offset = accept(made, delivery);
  made.log(delivery.parked(1, offset));
  return offset;
};

const a = () => new PaperDelivery('a');

describe('a log that adds up', () => {
  it.each<[string, Partial<Sums>, (made: PaperSite) => void]>([
    ['nothing at all', { accepted: 0 }, () => {}],
    ['a record that nobody has taken up', { pending: 1 }, (made) => void accept(made, a())],
    [
      'created comes after the rest',
      { succeeded: 1 },
      (made) => {
        const delivery = a();
        const offset = made.task(delivery.task(1));
        made.log(delivery.started(1, offset), delivery.finished(1, 'succeeded'));
        made.log(delivery.created());
      },
    ],
    ['a success', { succeeded: 1 }, (made) => void succeed(made, a())],
    ['a retry that waits in its tier', { retrying: 1 }, (made) => failOnce(made, a())],
    [
      'a retry on its way over two tiers',
      { retrying: 1 },
      (made) => {
        const delivery = a();
        const offset = accept(made, delivery);
        made.log(delivery.started(1, offset));
        made.task(delivery.task(2, { remainingDelayMs: 35_000 }), '30s');
        made.log(delivery.finished(1, 'retry'));
        made.task(delivery.task(2, { remainingDelayMs: 5_000 }), '5s');
      },
    ],
    [
      'a retry that is due again',
      { retrying: 1 },
      (made) => {
        const delivery = a();
        failOnce(made, delivery);
        made.task(delivery.task(2));
      },
    ],
    [
      'an attempt in flight',
      { pending: 1 },
      (made) => {
        const delivery = a();
        made.log(delivery.started(1, accept(made, delivery)));
      },
    ],
    [
      'a record and its fact that fan-out repeated',
      { succeeded: 1 },
      (made) => {
        const delivery = a();
        succeed(made, delivery);
        accept(made, delivery);
      },
    ],
    [
      'an attempt that a crash repeated, and a next task that it wrote twice',
      { retrying: 1 },
      (made) => {
        const delivery = a();
        const offset = accept(made, delivery);
        made.log(delivery.started(1, offset));
        made.task(delivery.task(2, { remainingDelayMs: 5_000 }), '5s');
        made.log(delivery.started(1, offset));
        made.task(delivery.task(2, { remainingDelayMs: 5_000 }), '5s');
        made.log(delivery.finished(1, 'retry'));
      },
    ],
    [
      'a crash after the next task, and a success the second time',
      { succeeded: 1 },
      (made) => {
        const delivery = a();
        const offset = accept(made, delivery);
        made.log(delivery.started(1, offset));
        made.task(delivery.task(2, { remainingDelayMs: 5_000 }), '5s');
        made.log(delivery.started(1, offset), delivery.finished(1, 'succeeded'));
      },
    ],
    [
      'a repeat of the last attempt that ended another way',
      { succeeded: 1 },
      (made) => {
        const delivery = a();
        const offset = accept(made, delivery);
        made.log(delivery.started(1, offset));
        const { requestId } = delivery;
        made.log(delivery.started(1, offset));
        made.task(delivery.task(1), 'dead-letter');
        made.log(delivery.finished(1, 'failed', 0, requestId), delivery.finished(1, 'succeeded'));
      },
    ],
    [
      'a flush of the log that was appended twice',
      { retrying: 1 },
      (made) => {
        const delivery = a();
        const offset = accept(made, delivery);
        made.log(delivery.started(1, offset));
        made.task(delivery.task(2));
        made.task(delivery.task(3, { remainingDelayMs: 1_000 }), '1s');
        const facts = [delivery.finished(1, 'retry'), delivery.started(2, 1), delivery.finished(2, 'retry')];
        made.log(...facts);
        made.log(...facts);
      },
    ],
    [
      'a parked one, its bit written',
      { parked: 1 },
      (made) => {
        made.bits('ep_a', [park(made, a())]);
        made.checkpoint();
      },
    ],
    [
      'a parked one whose fact a crash kept from being written',
      { parked: 1 },
      (made) => {
        made.bits('ep_a', [accept(made, a())]);
        made.checkpoint();
      },
    ],
    [
      'a repeat that is parked, and its original was not',
      { parked: 1 },
      (made) => {
        const delivery = a();
        accept(made, delivery);
        made.bits('ep_a', [park(made, delivery)]);
        made.checkpoint();
      },
    ],
    [
      'a retry that is parked, and its fact was not written',
      { parked: 1 },
      (made) => {
        const delivery = a();
        failOnce(made, delivery);
        made.bits('ep_a', [made.task(delivery.task(2))]);
        made.checkpoint();
      },
    ],
    [
      'an attempt that a crash left parked while the next one is on its way',
      { parked: 1 },
      (made) => {
        const delivery = a();
        const first = accept(made, delivery);
        made.log(delivery.started(1, first));
        const second = made.task(delivery.task(2));
        made.bits('ep_a', [first, second]);
        made.log(delivery.parked(1, first), delivery.parked(2, second));
        made.checkpoint();
      },
    ],
    [
      'an epoch whose first attempt began a moment before the fact that opened it',
      { succeeded: 1 },
      (made) => {
        const delivery = a();
        succeed(made, delivery);
        const offset = made.task(delivery.task(1, { epoch: 1 }));
        made.log(delivery.started(1, offset, 1));
        made.log(delivery.reopened(1), delivery.finished(1, 'succeeded', 1));
      },
    ],
    [
      'a parked one that was released and is in flight, its bit still set',
      { pending: 1 },
      (made) => {
        const delivery = a();
        const offset = park(made, delivery);
        made.bits('ep_a', [offset]);
        made.log(delivery.started(1, offset));
        made.checkpoint();
      },
    ],
    [
      'a parked one that was released and has ended, its bit taken away',
      { succeeded: 1 },
      (made) => {
        const delivery = a();
        const offset = park(made, delivery);
        made.bits('ep_a', [offset]);
        made.log(delivery.started(1, offset), delivery.finished(1, 'succeeded'));
        made.bits('ep_a', [], [0]);
        made.checkpoint();
      },
    ],
    [
      'a parked one that has ended, its bit not taken away yet',
      { succeeded: 1 },
      (made) => {
        const delivery = a();
        const offset = park(made, delivery);
        made.bits('ep_a', [offset]);
        made.checkpoint();
        made.log(delivery.started(1, offset), delivery.finished(1, 'succeeded'));
      },
    ],
    [
      'failures to the end',
      { failed: 1 },
      (made) => {
        const delivery = a();
        failOnce(made, delivery);
        const offset = made.task(delivery.task(2));
        made.log(delivery.started(2, offset));
        made.task(delivery.task(2), 'dead-letter');
        made.log(delivery.finished(2, 'failed'));
      },
    ],
    [
      'one cancelled while its next attempt waits',
      { cancelled: 1 },
      (made) => {
        const delivery = a();
        failOnce(made, delivery);
        made.log(delivery.ended(1, 'cancelled'));
      },
    ],
    [
      'one that expired while it was parked',
      { expired: 1 },
      (made) => {
        const delivery = a();
        park(made, delivery);
        made.task(delivery.task(1), 'dead-letter');
        made.log(delivery.ended(1, 'expired', 0, 'expired'));
      },
    ],
    [
      'one that was taken up again by a command, and succeeded',
      { succeeded: 1 },
      (made) => {
        const delivery = a();
        failOnce(made, delivery);
        made.log(delivery.ended(2, 'cancelled'));
        made.write(
          encodeCommand(topics.deliveries, 0, {
            v: 1,
            kind: 'retry',
            commandId: 'cmd-1',
            by: 'key_1',
            at: T0,
            tenant: 'default',
            endpointId: 'ep_a',
            deliveryId: delivery.id,
            expectedEpoch: 0,
            attempt: 1,
            recordOffset: 0,
            chain: null,
            replay: null,
            force: false,
          }),
        );
        const offset = made.task(delivery.task(1, { epoch: 1 }));
        made.log(delivery.reopened(1), delivery.started(1, offset, 1), delivery.finished(1, 'succeeded', 1));
      },
    ],
    [
      'a manual retry while the next attempt waits: the old chain is fenced',
      { pending: 1 },
      (made) => {
        const delivery = a();
        failOnce(made, delivery);
        made.task(delivery.task(1, { epoch: 1 }));
        made.log(delivery.reopened(1));
      },
    ],
  ])('%s', async (_name, expected, build) => {
    const result = await check(site(build));
    expect(result.findings).toEqual([]);
    expect(result.addsUp).toBe(true);
    expect(result.totals).toMatchObject({ unexplained: 0, notKept: 0, ...expected });
    expect(result.totals.accepted).toBe(expected.accepted ?? 1);
  });
});

/** Every finding, each in a log in which it is the only thing that is wrong. */
describe('a log that does not add up', () => {
  const cases: [FindingKind, string, (made: PaperSite) => PaperDelivery | null][] = [
    [
      'lost',
      'the record of the next attempt was never written',
      (made) => {
        const delivery = a();
        const offset = accept(made, delivery);
        made.log(delivery.started(1, offset), delivery.finished(1, 'retry'));
        return delivery;
      },
    ],
    [
      'lost',
      'an epoch was opened and nothing came of it',
      (made) => {
        const delivery = a();
        succeed(made, delivery);
        made.log(delivery.reopened(1));
        return delivery;
      },
    ],
    [
      'lost',
      'the record that was in flight is gone',
      (made) => {
        const delivery = a();
        const offset = accept(made, delivery);
        made.task(new PaperDelivery('other').task(1));
        made.log(new PaperDelivery('other').created());
        made.log(delivery.started(1, offset));
        made.remove(topics.deliveries, (message) => Number(message.offset) === offset);
        return delivery;
      },
    ],
    [
      'left_behind',
      'the owner went past a record that is due',
      (made) => {
        const delivery = a();
        accept(made, delivery);
        made.clock += 20 * MINUTE_MS;
        succeed(made, new PaperDelivery('later'));
        return delivery;
      },
    ],
    [
      'left_behind',
      'an attempt began, and the owner went on without an answer',
      (made) => {
        const delivery = a();
        made.log(delivery.started(1, accept(made, delivery)));
        made.clock += 20 * MINUTE_MS;
        succeed(made, new PaperDelivery('later'));
        return delivery;
      },
    ],
    [
      'left_behind',
      'the mover went past a record of its tier',
      (made) => {
        const delivery = a();
        failOnce(made, delivery);
        made.clock += 20 * MINUTE_MS;
        const later = new PaperDelivery('later');
        failOnce(made, later);
        made.task(later.task(2));
        return delivery;
      },
    ],
    [
      'created_without_record',
      'fan-out told of a delivery and did not write it',
      (made) => {
        made.log(a().created());
        return a();
      },
    ],
    [
      'record_without_created',
      'a record of which no fact tells',
      (made) => {
        made.task(a().task(1));
        return a();
      },
    ],
    [
      'record_without_created',
      'attempts of a delivery that was never created',
      (made) => {
        const delivery = a();
        const offset = made.task(delivery.task(1));
        made.log(delivery.started(1, offset), delivery.finished(1, 'succeeded'));
        return delivery;
      },
    ],
    [
      'parked_without_bit',
      'the bit was never written',
      (made) => {
        const delivery = a();
        park(made, delivery);
        made.checkpoint();
        return delivery;
      },
    ],
    [
      'parked_without_bit',
      'the bit was taken away before anything else became of it',
      (made) => {
        const delivery = a();
        made.bits('ep_a', [park(made, delivery)]);
        made.bits('ep_a', [], [0]);
        made.checkpoint();
        return delivery;
      },
    ],
    [
      'parked_without_bit',
      'the bit stands under another endpoint',
      (made) => {
        const delivery = a();
        const other = new PaperDelivery('other', 'ep_b');
        const offset = park(made, other);
        park(made, delivery);
        made.bits('ep_b', [offset]);
        made.checkpoint();
        return delivery;
      },
    ],
    [
      'parked_bit_without_delivery',
      'the bit of one that has succeeded',
      (made) => {
        const delivery = a();
        made.bits('ep_a', [succeed(made, delivery)]);
        made.checkpoint();
        return delivery;
      },
    ],
    [
      'parked_bit_without_delivery',
      'the bit of one whose next attempt is planned',
      (made) => {
        const delivery = a();
        failOnce(made, delivery);
        made.bits('ep_a', [0]);
        made.checkpoint();
        return delivery;
      },
    ],
    [
      'parked_bit_without_delivery',
      'a bit where nothing lies',
      (made) => {
        made.bits('ep_a', [17]);
        made.checkpoint();
        return null;
      },
    ],
    [
      'forked',
      'two attempts wait at once',
      (made) => {
        const delivery = a();
        failOnce(made, delivery);
        made.task(delivery.task(3, { remainingDelayMs: 30_000 }), '30s');
        return delivery;
      },
    ],
    [
      'forked',
      'an attempt waits after a success',
      (made) => {
        const delivery = a();
        succeed(made, delivery);
        made.task(delivery.task(2, { remainingDelayMs: 5_000 }), '5s');
        return delivery;
      },
    ],
    [
      'forked',
      'an attempt began again after the next one had ended',
      (made) => {
        const delivery = a();
        failOnce(made, delivery);
        const offset = made.task(delivery.task(2));
        made.log(delivery.started(2, offset), delivery.finished(2, 'succeeded'));
        made.rewriteFacts((fact) => (fact.kind === 'attempt-finished' && fact.attempt === 2 ? null : fact));
        made.log(delivery.started(1, 0));
        return delivery;
      },
    ],
    [
      'forked',
      'an attempt of an older epoch began',
      (made) => {
        const delivery = a();
        failOnce(made, delivery);
        const offset = made.task(delivery.task(1, { epoch: 1 }));
        made.log(delivery.reopened(1), delivery.started(1, offset, 1));
        made.log(delivery.started(2, 0));
        return delivery;
      },
    ],
    [
      'forked',
      'two commands opened the same epoch',
      (made) => {
        const delivery = a();
        succeed(made, delivery);
        made.task(delivery.task(1, { epoch: 1 }));
        made.log(delivery.reopened(1, 'cmd-x'), delivery.reopened(1, 'cmd-y'));
        return delivery;
      },
    ],
    [
      'forked',
      'a repeat is parked beside its original',
      (made) => {
        const delivery = a();
        const first = park(made, delivery);
        made.bits('ep_a', [first, park(made, delivery)]);
        made.checkpoint();
        return delivery;
      },
    ],
    [
      'epoch_without_reopened',
      'a record of an epoch that nothing opened',
      (made) => {
        const delivery = a();
        succeed(made, delivery);
        made.task(delivery.task(1, { epoch: 1 }));
        return delivery;
      },
    ],
    [
      'epoch_without_reopened',
      'attempts of an epoch that nothing opened',
      (made) => {
        const delivery = a();
        succeed(made, delivery);
        const offset = made.task(delivery.task(1, { epoch: 1 }));
        made.log(delivery.started(1, offset, 1), delivery.finished(1, 'succeeded', 1));
        return delivery;
      },
    ],
    [
      'terminal_twice',
      'cancelled after it had succeeded',
      (made) => {
        const delivery = a();
        succeed(made, delivery);
        made.log(delivery.ended(1, 'cancelled'));
        return delivery;
      },
    ],
    [
      'terminal_twice',
      'succeeded after it had been cancelled',
      (made) => {
        const delivery = a();
        const offset = accept(made, delivery);
        made.log(delivery.started(1, offset), delivery.ended(1, 'cancelled'), delivery.finished(1, 'succeeded'));
        return delivery;
      },
    ],
    [
      'terminal_twice',
      'one request that both failed and succeeded',
      (made) => {
        const delivery = a();
        const offset = accept(made, delivery);
        made.task(delivery.task(1), 'dead-letter');
        made.log(delivery.started(1, offset), delivery.finished(1, 'failed'), delivery.finished(1, 'succeeded'));
        return delivery;
      },
    ],
    [
      'sent_after_end',
      'sent after it was cancelled',
      (made) => {
        const delivery = a();
        const offset = accept(made, delivery);
        made.log(delivery.ended(1, 'cancelled'), delivery.started(1, offset), delivery.finished(1, 'retry'));
        return delivery;
      },
    ],
    [
      'sent_after_end',
      'the next attempt was sent after a success',
      (made) => {
        const delivery = a();
        const offset = succeed(made, delivery);
        made.log(delivery.started(2, offset));
        return delivery;
      },
    ],
    [
      'attempts_not_contiguous',
      'an attempt was left out',
      (made) => {
        const delivery = a();
        failOnce(made, delivery);
        const offset = made.task(delivery.task(3));
        made.log(delivery.started(3, offset), delivery.finished(3, 'succeeded'));
        return delivery;
      },
    ],
    [
      'finished_without_started',
      'an answer to a request that nothing told of',
      (made) => {
        const delivery = a();
        accept(made, delivery);
        made.log(delivery.finished(1, 'succeeded'));
        return delivery;
      },
    ],
    [
      'failed_without_dead_letter',
      'its task is nowhere when it has failed',
      (made) => {
        const delivery = a();
        made.log(delivery.started(1, accept(made, delivery)), delivery.finished(1, 'failed'));
        return delivery;
      },
    ],
    [
      'unreadable',
      'a record of the log that is none',
      (made) => {
        made.write({ topic: topics.deliveryLog, key: null, value: Buffer.from('garbage'), headers: {} });
        return null;
      },
    ],
    [
      'unreadable',
      'a fact of an unknown kind',
      (made) => {
        made.log({ ...a().created(), kind: 'sideways' } as unknown as DeliveryFact);
        return null;
      },
    ],
    [
      'unreadable',
      'a fact with an attempt that cannot be',
      (made) => {
        const delivery = a();
        succeed(made, delivery);
        made.log({ ...delivery.started(2, 0), attempt: -1 } as DeliveryFact);
        return null;
      },
    ],
    [
      'unreadable',
      'a record of deliveries that is no task',
      (made) => {
        made.write({ topic: topics.deliveries, key: 'ep_a', value: Buffer.from('{}'), headers: {} });
        return null;
      },
    ],
    [
      'unreadable',
      'a command that is none',
      (made) => {
        made.write({
          topic: topics.deliveries,
          key: 'ep_a',
          value: Buffer.alloc(0),
          headers: { 'millrace-command': '{' },
        });
        return null;
      },
    ],
    [
      'unreadable',
      'a record of the dispatch state that is none',
      (made) => {
        made.write({ topic: topics.dispatchState, key: 'parked/ep_a/0', value: Buffer.from('{}'), headers: {} });
        return null;
      },
    ],
  ];

  it.each(cases)('%s: %s', async (kind, _name, build) => {
    let delivery: PaperDelivery | null = null;
    const made = site((each) => {
      delivery = build(each);
    });
    const result = await check(made);
    expect(result.addsUp).toBe(false);
    expect(result.findings.map((finding) => finding.kind)).toEqual([kind]);
    const [finding] = result.findings;
    if (delivery === null) expect(finding).toMatchObject({ deliveryId: null, eventId: null });
    else {
      const { id, name } = delivery as PaperDelivery;
      expect(finding).toMatchObject({ deliveryId: id, eventId: `evt_${name}`, endpointId: 'ep_a', tenant: 'default' });
    }
    expect(finding!.where).not.toBeNull();
    expect(finding!.what).toMatch(/^[a-z].{15,}/);
    const { accepted, ...states } = result.totals;
    expect(Object.values(states).reduce((total, each) => total + each, 0)).toBe(accepted);
    const unplaced = ['lost', 'left_behind', 'created_without_record', 'parked_without_bit'].includes(kind);
    expect(result.totals.unexplained).toBe(unplaced ? 1 : 0);
  });

  it('has a case for every kind', () => {
    // That an event has no delivery is asked for by an option, and tested beside it.
    const kinds = ['never_created', ...cases.map(([kind]) => kind)];
    expect([...new Set(kinds)].sort()).toEqual([...FINDING_KINDS].sort());
  });
});

describe('what is no finding', () => {
  it('says what is overdue when nobody works', async () => {
    const made = site((each) => {
      failOnce(each, a());
      accept(each, new PaperDelivery('b'));
      each.clock += 60 * MINUTE_MS;
    });
    const result = await check(made);
    expect(result).toMatchObject({ addsUp: true, overdue: { deliveries: 2 }, totals: { pending: 1, retrying: 1 } });
    expect(result.overdue.oldestDueAt).not.toBeNull();
  });

  it('an unusable record that stands in the quarantine', async () => {
    const made = site((each) => {
      each.write({ topic: topics.deliveries, key: 'x', value: Buffer.from('x'), headers: {} });
      const [message] = each.messages(topics.deliveries);
      each.write(encodeRejection(topics.eventsRejected, message!, { code: 'unusable_task', detail: '' }, T0));
    });
    expect(await check(made)).toMatchObject({ addsUp: true, quarantined: 1 });
  });

  it('a delivery whose created fact is no longer kept is counted apart', async () => {
    const made = site((each) => {
      failOnce(each, a());
      accept(each, new PaperDelivery('b'));
      each.keepFrom(topics.deliveryLog, 1);
    });
    const result = await check(made);
    expect(result).toMatchObject({ addsUp: true, createdBefore: 1, totals: { accepted: 1, pending: 1 } });
    expect(result.keptFrom).toEqual([
      { topic: topics.deliveryLog, partition: 0, offset: '1', time: expect.stringMatching(/^2026-/) },
    ]);
  });

  it('a delivery whose record is no longer kept has a sum of its own', async () => {
    const made = site((each) => {
      accept(each, a());
      each.clock += 10 * MINUTE_MS;
      succeed(each, new PaperDelivery('b'));
      each.keepFrom(topics.deliveries, 1);
    });
    expect(await check(made)).toMatchObject({ addsUp: true, totals: { accepted: 2, succeeded: 1, notKept: 1 } });
  });

  it('but a parked bit of a record that is no longer kept is one', async () => {
    const made = site((each) => {
      const offset = park(each, a());
      each.clock += 10 * MINUTE_MS;
      succeed(each, new PaperDelivery('b'));
      each.bits('ep_a', [offset]);
      each.checkpoint();
      each.keepFrom(topics.deliveries, 1);
    });
    const result = await check(made);
    expect(result.findings).toMatchObject([{ kind: 'parked_bit_without_delivery', deliveryId: null }]);
    expect(result.findings[0]!.what).toContain('no longer kept');
  });
});

describe('the scope', () => {
  it('of one endpoint', async () => {
    const made = site((each) => {
      each.log(a().created());
      const other = new PaperDelivery('b', 'ep_b');
      each.bits('ep_a', [999]);
      each.task(other.task(1));
      each.log(other.created());
      each.checkpoint();
    });
    expect((await check(made)).findings.map(({ kind }) => kind)).toEqual([
      'created_without_record',
      'parked_bit_without_delivery',
    ]);
    const result = await check(made, { endpointId: 'ep_b' });
    expect(result).toMatchObject({ addsUp: true, totals: { accepted: 1, pending: 1 } });
    expect(result.endpoints).toEqual([expect.objectContaining({ endpointId: 'ep_b', deleted: true, pending: 1 })]);
  });

  it.each<[string, (made: PaperSite) => void]>([
    ['that is configured and got nothing', (made) => made.endpoint('ep_b')],
    ['that was deleted', (made) => made.deleteEndpoint('ep_b')],
    ['of which only a delivery tells', (made) => void accept(made, new PaperDelivery('b', 'ep_b'))],
  ])('of one endpoint %s', async (_name, tell) => {
    expect(await check(site(tell), { endpointId: 'ep_b' })).toMatchObject({ addsUp: true });
  });

  it('of one endpoint of which only a bit tells', async () => {
    const made = site((each) => {
      each.bits('ep_b', [9]);
      each.checkpoint();
    });
    expect(await check(made, { endpointId: 'ep_b' })).toMatchObject({
      findings: [{ kind: 'parked_bit_without_delivery', endpointId: 'ep_b' }],
    });
  });

  it('of an endpoint that nobody knows is refused', async () => {
    const made = site((each) => {
      each.endpoint('ep_a');
      accept(each, a());
      each.clock += 30 * MINUTE_MS;
    });
    await expect(check(made, { endpointId: 'ep_b' })).rejects.toThrow(
      'ep_b: no endpoint with this id is in the topics, neither among the endpoints nor in a delivery.',
    );
    const since = made.clock;
    await expect(check(made, { endpointId: 'ep_b', since })).rejects.toThrow(
      `nor in a delivery since ${new Date(since).toISOString()}.`,
    );
    expect(await check(made, { endpointId: 'ep_a', since })).toMatchObject({ addsUp: true, totals: { accepted: 0 } });
  });

  it('since a time: what was created before is counted apart, and judged no more', async () => {
    const made = site((each) => {
      failOnce(each, a());
      each.log(new PaperDelivery('lost before').created());
      each.clock += 30 * MINUTE_MS;
    });
    const since = made.clock;
    const older = a();
    made.log(older.started(2, made.task(older.task(2))));
    succeed(made, new PaperDelivery('b'));
    made.log(new PaperDelivery('c').created());
    const result = await check(made, { since });
    expect(result.findings).toMatchObject([{ kind: 'created_without_record', eventId: 'evt_c' }]);
    expect(result).toMatchObject({ createdBefore: 1, totals: { accepted: 2, succeeded: 1, unexplained: 1 } });
    expect(result.scope.since).toBe(new Date(since).toISOString());
  });

  it('since a time: a record that came well after it and was never created is found', async () => {
    const made = site((each) => {
      accept(each, a());
      each.clock += 30 * MINUTE_MS;
    });
    const since = made.clock;
    made.clock += 5 * MINUTE_MS;
    made.task(new PaperDelivery('b').task(1));
    expect((await check(made, { since })).findings).toMatchObject([
      { kind: 'record_without_created', eventId: 'evt_b' },
    ]);
  });
});

describe('a running system', () => {
  it('what was in motion at the capture is read on, and adds up', async () => {
    const made = new PaperSite();
    const delivery = a();
    made.log(delivery.created());
    const before = made.written;
    made.task(delivery.task(1));
    made.show(before);
    const waits: number[] = [];
    const result = await check(made, {
      settleMs: 7,
      wait: async (ms) => {
        waits.push(ms);
        made.show(Number.POSITIVE_INFINITY);
      },
    });
    expect(result).toMatchObject({ addsUp: true, totals: { accepted: 1, pending: 1 }, read: { passes: 1 } });
    expect(waits).toEqual([7]);
  });

  it('what stays wrong is told after as many passes as were asked for', async () => {
    const made = site((each) => void each.log(a().created()));
    expect(await check(made, { passes: 4 })).toMatchObject({ addsUp: false, read: { passes: 4 } });
  });

  it('what is wrong in another way each time is given more time', async () => {
    const made = new PaperSite();
    const delivery = a();
    made.log(delivery.created());
    const shows = [made.written];
    const offset = made.task(delivery.task(1));
    made.log(delivery.started(1, offset), delivery.finished(1, 'retry'));
    shows.push(made.written);
    made.task(delivery.task(2));
    made.show(shows[0]!);
    let waits = 0;
    const result = await check(made, {
      passes: 1,
      wait: async () => made.show(shows[++waits] ?? Number.POSITIVE_INFINITY),
    });
    expect(result).toMatchObject({ addsUp: true, read: { passes: 2 } });
  });
});

it('topics with different partitions cannot be followed', async () => {
  const made = new PaperSite(3);
  const reader = made.reader();
  const broken = {
    ...reader,
    ends: async (topic: string) => (topic === topics.retry('5s') ? new Map([[0, 0n]]) : reader.ends(topic)),
  };
  await expect(reconcileWith(broken, topics, {})).rejects.toThrow(/p\.retry\.5s has 1/);
});
