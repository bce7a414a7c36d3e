import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SDK_VERSION } from '../version';
import { runIn, siteOf, type World } from './cli.fixture';
import { COMMANDS } from './commands';
import { bodiesOf } from './commands/events';
import { instant } from './time';
import { Unanswered } from './usage-error';

const ENDPOINT = {
  id: 'ep_1',
  url: 'http://a.example/hook',
  eventTypes: ['machine.*'],
  contract: 'standard',
  status: 'down',
  statusReason: 'transport',
  statusSince: '2026-01-31T05:00:00Z',
  statusBy: 'millrace',
  parked: 12,
  nextProbeAt: '2026-01-31T06:01:00Z',
  filter: null,
  description: 'evil \u001b[31m\u202e',
};
const DELIVERY = {
  id: 'd-1',
  eventId: 'evt_1',
  eventType: 'a.b',
  endpointId: 'ep_1',
  status: 'failed',
  statusReason: 'exhausted',
  attemptCount: 3,
  nextAttemptAt: null,
  createdAt: '2026-01-31T05:59:59.123Z',
  lastOutcome: 'http_503',
};
const page = (...data: unknown[]) => ({ body: { data, nextCursor: null } });

describe('help', () => {
  it.each([[], ['--help'], ['-h'], ['help']])('of millrace: %j', async (...args) => {
    const ran = await runIn({}, ...args.flat());
    expect(ran.code).toBe(0);
    for (const { name, summary } of COMMANDS) {
      expect(ran.out).toContain(`  ${name}`);
      expect(ran.out).toContain(summary);
    }
  });

  it.each(['endpoints', 'deliveries', 'events'])('of a group: %s', async (group) => {
    for (const args of [[group], [group, '--help'], ['help', group]]) {
      const ran = await runIn({}, ...args);
      expect([ran.code, ran.out.split('\n')[0]]).toEqual([0, `millrace ${group} <command> [options]`]);
    }
  });

  it.each(COMMANDS.map((command) => [command.name, command] as const))('of a command: %s', async (name, command) => {
    const ran = await runIn({}, ...name.split(' '), '--help');
    expect(ran.code).toBe(0);
    for (const [option, { help }] of Object.entries(command.options ?? {})) {
      expect(ran.out).toContain(`--${option}`);
      expect(ran.out).toContain(help);
    }
  });

  it('tells the version', async () => {
    expect(await runIn({}, '--version')).toEqual({ code: 0, out: `${SDK_VERSION}\n`, err: '' });
  });
});

