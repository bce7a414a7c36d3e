import { HEAD, readOrFail, SIGNALS } from '../written.fixture';
import { dryRun } from './dry-run';
import { runMappingTests } from './mapping-tests';
import { readRecording } from './recording';

const RULES = `rules:
- { id: status, kind: stateMap, input: state, debounce: 2s, map: { RUN: running, HALT: idle } }
- { id: made, kind: counter, input: parts, maxStep: 500 }
- { id: hot, kind: threshold, input: temp, raiseAbove: 80, onDelay: 5s }
`;
const read = (tests: string) => readOrFail(`${HEAD}${SIGNALS}${RULES}${tests}`);
const FIRST_TEST_LINE = 19;

const told = (tests: string, attachments?: ReadonlyMap<string, string>) =>
  runMappingTests(read(tests), attachments).map(({ name, failures }) => [
    name,
    ...failures.map(({ line, column, code, detail }) => `${line - FIRST_TEST_LINE}:${column} ${code}: ${detail}`),
  ]);

const FEED = `  feed:
  - { alias: state, value: HALT, flags: [snapshot] }
  - { alias: parts, value: 10, flags: [snapshot] }
  - { after: 10s, alias: state, value: RUN }
  - { after: 10s, alias: parts, value: 14 }
`;

describe('a dry run', () => {
  const { machines } = read('');
  const run = (items: readonly unknown[], afterEndMs?: number) =>
    dryRun(machines, readRecording(items, { tenant: 'acme', machines }).signals, {
      tenant: 'acme',
      ...(afterEndMs === undefined ? {} : { afterEndMs }),
    });
  const seen = (items: readonly unknown[], afterEndMs?: number) =>
    run(items, afterEndMs).events.map(({ event, signal }) => `${signal} ${event.type} ${event.time.slice(11, 19)}`);

  it('brings time to what waits, on the second, between signals and after the last', () => {
    const feed = [
      { alias: 'temp', value: 70 },
      { after: '1s', alias: 'temp', value: 90 },
      { after: '1m', alias: 'door', value: true },
      { after: '1s', alias: 'state', value: 'RUN' },
    ];
    const { ticks, signals, events, states } = run(feed);
    expect([signals, ticks]).toEqual([4, 2]);
    expect(events.map(({ event }) => event.type)).toEqual(['machine.alarm', 'machine.status_changed']);
    expect(states['rf-01']).toMatchObject({ status: { current: 'running' }, tenant: 'acme' });
    expect(seen(feed)).toEqual(['1 machine.alarm 00:00:01', '3 machine.status_changed 00:01:02']);
    expect(seen(feed, 0)).toEqual(['1 machine.alarm 00:00:01']);
  });

  it('gives what reads a computed signal the type of that signal', () => {
    const computed = [
      "{ id: pair, kind: expr, value: 'half * 2 + (hot ? 1 : 0)' }",
      "{ id: half, kind: expr, value: 'next / 2' }",
      "{ id: next, kind: expr, value: 'parts + 1' }",
      "{ id: hot, kind: expr, value: 'temp > 80' }",
      "{ id: label, kind: expr, value: \"pad(pair, 4) + (hot ? '!' : '?')\" }",
      "{ id: mean, kind: expr, value: '(temp + double(next)) / 2' }",
    ];
    const { machines: one } = readOrFail(`${HEAD}${SIGNALS}rules:\n${computed.map((rule) => `- ${rule}\n`).join('')}`);
    const items = [
      { alias: 'temp', value: 90 },
      { alias: 'parts', value: 10 },
    ];
    const { signals } = readRecording(items, { tenant: 'acme', machines: one });
    const { derived } = dryRun(one, signals, { tenant: 'acme' }).states['rf-01']!;
    expect(Object.fromEntries(Object.entries(derived).map(([name, { value }]) => [name, value]))).toEqual({
      next: 11,
      half: 5,
      hot: true,
      pair: 11,
      label: '0011!',
      mean: 50.5,
    });
  });

  it('is the same each time, and folds repeats once', () => {
    const feed = [
      { path: 'Parts', source: 'a', session: 's', seq: 1, value: 10 },
      { path: 'Parts', source: 'a', session: 's', seq: 2, value: 12 },
      { path: 'Parts', source: 'a', session: 's', seq: 2, value: 12 },
    ];
    const first = run(feed);
    expect(first.states['rf-01']!.counts.duplicates).toBe(1);
    expect(first.events.map(({ event }) => JSON.parse(event.data).delta)).toEqual([2]);
    expect(run(feed)).toEqual(first);
  });

  it('of nothing tells nothing', () => {
    expect(run([])).toMatchObject({ events: [], signals: 0, ticks: 0 });
  });
});

