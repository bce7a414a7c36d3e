import { type Endpoint, eventKey, runReceiverId } from '@millrace/domain';
import {
  type DeliveryFact,
  encodeEvent,
  encodeRejection,
  type OutgoingMessage,
  SCHEMA_VIOLATION,
  SCHEMA_WARNING,
} from '@millrace/protocol';
import { PaperDelivery, PaperSite, topics } from '../../test/paper-site';
import { reconcileWith } from '../reconcile';
import type { ReconcileOptions } from '../reconcile-options';

const MINUTE_MS = 60_000;
const EVENTS = topics.events('mes');

const event = (
  name: string,
  over: { type?: string; tenant?: string; subject?: string | null; source?: string; data?: string } = {},
) => ({
  id: name,
  key: eventKey(over.tenant ?? 'default', over.source ?? '/press', name),
  sourceId: name,
  tenant: 'default',
  type: 'machine.alarm',
  source: '/press',
  subject: null,
  time: '2026-02-17T13:00:00.000Z',
  data: '{"code":17}',
  traceparent: null,
  ...over,
});

/** A site on paper whose fan-out is told by hand what to do. */
class FanOutOnPaper {
  readonly site = new PaperSite();

  constructor(endpoints: readonly (Partial<Endpoint> & { id: string })[] = [{ id: 'ep_a' }]) {
    for (const { id, ...over } of endpoints) this.site.endpoint(id, over);
    this.site.clock += 10 * MINUTE_MS;
  }

  /** Answers when Kafka accepted it. */
  publish(name: string, over: Parameters<typeof event>[1] = {}): number {
    this.site.write(encodeEvent(EVENTS, event(name, over)));
    return this.site.clock;
  }

  make(name: string, acceptedAt: number, endpointId = 'ep_a'): void {
    const delivery = new PaperDelivery(name, endpointId);
    this.site.task(delivery.task(1));
    this.site.log({ ...delivery.created(), eventKey: event(name).key, eventId: name, acceptedAt } as DeliveryFact);
  }

  /** An event that became a delivery, as proof of how far fan-out has come. */
  fannedOut(name = 'proof'): void {
    this.make(name, this.publish(name));
  }

  check(options: ReconcileOptions = {}) {
    return reconcileWith(this.site.reader(), topics, {
      eventModules: ['mes'],
      passes: 2,
      settleMs: 0,
      wait: async () => {},
      now: () => this.site.clock,
      ...options,
    });
  }
}