describe('what is not understood ends with 2, a sentence, and no call', () => {
  it.each<[string[], string]>([
    [['endpoint', 'list'], 'There is no command "endpoint list"; "millrace --help" lists those there are.'],
    [['--yes'], 'There is no command "--yes"'],
    [['endpoints', '--limit', '5', 'list'], 'Options stand behind the command'],
    [['endpoints', 'list', '--limit', 'ten'], '--limit: ten is not a number.'],
    [['endpoints', 'list', '--limit', '0'], '--limit: must be a whole number from 1 to 100000, not 0.'],
    [['endpoints', 'list', '--colour'], "Unknown option '--colour'."],
    [['endpoints', 'list', 'ep_1'], '"ep_1" is more than this command takes.'],
    [['endpoints', 'show'], '<endpoint> is missing.'],
    [['endpoints', 'create', 'http://a', '--filter', '{'], '--filter: is not JSON'],
    [['endpoints', 'create', 'http://a', '--header', 'x'], '--header: x is not "name: value".'],
    [
      ['endpoints', 'create', 'http://a', '--ordering', 'any'],
      '--ordering: must be one of none, key, strict, not any.',
    ],
    [['events', 'publish', '{"type"'], 'the event is not JSON.'],
    [['events', 'publish', '{}', '--file', 'x'], 'not both'],
    [['deliveries', 'list', '--status', 'lost'], '--status: must be one of'],
    [['deliveries', 'list', '--since', 'yesterday'], '--since: yesterday is not a time'],
    [['retry'], 'Name a delivery, or at least one of --endpoint, --type and --since.'],
    [['retry', 'd-1', '--endpoint', 'ep_1'], 'not both'],
    [['retry', 'd-1', '--force'], '--force needs --reason.'],
    [['recover', 'ep_1'], '--since is missing'],
    [['recover', 'ep_1', '--since', '1d', '--only', 'some'], '--only: must be one of'],
    [['listen'], '--forward-to is missing'],
    [['listen', '--forward-to', 'localhost:3000'], 'must begin with http:// or https://: http://localhost:3000?'],
    [['listen', '--forward-to', '127.0.0.1:3000'], 'must begin with http:// or https://: http://127.0.0.1:3000?'],
    [['listen', '--forward-to', 'http://a', '--secret', ''], '--secret is empty'],
    [['listen', '--forward-to', 'http://a', '--token', 't'], '--token is for the contract eclipse'],
    [['listen', '--forward-to', 'http://a', '--contract', 'eclipse', '--token', ''], '--token is empty'],
    [['listen', '--forward-to', 'http://a', '--contract', 'acme'], '--contract: must be one of'],
    [['listen', '--forward-to', 'http://a', '--public-url', 'https://t'], '--public-url needs --port'],
    [['verify'], '--body is missing'],
    [['verify', '--body', 'x'], 'There are no headers'],
    [['verify', '--body', 'x', '--header', 'a: b'], 'There is no secret'],
    [['verify', '--body', 'x', '--header', 'a: b', '--contract', 'eclipse'], 'give --token'],
    [['verify', '--body', 'x', '--header', 'a: b', '--contract', 'eclipse', '--token', ''], '--token is empty'],
  ])('%j', async (args, message) => {
    const site = siteOf(() => ({}));
    const ran = await runIn({ fetch: site.fetch }, ...args);
    expect(ran.err).toContain(message);
    expect([ran.code, ran.out, site.calls]).toEqual([2, '', []]);
  });

  it('as JSON too, where that was asked for', async () => {
    const ran = await runIn({}, 'retry', '--json');
    expect([ran.code, ran.err]).toEqual([2, '']);
    expect(JSON.parse(ran.out)).toEqual({
      error: { code: 'UsageError', message: expect.stringContaining('Name a delivery') },
    });
  });

  it('an address without its http://', async () => {
    const ran = await runIn({ env: { MILLRACE_URL: 'localhost:8095', MILLRACE_API_KEY: 'mr_x' } }, 'endpoints', 'list');
    expect([ran.code, ran.err]).toEqual([1, expect.stringContaining('write http://localhost:8095.')]);
  });

  it('nobody is logged in', async () => {
    const ran = await runIn({ env: {} }, 'endpoints', 'list');
    expect([ran.code, ran.err]).toEqual([2, expect.stringContaining('run "millrace login"')]);
  });
});

describe('what fails ends with 1 and what Millrace said', () => {
  const problem = {
    status: 422,
    body: {
      code: 'invalid_request',
      title: 'The request is not valid',
      detail: 'The body is not valid. \u001b[2J',
      errors: [{ path: 'url', detail: 'must be a URL' }],
      traceId: 'abc',
    },
  };

  it('for people', async () => {
    const ran = await runIn(
      siteOf(() => problem),
      'endpoints',
      'show',
      'ep_1',
    );
    expect(ran).toEqual({
      code: 1,
      out: '',
      err: 'Refused: The body is not valid. \\u001b[2J (422 invalid_request)\n  url must be a URL\n  trace abc\n',
    });
  });

  it('for programs', async () => {
    const ran = await runIn(
      siteOf(() => problem),
      'endpoints',
      'show',
      'ep_1',
      '--json',
    );
    expect(ran.code).toBe(1);
    expect(JSON.parse(ran.out)).toMatchObject({ error: { code: 'invalid_request', status: 422, traceId: 'abc' } });
  });

  it('and so does what is no answer', async () => {
    const ran = await runIn(
      { fetch: () => Promise.reject(new TypeError('fetch failed', { cause: new Error('connect ECONNREFUSED') })) },
      'endpoints',
      'show',
      'ep_1',
    );
    expect([ran.code, ran.err]).toEqual([1, expect.stringContaining('connect ECONNREFUSED')]);
  });
});

