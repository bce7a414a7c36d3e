import { STANDARD_BREAKER } from './breaker-rules';
import { afterAttempt, beginProbe, type EndpointHealth, HEALTHY } from './endpoint-health';
import { readHealth } from './stored-health';

const failing = (count: number): EndpointHealth => {
  let health = HEALTHY;
  for (let n = 0; n < count; n++)
    ({ health } = afterAttempt(
      health,
      { deliveryId: `d${n}`, at: 1_760_000_000_000, result: 'http_failure', operational: false, deliveryEnded: false },
      STANDARD_BREAKER,
      1,
    ));
  return health;
};
const up = failing(3);
const down = beginProbe(failing(10), 'd1', 1_760_000_000_000);

describe('readHealth', () => {
  it.each([
    ['healthy', HEALTHY],
    ['up with counters', up],
    ['down with a probe', down],
  ])('reads %s as it was', (_name, health) => {
    expect(readHealth(JSON.parse(JSON.stringify(health)))).toEqual(health);
  });

  it('reads an endpoint as down that another release stored with more members', () => {
    expect(readHealth({ ...down, more: 1 })).toMatchObject(down);
  });

  const { disabling: _, ...withoutDisabling } = down;
  it.each<[unknown]>([
    [undefined],
    [null],
    ['down'],
    [[]],
    [{}],
    [{ kind: 'down' }],
    [{ ...down, kind: 'half_open' }],
    [{ ...down, reason: 'mood' }],
    [{ ...down, probeAt: 'tomorrow' }],
    [{ ...down, probeAt: null }],
    [{ ...down, intervalMs: 0 }],
    [{ ...down, intervalMs: -1 }],
    [{ ...down, probing: 7 }],
    [{ ...down, failedProbes: -1 }],
    [{ ...down, disabling: { failures: 1, alerted: 60 } }],
    [withoutDisabling],
    [{ ...up, row: null }],
    [{ ...up, row: { failures: 1, transport: 0, deliveries: ['d'] } }],
    [{ ...up, window: { current: null, earlier: [] } }],
    [{ ...up, window: { ...(up.kind === 'up' ? up.window : {}), earlier: Array(11).fill({}) } }],
    [{ ...up, ramp: { limit: 0, successes: 0 } }],
    [{ ...up, ramp: 1 }],
  ])('row %#: takes what it does not understand for healthy', (value) => {
    expect(readHealth(value)).toBe(HEALTHY);
  });
});
