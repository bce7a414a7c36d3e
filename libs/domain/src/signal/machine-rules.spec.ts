import fc from 'fast-check';
import type { Signal } from './signal';
import { condition, fold, lost, START, signal } from './signals.fixture';

describe('status', () => {
  it.each([
    ['the first state is a change from unknown', ['READY'], ['unknown>idle']],
    ['a repeat is no change', ['READY', 'READY', 'STOPPED'], ['unknown>idle']],
    [
      'running, held, running',
      ['ACTIVE', 'INTERRUPTED', 'ACTIVE'],
      ['unknown>running', 'running>held', 'held>running'],
    ],
    ['a word in lower case', ['active'], ['unknown>running']],
    ['unavailable', ['ACTIVE', 'UNAVAILABLE', 'ACTIVE'], ['unknown>running', 'running>offline', 'offline>running']],
  ])('%s', (_, words, changes) => {
    const { told } = fold(words.map((word, n) => signal(n * 1000, 'execution', word)));
    const status = told.filter(({ type }) => type === 'machine.status_changed');
    expect(status.map(({ previous, current }) => `${previous}>${current}`)).toEqual(changes);
  });

  it('keeps the status for a word it does not know, and tells each such word once', () => {
    const words = ['ACTIVE', 'DANCING', 'DANCING', 'SINGING', 'DANCING'];
    const { told, state } = fold(words.map((word, n) => signal(n * 1000, 'execution', word)));
    expect(told.map(({ type, value }) => value ?? type)).toEqual(['machine.status_changed', 'DANCING', 'SINGING']);
    expect(state.status.current).toBe('running');
    expect(state.counts.unmappedValues).toBe(4);
  });

  it('is frozen by bad quality and by null', () => {
    const { told } = fold([
      signal(0, 'execution', 'ACTIVE'),
      signal(1000, 'execution', 'READY', { quality: 'bad' }),
      signal(2000, 'execution', null),
    ]);
    expect(told).toHaveLength(1);
  });

  it('follows the availability of the machine, and comes back to what execution last said', () => {
    const { told } = fold([
      signal(0, 'execution', 'ACTIVE'),
      signal(1000, 'avail', 'UNAVAILABLE'),
      signal(2000, 'execution', 'INTERRUPTED'),
      signal(3000, 'avail', 'AVAILABLE'),
    ]);
    expect(told.map(({ current, reason }) => [current, reason])).toEqual([
      ['running', 'execution'],
      ['offline', 'availability'],
      ['held', 'availability'],
    ]);
  });

  it('goes offline when the source is lost', () => {
    const { told } = fold([
      signal(0, 'execution', 'ACTIVE'),
      lost(1000),
      lost(1500),
      signal(2000, 'execution', 'ACTIVE'),
    ]);
    expect(told.map(({ current, reason }) => [current, reason])).toEqual([
      ['running', 'execution'],
      ['offline', 'connection_lost'],
      ['running', 'execution'],
    ]);
  });

  it('binds the first of several execution items, so that two paths never take turns', () => {
    const { told } = fold([
      signal(0, 'execution', 'ACTIVE'),
      signal(1, 'exec', 'READY'),
      signal(2, 'execution', 'ACTIVE'),
      signal(3, 'exec', 'READY'),
    ]);
    expect(told).toHaveLength(1);
  });

  it('takes the time of receipt for a stamp that cannot be right', () => {
    const { events, state } = fold([signal(5000, 'execution', 'ACTIVE', { sourceTs: '1970-01-01T00:00:00Z' })]);
    expect(events[0]!.time).toBe('2026-02-17T13:00:05.000Z');
    expect(state.counts.clockSuspect).toBe(1);
  });

  it('never tells a negative duration, whatever the stamps', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            word: fc.constantFrom('ACTIVE', 'READY', 'INTERRUPTED', 'UNAVAILABLE'),
            stamp: fc.integer({ min: -400_000, max: 400_000 }),
            received: fc.integer({ min: 0, max: 600_000 }),
            clock: fc.constantFrom('adapter', 'agent'),
          }),
          { maxLength: 60 },
        ),
        (rows) => {
          const { told } = fold(
            rows.map(({ word, stamp, received, clock }) =>
              signal(received, 'execution', word, {
                sourceTs: new Date(START + received + stamp).toISOString(),
                clock,
              }),
            ),
          );
          for (const { previousSeconds, durationSeconds } of told)
            expect(previousSeconds ?? durationSeconds ?? 0).toBeGreaterThanOrEqual(0);
        },
      ),
    );
  });
});