describe('endpoints', () => {
  it('are listed as a table, in one colour without a terminal and as JSON', async () => {
    const site = siteOf(() => page(ENDPOINT));
    const ran = await runIn(site, 'endpoints', 'list');
    expect(ran.out.split('\n')).toEqual([
      'ID    STATUS  PARKED  CONTRACT  TYPES      URL',
      'ep_1  down    12      standard  machine.*  http://a.example/hook',
      '',
    ]);
    expect(JSON.parse((await runIn(site, 'endpoints', 'list', '--json')).out)).toEqual([ENDPOINT]);
    expect((await runIn({ ...site, tty: true }, 'endpoints', 'list')).out).toContain('\u001b[31mdown\u001b[0m');
    const env = { MILLRACE_URL: 'http://a', MILLRACE_API_KEY: 'k', NO_COLOR: '1' };
    expect((await runIn({ ...site, tty: true, env }, 'endpoints', 'list')).out).not.toContain('\u001b');
    expect(site.calls[0]).toMatchObject({ path: '/v1/endpoints?limit=100', authorization: 'Bearer mr_key' });
  });

  it('are created with all settings, and the secret is shown', async () => {
    const site = siteOf(() => ({ status: 201, body: { ...ENDPOINT, secret: 'whsec_x' } }));
    const ran = await runIn(
      site,
      ...['endpoints', 'create', 'http://a.example/hook', '--types', 'a.b,c.*', '--types', 'd.e'],
      ...['--filter', '{"machine":"RF-1"}', '--contract', 'mes', '--description', 'ERP', '--ordering', 'key'],
      ...['--header', 'x-site: 1', '--timeout-ms', '5000', '--secret', 's', '--start-from', 'now'],
    );
    expect([ran.code, ran.out]).toEqual([0, expect.stringContaining('whsec_x')]);
    expect(ran.out).not.toContain('\u001b');
    expect(JSON.parse(site.calls[0]?.body ?? '')).toEqual({
      url: 'http://a.example/hook',
      eventTypes: ['a.b', 'c.*', 'd.e'],
      filter: { machine: 'RF-1' },
      contract: 'mes',
      description: 'ERP',
      ordering: 'key',
      headers: { 'x-site': '1' },
      timeoutMs: 5000,
      secret: 's',
      startFrom: 'now',
    });
  });

  it.each<[string[], string, string, unknown]>([
    [['show', 'ep_1'], 'GET', '/v1/endpoints/ep_1', undefined],
    [['pause', 'ep_1'], 'PATCH', '/v1/endpoints/ep_1', { status: 'paused' }],
    [['activate', 'ep_1'], 'PATCH', '/v1/endpoints/ep_1', { status: 'active' }],
    [['delete', 'ep_1'], 'DELETE', '/v1/endpoints/ep_1', undefined],
    [['test', 'ep_1', '--type', 'a.b'], 'POST', '/v1/endpoints/ep_1/test', { eventType: 'a.b' }],
    [['rotate-secret', 'ep_1', '--overlap', '0'], 'POST', '/v1/endpoints/ep_1/rotate-secret', { overlapSeconds: 0 }],
  ])('%j', async (args, method, path, body) => {
    const site = siteOf(() => ({ body: { ...ENDPOINT, deliveryId: 'd-1', secret: 'whsec_new' } }));
    for (const more of [[], ['--json']]) {
      const ran = await runIn(site, 'endpoints', ...args, ...more);
      expect([ran.code, ran.err]).toEqual([0, '']);
      expect(ran.out).toMatch(/ep_1|d-1|whsec_new/);
      expect(ran.out).not.toContain('\u001b');
      if (more.length > 0) JSON.parse(ran.out);
    }
    const [call] = site.calls;
    expect([call?.method, call?.path, call?.body && JSON.parse(call.body)]).toEqual([method, path, body]);
  });
});

