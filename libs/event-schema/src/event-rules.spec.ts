import { type EventRule, encodeEventRule } from '@millrace/protocol';
import { cpuMsOf } from '@millrace/test-environment';
import { EventRules, type OnUnusable } from './event-rules';

const rule = (type: string, schema: unknown, more: Partial<EventRule> = {}) => {
  const { key, value } = encodeEventRule(
    'event-rules',
    { tenant: more.tenant ?? 'acme', type },
    { validation: more.validation ?? 'reject', version: more.version ?? 1, schema },
  );
  return { key: Buffer.from(key!), value };
};
const event = (type: string, data: unknown, tenant = 'acme') => ({ tenant, type, data: JSON.stringify(data) });

const world = () => {
  const unusable: Parameters<OnUnusable>[0][] = [];
  return { unusable, rules: new EventRules((what) => unusable.push(what)) };
};

test('an event of a type without a rule is never looked into', () => {
  const { rules } = world();
  const untouched = { tenant: 'acme', type: 'a.b', data: 'not JSON' };
  expect(rules.judge(untouched)).toBeNull();
  rules.apply(rule('a.c', { type: 'object' }));
  rules.apply(rule('a.b', { type: 'object' }, { tenant: 'other' }));
  expect(rules.judge(untouched)).toBeNull();
});

test('a rule holds for its tenant and type, and says where and what', () => {
  const { rules } = world();
  rules.apply(rule('a.b', { properties: { qty: { type: 'integer' } } }, { validation: 'warn', version: 4 }));
  expect(rules.judge(event('a.b', { qty: 1 }))).toBeNull();
  expect(rules.judge(event('a.b', { qty: 'x' }))).toEqual({
    path: 'data.qty',
    detail: 'must be integer',
    validation: 'warn',
    version: 4,
  });
});

test('the last word counts', () => {
  const { rules } = world();
  rules.apply(rule('a.b', { type: 'string' }));
  expect(rules.judge(event('a.b', 1))).not.toBeNull();
  rules.apply(rule('a.b', { type: 'integer' }));
  expect(rules.judge(event('a.b', 1))).toBeNull();
  rules.apply({ ...rule('a.b', {}), value: null });
  expect(rules.judge(event('a.b', 'x'))).toBeNull();
});

test('a built-in type is held against the schema that is built in', () => {
  const { rules } = world();
  rules.apply(rule('order.shipped', null));
  expect(rules.judge(event('order.shipped', { order_id: 'o' }))).toBeNull();
  expect(rules.judge(event('order.shipped', {}))).toMatchObject({ path: 'data', detail: 'lacks "order_id"' });
});

test.each([
  ['a schema that is none', rule('a.b', { type: 'nothing' }), 'schema.type'],
  ['a built-in type of another release', rule('a.b', null), 'no such built-in type'],
])('%s is told once, and the events go on', (_, message, reason) => {
  const { rules, unusable } = world();
  rules.apply(message);
  expect([rules.judge(event('a.b', {})), rules.judge(event('a.b', {}))]).toEqual([null, null]);
  expect(unusable).toEqual([{ tenant: 'acme', type: 'a.b', reason: expect.stringContaining(reason) }]);
});

test('a record that cannot be read changes nothing', () => {
  const { rules, unusable } = world();
  rules.apply({ key: Buffer.from('acme/a.b'), value: Buffer.from('x') });
  expect(rules.judge(event('a.b', {}))).toBeNull();
  expect(unusable).toHaveLength(1);
});

test('without any rule a million events cost next to nothing', () => {
  const { rules } = world();
  const one = event('a.b', {});
  const cpuMs = cpuMsOf(() => {
    for (let n = 0; n < 1_000_000; n++) rules.judge(one);
  });
  expect(cpuMs).toBeLessThan(3_000);
});
