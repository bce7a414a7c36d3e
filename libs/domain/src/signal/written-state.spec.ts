import fc from 'fast-check';
import type { ExpressionValue } from '../machine-rules/expression';
import type { Rule } from '../machine-rules/mapping';
import { conditionRuleOf, edge, expr, expression, mappingOf, passthrough, run } from '../machine-rules/mapping.fixture';
import { anyHistory, mapping } from './histories.fixture';
import { fold, machineUnder } from './signals.fixture';

/** What CEL can come to; a state that holds such a number as it is could not be written, or not be read again. */
const NUMBERS: readonly ExpressionValue[] = [5n, 2n ** 80n, -(2n ** 63n), Number.NaN, Number.POSITIVE_INFINITY, 1e308];
const number = fc.constantFrom(...NUMBERS);
const anyResult = fc.oneof(
  number,
  fc.array(number, { maxLength: 2 }),
  fc.dictionary(fc.constantFrom('a', '__proto__', 'toJSON'), fc.oneof(number, fc.array(number)), { maxKeys: 2 }),
  fc.constantFrom<ExpressionValue>('\ud800', '', true, null),
);

/** Each expression of a rule comes to one of these, whatever it was. */
const rulesOf = (results: readonly ExpressionValue[]): Rule[] => {
  let asked = 0;
  const any = () => {
    const result = results[asked++ % results.length]!;
    return expression(['count', 'temp', 'door', 'state', 'message'], () => result);
  };
  const members = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, any()]));
  const others = mapping.rules.map((rule) =>
    rule.kind === 'bundle'
      ? { ...rule, key: any(), fields: members(Object.keys(rule.fields)), enrich: members(['Job', 'Material']) }
      : rule,
  );
  return [
    expr({ id: 'value', value: any(), emit: 'machine.value', data: members(['data']) }),
    expr({ id: 'met', value: any(), emit: 'machine.met', when: any() }),
    ...others,
    edge({ id: 'data', data: members(['data']) }),
    passthrough({ id: 'pass', key: any(), data: any(), emit: 'machine.message' }),
    conditionRuleOf({ id: 'key', key: any() }),
    run({ id: 'between', start: any(), end: any() }),
  ];
};

describe('a state', () => {
  it('is JSON as it is, whatever the expressions of a mapping come to', () => {
    const told = new Set<string>();
    fc.assert(
      fc.property(anyHistory, fc.array(anyResult, { minLength: 1, maxLength: 12 }), (log, results) => {
        const under = mappingOf({ ...mapping, hash: 'c'.repeat(64), rules: rulesOf(results) });
        const signals = log.filter(({ path }) => path !== '$config');
        const { state, events } = fold(signals, machineUnder(under), 0, [under]);
        expect(JSON.parse(JSON.stringify(state))).toEqual(state);
        expect(events.filter(({ type }) => type === 'ingest.rule_failed').map(({ data }) => data)).toEqual([]);
        for (const { type } of events) told.add(type);
      }),
      { numRuns: Number(process.env['HISTORIES'] ?? 80) },
    );
    expect([...told]).toEqual(expect.arrayContaining(['bundle.completed', 'work_order.completed', 'machine.alarm']));
  });
});