describe('events publish', () => {
  const accepted = () => siteOf(() => ({ status: 202, body: { events: [{ id: 'evt_1' }] } }));

  it('sends the bytes as they were given', async () => {
    const site = accepted();
    const event = '{"type": "a.b", "data": {"length": 14400.0, "big": 12345678901234567890}}';
    expect(await runIn(site, 'events', 'publish', event)).toEqual({ code: 0, out: 'evt_1\n', err: '' });
    await runIn({ ...site, input: event }, 'events', 'publish');
    await runIn({ ...site, input: event }, 'events', 'publish', '-');
    expect(site.calls.map(({ body }) => body)).toEqual([event, event, event]);
  });

  it('takes a file, NDJSON too', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'millrace-cli-'));
    const file = join(folder, 'events.ndjson');
    await writeFile(file, '{"type":"a.b","data":1.0}\r\n\n{"type":"a.b","data":2}\n');
    const site = accepted();
    const ran = await runIn(site, 'events', 'publish', '--file', file, '--json');
    expect([ran.code, JSON.parse(ran.out)]).toEqual([0, { events: [{ id: 'evt_1' }] }]);
    expect(site.calls.map(({ body }) => body)).toEqual(['[{"type":"a.b","data":1.0},{"type":"a.b","data":2}]']);
    expect((await runIn(site, 'events', 'publish', '--file', join(folder, 'none'))).code).toBe(1);
    await rm(folder, { recursive: true });
  });

  it('shows what does not fit a type, and says how far it came when it fails', async () => {
    const warnings = [{ path: 'code', detail: 'must be a number\u001b' }];
    const lines = Array.from({ length: 501 }, (_each, n) => `{"type":"a.b","data":${n}}`).join('\n');
    let calls = 0;
    const site = siteOf(() =>
      calls++ === 0
        ? { status: 202, body: { events: [{ id: 'evt_1', warnings }] } }
        : { status: 422, body: { code: 'invalid_event', detail: 'No.' } },
    );
    const ran = await runIn({ ...site, input: lines }, 'events', 'publish');
    expect(ran).toMatchObject({ code: 1, out: 'evt_1\n' });
    expect(ran.err).toContain('warning  evt_1  code must be a number\\u001b\n');
    expect(ran.err).toContain('1 events were published before it failed, the last of them evt_1\n');
  });

  it.each([
    ['{"specversion":"1.0"}', 'application/cloudevents+json'],
    [' [{"specversion":"1.0"}]', 'application/cloudevents-batch+json'],
  ])('sends CloudEvents as what they are: %s', async (event, type) => {
    const types: (string | undefined)[] = [];
    const fetch: World['fetch'] = async (_url, { headers }) => {
      types.push(headers['content-type']);
      return { status: 202, headers: new Headers(), text: async () => '{"events":[]}' };
    };
    await runIn({ fetch }, 'events', 'publish', event, '--cloudevents');
    expect(types).toEqual([type]);
  });

  it('splits many lines into calls', () => {
    const lines = Array.from({ length: 1_201 }, (_each, n) => `{"type":"a.b","data":${n}}`).join('\n');
    expect(bodiesOf(lines, 'x').map((body) => (JSON.parse(body) as unknown[]).length)).toEqual([500, 500, 201]);
  });

  it.each<[string | Uint8Array, string]>([
    ['', 'standard input is empty.'],
    ['{"a":1}\n{"b"\n', 'standard input is neither JSON nor a line of JSON for each event; line 2 is none.'],
    [Uint8Array.of(0xff, 0xfe), 'standard input is not UTF-8 text.'],
  ])('refuses the input %j', async (input, message) => {
    const ran = await runIn({ ...accepted(), input }, 'events', 'publish');
    expect([ran.code, ran.err]).toEqual([2, expect.stringContaining(message)]);
  });

  it('does not wait for a person to type JSON', async () => {
    const ran = await runIn({ ...accepted(), tty: true }, 'events', 'publish');
    expect([ran.code, ran.err]).toEqual([2, expect.stringContaining('There are no events')]);
  });
});

describe('deliveries', () => {
  it('are listed by what was asked for', async () => {
    const site = siteOf(() => page(DELIVERY));
    const args = ['--endpoint', 'ep_1', '--type', 'a.b', '--event', 'evt_1', '--status', 'failed', '--since', '2h'];
    const ran = await runIn(site, 'deliveries', 'list', ...args, '--limit', '5');
    expect(ran.out.split('\n')[1]).toBe('2026-01-31T05:59:59Z  failed  3         http_503  a.b   ep_1      d-1');
    const query = new URLSearchParams(site.calls[0]?.path.split('?')[1]);
    expect(Object.fromEntries(query)).toEqual({
      endpointId: 'ep_1',
      eventType: 'a.b',
      eventId: 'evt_1',
      status: 'failed',
      from: '2026-01-31T04:00:00.000Z',
      limit: '5',
    });
  });

  it('are shown with their attempts', async () => {
    const attempt = {
      number: 1,
      startedAt: '2026-01-31T05:59:59Z',
      durationMs: 12,
      outcome: 'http_503',
      error: null,
      response: { body: 'down\u001b[0m' },
    };
    const command = { command: 'retry', result: 'refused', reason: 'stale' };
    const site = siteOf(() => ({ body: { ...DELIVERY, sequence: 7, attempts: [attempt], commands: [command] } }));
    const { out } = await runIn(site, 'deliveries', 'show', 'd-1');
    expect(out).toContain('attempt   1  2026-01-31T05:59:59Z  http_503  12 ms\n          down\\u001b[0m\n');
    expect(out).toContain('command   retry  refused (stale)');
  });

  it('are followed: what is new and what changes, once', async () => {
    const states = [
      [DELIVERY],
      [{ ...DELIVERY, id: 'd-2', status: 'pending' }, DELIVERY],
      [{ ...DELIVERY, id: 'd-2', status: 'succeeded' }, DELIVERY],
      [
        { ...DELIVERY, id: 'd-2', status: 'succeeded' },
        { ...DELIVERY, status: 'pending' },
      ],
    ];
    const stop = new AbortController();
    let asked = 0;
    const site = siteOf(() => {
      const state = states[Math.min(asked++, states.length - 1)] as unknown[];
      if (asked > states.length) stop.abort();
      return page(...state);
    });
    const ran = await runIn({ ...site, interrupted: () => stop.signal }, 'deliveries', 'tail', '--json');
    expect(ran.code).toBe(0);
    const lines = ran.out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { id: string; status: string });
    expect(lines.map(({ id, status }) => `${id} ${status}`)).toEqual(['d-2 pending', 'd-2 succeeded', 'd-1 pending']);
  });
});

