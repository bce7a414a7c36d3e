import { OPERATIONAL_TYPES } from '@millrace/domain';
import { moduleOfType } from '@millrace/protocol';
import { BUILT_IN_EVENT_TYPES, builtInEventType } from './built-in-event-types';
import { OPERATIONAL_EVENT_TYPES } from './operational-event-types';

interface Schema {
  readonly required: readonly string[];
  readonly properties: { readonly [name: string]: { type?: string | string[]; enum?: readonly unknown[] } };
}

const kindOf = (value: unknown): string =>
  Number.isInteger(value) ? 'integer' : value === null ? 'null' : typeof value;

test('each operational event is in the catalogue, under its module', () => {
  expect(OPERATIONAL_EVENT_TYPES.map(({ name }) => name).sort()).toEqual([...OPERATIONAL_TYPES].sort());
  for (const name of OPERATIONAL_TYPES)
    expect(builtInEventType(name)).toMatchObject({ module: moduleOfType(name), builtIn: true });
  expect(new Set(BUILT_IN_EVENT_TYPES.map(({ name }) => name)).size).toBe(BUILT_IN_EVENT_TYPES.length);
});

test.each(OPERATIONAL_EVENT_TYPES.map((type) => [type.name, type] as const))(
  'the example of %s fits its schema',
  (_, type) => {
    const { required, properties } = type.schema as Schema;
    const example = Object.entries(type.example);
    expect(example.map(([name]) => name)).toEqual(expect.arrayContaining([...required]));
    for (const [name, value] of example) {
      const { type: types, enum: values } = properties[name]!;
      if (values) expect(values).toContain(value);
      else expect([types].flat()).toContain(kindOf(value));
    }
  },
);
