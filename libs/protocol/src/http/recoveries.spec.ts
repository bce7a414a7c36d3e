import { topicSpecs } from '../topics/topics';
import { RECOVERY_LIMITS, recoverEndpointRequest, recoveriesQuery } from './recoveries';

const since = '2026-01-31T06:00:00Z';
const at = Date.parse(since);
const problems = (value: unknown) =>
  (recoverEndpointRequest.safeParse(value).error?.issues ?? []).map(
    ({ path, message }) => `${path.join('.')} ${message}`,
  );

const TIME = 'must be an RFC 3339 time, for example 2026-01-31T06:00:00Z';
const SCOPES = 'must be one of failed, missing, all';

test('a recovery gets its defaults', () => {
  expect(recoverEndpointRequest.parse({ since, only: 'failed' })).toEqual({
    since: at,
    until: null,
    eventTypes: null,
    only: 'failed',
    dryRun: false,
    perSecond: 100,
  });
});

test('a recovery takes all of its members', () => {
  const asked = { since, until: '2026-01-31T08:00:00+01:00', eventTypes: ['a.b', 'a.b'], only: 'all', dryRun: true };
  expect(recoverEndpointRequest.parse({ ...asked, perSecond: 0.5 })).toEqual({
    since: at,
    until: at + 3_600_000,
    eventTypes: ['a.b'],
    only: 'all',
    dryRun: true,
    perSecond: 0.5,
  });
});

test.each<[unknown, string[]]>([
  [{}, [`since ${TIME}`, `only ${SCOPES}`]],
  [{ since: at, only: 'failed' }, [`since ${TIME}`]],
  [{ since: 'yesterday', only: 'failed' }, [`since ${TIME}`]],
  [{ since: '2026-01-31', only: 'failed' }, [`since ${TIME}`]],
  [{ since, only: 'failed', until: 'now' }, [`until ${TIME}`]],
  [{ since, only: 'everything' }, [`only ${SCOPES}`]],
  [{ since, only: ['failed'] }, [`only ${SCOPES}`]],
  [{ since, only: 'all', eventTypes: [] }, ['eventTypes must name at least one event type; ["*"] takes all']],
  [{ since, only: 'all', eventTypes: 'a.b' }, ['eventTypes must be a list of event types, for example ["machine.*"]']],
  [
    { since, only: 'all', eventTypes: ['a.b', 'a.*.b'] },
    [
      'eventTypes.1 must be a type (machine.alarm), a prefix with all below it (machine.*) or *, of at most 128 letters, digits, . _ - : /',
    ],
  ],
  [{ since, only: 'all', dryRun: 'yes' }, ['dryRun must be true or false']],
  [{ since, only: 'all', perSecond: 0 }, ['perSecond must be at least 0.001 (one in 1000 seconds)']],
  [{ since, only: 'all', perSecond: 10_001 }, ['perSecond must be at most 10000']],
  [{ since, only: 'all', perSecond: null }, ['perSecond must be a number, 0.5 for one in two seconds']],
  [{ since, only: 'all', status: 'failed' }, [' Unrecognized key: "status"']],
])('%j is refused', (value, expected) => {
  expect(problems(value)).toEqual(expected);
});

test('the list takes an endpoint beside the page', () => {
  expect(recoveriesQuery.parse({ endpointId: 'ep_1', limit: '5' })).toEqual({ endpointId: 'ep_1', limit: 5 });
  expect(recoveriesQuery.safeParse({ tenant: 'other' }).success).toBe(false);
});

test('what can be recovered is what the event topics keep', () => {
  const specs = topicSpecs({ prefix: '', partitions: 1, replicationFactor: 1, modules: ['mes'] });
  const events = specs.find(({ name }) => name === 'events.mes');
  expect(Number(events?.config['retention.ms'])).toBe(RECOVERY_LIMITS.days * 86_400_000);
});
