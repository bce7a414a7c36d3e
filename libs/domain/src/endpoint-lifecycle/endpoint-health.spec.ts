import fc from 'fast-check';
import { type BreakerRules, STANDARD_BREAKER } from './breaker-rules';
import {
  type AttemptReport,
  abandonProbe,
  admission,
  afterAttempt,
  afterEnabled,
  beginProbe,
  type EndpointDown,
  type EndpointHealth,
  HEALTHY,
  type HealthChange,
} from './endpoint-health';
import { WINDOW_BUCKETS } from './failure-counts';
import { readHealth } from './stored-health';

const AT = 1_760_000_000_000;
const MINUTE = 60_000;

const ONE_TRANSPORT_FAILURE: BreakerRules = {
  countsHttpFailures: false,
  consecutive: { failures: 1, distinctDeliveries: 1 },
  rate: null,
  probeInterval: { firstMs: 10 * MINUTE, longestMs: 10 * MINUTE, factor: 1 },
  disableAfter: null,
};
const disablingAfter = (failures: number, counts: 'deliveries' | 'attempts'): BreakerRules => ({
  ...STANDARD_BREAKER,
  consecutive: { failures: 1_000, distinctDeliveries: 1_000 },
  rate: null,
  disableAfter: { failures, counts },
});

const report = (
  result: AttemptReport['result'],
  deliveryId = 'd',
  more: Partial<AttemptReport> = {},
): AttemptReport => ({
  deliveryId,
  at: AT,
  result,
  operational: false,
  deliveryEnded: false,
  ...more,
});

/** The state and all changes after the reports, in their order. */
const fold = (
  reports: readonly AttemptReport[],
  {
    from = HEALTHY,
    rules = STANDARD_BREAKER,
    timeScale = 1,
  }: { from?: EndpointHealth; rules?: BreakerRules; timeScale?: number } = {},
) => {
  const changes: HealthChange[] = [];
  let health = from;
  for (const each of reports) {
    const step = afterAttempt(health, each, rules, timeScale);
    health = step.health;
    changes.push(...step.changes);
  }
  return { health, changes };
};

const each = (count: number, make: (index: number) => AttemptReport) =>
  Array.from({ length: count }, (_, n) => make(n));
const failures = (count: number, deliveries = count, more: Partial<AttemptReport> = {}) =>
  each(count, (n) => report('http_failure', `d${n % deliveries}`, more));

const down = (more: Partial<EndpointDown> = {}): EndpointDown => ({
  kind: 'down',
  reason: 'transport',
  since: AT,
  probeAt: AT + 30_000,
  intervalMs: 30_000,
  probing: null,
  failedProbes: 0,
  disabling: { failures: 0, alerted: 0 },
  ...more,
});

