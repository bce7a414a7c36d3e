import { type DeliveryTask, type Endpoint, type Outcome, RETRY_TIERS } from '@millrace/domain';
import type { ConsumedRecord } from '@millrace/kafka';
import {
  type DeliveryFact,
  decodeDelivery,
  encodeDelivery,
  type IncomingMessage,
  type OutgoingMessage,
  topicNames,
} from '@millrace/protocol';
import { createLogger } from '@millrace/telemetry';
import { Dispatcher } from './dispatcher';
import type { LaneLimits } from './lanes';

const topics = topicNames('t.');
const NOW = 1_760_000_000_000;

const endpoint = (more: Partial<Endpoint> = {}): Endpoint => ({
  id: 'ep_1',
  tenant: 'default',
  version: 1,
  url: 'https://receiver.example/hook',
  eventTypes: ['*'],
  filter: null,
  contract: 'standard',
  headers: { authorization: 'Bearer of the customer' },
  status: 'active',
  statusReason: null,
  timeoutMs: null,
  description: null,
  createdAt: '2026-01-01T00:00:00Z',
  updatedAt: '2026-01-01T00:00:00Z',
  secrets: [],
  ...more,
});

const task = (more: Partial<DeliveryTask> = {}): DeliveryTask => ({
  deliveryId: 'd1',
  tenant: 'default',
  endpointId: 'ep_1',
  eventId: 'evt_1',
  eventKey: 'k1',
  eventType: 'machine.alarm',
  eventTime: '2026-01-01T00:00:00Z',
  contract: { name: 'standard', version: 1 },
  trigger: { kind: 'event' },
  epoch: 0,
  attempt: 1,
  acceptedAt: NOW,
  firstFailedAt: null,
  expiresAt: NOW + 1_000_000_000_000,
  remainingDelayMs: 0,
  plannedAt: null,
  parked: null,
  parkings: 0,
  ...more,
});

const answer = (status: number, headers: { [name: string]: string } = {}): Outcome => ({
  kind: 'response',
  status,
  headers,
  body: Buffer.from('answer'),
  bodyTruncated: false,
  durationMs: 3,
});