describe('conditions', () => {
  const statuses = (signals: Signal[]) =>
    fold(signals)
      .told.filter(({ type }) => type === 'machine.alarm')
      .map(({ status, code, severity }) => `${status} ${code} ${severity}`);

  it.each<[string, Signal[], string[]]>([
    [
      'a repeat of one alarm is one pair',
      [
        condition(0, 'c', 'FAULT', '7'),
        condition(1, 'c', 'FAULT', '7'),
        condition(2, 'c', 'NORMAL'),
        condition(3, 'c', 'NORMAL'),
      ],
      ['raised 7 fault', 'cleared 7 fault'],
    ],
    [
      'a warning that becomes a fault',
      [condition(0, 'c', 'WARNING', '7'), condition(1, 'c', 'FAULT', '7'), condition(2, 'c', 'WARNING', '7')],
      ['raised 7 warning', 'severity_changed 7 fault', 'severity_changed 7 warning'],
    ],
    [
      'normal with a code clears that one',
      [condition(0, 'c', 'FAULT', '7'), condition(1, 'c', 'FAULT', '8'), condition(2, 'c', 'NORMAL', '7')],
      ['raised 7 fault', 'raised 8 fault', 'cleared 7 fault'],
    ],
    [
      'normal without a code clears the item, not others',
      [
        condition(0, 'c', 'FAULT', '7'),
        condition(1, 'c', 'FAULT', '8'),
        condition(2, 'd', 'FAULT', '7'),
        condition(3, 'c', 'NORMAL'),
      ],
      ['raised 7 fault', 'raised 8 fault', 'raised 7 fault', 'cleared 7 fault', 'cleared 8 fault'],
    ],
    [
      'an outage clears nothing; the alarm comes back as the same',
      [condition(0, 'c', 'FAULT', '7'), condition(1, 'c', 'UNAVAILABLE'), condition(2, 'c', 'FAULT', '7')],
      ['raised 7 fault'],
    ],
    [
      'after an outage normal clears',
      [condition(0, 'c', 'FAULT', '7'), lost(1), condition(2, 'c', 'NORMAL')],
      ['raised 7 fault', 'cleared 7 fault'],
    ],
    ['a value that is no condition', [signal(0, 'c', { level: 'LOUD' }, { kind: 'condition' })], []],
  ])('%s', (_, signals, expected) => {
    expect(statuses(signals)).toEqual(expected);
  });

  it('marks stale until the source speaks of it again, and counts repeats', () => {
    const stale = fold([condition(0, 'c', 'FAULT', '7'), lost(1)]);
    expect(Object.values(stale.state.alarms)[0]).toMatchObject({ stale: true, code: '7' });
    const back = fold([condition(2, 'c', 'FAULT', '7')], stale.state, 2);
    expect(Object.values(back.state.alarms)[0]).toMatchObject({ stale: false });
    expect(back.state.counts).toMatchObject({ alarmsMarkedStale: 1, alarmsSuppressed: 1 });
  });

  it('keeps one alarm id from raised to cleared', () => {
    const { told } = fold([
      condition(0, 'c', 'WARNING', '7', 'hot'),
      condition(1, 'c', 'FAULT', '7'),
      condition(9000, 'c', 'NORMAL'),
    ]);
    expect(new Set(told.map(({ alarmId }) => alarmId)).size).toBe(1);
    expect(told[2]).toMatchObject({ status: 'cleared', text: 'hot', durationSeconds: 9 });
  });

  it('tells a flood once, and goes on when it is over', () => {
    const many = Array.from({ length: 220 }, (_, n) => condition(n, 'c', 'FAULT', `${n}`));
    const { told, state } = fold(many);
    expect(told.filter(({ type }) => type === 'machine.alarm')).toHaveLength(200);
    expect(told.filter(({ type }) => type === 'machine.alarm_flood')).toHaveLength(1);
    expect(fold([condition(600, 'c', 'NORMAL')], state, 220).state.alarms).toEqual({});
  });

  it('is not led astray by names of the language itself', () => {
    expect(statuses([condition(0, '__proto__', 'FAULT', 'constructor'), condition(1, '__proto__', 'NORMAL')])).toEqual([
      'raised constructor fault',
      'cleared constructor fault',
    ]);
  });
});