describe('an endpoint goes down', () => {
  const share = (failed: number, of: number, deliveries = failed) => [
    ...each(of - failed, (n) => report('success', `ok${n}`)),
    ...failures(failed, deliveries),
  ];
  /** Failures that are never ten in a row: the row is broken by every success. */
  const scattered = (failed: number, of: number, deliveries = failed, more: Partial<AttemptReport> = {}) =>
    each(of, (n) =>
      Math.floor(((n + 1) * failed) / of) > Math.floor((n * failed) / of)
        ? report('http_failure', `d${Math.floor((n * failed) / of) % deliveries}`, more)
        : report('success', `ok${n}`, more),
    );
  const wentDown = (count: number, reason: 'transport' | 'failure_rate' = 'failure_rate'): HealthChange[] => [
    { kind: 'went_down', reason, failures: count },
  ];

  it.each<[string, readonly AttemptReport[], readonly HealthChange[]]>([
    ['nine in a row: not yet', failures(9), []],
    ['ten in a row', failures(10), wentDown(10)],
    ['ten in a row from five deliveries', failures(10, 5), wentDown(10)],
    ['ten in a row from four deliveries: not yet', failures(10, 4), []],
    ['the tenth in a row, after a fifth delivery', [...failures(12, 4), report('http_failure', 'd4')], wentDown(13)],
    ['a hundred in a row of one delivery: never', failures(100, 1), []],
    ['a success between them', [...failures(9), report('success'), ...failures(9)], []],
    [
      'a 429 between them: changes nothing',
      [...failures(9), report('throttled'), report('http_failure', 'd9')],
      wentDown(10),
    ],
    ['429s alone: never', each(100, (n) => report('throttled', `d${n}`)), []],
    ['70 % of 20 from fourteen deliveries', scattered(14, 20), wentDown(14)],
    ['70 % of 20 from ten deliveries', scattered(14, 20, 10), wentDown(14)],
    ['70 % of 20 from nine deliveries: not yet', scattered(14, 20, 9), []],
    ['70 % of 19: too few', scattered(13, 19), []],
    ['65 % of 40: not yet', scattered(26, 40), []],
    [
      'operational successes do not water down the share',
      [...each(100, (n) => report('success', `o${n}`, { operational: true })), ...scattered(14, 20)],
      wentDown(14),
    ],
    ['operational deliveries never', failures(1_000, 1_000, { operational: true }), []],
    [
      'operational successes break a row',
      [...failures(9), report('success', 'o', { operational: true }), ...failures(9)],
      [],
    ],
  ])('%s', (_name, reports, changes) => {
    const end = fold(reports);
    expect(end.changes).toEqual(changes);
    expect(end.health.kind).toBe(changes.length === 0 ? 'up' : 'down');
  });

  it('by the share of the last five minutes only', () => {
    const old = scattered(14, 20).slice(0, 19);
    const last = report('http_failure', 'last');
    expect(fold([...old, { ...last, at: AT + 4 * MINUTE }]).health.kind).toBe('down');
    expect(fold([...old, { ...last, at: AT + 5 * MINUTE }]).health.kind).toBe('up');
    expect(fold([...old, { ...last, at: AT + 5 * MINUTE * 0.01 }], { timeScale: 0.01 }).health.kind).toBe('up');
  });

  it('also when the clock was set back in between, without old counts', () => {
    const end = fold([
      ...share(0, 1_000).map((each) => ({ ...each, at: AT })),
      ...scattered(14, 20, 14, { at: AT - 6 * MINUTE }),
    ]);
    expect(end.changes).toEqual(wentDown(14));
  });

  it('with the reason that most failures had', () => {
    const mixed = (transport: number) =>
      each(10, (n) => report(n < transport ? 'transport_failure' : 'http_failure', `d${n}`));
    expect(fold(mixed(5)).changes).toEqual(wentDown(10, 'transport'));
    expect(fold(mixed(4)).changes).toEqual(wentDown(10, 'failure_rate'));
  });

  it('after one transport failure where the contract says so, and never by a status', () => {
    const rules = ONE_TRANSPORT_FAILURE;
    expect(fold(failures(100), { rules }).changes).toEqual([]);
    const end = fold([report('transport_failure')], { rules });
    expect(end.changes).toEqual(wentDown(1, 'transport'));
    expect(admission(end.health, AT)).toEqual({ kind: 'wait', until: AT + 10 * MINUTE });
  });
});