describe('the tests of a mapping', () => {
  it('pass where the events come that they name, in their order', () => {
    expect(
      told(`tests:
- name: it counts
${FEED}  expect:
  - { type: machine.status_changed, subject: rf-01, data: { previous: unknown, current: idle } }
  - { type: production.counted, data: { delta: 4, current: 14.0000000001 } }
  - { type: machine.status_changed, time: "2026-01-01T00:00:10Z", data: { current: running } }
  never: [machine.alarm]
`),
    ).toEqual([['it counts']]);
  });

  it('say where in the document what came is another', () => {
    expect(
      told(`tests:
- name: wrong
${FEED}  expect:
  - { type: machine.status_changed, data: { current: idle, since: x } }
  - type: production.counted
    data:
      delta: 5
  - { type: machine.alarm }
  never: [ machine.status_changed ]
`),
    ).toEqual([
      [
        'wrong',
        '8:67 different_event: machine.status_changed of signal 2: data.since is "2026-01-01T00:00:00.000Z", expected "x"',
        expect.stringMatching(
          /^8:5 unexpected_event: machine.status_changed came 2 times, 1 expected; the next is of signal 3: \{/,
        ),
        '11:14 different_event: production.counted of signal 4: data.delta is 4, expected 5',
        '12:5 missing_event: machine.alarm number 1 did not come; 0 of its type came, of all types: machine.status_changed, production.counted',
        expect.stringMatching(
          /^13:12 unexpected_event: machine.status_changed must not come and came 2 times, first with signal 2/,
        ),
      ],
    ]);
  });

  it('take their recordings and events from attachments', () => {
    const tests =
      'tests:\n- { feed: base.ndjson, expect: expected.json }\n- { feed: \'{"alias":"state","value":"RUN"}\', expect: [] }\n';
    const base = '{"alias":"parts","value":1}\n{"alias":"parts","value":3}\n';
    expect(told(tests)).toEqual([
      [
        'tests[0]',
        "1:11 attachment: 'base.ndjson' was not sent along; send it as an attachment, or write the signals here",
      ],
      ['tests[1]'],
    ]);
    const files = (expected: string) =>
      new Map([
        ['base.ndjson', base],
        ['expected.json', expected],
      ]);
    expect(told(tests, files('[{"type":"production.counted","data":{"delta":2}}]'))[0]).toEqual(['tests[0]']);
    expect(told(tests, files('[{"type":"production.counted","data":{"delta":3}}]'))[0]![1]).toMatch(
      /1:32 different_event/,
    );
    expect(told(tests, files('{"bundle":{}}'))[0]![1]).toMatch(/1:32 attachment: 'expected.json' is no JSON list/);
    expect(told(tests, new Map([['other', '']]))[0]![1]).toMatch(/is not among the attachments: other/);
  });

  it('name the line of a feed that is no signal', () => {
    expect(
      told('tests:\n- feed:\n  - { alias: state, value: RUN }\n  - { alias: stat, value: RUN }\n  expect: []\n'),
    ).toEqual([['tests[0]', "3:5 feed: line 2 of the feed 'stat' is no signal of the mapping."]]);
  });

  it('fold so many signals together and no more', () => {
    const tests = `tests:\n${'- { feed: large, expect: [] }\n'.repeat(50)}`;
    const large = '{"alias":"any","value":1}\n'.repeat(60_000);
    const outcomes = told(tests, new Map([['large', large]]));
    expect(outcomes.filter((outcome) => outcome.length === 1)).toHaveLength(1);
    expect(outcomes[49]![1]).toMatch(
      /feed: the feed has 60000 signals; 40000 are allowed: tests of a mapping have 100000 together/,
    );
  });
});
