import type { EndpointSums, Reconciliation, Sums } from '../reconciliation';
import { lineOf, ProgressLine } from './progress-line';
import { type ReportSource, reportText } from './report-text';

const sums = (over: Partial<Sums> = {}): Sums => ({
  accepted: 0,
  succeeded: 0,
  failed: 0,
  cancelled: 0,
  expired: 0,
  pending: 0,
  retrying: 0,
  parked: 0,
  unexplained: 0,
  notKept: 0,
  ...over,
});

const endpoint = (endpointId: string, over: Partial<EndpointSums> = {}): EndpointSums => ({
  endpointId,
  tenant: 'default',
  deleted: false,
  ...sums(),
  ...over,
});

const result = (over: Partial<Reconciliation> = {}): Reconciliation => ({
  v: 1,
  addsUp: true,
  at: '2026-02-17T13:00:00.000Z',
  scope: { since: null, endpointId: null },
  totals: sums({ accepted: 12_345, succeeded: 12_300, parked: 45 }),
  endpoints: [endpoint('ep_a', { accepted: 12_345, succeeded: 12_300, parked: 45 })],
  findings: [],
  createdBefore: 0,
  overdue: { deliveries: 0, oldestDueAt: null },
  attempts: { requests: 12_301, answers: 12_300, repeats: 1, commandsRefused: 0 },
  events: null,
  quarantined: 0,
  keptFrom: [],
  read: { facts: 37_000, records: 12_400, partitions: 12, passes: 0, durationMs: 370 },
  ...over,
});

const SOURCE: ReportSource = { brokers: ['a:9092', 'b:9092'], topicPrefix: 'millrace.', localStack: null };

const FINDING = {
  kind: 'lost',
  deliveryId: '019c6b1c-7d00-8abc-9def-0123456789ab',
  tenant: 'default',
  endpointId: 'ep_a',
  eventId: 'evt_1',
  epoch: 0,
  attempt: 2,
  what: 'no record of attempt 2 lies anywhere',
  where: { topic: 'millrace.delivery-log', partition: 3, offset: '77' },
} as const;

describe('the text', () => {
  it('of a log that adds up', () => {
    expect(reportText(result(), SOURCE, 100)).toBe(`Kafka at a:9092, b:9092, topics millrace.*
Deliveries of all endpoints, everything that is kept, as of 2026-02-17T13:00:00.000Z
37,000 facts, 12,400 records, 12 partitions, 0.4 s (100,000 facts/s)

    accepted              12,345
  = succeeded             12,300
  + failed                     0
  + cancelled                  0
  + expired                    0
  + pending                    0
  + retrying                   0
  + parked                    45
  + unexplained                0

  endpoint  accepted  succeeded  failed  cancelled  expired  pending  retrying  parked  unexplained
  ep_a        12,345     12,300       0          0        0        0         0      45            0

12,301 requests, 12,300 with an answer on record, 1 repeated after a crash

Every delivery is accounted for.
`);
  });

  it('names the local stack that was read', () => {
    const text = reportText(result(), { ...SOURCE, brokers: ['127.0.0.1:19092'], localStack: '/home/me/.millrace' }, 0);
    expect(text).toMatch(
      /^Kafka at 127\.0\.0\.1:19092, topics millrace\.\*, the local stack in \/home\/me\/\.millrace\n/,
    );
  });

  it('names what does not add up', () => {
    const text = reportText(result({ addsUp: false, findings: [FINDING] }), SOURCE, 100);
    expect(text).toContain(`lost: no record of attempt 2 lies anywhere
    delivery 019c6b1c-7d00-8abc-9def-0123456789ab, event evt_1, endpoint ep_a, attempt 2
    at millrace.delivery-log/3/77`);
    expect(text).toContain('1 finding: it does not add up.');
  });

  it('says how often it read on', () => {
    const { read } = result();
    expect(reportText(result({ read: { ...read, passes: 1 } }), SOURCE, 0)).toContain(
      'facts/s), read on once for what',
    );
    expect(reportText(result({ read: { ...read, passes: 3 } }), SOURCE, 0)).toContain(
      'facts/s), read on 3 times for what',
    );
  });

  it('prints as many findings as were asked for, and says how many there are', () => {
    const text = reportText(result({ addsUp: false, findings: Array(30).fill(FINDING) }), SOURCE, 7);
    expect(text.match(/^lost:/gm)).toHaveLength(7);
    expect(text).toContain('… and 23 more');
    expect(text).toContain('30 findings');
  });

  it('lists the endpoints with something unexplained first', () => {
    const many = Array.from({ length: 50 }, (_each, n) =>
      endpoint(`ep_${n}`, { accepted: n, unexplained: n === 3 ? 1 : 0 }),
    );
    const text = reportText(result({ endpoints: many }), SOURCE, 100);
    expect(text.match(/^ {2}ep_.*$/gm)).toHaveLength(20);
    expect(text.indexOf('ep_3 ')).toBeLessThan(text.indexOf('ep_49'));
    expect(text).toContain('and 30 more endpoints');
  });

  it('says what was not judged, and why', () => {
    const text = reportText(
      result({
        totals: sums({ accepted: 3, succeeded: 1, notKept: 2 }),
        createdBefore: 4,
        quarantined: 5,
        events: { read: 7, expected: 8, undecided: 9 },
        overdue: { deliveries: 6, oldestDueAt: '2026-02-17T12:00:00.000Z' },
        keptFrom: [
          { topic: 'millrace.delivery-log', partition: 0, offset: '9', time: '2026-01-13T00:00:00.000Z' },
          { topic: 'millrace.delivery-log', partition: 1, offset: '9', time: '2026-01-14T00:00:00.000Z' },
        ],
      }),
      SOURCE,
      100,
    );
    for (const line of [
      '  + record no longer kept 2',
      '6 deliveries overdue, the first since 2026-02-17T12:00:00.000Z',
      '4 deliveries whose creation the log no longer holds',
      '2 deliveries not ended, whose record lies before the beginning',
      '7 events, from which 8 deliveries had to come; of 9 more it cannot be told',
      '5 unusable records, all in the quarantine',
      'millrace.delivery-log begins at 2026-01-14T00:00:00.000Z in 2 partitions',
    ])
      expect(text).toContain(line);
  });
});

describe('the progress', () => {
  const progress = { done: 2, partitions: 12, records: 1_000, facts: 300_000, pass: 0, suspects: 3 };

  it('tells how much was read, and then what it waits for', () => {
    expect(lineOf(progress, 2)).toBe('2 of 12 partitions, 1,000 records, 300,000 facts, 150,000 facts/s');
    expect(lineOf({ ...progress, pass: 1 }, 2)).toContain('3 deliveries do not add up yet, reading on (1)');
  });

  it.each([
    [true, 1],
    [false, 0],
  ])('is written on a terminal only: %p', (isTTY, lines) => {
    const written: string[] = [];
    const line = new ProgressLine({ isTTY, write: (text) => written.push(text) });
    line.show(progress);
    line.show(progress);
    expect(written).toHaveLength(lines);
    line.clear();
    expect(written).toHaveLength(lines * 2);
  });
});