describe('while down', () => {
  it('one probe goes after 30 s, and then waits that double up to ten minutes', () => {
    let { health } = fold(failures(10));
    const waits: number[] = [];
    let now = AT;
    for (let n = 0; n < 8; n++) {
      const wait = admission(health, now);
      if (wait.kind !== 'wait') throw new Error(`it is ${wait.kind}`);
      waits.push((wait.until - now) / 1_000);
      expect(admission(health, wait.until - 1).kind).toBe('wait');
      now = wait.until;
      expect(admission(health, now)).toEqual({ kind: 'probe' });
      health = beginProbe(health, 'probe', now);
      now += 5_000;
      health = fold([report('transport_failure', 'probe', { at: now })], { from: health }).health;
    }
    expect(waits).toEqual([30, 60, 120, 240, 480, 600, 600, 600]);
    expect(health).toMatchObject({ kind: 'down', since: AT, failedProbes: 8 });
  });

  it('counts all waits with the time scale', () => {
    const { health } = fold(failures(10), { timeScale: 0.01 });
    expect(admission(health, AT)).toEqual({ kind: 'wait', until: AT + 300 });
    const failed = fold([report('http_failure', 'p', { at: AT + 400 })], {
      from: beginProbe(health, 'p', AT + 300),
      timeScale: 0.01,
    });
    expect(admission(failed.health, AT + 400)).toEqual({ kind: 'wait', until: AT + 1_000 });
  });

  it('a probe is not put off by as much as a clock is set back', () => {
    expect(admission(down(), AT - 30_000)).toEqual({ kind: 'wait', until: AT + 30_000 });
    expect(admission(down(), AT - 3_600_000)).toEqual({ kind: 'probe' });
  });

  it('there is never a second probe beside the first', () => {
    const probing = beginProbe(down(), 'first', AT + 30_000);
    expect(admission(probing, AT + 24 * 60 * MINUTE).kind).toBe('wait');
    expect(beginProbe(probing, 'second', AT + 40_000)).toBe(probing);
    const abandoned = abandonProbe(probing);
    expect(abandoned).toMatchObject({ probing: null, intervalMs: 30_000, failedProbes: 0 });
    expect(admission(abandoned, AT + 30_000)).toEqual({ kind: 'probe' });
  });

  const recovered: HealthChange[] = [{ kind: 'recovered', downSince: AT }];
  it.each<[string, AttemptReport, readonly HealthChange[]]>([
    ['a probe that succeeds brings it up', report('success', 'probe'), recovered],
    ['a probe that is answered 429 does too', report('throttled', 'probe'), recovered],
    ['one that was in flight and succeeds does too', report('success', 'other'), recovered],
    ['one of an operational event too', report('success', 'other', { operational: true }), recovered],
    ['one that was in flight and is answered 429 does not', report('throttled', 'other'), []],
    ['one that was in flight and fails does not', report('transport_failure', 'other'), []],
    ['a probe that fails does not', report('transport_failure', 'probe'), []],
    ['a probe that is refused does not', report('http_failure', 'probe'), []],
    ['a probe of an operational event that fails does not', report('http_failure', 'probe', { operational: true }), []],
  ])('%s', (_name, end, changes) => {
    const before = beginProbe(down(), 'probe', AT + 30_000);
    const after = fold([end], { from: before });
    expect(after.changes).toEqual(changes);
    if (changes.length > 0) expect(admission(after.health, AT)).toEqual({ kind: 'send', limit: 1 });
    else if (end.deliveryId === 'probe') expect(after.health).toMatchObject({ probing: null, intervalMs: 60_000 });
    else expect(after.health).toBe(before);
  });

  it('a status ends it where only transport failures count', () => {
    const from = beginProbe(down(), 'probe', AT);
    expect(fold([report('http_failure', 'probe')], { from, rules: ONE_TRANSPORT_FAILURE }).changes).toEqual(recovered);
  });
});

describe('after a recovery', () => {
  const up = fold([report('success')], { from: down() }).health;
  const limits = (reports: readonly AttemptReport[]) => {
    let health = up;
    return reports.map((each) => {
      health = fold([each], { from: health }).health;
      const allowed = admission(health, AT);
      return allowed.kind === 'send' ? allowed.limit : allowed.kind;
    });
  };

  it('the requests in flight may double after as many successes, and beyond 64 are free', () => {
    const seen = limits(each(200, () => report('success')));
    expect([...new Set(seen)]).toEqual([2, 4, 8, 16, 32, 64, null]);
    expect(seen.indexOf(2)).toBe(0);
    expect(seen.indexOf(4)).toBe(2);
    expect(seen.indexOf(null)).toBe(126);
  });

  it('a failure starts the step anew, and a 429 is neither', () => {
    const { success, failure, throttled } = {
      success: report('success'),
      failure: report('http_failure'),
      throttled: report('throttled'),
    };
    expect(limits([success, success, failure, success, throttled, success])).toEqual([2, 2, 2, 2, 2, 4]);
  });

  it('the counters begin anew', () => {
    const nine = fold(failures(9), { from: up });
    expect(nine.changes).toEqual([]);
    expect(fold([report('http_failure', 'd9')], { from: nine.health }).health.kind).toBe('down');
  });
});

it('knows when it came back last, whatever comes after', () => {
  const back = fold([report('success', 'probe')], { from: down({ probing: 'probe' }) }).health;
  const recoveredAt = report('success').at;
  expect(HEALTHY).toMatchObject({ recoveredAt: null });
  expect(back).toMatchObject({ kind: 'up', recoveredAt });
  expect(fold(failures(3), { from: back }).health).toMatchObject({ kind: 'up', recoveredAt });
});