describe('an event without a delivery', () => {
  it('is found, and named, when fan-out has gone past it', async () => {
    const paper = new FanOutOnPaper();
    paper.publish('lost');
    paper.fannedOut();
    const result = await paper.check();
    expect(result).toMatchObject({ addsUp: false, events: { read: 2, expected: 2, undecided: 0 } });
    expect(result.findings).toEqual([
      {
        kind: 'never_created',
        deliveryId: null,
        tenant: 'default',
        endpointId: 'ep_a',
        eventId: 'lost',
        epoch: null,
        attempt: null,
        what: expect.stringContaining('no delivery was made'),
        where: { topic: EVENTS, partition: 0, offset: '0' },
      },
    ]);
  });

  it('is found when only one of its deliveries is missing', async () => {
    const paper = new FanOutOnPaper([{ id: 'ep_a' }, { id: 'ep_b' }]);
    paper.make('half', paper.publish('half'), 'ep_b');
    expect((await paper.check()).findings).toMatchObject([
      { kind: 'never_created', endpointId: 'ep_a', eventId: 'half' },
    ]);
    expect((await paper.check({ endpointId: 'ep_b' })).addsUp).toBe(true);
  });

  const nothing: [
    string,
    (paper: FanOutOnPaper) => void,
    { endpoints?: (Partial<Endpoint> & { id: string })[]; undecided?: number }?,
  ][] = [
    ['it has its delivery', (paper) => paper.fannedOut(), {}],
    ['fan-out has not come so far', (paper) => void paper.publish('new'), { undecided: 1 }],
    [
      'only a repeat of an earlier event comes after it',
      (paper) => {
        paper.fannedOut('repeated');
        paper.publish('new');
        paper.publish('repeated');
      },
      { undecided: 1 },
    ],
    [
      'a recovery may have made what comes after it',
      (paper) => {
        const order = {
          v: 1,
          recoveryId: 'rec_1',
          tenant: 'default',
          endpointId: 'ep_a',
          only: 'missing',
          since: 0,
          until: 1,
        };
        const more = {
          eventTypes: null,
          dryRun: false,
          perSecond: 10,
          wanted: 'run',
          version: 1,
          by: 'key',
          createdAt: 0,
        };
        const value = Buffer.from(JSON.stringify({ ...order, ...more }));
        paper.site.write({ topic: topics.recoveries, key: 'rec_1', value, headers: {} });
        paper.publish('new');
        paper.fannedOut();
      },
      { undecided: 1 },
    ],
    [
      'its endpoint was changed since',
      (paper) => {
        paper.publish('before');
        paper.fannedOut();
        paper.site.endpoint('ep_a', { version: 2 });
      },
      { undecided: 1 },
    ],
    [
      'its endpoint was deleted',
      (paper) => {
        paper.publish('before');
        paper.fannedOut();
        paper.site.deleteEndpoint('ep_a');
      },
    ],
    [
      'it is in the quarantine',
      (paper) => {
        paper.publish('refused');
        const [message] = paper.site.messages(EVENTS);
        paper.site.write(encodeRejection(topics.eventsRejected, message!, { code: 'unknown_contract', detail: '' }, 0));
        paper.fannedOut();
      },
    ],
    [
      'it was rejected by the schema of its type',
      (paper) => {
        paper.publish('unfit');
        const [message] = paper.site.messages(EVENTS);
        paper.site.write(encodeRejection(topics.eventsRejected, message!, { code: SCHEMA_VIOLATION, detail: '' }, 0));
        paper.fannedOut();
      },
    ],
    [
      'it is no event',
      (paper) => {
        const garbage: OutgoingMessage = { topic: EVENTS, key: null, value: Buffer.from('?'), headers: { ce_id: '1' } };
        paper.site.write(garbage);
        paper.fannedOut();
      },
    ],
    [
      'it is of another type',
      (paper) => {
        paper.publish('other', { type: 'order.created' });
        paper.fannedOut();
      },
      { endpoints: [{ id: 'ep_a', eventTypes: ['machine.*'] }] },
    ],
    [
      'it is of another tenant',
      (paper) => {
        paper.publish('other', { tenant: 'acme' });
        paper.fannedOut();
      },
    ],
    [
      'the filter does not want it',
      (paper) => {
        paper.publish('other', { data: '{"code":18}' });
        paper.fannedOut();
      },
      { endpoints: [{ id: 'ep_a', filter: { code: 17 } }] },
    ],
    [
      'it is about the endpoint itself',
      (paper) => {
        paper.publish('down', { type: 'endpoint.down', source: '/millrace/operations', subject: 'ep_a' });
        paper.fannedOut();
      },
    ],
    [
      'its endpoint has a contract of a newer release',
      (paper) => {
        paper.publish('new');
        paper.make('proof', paper.publish('proof'), 'ep_b');
      },
      { endpoints: [{ id: 'ep_a', contract: 'tomorrow' }] },
    ],
    [
      'the log may not hold its creation any more',
      (paper) => {
        paper.publish('old');
        paper.fannedOut('first');
        paper.site.clock += 10 * MINUTE_MS;
        paper.fannedOut('second');
        paper.site.keepFrom(topics.deliveryLog, 1);
      },
      { undecided: 2 },
    ],
  ];

  it.each(nothing)(
    'is no finding when %s',
    async (_name, build, { endpoints = [{ id: 'ep_a' }], undecided = 0 } = {}) => {
      const paper = new FanOutOnPaper(endpoints);
      build(paper);
      const result = await paper.check();
      expect(result.findings.filter(({ kind }) => kind === 'never_created')).toEqual([]);
      expect(result.events).toMatchObject({ undecided });
    },
  );

  it.each(['run_url_refused', 'unrepresentable'])(
    'is found although the quarantine has it as %s, since its other receivers get it',
    async (code) => {
      const paper = new FanOutOnPaper([{ id: 'ep_a' }, { id: 'ep_mes', contract: 'mes' }]);
      const data = '{"code":17,"n":12345678901234567890}';
      const acceptedAt = paper.publish('lost', { data });
      const [message] = paper.site.messages(EVENTS);
      paper.site.write(encodeRejection(topics.eventsRejected, message!, { code, detail: '' }, 0));
      if (code === 'run_url_refused') paper.make('lost', acceptedAt, 'ep_mes');
      const proof = paper.publish('proof');
      paper.make('proof', proof);
      paper.make('proof', proof, 'ep_mes');
      const { findings } = await paper.check();
      expect(findings.map(({ kind }) => kind)).toEqual(['never_created']);
      expect(JSON.stringify(findings)).toContain('ep_a');
    },
  );

  it('is found for the receiver that a run brings itself', async () => {
    const standing = { id: 'ep_runs', contract: 'eclips', runUrls: true, eventTypes: [] };
    const paper = new FanOutOnPaper([{ id: 'ep_a', eventTypes: ['run.*'] }, standing]);
    const run = (name: string) =>
      paper.publish(name, { type: 'run.completed', data: '{"webhook_url":"https://agents.example/17"}' });
    const receiver = runReceiverId('ep_runs', 'https://agents.example');
    const lost = run('lost');
    paper.make('lost', lost);
    const proof = run('proof');
    paper.make('proof', proof);
    paper.make('proof', proof, receiver);
    const { findings } = await paper.check();
    expect(findings.map(({ kind }) => kind)).toEqual(['never_created']);
    expect(JSON.stringify(findings)).toContain(receiver);
  });

  it('is found although a warning about it stands in the quarantine, since what is warned about is delivered', async () => {
    const paper = new FanOutOnPaper();
    paper.publish('warned');
    const [message] = paper.site.messages(EVENTS);
    paper.site.write(encodeRejection(topics.eventsRejected, message!, { code: SCHEMA_WARNING, detail: '' }, 0));
    paper.fannedOut();
    expect((await paper.check()).findings).toMatchObject([{ kind: 'never_created', eventId: 'warned' }]);
  });

  it('is no finding when its delivery comes while it is read on', async () => {
    const paper = new FanOutOnPaper([{ id: 'ep_a' }, { id: 'ep_b' }]);
    const acceptedAt = paper.publish('late');
    paper.make('late', acceptedAt, 'ep_b');
    const result = await paper.check({ wait: async () => paper.make('late', acceptedAt) });
    expect(result).toMatchObject({ addsUp: true, read: { passes: 1 } });
  });

  it('of before the time that is asked for is not looked at', async () => {
    const paper = new FanOutOnPaper();
    paper.publish('lost');
    paper.site.clock += 10 * MINUTE_MS;
    const since = paper.site.clock;
    paper.site.clock += 5 * MINUTE_MS;
    paper.publish('lost-too');
    paper.fannedOut();
    const { findings, events } = await paper.check({ since });
    expect(findings).toMatchObject([{ kind: 'never_created', eventId: 'lost-too' }]);
    expect(events).toMatchObject({ read: 2 });
  });

  it('is not looked for unless it is asked for', async () => {
    const paper = new FanOutOnPaper();
    paper.publish('lost');
    paper.fannedOut();
    const { addsUp, events } = await reconcileWith(paper.site.reader(), topics, {});
    expect({ addsUp, events }).toEqual({ addsUp: true, events: null });
  });
});