it.each([
  [{ status: 'pending', attemptCount: 0, completedAt: null }, '2026-01-31T05:59:59Z'],
  [{ status: 'retrying', attemptCount: 1, completedAt: null }, '2026-01-31T06:00:00Z'],
  [{ status: 'succeeded', attemptCount: 2, completedAt: '2026-01-31T06:00:07.500Z' }, '2026-01-31T06:00:07Z'],
])('a change in the tail has the time of the change: %j', async (change, time) => {
  const stop = new AbortController();
  let asked = 0;
  const site = siteOf(() => {
    if (++asked === 2) stop.abort();
    return asked === 1 ? page() : page({ ...DELIVERY, ...change });
  });
  const ran = await runIn({ ...site, interrupted: () => stop.signal }, 'deliveries', 'tail');
  expect(ran.out.split('  ')[0]).toBe(time);
});

describe('a person who leaves a prompt', () => {
  const counted = { command: 'retry', matched: 2, sent: 0, more: false, dryRun: true };
  const recovery = { id: 'rec_1', state: 'done', counts: { examined: 5, qualified: 2, sent: 0 }, error: null };
  const prompts: [string, string[], unknown][] = [
    ['login', ['login'], undefined],
    ['the API key', ['login', '--url', 'http://a.example'], undefined],
    ['retry', ['retry', '--endpoint', 'ep_1'], counted],
    ['recover', ['recover', 'ep_1', '--since', '1d'], recovery],
  ];

  it.each(prompts)('by Ctrl-C has done nothing: %s', async (_what, args, body) => {
    const site = siteOf(() => ({ status: 202, body }));
    const env = args[0] === 'login' ? {} : { MILLRACE_URL: 'http://a.example', MILLRACE_API_KEY: 'mr_x' };
    const ran = await runIn({ ...site, env, tty: true, answers: [new Unanswered('interrupt')] }, ...args);
    expect([ran.code, ran.err]).toEqual([130, 'Nothing was done.\n']);
    expect(site.calls).toHaveLength(body === undefined ? 0 : 1);
  });

  it.each(prompts)('by Ctrl-D said no, or nothing: %s', async (_what, args, body) => {
    const site = siteOf(() => ({ status: 202, body }));
    const env = args[0] === 'login' ? {} : { MILLRACE_URL: 'http://a.example', MILLRACE_API_KEY: 'mr_x' };
    const ran = await runIn({ ...site, env, tty: true, answers: [new Unanswered('end')] }, ...args);
    if (body === undefined) expect([ran.code, ran.err]).toEqual([2, 'Nothing was done.\n']);
    else expect([ran.code, ran.out]).toEqual([0, expect.stringContaining('Nothing was sent')]);
    expect(site.calls).toHaveLength(body === undefined ? 0 : 1);
  });
});