describe('set active again', () => {
  it('brings it up with a ramp, and counters that begin anew', () => {
    const afterDown = afterEnabled(down({ disabling: { failures: 10, alerted: 100 } }), AT + 1);
    expect(afterDown.changes).toEqual([{ kind: 'recovered', downSince: AT }]);
    expect(afterDown.health).toMatchObject({ kind: 'up', recoveredAt: AT + 1 });
    expect(admission(afterDown.health, AT)).toEqual({ kind: 'send', limit: 1 });
    expect(afterDown.health.disabling).toEqual({ failures: 0, alerted: 0 });
    const afterNine = afterEnabled(fold(failures(9)).health, AT);
    expect(afterNine.changes).toEqual([]);
    expect(fold(failures(9), { from: afterNine.health }).changes).toEqual([]);
  });
});

describe('the disable limit', () => {
  const warning = (share: 50 | 70 | 90, count: number, limit: number): HealthChange => ({
    kind: 'disable_warning',
    share,
    failures: count,
    limit,
  });
  const ended = { deliveryEnded: true };

  it('warns at 50, 70 and 90 % of it once each, and says once that it is reached', () => {
    expect(fold(failures(15, 15, ended), { rules: disablingAfter(10, 'deliveries') }).changes).toEqual([
      warning(50, 5, 10),
      warning(70, 7, 10),
      warning(90, 9, 10),
      { kind: 'disable', failures: 10, limit: 10 },
    ]);
  });

  it.each<[number, readonly number[]]>([
    [1, []],
    [2, [50]],
    [3, [50]],
    [4, [50, 70]],
    [20, [50, 70, 90]],
  ])('of %i warns at %j', (limit, shares) => {
    const { changes } = fold(failures(limit, 1, ended), { rules: disablingAfter(limit, 'deliveries') });
    expect(changes.flatMap((change) => (change.kind === 'disable_warning' ? [change.share] : []))).toEqual(shares);
    expect(changes.at(-1)).toEqual({ kind: 'disable', failures: limit, limit });
  });

  it.each<[string, 'deliveries' | 'attempts', readonly AttemptReport[], number]>([
    ['deliveries that ended', 'deliveries', failures(3, 3, ended), 3],
    ['not their attempts', 'deliveries', failures(3), 0],
    ['deliveries that ended with a 429', 'deliveries', [report('throttled', 'd', ended)], 1],
    ['attempts', 'attempts', failures(3, 1), 3],
    ['no 429 as an attempt', 'attempts', [report('throttled')], 0],
    ['no operational deliveries', 'deliveries', failures(3, 3, { ...ended, operational: true }), 0],
    ['no operational attempts', 'attempts', failures(3, 3, { operational: true }), 0],
    ['from the last success on', 'attempts', [...failures(3), report('success'), ...failures(2)], 2],
  ])('counts %s', (_name, counts, reports, expected) => {
    const rules = disablingAfter(10, counts);
    expect(fold(reports, { rules }).health.disabling.failures).toBe(expected);
    // While it is down the count goes on: probes that end their deliveries are failures too.
    expect(
      fold(reports, { rules: { ...rules, consecutive: { failures: 1, distinctDeliveries: 1 } } }).health.disabling
        .failures,
    ).toBe(expected);
  });

  it('can be reached in the moment in which it goes down', () => {
    const rules: BreakerRules = { ...STANDARD_BREAKER, disableAfter: { failures: 10, counts: 'attempts' } };
    expect(fold(failures(10), { rules }).changes.slice(-2)).toEqual([
      { kind: 'went_down', reason: 'failure_rate', failures: 10 },
      { kind: 'disable', failures: 10, limit: 10 },
    ]);
  });

  it('warns anew after a success', () => {
    const rules = disablingAfter(4, 'attempts');
    const { changes } = fold([...failures(2), report('success'), ...failures(2)], { rules });
    expect(changes).toEqual([warning(50, 2, 4), warning(50, 2, 4)]);
  });
});