describe('runs', () => {
  const runs = (signals: Signal[]) => fold(signals).told.filter(({ type }) => type === 'production.run_completed');

  it('takes the part that is counted after the end', () => {
    const [run, ...others] = runs([
      signal(0, 'program', 'P1'),
      signal(0, 'part_count', '41'),
      signal(1000, 'execution', 'ACTIVE'),
      signal(5000, 'part_count', '42'),
      signal(9000, 'execution', 'PROGRAM_COMPLETED'),
      signal(9300, 'part_count', '43'),
      signal(11_001, 'Fovr', '100'),
    ]);
    expect(others).toEqual([]);
    expect(run).toMatchObject({
      parts: 2,
      partsBefore: 41,
      partsAfter: 43,
      program: 'P1',
      durationSeconds: 8,
      endedBy: 'PROGRAM_COMPLETED',
      quality: 'good',
    });
  });

  it('is closed by a tick when the machine is silent', () => {
    const tick = (ms: number) => signal(ms, '$tick', null, { kind: 'lifecycle', sourceTs: null });
    const signals = [signal(0, 'execution', 'ACTIVE'), signal(1000, 'execution', 'READY')];
    expect(runs([...signals, tick(2999)])).toEqual([]);
    expect(runs([...signals, tick(3000), tick(9000)])).toHaveLength(1);
  });

  it('gives a part that comes in the settle window to the ended run, though the next has begun', () => {
    const told = runs([
      signal(0, 'part_count', '0'),
      signal(0, 'execution', 'ACTIVE'),
      signal(5000, 'execution', 'READY'),
      signal(5100, 'execution', 'ACTIVE'),
      signal(5300, 'part_count', '1'),
      signal(9000, 'part_count', '2'),
      signal(9500, 'execution', 'READY'),
      signal(20_000, 'Fovr', '1'),
    ]);
    expect(told.map(({ parts }) => parts)).toEqual([1, 1]);
  });

  it('goes on through hold and outage; the outage makes it uncertain', () => {
    const told = runs([
      signal(0, 'execution', 'ACTIVE'),
      signal(1000, 'execution', 'FEED_HOLD'),
      signal(2000, 'execution', 'ACTIVE'),
      signal(3000, 'execution', 'UNAVAILABLE'),
      signal(4000, 'execution', 'ACTIVE'),
      signal(5000, 'execution', 'READY'),
      signal(8000, 'Fovr', '1'),
    ]);
    expect(told).toHaveLength(1);
    expect(told[0]).toMatchObject({ durationSeconds: 5, parts: null, quality: 'uncertain' });
  });

  it('takes a fall of the counter for a reset, never for negative production', () => {
    const { told, state } = fold([
      signal(0, 'part_count', '10'),
      signal(0, 'execution', 'ACTIVE'),
      signal(1000, 'part_count', '12'),
      signal(2000, 'part_count', '0'),
      signal(3000, 'part_count', '3'),
      signal(4000, 'execution', 'READY'),
      signal(9000, 'Fovr', '1'),
    ]);
    expect(told.find(({ type }) => type === 'production.run_completed')).toMatchObject({ parts: 5, partsAfter: 3 });
    expect(told.find(({ type }) => type === 'ingest.counter_reset')).toMatchObject({ previous: 12, current: 0 });
    expect(state.counts.counterResets).toBe(1);
  });

  it('closes a run that never ends', () => {
    const told = runs([signal(0, 'execution', 'ACTIVE'), signal(86_400_001, 'Fovr', '1')]);
    expect(told).toMatchObject([{ endedBy: 'open_too_long', quality: 'uncertain' }]);
  });
});