/** The world around a dispatcher, in which every step waits until the test lets it go on. */
const world = (held: Endpoint | undefined, outcomes: (Outcome | 'hangs')[], lanes: Partial<LaneLimits> = {}) => {
  let ticks = 0;
  const happened: string[] = [];
  const tasks: OutgoingMessage[] = [];
  const facts: DeliveryFact[] = [];
  const requests: { headers: ReadonlyArray<readonly [string, string]>; body: Buffer }[] = [];
  let pendingFacts: (() => void)[] = [];
  let directory = held;
  const dispatcher = new Dispatcher(
    {
      lanes: { perEndpoint: 2, queuePerEndpoint: 1, longestWaitMs: 1_000, total: 10, ...lanes },
      timeScale: 1,
      topics,
      seenCapacity: 100,
    },
    {
      directory: {
        get: () => (directory ? { endpoint: directory, matchesData: null } : undefined),
        caughtUp: async () => {},
      },
      keys: { activeFor: () => [] },
      client: {
        send: async (request) => {
          happened.push('request');
          requests.push(request);
          const outcome = outcomes.shift() ?? answer(200);
          return outcome === 'hangs' ? new Promise<Outcome>(() => {}) : outcome;
        },
      },
      tasks: {
        send: async (messages) => {
          for (const message of messages) happened.push(message.topic.slice(2));
          tasks.push(...messages);
          return true;
        },
      },
      log: {
        append: (_partition, fact, acknowledged) => {
          happened.push(fact.kind);
          facts.push(fact);
          pendingFacts.push(acknowledged);
        },
      },
      now: () => NOW,
      ticks: () => ticks,
      random: () => 0,
      newRequestId: () => `r${requests.length + 1}`,
    },
    createLogger('test'),
  );
  const record = (of: DeliveryTask, offset = 0n, current = true, timestamp = NOW) => {
    const out = encodeDelivery(topics.deliveries, { task: of, body: Buffer.from('{"id":"evt_1"}'), traceparent: '' });
    const message: IncomingMessage = {
      topic: out.topic,
      partition: 3,
      offset,
      timestamp,
      key: Buffer.from(out.key!),
      value: out.value,
      headers: Object.fromEntries(Object.entries(out.headers).map(([name, value]) => [name, Buffer.from(value)])),
    };
    const consumed = { message, epoch: 1, current, complete: () => void happened.push(`finished ${offset}`) };
    return consumed as ConsumedRecord & { current: boolean };
  };
  /** Lets Kafka acknowledge the facts written so far, and everything that follows happen. */
  const settleDown = async () => {
    for (let round = 0; round < 20; round++) {
      const acknowledged = pendingFacts;
      pendingFacts = [];
      for (const each of acknowledged) each();
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  return {
    dispatcher,
    happened,
    tasks,
    facts,
    requests,
    record,
    settleDown,
    pass: (ms: number) => {
      ticks += ms;
    },
    change: (to: Endpoint | undefined) => (directory = to),
  };
};

describe('dispatcher', () => {
  it('writes the start, sends, writes the end, and only then finishes the record', async () => {
    const { dispatcher, happened, record, settleDown } = world(endpoint(), [answer(204)]);
    dispatcher.accept(record(task()));
    expect(happened).toEqual(['attempt-started']);
    await settleDown();
    expect(happened).toEqual(['attempt-started', 'request', 'attempt-finished', 'finished 0']);
  });

  it('has the retry acknowledged before the failed attempt is finished', async () => {
    const { dispatcher, happened, tasks, record, settleDown, facts } = world(endpoint(), [answer(500)]);
    dispatcher.accept(record(task()));
    await settleDown();
    expect(happened).toEqual(['attempt-started', 'request', 'retry.5s', 'attempt-finished', 'finished 0']);
    const retry = decodeDelivery({
      ...record(task()).message,
      value: tasks[0]!.value,
      headers: { 'millrace-task': Buffer.from(tasks[0]!.headers['millrace-task']!) },
    })!;
    expect(retry.task).toMatchObject({ attempt: 2, remainingDelayMs: 5_000, firstFailedAt: NOW });
    expect(retry.body.toString()).toBe('{"id":"evt_1"}');
    expect(facts[1]).toMatchObject({ outcome: 'http_500', result: { kind: 'retry', nextAttemptAt: NOW + 5_000 } });
  });

  it("masks the customer's own headers in the log, and sends them", async () => {
    const { dispatcher, requests, record, settleDown, facts } = world(endpoint(), []);
    dispatcher.accept(record(task()));
    await settleDown();
    expect(requests[0]!.headers).toContainEqual(['authorization', 'Bearer of the customer']);
    expect(JSON.stringify(facts)).not.toContain('Bearer of the customer');
  });

  it('gives a repeat that arrives during the attempt the same end, and sends once', async () => {
    const { dispatcher, happened, record, settleDown } = world(endpoint(), []);
    dispatcher.accept(record(task(), 1n));
    dispatcher.accept(record(task(), 2n));
    await settleDown();
    expect(happened).toEqual(['attempt-started', 'request', 'attempt-finished', 'finished 1', 'finished 2']);
  });

  it('drops a repeat of a finished attempt', async () => {
    const { dispatcher, happened, record } = world(endpoint(), []);
    dispatcher.noteFinished('d1', 0, 1, Number.MAX_SAFE_INTEGER);
    dispatcher.accept(record(task(), 7n));
    expect(happened).toEqual(['finished 7']);
  });

  it('drops the parked copy of an attempt that was made after all, because a crash came before its record was finished', async () => {
    const { dispatcher, happened, record, settleDown } = world(endpoint(), [answer(200)]);
    dispatcher.accept(record(task(), 1n));
    await settleDown();
    dispatcher.accept(record(task({ parkings: 1 }), 2n));
    await settleDown();
    expect(happened).toEqual(['attempt-started', 'request', 'attempt-finished', 'finished 1', 'finished 2']);
  });

  it('sends once when the parked copy comes while the original waits again', async () => {
    const { dispatcher, happened, record, settleDown } = world(endpoint(), []);
    dispatcher.accept(record(task(), 1n));
    dispatcher.accept(record(task({ parkings: 1 }), 2n));
    await settleDown();
    expect(happened).toEqual(['attempt-started', 'request', 'attempt-finished', 'finished 1', 'finished 2']);
  });

  it('takes up a parked copy that comes back before its parking is acknowledged', async () => {
    const { dispatcher, happened, record, settleDown, change } = world(endpoint({ status: 'paused' }), []);
    dispatcher.accept(record(task(), 1n));
    await new Promise((resolve) => setImmediate(resolve));
    change(endpoint());
    dispatcher.accept(record(task({ parkings: 1 }), 2n));
    await settleDown();
    expect(happened.filter((what) => what === 'request')).toHaveLength(1);
    expect(happened.at(-1)).toBe('finished 2');
  });

  it('waits no longer than was asked for when our clock was set back', async () => {
    const { dispatcher, happened, record } = world(endpoint(), []);
    dispatcher.accept(record(task({ remainingDelayMs: 5 }), 1n, true, NOW + 3_600_000));
    expect(happened).toEqual([]);
    for (const until = Date.now() + 2_000; happened.length === 0 && Date.now() < until; )
      await new Promise((resolve) => setImmediate(resolve));
    expect(happened).toEqual(['attempt-started']);
  });

  it("sends nothing of one tenant to another tenant's endpoint", async () => {
    const { dispatcher, happened, facts, record, settleDown } = world(endpoint({ tenant: 'other' }), []);
    dispatcher.accept(record(task()));
    await settleDown();
    expect(happened).toEqual(['dead-letter', 'ended', 'finished 0']);
    expect(facts[0]).toMatchObject({ status: 'failed', reason: 'unusable_task' });
  });

  it.each([
    ['paused', endpoint({ status: 'paused', version: 2 }), 'retry.1s'],
    ['deleted', undefined, 'ended'],
  ])('sends nothing of what is queued when its endpoint is %s', async (_what, to, instead) => {
    const { dispatcher, happened, record, settleDown, change } = world(endpoint(), []);
    for (let n = 1; n <= 3; n++) dispatcher.accept(record(task({ deliveryId: `d${n}` }), BigInt(n)));
    change(to);
    await settleDown();
    expect(happened.filter((what) => what === 'request')).toHaveLength(2);
    expect(happened).toContain(instead);
    expect(happened.at(-1)).toBe('finished 3');
  });

  it('sends nothing more of what is queued when the receiver answers 410', async () => {
    const { dispatcher, happened, record, settleDown } = world(endpoint(), [answer(410), answer(410)]);
    for (let n = 1; n <= 3; n++) dispatcher.accept(record(task({ deliveryId: `d${n}` }), BigInt(n)));
    await settleDown();
    expect(happened.filter((what) => what === 'request')).toHaveLength(2);
    expect(happened).toContain('retry.1s');
  });

  it('parks the queue of a receiver that hangs, so that its partition goes on', async () => {
    const { dispatcher, happened, record, settleDown, pass } = world(endpoint(), ['hangs', 'hangs'], {
      queuePerEndpoint: 100,
    });
    for (let n = 1; n <= 50; n++) dispatcher.accept(record(task({ deliveryId: `d${n}` }), BigInt(n)));
    await settleDown();
    pass(3_000);
    dispatcher.parkOverdue();
    await settleDown();
    expect(happened.filter((what) => what === 'request')).toHaveLength(2);
    expect(happened.filter((what) => what.startsWith('finished'))).toHaveLength(47);
  });

  it("does not take Kafka's silence for a receiver's", async () => {
    const { dispatcher, happened, record, pass } = world(endpoint(), [], { queuePerEndpoint: 100 });
    for (let n = 1; n <= 50; n++) dispatcher.accept(record(task({ deliveryId: `d${n}` }), BigInt(n)));
    pass(3_000);
    dispatcher.parkOverdue();
    expect(happened).toEqual(['attempt-started', 'attempt-started']);
  });

  it('when it stops, records what is under way and begins nothing of what waits', async () => {
    const { dispatcher, happened, record, settleDown } = world(endpoint(), []);
    for (let n = 1; n <= 3; n++) dispatcher.accept(record(task({ deliveryId: `d${n}` }), BigInt(n)));
    dispatcher.accept(record(task({ deliveryId: 'd4', remainingDelayMs: 1 }), 4n));
    const stopped = dispatcher.stop(60_000).then(() => happened.push('stopped'));
    dispatcher.accept(record(task({ deliveryId: 'd5' }), 5n));
    await settleDown();
    await stopped;
    expect(happened.filter((what) => what.startsWith('finished'))).toEqual(['finished 1', 'finished 2']);
    expect(happened.filter((what) => what === 'request')).toHaveLength(2);
    expect(happened.at(-1)).toBe('stopped');
  });

  it('gives up waiting for a request that outlasts the drain', async () => {
    const { dispatcher, record } = world(endpoint(), []);
    dispatcher.accept(record(task()));
    await dispatcher.stop(1);
  });

  it.each([
    ['paused', { status: 'paused' }, 'endpoint_paused'],
    ['disabled', { status: 'disabled' }, 'endpoint_disabled'],
  ] as const)('parks what waits for a %s endpoint, without spending an attempt', async (_what, more, reason) => {
    const { dispatcher, happened, tasks, facts, record, settleDown } = world(endpoint(more), []);
    dispatcher.accept(record(task()));
    await settleDown();
    expect(happened).toEqual(['retry.1s', 'parked', 'finished 0']);
    expect(JSON.parse(tasks[0]!.headers['millrace-task']!)).toMatchObject({
      attempt: 1,
      parkings: 1,
      parked: { reason },
    });
    expect(facts[0]).toMatchObject({ reason, parkings: 0 });
  });

  it('parks what does not fit into the lane, and goes on with the rest', async () => {
    const { dispatcher, happened, record, settleDown } = world(endpoint(), []);
    for (let n = 1; n <= 5; n++) dispatcher.accept(record(task({ deliveryId: `d${n}` }), BigInt(n)));
    await settleDown();
    expect(happened.filter((what) => what === 'request')).toHaveLength(3);
    expect(happened.filter((what) => what === 'retry.1s')).toHaveLength(2);
    expect(happened.filter((what) => what.startsWith('finished'))).toHaveLength(5);
  });

  it('cancels what belongs to a deleted endpoint', async () => {
    const { dispatcher, happened, facts, record, settleDown } = world(undefined, []);
    dispatcher.accept(record(task()));
    await settleDown();
    expect(happened).toEqual(['ended', 'finished 0']);
    expect(facts[0]).toMatchObject({ status: 'cancelled', reason: 'endpoint_deleted' });
  });

  it('looks again for an endpoint that its view does not have yet', async () => {
    const { dispatcher, happened, record, settleDown, change } = world(undefined, []);
    dispatcher.accept(record(task()));
    change(endpoint());
    await settleDown();
    expect(happened).toContain('request');
  });

  it('fails the delivery and disables the endpoint when the receiver answers 410, and parks the next', async () => {
    const { dispatcher, happened, tasks, record, settleDown } = world(endpoint(), [answer(410)]);
    dispatcher.accept(record(task()));
    await settleDown();
    expect(happened).toEqual([
      'attempt-started',
      'request',
      'dead-letter',
      'endpoint-lifecycle',
      'attempt-finished',
      'finished 0',
    ]);
    expect(JSON.parse(tasks[1]!.value!.toString())).toMatchObject({
      endpointId: 'ep_1',
      endpointVersion: 1,
      reason: 'receiver_answered_410',
    });
    dispatcher.accept(record(task({ deliveryId: 'd2' }), 1n));
    await settleDown();
    expect(happened.slice(6)).toEqual(['retry.1s', 'parked', 'finished 1']);
  });

  it('dead-letters an exhausted and an expired delivery', async () => {
    const { dispatcher, happened, record, settleDown } = world(endpoint(), [answer(500)]);
    dispatcher.accept(record(task({ attempt: 10 })));
    dispatcher.accept(record(task({ deliveryId: 'd2', expiresAt: NOW - 1 }), 1n));
    await settleDown();
    expect(happened.filter((what) => what === 'dead-letter')).toHaveLength(2);
    expect(happened.filter((what) => what === 'request')).toHaveLength(1);
  });

  it('leaves what another process owns now, and takes it up again when it comes back', async () => {
    const { dispatcher, happened, record, settleDown } = world(endpoint(), []);
    const lost = record(task({ remainingDelayMs: 1 }), 1n);
    dispatcher.accept(lost);
    lost.current = false;
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(happened).toEqual([]);
    dispatcher.accept(record(task(), 1n));
    await settleDown();
    expect(happened).toEqual(['attempt-started', 'request', 'attempt-finished', 'finished 1']);
  });

  it('puts a record that is no task into the quarantine', async () => {
    const { dispatcher, happened, record, settleDown } = world(endpoint(), []);
    const garbage = record(task());
    dispatcher.accept({ ...garbage, message: { ...garbage.message, headers: {} } });
    await settleDown();
    expect(happened).toEqual(['events.rejected', 'finished 0']);
  });

  it('knows a tier for every first delay of the schedule', () => {
    expect(RETRY_TIERS.map((tier) => topics.retry(tier.name))).toContain('t.retry.24h');
  });
});
