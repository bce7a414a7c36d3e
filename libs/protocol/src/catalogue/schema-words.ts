import { JSON_SCHEMA_2020_12, type JsonSchema } from './built-in-event-type';

/** The words that the schemas of the catalogue are written in. */
export const text = (description: string): JsonSchema => ({ type: 'string', description });
export const id = (description: string): JsonSchema => ({ type: 'string', minLength: 1, description });
export const count = (description: string): JsonSchema => ({ type: 'integer', minimum: 0, description });
export const integer = (description: string): JsonSchema => ({ type: 'integer', description });
export const number = (description: string): JsonSchema => ({ type: 'number', description });
/** Not below zero: lengths, amounts, minutes. */
export const amount = (description: string): JsonSchema => ({ type: 'number', minimum: 0, description });
export const flag = (description: string): JsonSchema => ({ type: 'boolean', description });
/** RFC 3339, with its zone. */
export const time = (description: string): JsonSchema => ({ type: 'string', format: 'date-time', description });
export const date = (description: string): JsonSchema => ({ type: 'string', format: 'date', description });
export const email = (description: string): JsonSchema => ({ type: 'string', format: 'email', description });
export const uri = (description: string): JsonSchema => ({ type: 'string', format: 'uri', description });
export const oneOf = (values: readonly unknown[], description: string): JsonSchema => ({ enum: values, description });
export const listOf = (items: JsonSchema, description: string): JsonSchema => ({ type: 'array', items, description });

/** The same, or null. */
export const orNull = (schema: JsonSchema): JsonSchema =>
  schema['enum'] === undefined
    ? { ...schema, type: [schema['type'], 'null'].flat() }
    : { ...schema, enum: [...(schema['enum'] as unknown[]), null] };

export interface Members {
  readonly [name: string]: JsonSchema;
}

/** An object; `sometimes` may be absent. Members that are not named may be there too. */
export const object = (always: Members, sometimes: Members = {}, description?: string): JsonSchema => ({
  type: 'object',
  ...(description === undefined ? {} : { description }),
  required: Object.keys(always),
  properties: { ...always, ...sometimes },
});

/** The schema of an event's data. */
export const data = (always: Members, sometimes: Members = {}): JsonSchema => ({
  $schema: JSON_SCHEMA_2020_12,
  ...object(always, sometimes),
});