describe('retry', () => {
  it('of one delivery', async () => {
    const site = siteOf(() => ({ status: 202, body: { deliveryId: 'd-1', commandId: 'cmd_1', command: 'retry' } }));
    expect((await runIn(site, 'retry', 'd-1', '--force', '--reason', 'repaired')).code).toBe(0);
    expect(site.calls[0]).toMatchObject({
      path: '/v1/deliveries/d-1/retry',
      body: '{"force":true,"reason":"repaired"}',
    });
  });

  const counting = () =>
    siteOf(({ body }) => {
      const { dryRun = false } = JSON.parse(body ?? '{}') as { dryRun?: boolean };
      return { status: 202, body: { command: 'retry', matched: 212, sent: dryRun ? 0 : 212, more: false, dryRun } };
    });

  it.each<[string, World, string[], number]>([
    ['is counted, and sent when somebody agrees', { tty: true, answers: ['y'] }, [], 2],
    ['is counted, and not sent when somebody does not', { tty: true, answers: ['n'] }, [], 1],
    ['is counted, and not sent when nobody can be asked', {}, [], 1],
    ['is counted and sent without a question', {}, ['--yes'], 2],
    ['is not sent for programs that do not say yes', { tty: true, answers: ['y'] }, ['--json'], 1],
  ])('of many %s', async (_what, world, more, calls) => {
    const site = counting();
    const ran = await runIn({ ...site, ...world }, 'retry', '--endpoint', 'ep_1', '--since', '1d', ...more);
    expect(ran.code).toBe(0);
    expect(site.calls).toHaveLength(calls);
    const filter = { endpointId: 'ep_1', from: '2026-01-30T06:00:00.000Z' };
    expect(site.calls.map(({ body }) => JSON.parse(body ?? ''))).toEqual(
      [{ filter, dryRun: true }, { filter }].slice(0, calls),
    );
  });
});

describe('recover', () => {
  const job = (state: string, dryRun: boolean, sent: number) => ({
    id: dryRun ? 'rec_dry' : 'rec_1',
    state,
    dryRun,
    counts: { examined: 5120, qualified: 212, sent },
    error: state === 'failed' ? 'The endpoint was deleted.' : null,
  });
  /** Counts at once, and then gives the states in turn. */
  const recovering = (...states: string[]) => {
    let at = 0;
    return siteOf(({ method, body }) => {
      if (method === 'POST' && JSON.parse(body ?? '{}').dryRun) return { status: 202, body: job('counting', true, 0) };
      if (method === 'POST') return { status: 202, body: job('counting', false, 0) };
      if (at === 0) {
        at++;
        return { body: job('done', true, 0) };
      }
      const state = states[Math.min(at++, states.length) - 1] as string;
      return { body: job(state, false, state === 'done' ? 212 : 100) };
    });
  };
  const waiting = { interrupted: () => new AbortController().signal };

  it('counts, runs, and shows how far it is', async () => {
    const site = recovering('running', 'done');
    const ran = await runIn({ ...site, ...waiting }, 'recover', 'ep_1', '--since', '1d', '--per-second', '20', '--yes');
    expect(ran.code).toBe(0);
    expect(ran.out).toBe('212 would be delivered, of 5120 looked at.\nDone: 212 sent, by rec_1\n');
    expect(ran.err).toContain('running   100 of 212 sent');
    const asked = { since: '2026-01-30T06:00:00.000Z', only: 'failed', perSecond: 20 };
    expect(site.calls.filter(({ method }) => method === 'POST').map(({ body }) => JSON.parse(body ?? ''))).toEqual([
      { ...asked, dryRun: true },
      asked,
    ]);
  });

  it.each<[string, World, string[]]>([
    ['for a dry run', { tty: true, answers: ['y'] }, ['--dry-run', '--yes']],
    ['when nobody agrees', { tty: true, answers: [''] }, []],
    ['when nobody can be asked', {}, []],
  ])('sends nothing %s', async (_what, world, more) => {
    const site = recovering('done');
    const ran = await runIn({ ...site, ...waiting, ...world }, 'recover', 'ep_1', '--since', '1d', ...more);
    expect(ran.code).toBe(0);
    expect(site.calls.filter(({ method }) => method === 'POST')).toHaveLength(1);
  });

  it.each(['failed', 'cancelled'])('ends with 1 when the job is %s', async (state) => {
    const ran = await runIn({ ...recovering(state), ...waiting }, 'recover', 'ep_1', '--since', '1d', '--yes');
    expect([ran.code, ran.err]).toEqual([1, expect.stringContaining('rec_1')]);
  });

  it('leaves a job running that was interrupted, and says so', async () => {
    const stop = new AbortController();
    const site = recovering('running');
    const ran = await runIn(
      {
        ...site,
        interrupted: () => stop.signal,
        sleep: async () => {
          if (site.calls.length > 3) stop.abort();
        },
      },
      ...['recover', 'ep_1', '--since', '1d', '--yes'],
    );
    expect([ran.code, ran.out]).toEqual([0, expect.stringContaining('rec_1 goes on by itself')]);
  });
});

