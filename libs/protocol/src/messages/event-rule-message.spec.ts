import { decodeEventRule, type EventRule, encodeEventRule } from './event-rule-message';

const rule: EventRule = {
  v: 1,
  tenant: 'acme',
  type: 'quality/press:measured',
  validation: 'reject',
  version: 3,
  schema: { type: 'object' },
};
const { v: _, tenant, type, ...said } = rule;
const received = (key: string | null, value: unknown) => ({
  key: key === null ? null : Buffer.from(key),
  value: value === null ? null : Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)),
});

it('comes back as it went', () => {
  const sent = encodeEventRule('t.event-rules', { tenant, type }, said);
  expect(decodeEventRule({ key: Buffer.from(sent.key!), value: sent.value })).toEqual({ kind: 'put', rule });
});

it('is taken back', () => {
  const sent = encodeEventRule('t.event-rules', { tenant, type }, null);
  expect(decodeEventRule({ key: Buffer.from(sent.key!), value: sent.value })).toEqual({
    kind: 'deleted',
    tenant,
    type,
  });
});

it.each([
  ['no key', received(null, rule)],
  ['a key without a type', received('acme', rule)],
  ['another key', received('acme/other', rule)],
  ['no JSON', received(`acme/${type}`, 'x')],
  ['null as JSON', received(`acme/${type}`, 'null')],
  ['another version', received(`acme/${type}`, { ...rule, v: 2 })],
  ['an unknown validation', received(`acme/${type}`, { ...rule, validation: 'off' })],
  ['no schema', received(`acme/${type}`, { ...rule, schema: undefined })],
])('cannot be read with %s', (_what, message) => {
  expect(decodeEventRule(message)).toEqual({ kind: 'unreadable' });
});
