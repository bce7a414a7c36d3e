import { createEndpointRequest, updateEndpointRequest } from './endpoints';

const base = { url: 'https://erp.example.com/hooks', eventTypes: ['*'] };
const create = (members: object) => createEndpointRequest.parse({ ...base, ...members });
const problems = (members: object) =>
  (createEndpointRequest.safeParse({ ...base, ...members }).error?.issues ?? []).map(
    ({ path, message }) => `${path.join('.')} ${message}`,
  );

const TIME = 'must be "now" or a time; a time must be an RFC 3339 time, for example 2026-01-31T06:00:00Z';

test.each<[object, object]>([
  [{ ordering: 'key' }, { ordering: 'key' }],
  [{ ordering: 'strict' }, { ordering: 'strict' }],
  [{ rateLimit: { perSecond: 0.5 } }, { rateLimit: { perSecond: 0.5, burst: 1 } }],
  [{ rateLimit: { perSecond: 2.5 } }, { rateLimit: { perSecond: 2.5, burst: 3 } }],
  [{ rateLimit: { perSecond: 10_000 } }, { rateLimit: { perSecond: 10_000, burst: 10_000 } }],
  [{ rateLimit: { perSecond: 100, burst: 1 } }, { rateLimit: { perSecond: 100, burst: 1 } }],
  [{ retry: { delaysSeconds: [] } }, { retry: { delaysMs: [], jitter: 0.1 } }],
  [{ retry: { delaysSeconds: [1, 2.5, 300], jitter: 0 } }, { retry: { delaysMs: [1000, 2500, 300_000], jitter: 0 } }],
  [{ retry: { delaysSeconds: [5], jitter: 0.5 } }, { retry: { delaysMs: [5000], jitter: 0.5 } }],
  [{ startFrom: 'now' }, { startFrom: null }],
  [{ startFrom: null }, { startFrom: null }],
  [{ startFrom: '2026-01-01T00:00:00+01:00' }, { startFrom: Date.UTC(2025, 11, 31, 23) }],
])('%j is read as %j', (members, expected) => {
  expect(create(members)).toMatchObject(expected);
});

test.each<[object, string[]]>([
  [{ ordering: 'subject' }, ['ordering must be one of none, key, strict']],
  [{ ordering: 1 }, ['ordering must be one of none, key, strict']],
  [{ ordering: null }, ['ordering must be one of none, key, strict']],

  [{ rateLimit: 5 }, ['rateLimit must be {"perSecond": …, "burst": …}, or null for no limit of its own']],
  [{ rateLimit: [] }, ['rateLimit must be {"perSecond": …, "burst": …}, or null for no limit of its own']],
  [{ rateLimit: {} }, ['rateLimit.perSecond must be a number, 0.5 for one in two seconds']],
  [{ rateLimit: { perSecond: '5' } }, ['rateLimit.perSecond must be a number, 0.5 for one in two seconds']],
  [{ rateLimit: { perSecond: 0 } }, ['rateLimit.perSecond must be at least 0.001 (one in 1000 seconds)']],
  [{ rateLimit: { perSecond: -1 } }, ['rateLimit.perSecond must be at least 0.001 (one in 1000 seconds)']],
  [{ rateLimit: { perSecond: 10_001 } }, ['rateLimit.perSecond must be at most 10000']],
  [
    { rateLimit: { perSecond: Number.POSITIVE_INFINITY } },
    ['rateLimit.perSecond must be a number, 0.5 for one in two seconds'],
  ],
  [{ rateLimit: { perSecond: 5, burst: 0 } }, ['rateLimit.burst must be at least 1']],
  [{ rateLimit: { perSecond: 5, burst: 1.5 } }, ['rateLimit.burst must be a whole number of requests']],
  [{ rateLimit: { perSecond: 5, burst: null } }, ['rateLimit.burst must be a whole number of requests']],
  [{ rateLimit: { perSecond: 5, burst: 10_001 } }, ['rateLimit.burst must be at most 10000']],
  [{ rateLimit: { perSecond: 5, perMinute: 5 } }, ['rateLimit Unrecognized key: "perMinute"']],

  [{ retry: [5] }, ['retry must be {"delaysSeconds": […], "jitter": …}, or null for the schedule of the contract']],
  [{ retry: {} }, ['retry.delaysSeconds must be a list of seconds, for example [5, 300, 1800]; [] for no retries']],
  [
    { retry: { delaysSeconds: 5 } },
    ['retry.delaysSeconds must be a list of seconds, for example [5, 300, 1800]; [] for no retries'],
  ],
  [{ retry: { delaysSeconds: [5, '5m'] } }, ['retry.delaysSeconds.1 must be a number of seconds']],
  [{ retry: { delaysSeconds: [0] } }, ['retry.delaysSeconds.0 must be at least 1 second']],
  [{ retry: { delaysSeconds: [-5] } }, ['retry.delaysSeconds.0 must be at least 1 second']],
  [{ retry: { delaysSeconds: [2_592_001] } }, ['retry.delaysSeconds.0 must be at most 2592000 seconds (30 days)']],
  [{ retry: { delaysSeconds: Array(51).fill(5) } }, ['retry.delaysSeconds must have at most 50 delays']],
  [{ retry: { delaysSeconds: [5], jitter: 0.6 } }, ['retry.jitter must be at most 0.5']],
  [{ retry: { delaysSeconds: [5], jitter: -0.1 } }, ['retry.jitter must not be negative']],
  [{ retry: { delaysSeconds: [5], jitter: '10%' } }, ['retry.jitter must be a number from 0 to 0.5']],
  [{ retry: { delaysSeconds: [5], delaysMs: [5] } }, ['retry Unrecognized key: "delaysMs"']],

  [{ startFrom: 'earliest' }, [`startFrom ${TIME}`]],
  [{ startFrom: 1_770_000_000_000 }, [`startFrom ${TIME}`]],
  [{ startFrom: '2026-01-01' }, [`startFrom ${TIME}`]],
  [{ startFrom: '2026-01-01T00:00:00' }, [`startFrom ${TIME}`]],
  [{ startFrom: '2026-02-30T00:00:00Z' }, [`startFrom ${TIME}`]],

  [{ filter: [] }, ['filter must be an object of conditions, for example {"machine": "RF-1"}']],
  [
    { filter: { a: { $regex: 'x' } } },
    ['filter.a.$regex is not an operator; there are $eq, $ne, $in, $gt, $gte, $lt, $lte, $exists, $not'],
  ],
  [{ filter: { $or: [{ a: { $gt: null } }] } }, ['filter.$or.0.a.$gt must be a number or text']],
])('%j is refused', (members, expected) => {
  expect(problems(members)).toEqual(expected);
});

describe('a change', () => {
  test('takes each setting, and null where that means none', () => {
    const changes = { ordering: 'key', rateLimit: null, retry: null } as const;
    expect(updateEndpointRequest.parse(changes)).toEqual(changes);
  });

  test('cannot begin in the past, and says what can', () => {
    expect(updateEndpointRequest.safeParse({ startFrom: 'now', ordering: 'none' }).success).toBe(true);
    const issues = updateEndpointRequest.safeParse({ startFrom: '2026-01-01T00:00:00Z' }).error?.issues;
    expect(issues).toEqual([
      expect.objectContaining({ path: ['startFrom'], message: expect.stringContaining('/recover') }),
    ]);
  });
});