describe('login', () => {
  let home: string;
  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'millrace-cli-'));
  });
  afterEach(() => rm(home, { recursive: true }));
  const file = () => join(home, '.config/millrace/config.json');

  it('stores what the site takes, for its user alone, and later commands use it', async () => {
    const site = siteOf(() => page());
    const world = { ...site, home, env: {} };
    const ran = await runIn({ ...world, input: 'mr_from_stdin\n' }, 'login', '--url', 'http://site.example/');
    expect(ran).toMatchObject({ code: 0, err: '' });
    expect(ran.out).not.toContain('mr_from_stdin');
    expect(JSON.parse(await readFile(file(), 'utf8'))).toEqual({ url: 'http://site.example', apiKey: 'mr_from_stdin' });
    expect((await stat(file())).mode & 0o777).toBe(0o600);
    expect((await stat(join(home, '.config/millrace'))).mode & 0o777).toBe(0o700);
    await runIn(world, 'endpoints', 'list');
    expect(site.calls.at(-1)).toMatchObject({ authorization: 'Bearer mr_from_stdin' });

    await runIn({ ...world, env: { MILLRACE_API_KEY: 'mr_env' } }, 'endpoints', 'list');
    expect(site.calls.at(-1)).toMatchObject({ authorization: 'Bearer mr_env' });
    const elsewhere = await runIn({ ...world, env: { MILLRACE_URL: 'http://other.example' } }, 'endpoints', 'list');
    expect([elsewhere.code, elsewhere.err]).toEqual([
      2,
      expect.stringContaining('There is no key for http://other.example'),
    ]);

    expect((await runIn(world, 'logout')).code).toBe(0);
    expect((await runIn(world, 'endpoints', 'list')).code).toBe(2);
    expect((await runIn(world, 'logout')).code).toBe(0);
  });

  it('asks a person for both', async () => {
    const site = siteOf(() => page());
    const world = { ...site, home, env: {}, tty: true, answers: ['http://a.example', 'mr_typed'] };
    expect((await runIn(world, 'login')).code).toBe(0);
    expect(JSON.parse(await readFile(file(), 'utf8'))).toEqual({ url: 'http://a.example', apiKey: 'mr_typed' });
  });

  it.each<[World, string]>([
    [{ input: '\n' }, 'standard input is empty'],
    [{ tty: true, answers: [' '] }, 'no API key was typed'],
  ])('says in its own words what to do without a key: %j', async (world, what) => {
    const ran = await runIn({ ...world, home, env: {} }, 'login', '--url', 'http://a.example');
    expect([ran.code, ran.err]).toEqual([2, expect.stringContaining(what)]);
    expect(ran.err).toContain('--key');
    expect(ran.err).not.toContain('null');
  });

  it('takes a key that may do little, and none that the site does not know', async () => {
    const problem = (status: number, code: string) => siteOf(() => ({ status, body: { code, detail: 'No.' } }));
    const args = ['login', '--url', 'http://a.example', '--key', 'mr_x'];
    expect((await runIn({ ...problem(403, 'insufficient_scope'), home, env: {} }, ...args)).code).toBe(0);
    await rm(file());
    expect((await runIn({ ...problem(401, 'unauthenticated'), home, env: {} }, ...args)).code).toBe(1);
    await expect(stat(file())).rejects.toThrow('ENOENT');
    expect((await runIn({ home, env: {} }, 'login', '--url', 'nowhere', '--key', 'x')).code).toBe(2);
  });

  it('says when what is stored cannot be read', async () => {
    await runIn({ ...siteOf(() => page()), home, env: {} }, 'login', '--url', 'http://a.example', '--key', 'mr_x');
    await writeFile(file(), 'no');
    const ran = await runIn({ home, env: {} }, 'endpoints', 'list');
    expect([ran.code, ran.err]).toEqual([1, expect.stringContaining('is not JSON; "millrace login" writes it anew')]);
  });
});

