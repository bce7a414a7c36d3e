import type { Signal } from '../signal/signal';
import { condition, fold, foldUnder, lost, machineUnder, tick } from '../signal/signals.fixture';
import { conditionRuleOf, expression, mappingOf } from './mapping.fixture';

const play = (rule: Parameters<typeof conditionRuleOf>[0], signals: readonly Signal[]) => {
  const sources = { line: { source: 'shdr:RF-1' }, other: { source: 'opc' } };
  const folded = foldUnder(mappingOf({ sources, rules: [conditionRuleOf(rule)] }), signals, { restart: true });
  return { ...folded, statuses: folded.told.map(({ status, code }) => `${status} ${code ?? ''}`.trim()) };
};

describe('conditions (check 2)', () => {
  it('is one pair for however many repeats, and one more for each new activation', () => {
    const again = Array.from({ length: 160 }, (_, n) => condition(n, 'c', 'FAULT', '8100004F'));
    const { statuses, state } = play({}, [
      ...again,
      condition(500, 'c', 'NORMAL'),
      condition(600, 'c', 'FAULT', '8100004F'),
    ]);
    expect(statuses).toEqual(['raised 8100004F', 'cleared 8100004F', 'raised 8100004F']);
    expect(state.counts.alarmsSuppressed).toBe(159);
  });

  it('tells what operators do beside it, and never as cleared', () => {
    const act = (ms: number, action: string) => condition(ms, 'c', 'NORMAL', '7', '', action);
    const { statuses, state, told } = play({}, [
      act(0, 'acknowledged'),
      condition(1, 'c', 'FAULT', '7'),
      act(2, 'acknowledged'),
      act(3, 'acknowledged'),
      act(4, 'shelved'),
      act(5, 'unshelved'),
      act(6, 'suppressed'),
      condition(7, 'c', 'FAULT', '7'),
      act(8, 'confirmed'),
      condition(9, 'c', 'NORMAL', '7'),
    ]);
    expect(statuses).toEqual(
      ['raised', 'acknowledged', 'shelved', 'unshelved', 'suppressed', 'confirmed', 'cleared'].map(
        (word) => `${word} 7`,
      ),
    );
    expect(new Set(told.map(({ alarmId }) => alarmId)).size).toBe(1);
    expect(state.counts).toMatchObject({ actionsWithNothingActive: 1, alarmsSuppressed: 2 });
  });

  it('keeps the alarms of two sources and two items apart', () => {
    const of = (source: string, ms: number, ...rest: [string, string, string?]) => ({
      ...condition(ms, ...rest),
      source,
    });
    const { statuses, state } = play({}, [
      of('a', 0, 'c', 'FAULT', '7'),
      of('b', 1, 'c', 'FAULT', '7'),
      of('a', 2, 'd', 'FAULT', '7'),
      of('a', 3, 'c', 'NORMAL'),
    ]);
    expect(statuses).toEqual(['raised 7', 'raised 7', 'raised 7', 'cleared 7']);
    expect(Object.values(state.alarms).map(({ source, item }) => `${source} ${item}`)).toEqual(['b c', 'a d']);
  });

  it.each<[string, readonly (readonly [level: string, code: string, id?: string])[], readonly string[]]>([
    [
      'cleared by it alone',
      [
        ['FAULT', '404:left', 'left'],
        ['NORMAL', 'left', 'left'],
      ],
      ['raised 404:left', 'cleared 404:left'],
    ],
    [
      'cleared by it and its code',
      [
        ['FAULT', '404', '404'],
        ['NORMAL', '404', '404'],
      ],
      ['raised 404', 'cleared 404'],
    ],
    [
      'no other than its own',
      [
        ['FAULT', '404', '404'],
        ['FAULT', '404:left', 'left'],
        ['NORMAL', '404', '404'],
      ],
      ['raised 404', 'raised 404:left', 'cleared 404'],
    ],
    [
      'the code where there is no other',
      [
        ['FAULT', 'left'],
        ['NORMAL', 'left', 'left'],
      ],
      ['raised left', 'cleared left'],
    ],
    [
      'the same under another code',
      [
        ['WARNING', '404:left', 'left'],
        ['FAULT', '405:left', 'left'],
        ['NORMAL', '', 'left'],
      ],
      ['raised 404:left', 'severity_changed 404:left', 'cleared 404:left'],
    ],
    [
      'cleared with all of its item',
      [
        ['FAULT', '404:left', 'left'],
        ['FAULT', '404:right', 'right'],
        ['NORMAL', ''],
      ],
      ['raised 404:left', 'raised 404:right', 'cleared 404:left', 'cleared 404:right'],
    ],
    [
      'cleared by its code where that comes without it',
      [
        ['FAULT', '404:left', 'left'],
        ['NORMAL', '404:left'],
      ],
      ['raised 404:left', 'cleared 404:left'],
    ],
    [
      'left by another that is not active',
      [
        ['FAULT', '404:left', 'left'],
        ['NORMAL', 'right', 'right'],
        ['NORMAL', '', 'right'],
      ],
      ['raised 404:left'],
    ],
  ])('known by the id of its activation is %s', (_, said, expected) => {
    const log = said.map(([level, code, conditionId], ms) => {
      const one = condition(ms, 'c', level, code);
      return conditionId === undefined ? one : { ...one, value: { ...(one.value as object), conditionId } };
    });
    expect(play({}, log).statuses).toEqual(expected);
    const byCode = expression([], (_read, { locals }) => `${String(locals['item'])}/${String(locals['nativeCode'])}`);
    if (!said.some(([, code]) => code.startsWith('405'))) expect(play({ key: byCode }, log).statuses).toEqual(expected);
  });

  describe('that a release raised which knew it by its code alone', () => {
    type Said = readonly [level: string, code: string, id?: string];
    const signalsOf = (said: readonly Said[], from = 0): Signal[] =>
      said.map(([level, code, conditionId], n) => {
        const one = condition(from + n, 'c', level, code);
        return conditionId === undefined ? one : { ...one, value: { ...(one.value as object), conditionId } };
      });
    /** That release heard the same, and passed over the id. */
    const resume = (rule: Parameters<typeof conditionRuleOf>[0], before: readonly Said[], now: readonly Said[]) => {
      const mapping = mappingOf({ rules: [conditionRuleOf(rule)] });
      const stored = fold(signalsOf(before), machineUnder(mapping), 0, [mapping]).state;
      const { state, told } = fold(signalsOf(now, 100), stored, 100, [mapping]);
      const known = Object.values(state.alarms).map(({ code, conditionId }) => `${code} ${conditionId ?? ''}`.trim());
      return { statuses: told.map(({ status, code }) => `${status} ${code}`), known };
    };
    const byCode = expression([], (_read, { locals }) => `${String(locals['item'])}/${String(locals['nativeCode'])}`);
    const long = 'x'.repeat(200);

    it.each<[string, readonly Said[], readonly Said[], readonly string[], readonly string[]]>([
      [
        'is raised once: its repeat is one, and its Normal by the id alone clears it',
        [['FAULT', '404:left']],
        [
          ['FAULT', '404:left', 'left'],
          ['NORMAL', 'left', 'left'],
        ],
        ['cleared 404:left'],
        [],
      ],
      [
        'is another level of the same',
        [['WARNING', '404:left']],
        [['FAULT', '404:left', 'left']],
        ['severity_changed 404:left'],
        ['404:left left'],
      ],
      [
        'keeps its place among the others',
        [
          ['FAULT', '404:left'],
          ['FAULT', '404:right'],
        ],
        [
          ['FAULT', '404:left', 'left'],
          ['NORMAL', ''],
        ],
        ['cleared 404:left', 'cleared 404:right'],
        [],
      ],
      [
        'is cleared by its id alone before it was heard again, and no other is',
        [
          ['FAULT', '404:left'],
          ['FAULT', '404:right'],
          ['FAULT', 'left:404'],
        ],
        [['NORMAL', 'left', 'left']],
        ['cleared 404:left'],
        ['404:right', 'left:404'],
      ],
      [
        'is cleared by its id where the code is empty',
        [['FAULT', '404:left']],
        [['NORMAL', '', 'left']],
        ['cleared 404:left'],
        [],
      ],
      [
        'is cleared by its code and its id',
        [['FAULT', '404:left']],
        [['NORMAL', '404:left', 'left']],
        ['cleared 404:left'],
        [],
      ],
      [
        'goes with another code of the same id that is known by it',
        [['FAULT', '404:left']],
        [
          ['FAULT', '405:left', 'left'],
          ['NORMAL', 'left', 'left'],
        ],
        ['raised 405:left', 'cleared 404:left', 'cleared 405:left'],
        [],
      ],
    ])('%s', (_, before, now, expected, known) => {
      expect(resume({}, before, now)).toEqual({ statuses: expected, known });
    });

    it('is the one whose whole code it was, where the code is kept cut', () => {
      const { statuses, known } = resume(
        {},
        [
          ['FAULT', `${long}:left`],
          ['FAULT', `${long}:right`],
        ],
        [
          ['FAULT', `${long}:right`, 'right'],
          ['NORMAL', 'right', 'right'],
        ],
      );
      expect(statuses).toEqual([`cleared ${long.slice(0, 128)}`]);
      expect(known).toEqual([long.slice(0, 128)]);
    });

    it('is cleared by its id alone under a key of the mapping too, which stays', () => {
      const now: Said[] = [
        ['FAULT', '404:left', 'left'],
        ['NORMAL', 'left', 'left'],
      ];
      expect(resume({ key: byCode }, [['FAULT', '404:left']], now)).toEqual({
        statuses: ['cleared 404:left'],
        known: [],
      });
    });
  });

  it('listens to its own source only', () => {
    expect(play({ source: 'other' }, [condition(0, 'c', 'FAULT', '7')]).told).toEqual([]);
    expect(play({ source: 'line' }, [condition(0, 'c', 'FAULT', '7')]).told).toHaveLength(1);
  });

  it('takes the identity that the mapping gives', () => {
    const key = expression([], (_read, { locals }) => String(locals['nativeCode']).slice(0, 2));
    expect(play({ key }, [condition(0, 'c', 'FAULT', '71'), condition(1, 'c', 'FAULT', '711')]).statuses).toEqual([
      'raised 71',
    ]);
  });

  it('takes an identity that is an object by what is in it', () => {
    const key = expression([], (_read, { locals }) => ({ toString: 5n, of: String(locals['nativeCode']).slice(0, 1) }));
    const said = [condition(0, 'c', 'FAULT', '71'), condition(1, 'c', 'FAULT', '72'), condition(2, 'c', 'FAULT', '8')];
    expect(play({ key }, said).statuses).toEqual(['raised 71', 'raised 8']);
  });

  it('clears what has no code alone, where a Normal without one does not mean all', () => {
    const { statuses } = play({ clearOnEmptyCode: false }, [
      condition(0, 'c', 'FAULT', '7'),
      condition(1, 'c', 'FAULT'),
      condition(2, 'c', 'NORMAL'),
    ]);
    expect(statuses).toEqual(['raised 7', 'raised', 'cleared']);
  });

  it('after an outage lets a repeated Normal clear or not, as the mapping says', () => {
    const normal = { ...condition(2, 'c', 'NORMAL'), flags: ['snapshot' as const] };
    const log = [condition(0, 'c', 'FAULT', '7'), lost(1), normal];
    expect(play({}, log).statuses).toEqual(['raised 7', 'cleared 7']);
    expect(play({ reconnectNormalClears: false }, log).statuses).toEqual(['raised 7']);
    expect(play({ reconnectNormalClears: false }, [...log, condition(3, 'c', 'NORMAL')]).statuses).toHaveLength(2);
  });

  it('tells a flood once, counts the rest, and tells its end', () => {
    const maxRate = { count: 3, perMs: 60_000 };
    const raise = (ms: number, code: number) => condition(ms, 'c', 'WARNING', String(code));
    const { told, state } = play({ maxRate }, [
      ...Array.from({ length: 10 }, (_, n) => raise(n * 1_000, n)),
      condition(10_000, 'c', 'WARNING', '1'),
      tick(65_999),
      tick(66_000),
      raise(70_000, 99),
    ]);
    expect(told.map(({ type, status, code, suppressed }) => [type, status, code ?? suppressed ?? null])).toEqual([
      ['machine.alarm', 'raised', '0'],
      ['machine.alarm', 'raised', '1'],
      ['machine.alarm', 'raised', '2'],
      ['machine.alarm_flood', 'begun', null],
      ['machine.alarm_flood', 'ended', 7],
      ['machine.alarm', 'raised', '99'],
    ]);
    expect(state.counts.alarmsSuppressed).toBe(8);
  });
});