describe('whatever happens', () => {
  type Step =
    | { readonly kind: 'report'; readonly report: Omit<AttemptReport, 'at'>; readonly afterMs: number }
    | { readonly kind: 'probe' | 'abandon' | 'enable' | 'store'; readonly afterMs: number };
  const deliveryId = fc.integer({ min: 0, max: 30 }).map((n) => `d${n}`);
  const afterMs = fc.oneof(
    { weight: 8, arbitrary: fc.integer({ min: 0, max: 5_000 }) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: 700_000 }) },
    { weight: 1, arbitrary: fc.integer({ min: -1_000_000, max: 0 }) },
  );
  const result = fc.constantFrom<AttemptReport['result'][]>(
    'success',
    'throttled',
    'http_failure',
    'transport_failure',
    'http_failure',
    'transport_failure',
    'http_failure',
    'transport_failure',
    'http_failure',
    'transport_failure',
  );
  const step: fc.Arbitrary<Step> = fc.oneof(
    {
      weight: 12,
      arbitrary: fc.record({
        kind: fc.constant('report' as const),
        report: fc.record({
          deliveryId,
          result,
          operational: fc.nat(9).map((n) => n === 0),
          deliveryEnded: fc.boolean(),
        }),
        afterMs,
      }),
    },
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('probe' as const), afterMs }) },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constantFrom('abandon' as const, 'enable' as const, 'store' as const), afterMs }),
    },
  );
  const rulesAndScale = fc.record({
    rules: fc.constantFrom<BreakerRules[]>(
      STANDARD_BREAKER,
      { ...STANDARD_BREAKER, consecutive: { failures: 3, distinctDeliveries: 2 } },
      { ...STANDARD_BREAKER, disableAfter: { failures: 7, counts: 'attempts' } },
      ONE_TRANSPORT_FAILURE,
    ),
    timeScale: fc.constantFrom(1, 0.01),
  });

  it('there is one probe at a time, intervals keep their limits, alerts alternate, and what is stored is read again', () => {
    let downs = 0;
    fc.assert(
      fc.property(rulesAndScale, fc.array(step, { maxLength: 120 }), ({ rules, timeScale }, steps) => {
        let health: EndpointHealth = HEALTHY;
        let now = AT;
        let isDown = false;
        let inFlight: string | null = null;
        for (const next of steps) {
          now += next.afterMs;
          const before = health;
          let changes: HealthChange[] = [];
          if (next.kind === 'report')
            ({ health, changes } = afterAttempt(health, { ...next.report, at: now }, rules, timeScale));
          else if (next.kind === 'probe') {
            const allowed = admission(health, now);
            if (allowed.kind === 'probe') {
              expect(inFlight).toBeNull();
              health = beginProbe(health, 'd0', now);
              inFlight = 'd0';
            } else expect(allowed.kind === 'send' || allowed.until > now).toBe(true);
          } else if (next.kind === 'abandon') {
            health = abandonProbe(health);
            inFlight = null;
          } else if (next.kind === 'enable') ({ health, changes } = afterEnabled(health, now));
          else health = readHealth(JSON.parse(JSON.stringify(health)));

          if (next.kind === 'store') expect(health).toEqual(before);
          if (health.kind === 'up' || (next.kind === 'report' && next.report.deliveryId === inFlight)) inFlight = null;
          expect(readHealth(JSON.parse(JSON.stringify(health)))).toEqual(health);
          for (const change of changes) {
            if (change.kind === 'went_down') {
              downs++;
              expect(isDown).toBe(false);
              isDown = true;
            } else if (change.kind === 'recovered') {
              expect(isDown).toBe(true);
              isDown = false;
            }
          }
          expect(health.kind === 'down').toBe(isDown);
          if (health.kind === 'down') {
            const { firstMs, longestMs } = rules.probeInterval;
            expect(health.intervalMs).toBeGreaterThanOrEqual(firstMs * timeScale);
            expect(health.intervalMs).toBeLessThanOrEqual(longestMs * timeScale);
            expect(health.probing).toBe(inFlight);
          } else {
            expect(health.window.earlier.length).toBeLessThanOrEqual(WINDOW_BUCKETS);
            expect(health.row.deliveries.length).toBeLessThanOrEqual(rules.consecutive?.distinctDeliveries ?? 0);
            for (const bucket of [...health.window.earlier, health.window.current])
              expect(bucket.deliveries.length).toBeLessThanOrEqual(rules.rate?.distinctDeliveries ?? 0);
          }
        }
      }),
      { numRuns: 500 },
    );
    // The runs reached what they are about.
    expect(downs).toBeGreaterThan(100);
  });

  it('the stored state stays small', () => {
    let health = HEALTHY;
    let longest = 0;
    for (let n = 0; n < 20_000; n++) {
      const result = n % 10 < 6 ? 'http_failure' : 'success';
      ({ health } = afterAttempt(health, report(result, `delivery-${n}`, { at: AT + n * 100 }), STANDARD_BREAKER, 1));
      longest = Math.max(longest, JSON.stringify(health).length);
    }
    expect(health.kind).toBe('up');
    expect(longest).toBeLessThan(4_096);
  });
});
