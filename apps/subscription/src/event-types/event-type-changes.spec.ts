import { EVENT_TYPE_LIMITS, type NewEventType } from '@millrace/protocol';
import { describedType } from './event-type-changes';
import type { StoredEventType } from './event-types.ports';

const now = new Date('2026-01-15T10:30:00Z');
const before = new Date('2026-01-01T00:00:00Z');
const schema = { type: 'object', required: ['a'], properties: { a: { type: 'string' } } };
const base = { name: 'x.y', module: 'm', description: 'd' };
const former: StoredEventType = {
  tenant: 'acme',
  ...base,
  schema: JSON.stringify(schema),
  example: '{"a":"b"}',
  createdAt: before,
  version: 3,
};
const of = (described: Partial<NewEventType>, was: StoredEventType | null = former) =>
  describedType(was, { ...base, ...described }, 'acme', now);

test('the first is version 1', () => {
  expect(of({ schema, example: { a: 'b' } }, null)).toEqual({
    kind: 'changed',
    type: { ...former, createdAt: now, version: 1 },
    added: { name: 'x.y', version: 1, schema: JSON.stringify(schema), breaking: false, createdAt: now },
  });
});

test('what is left out stays as it is, and makes no version', () => {
  expect(of({ description: 'e' })).toEqual({ kind: 'changed', type: { ...former, description: 'e' }, added: null });
});

test('the same schema in another order makes no version', () => {
  const { required, ...rest } = schema;
  expect(of({ schema: { ...rest, required } })).toMatchObject({ kind: 'changed', added: null });
});

test.each<[string, Partial<NewEventType>, string, string[]]>([
  ['a schema that is none', { schema: { type: 'x' } }, 'invalid_schema', ['schema.type']],
  ['an example that does not fit', { schema, example: { a: 1 } }, 'invalid_schema', ['example.a']],
  [
    'an example that does not fit any more',
    { schema: { ...schema, required: ['a', 'b'] }, breaking: true },
    'invalid_schema',
    ['example'],
  ],
  ['an incompatible version', { schema: { ...schema, properties: {} } }, 'incompatible_schema', ['data.a']],
  ['no schema any more', { schema: null }, 'incompatible_schema', ['data.a']],
])('refuses %s', (_, described, code, paths) => {
  const result = of(described);
  expect(result).toMatchObject({ kind: 'refused', code });
  expect(result.kind === 'refused' && result.errors.map(({ path }) => path)).toEqual(paths);
});

test('a break has to be meant, and is remembered only where there is one', () => {
  expect(of({ schema: null, breaking: true })).toMatchObject({ added: { version: 4, breaking: true, schema: null } });
  expect(of({ schema: { ...schema, required: [] }, breaking: true })).toMatchObject({
    added: { version: 4, breaking: false },
  });
});

test('after no schema, or one that was none, any may follow', () => {
  expect(of({ schema }, { ...former, schema: null })).toMatchObject({ added: { version: 4, breaking: false } });
  expect(of({ schema }, { ...former, schema: '{"type":"x"}' })).toMatchObject({ added: { breaking: false } });
});

test('has an end', () => {
  expect(of({ schema: true, breaking: true }, { ...former, version: EVENT_TYPE_LIMITS.versions })).toMatchObject({
    kind: 'refused',
    code: 'conflict',
  });
});