describe('verify', () => {
  const BODY = '{"test": 2432232314}';
  const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
  const HEADERS = `< HTTP/1.1 200\nwebhook-id: msg_p5jXN8AQM9LWM0D4loKWxJek
Webhook-Timestamp: 1614265330
webhook-signature: v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=\n`;
  const AT = ['--at', new Date(1_614_265_330_000).toISOString()];
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'millrace-cli-'));
  });
  afterAll(() => rm(folder, { recursive: true }));
  const verify = async (body: string, headers: string, ...more: string[]) => {
    await writeFile(join(folder, 'body'), body);
    await writeFile(join(folder, 'headers'), headers);
    const files = ['--body', join(folder, 'body'), '--headers', join(folder, 'headers')];
    return runIn({}, 'verify', ...files, ...more);
  };

  it('a genuine one', async () => {
    expect(await verify(BODY, HEADERS, '--secret', SECRET, ...AT)).toEqual({
      code: 0,
      out: 'Genuine, msg_p5jXN8AQM9LWM0D4loKWxJek\n',
      err: '',
    });
    const headers = JSON.stringify({
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    });
    expect((await verify(BODY, headers, '--secret', SECRET, ...AT)).code).toBe(0);
  });

  it.each<[string, string, string, string[], string]>([
    ['an old one', BODY, HEADERS, [], 'timestamp_too_old'],
    ['another body', '{"test": 1}', HEADERS, AT, 'no_matching_signature'],
    ['no header', BODY, 'x: y', AT, 'missing_header'],
  ])('%s', async (_what, body, headers, more, code) => {
    const ran = await verify(body, headers, '--secret', SECRET, ...more);
    expect([ran.code, ran.out]).toEqual([1, expect.stringContaining(`(${code})`)]);
    const json = await verify(body, headers, '--secret', SECRET, ...more, '--json');
    expect(JSON.parse(json.out)).toMatchObject({ valid: false, code });
  });

  it.each<[string, string[], string]>([
    ['an empty secret', ['--secret', ''], 'whsec_'],
    ['a secret of no bytes', ['--secret', 'whsec_'], 'whsec_'],
    ['half a secret', ['--secret', SECRET.slice(0, 16)], 'whsec_'],
    ['a secret that is no base64', ['--secret', 'my secret'], 'whsec_'],
    ['an empty secret of another contract', ['--secret', '', '--contract', 'mes'], 'as the endpoint has it'],
  ])('does not take settings for a forgery: %s', async (_what, more, looks) => {
    const ran = await verify(BODY, HEADERS, ...more, ...AT);
    expect([ran.code, ran.out]).toEqual([2, '']);
    expect(ran.err).toMatch(/^Cannot be judged: /);
    expect(ran.err).toContain(looks);
    const json = await verify(BODY, HEADERS, ...more, ...AT, '--json');
    expect([json.code, JSON.parse(json.out)]).toEqual([
      2,
      { error: { code: 'invalid_secret', message: expect.any(String) } },
    ]);
  });

  it('says what was done to the body, where it can find that out', async () => {
    const ran = await verify(`${BODY}\n`, HEADERS, '--secret', SECRET, ...AT);
    expect(ran.out).toContain('the line break at its end was added later');
  });

  it('another contract', async () => {
    const body =
      '{"id":"evt-123","type":"work_order.completed","timestamp":"2024-01-15T14:30:00Z","data":{"workOrder":{"id":"wo-123","status":"COMPLETED"}}}';
    const headers = 'x-mes-signature: 2095ac2955f11b942962624d681b2ed77905ce6194f7c4fb8f198f5c815f20f1';
    const ran = await verify(body, headers, '--contract', 'mes', '--secret', 'test-secret-0123456789');
    expect([ran.code, ran.out]).toEqual([0, expect.stringContaining('Its time was not judged')]);
    const pretty = JSON.stringify(JSON.parse(body), null, 2);
    const changed = await verify(pretty, headers, '--contract', 'mes', '--secret', 'test-secret-0123456789');
    expect(changed.out).toContain('it was parsed and written with spaces');
    expect((await verify(body, headers, '--contract', 'mes', '--secret', 's', '--tolerance', '5')).code).toBe(2);
  });
});

describe('times', () => {
  const now = Date.parse('2026-01-31T06:00:00Z');
  it.each([
    ['90s', '2026-01-31T05:58:30.000Z'],
    ['15m', '2026-01-31T05:45:00.000Z'],
    ['2h', '2026-01-31T04:00:00.000Z'],
    ['7d', '2026-01-24T06:00:00.000Z'],
    ['2026-01-31T07:00:00+01:00', '2026-01-31T06:00:00.000Z'],
  ])('%s is %s', (text, time) => {
    expect(instant('--since', text, now)).toBe(time);
  });
  it.each(['', '5', '5w', '2026-01-31', '2026-02-30T25:00:00Z', 'now', '-5m'])('%j is none', (text) => {
    expect(() => instant('--since', text, now)).toThrow('--since: ');
  });
});

it('the version is that of the package', async () => {
  const { version } = JSON.parse(await readFile(join(__dirname, '../../package.json'), 'utf8')) as { version: string };
  expect(SDK_VERSION).toBe(version);
});
