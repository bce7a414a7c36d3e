/** An event type that every tenant has, with what its events carry. */
export interface BuiltInEventType {
  readonly name: string;
  /** Of the schema; a release that changes it counts on. */
  readonly version: number;
  readonly description: string;
  /** JSON Schema, draft 2020-12, of the event's `data`. What it does not name may be there too. */
  readonly schema: JsonSchema;
  /** Data that an event of this type could carry; valid against the schema. */
  readonly example: { readonly [name: string]: unknown };
}

export type JsonSchema = { readonly [keyword: string]: unknown };

export const JSON_SCHEMA_2020_12 = 'https://json-schema.org/draft/2020-12/schema';
