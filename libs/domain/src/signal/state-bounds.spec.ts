import { BUNDLE_LIMITS } from '../machine-rules/bundle/bundle-state';
import { LINE_PATHS, lineRule } from '../machine-rules/bundle/rollform-mapping.fixture';
import { heldOf } from '../machine-rules/held-value';
import {
  conditionRuleOf,
  counter,
  edge,
  expr,
  expression,
  mappingOf,
  passthrough,
  run,
  stateMap,
  threshold,
  watchdog,
} from '../machine-rules/mapping.fixture';
import { STATE_LIMITS } from './machine-state';
import type { Signal } from './signal';
import { condition, fold, foldUnder, machineUnder, signal } from './signals.fixture';

const MIB = 1024 * 1024;
const bytesOf = (state: object): number => Buffer.byteLength(JSON.stringify(state));

describe('a state is far below the size of a record, whatever a source sends', () => {
  const aliases = Array.from({ length: 1_020 }, (_, n) => `a${n}`);
  const mapping = mappingOf({
    sources: { line: { reorder: { windowMs: 1e9, records: 1e9 } } },
    signals: {
      ...Object.fromEntries(aliases.map((alias) => [alias, {}])),
      message: { type: 'json' },
      state: {},
      count: { type: 'int64' },
      temp: { type: 'double' },
    },
    rules: [
      stateMap(),
      edge({ input: 'a1', on: 'changed', emit: null }),
      threshold(),
      conditionRuleOf({ maxRate: { count: 10_000, perMs: 60_000 } }),
      counter(),
      expr({ id: 'joined', value: expression(['a0', 'a1'], (read) => `${read('a0')}${read('a1')}`) }),
      ...Array.from({ length: 12 }, (_, n) =>
        passthrough({
          id: `p${n}`,
          input: 'message',
          key: expression([], (_read, { locals }) => JSON.stringify(locals['message'])),
        }),
      ),
      watchdog(),
      run(),
    ],
  });

  const control = String.fromCharCode(1);
  const flood = (text: string): Signal[] => [
    ...aliases.map((alias, n) =>
      signal(n, alias, `${text}${n}`, { source: text.slice(0, 100), clock: text.slice(0, 100) }),
    ),
    ...aliases.map((alias, n) => signal(2_000 + n, alias, { [text.slice(0, 50)]: text })),
    ...Array.from({ length: 300 }, (_, n) =>
      condition(4_000 + n, `item ${n} ${text}`.slice(0, 250), 'FAULT', `${n}${text}`, text),
    ),
    ...Array.from({ length: 300 }, (_, n) =>
      signal(5_000 + n, `${n}${text}`.slice(0, 250), text, {
        source: `${n}${text}`.slice(0, 120),
        session: `${n}${text}`.slice(0, 120),
        seq: n,
      }),
    ),
    ...Array.from({ length: 300 }, (_, n) => signal(6_000 + n, 'state', `${n}${text}`)),
    ...Array.from({ length: 300 }, (_, n) => signal(7_000 + n, 'message', { n, text: text.slice(0, 200) })),
    ...Array.from({ length: 500 }, (_, n) => signal(8_000 + n, 'held', text, { seq: 2 * n, session: 'held' })),
  ];

  it.each([
    ['long', 'x'.repeat(5_000)],
    ['long and written with escapes', control.repeat(5_000)],
    ['long and of three bytes each', '漢'.repeat(5_000)],
    ['as long as a name', `proto ${'é'.repeat(60)}`],
  ])('texts that are %s', (_, text) => {
    const { state } = foldUnder(mapping, flood(text));
    expect(state.values.aliases.length).toBeLessThanOrEqual(STATE_LIMITS.values);
    expect(bytesOf(state)).toBeLessThan(1.75 * MIB);
  });

  describe('bundles', () => {
    const long = (n: number) =>
      expression(['text'], (read) => `${n}${String(read('text')).repeat(40)}`.slice(0, 2_500));
    const members = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, n) => [`M${n}`, long(n)]));
    const hostile = mappingOf({
      hash: 'b'.repeat(64),
      signals: {
        ...Object.fromEntries(Object.keys(LINE_PATHS).map((alias) => [alias, {}])),
        good: { type: 'double', unit: '[in_i]' },
        itemLength: { type: 'string', unit: '[in_i]' },
        bundleNumber: { type: 'json' },
        text: {},
      },
      rules: [
        lineRule({
          fields: members(40),
          enrich: members(40),
          coils: { splitOn: 'coilSerial', fields: members(4) },
          items: { key: 'itmId', quantityDone: 'itemDone', length: 'itemLength', piece: null, fields: members(4) },
        }),
      ],
    });
    const bundles = (text: string, count: number): Signal[] => [
      signal(0, 'text', text),
      ...Array.from({ length: count }, (_, b) => [
        signal(b * 100_000, 'bundleNumber', { b, text }, { type: 'json' }),
        signal(b * 100_000 + 1, 'good', b * 1_000, { type: 'double' }),
        ...Array.from({ length: 70 }, (_, n) => [
          signal(b * 100_000 + 10 * n + 2, 'coilSerial', `${b} ${n} ${text}`),
          signal(b * 100_000 + 10 * n + 3, 'itmId', `${b} ${n} ${text}`),
          signal(b * 100_000 + 10 * n + 4, 'itemLength', `0.${'1'.repeat(4_000)}`),
          signal(b * 100_000 + 10 * n + 5, 'itemDone', 1, { type: 'int64' }),
          signal(b * 100_000 + 10 * n + 6, 'good', b * 1_000 + n, { type: 'double' }),
        ]).flat(),
      ]).flat(),
    ];

    it.each([
      ['long', 'x'.repeat(5_000)],
      ['long and written with escapes', control.repeat(5_000)],
      ['long and of three bytes each', '漢'.repeat(5_000)],
    ])('texts that are %s', (_, text) => {
      const { state, events } = foldUnder(hostile, bundles(text, 5));
      expect(bytesOf(state)).toBeLessThan(MIB);
      const told = events.filter(({ type }) => type.startsWith('bundle.'));
      expect(told.length).toBeGreaterThanOrEqual(4);
      for (const { data } of told) {
        expect(Buffer.byteLength(data)).toBeLessThan(2 * BUNDLE_LIMITS.bytes);
        const { integrity } = JSON.parse(data) as { integrity: { violations: object[]; leftOut: string[] } };
        expect(integrity.leftOut.length).toBeGreaterThan(0);
        expect(integrity.violations).toContainEqual({ check: 'size', expected: 0, actual: integrity.leftOut.length });
      }
    });
  });

  it('names of the language itself are names like any', () => {
    const odd = mappingOf({
      signals: { __proto__x: { paths: ['__proto__'] }, constructor: { paths: ['constructor'] } },
      rules: [conditionRuleOf()],
    });
    const log = ['__proto__', 'constructor', 'toString'].flatMap((name, n) => [
      signal(n, name, name, { source: name, session: name, seq: 0 }),
      condition(10 + n, name, 'FAULT', name),
    ]);
    const { state, told } = foldUnder(odd, log, { restart: true });
    expect(told.map(({ item }) => item)).toEqual(['__proto__', 'constructor', 'toString']);
    expect(heldOf(state, 'constructor')).toMatchObject({ value: 'constructor' });
    expect(Object.keys(state.unmapped)).toEqual(['toString']);
  });

  it('keeps the room for long values straight over all that comes and goes', () => {
    const few = mappingOf({ signals: { a: {}, b: {} } });
    const text = (ms: number, alias: string, length: number) => signal(ms, alias, 'y'.repeat(length));
    const log = [text(0, 'a', 1_000), text(1, 'b', 3_000), text(2, 'a', 10), text(3, 'b', 9_000)];
    const { state } = fold(log, machineUnder(few), 0, [few]);
    expect(state.valueBytes).toBe(0);
    expect(String(heldOf(state, 'b')!.value)).toHaveLength(64);
    expect(fold(log.slice(0, 2), machineUnder(few), 0, [few]).state.valueBytes).toBe(4_004);
  });
});
