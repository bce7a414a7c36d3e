import { isDeepStrictEqual } from 'node:util';
import { compileSchema, incompatibilities, type Problem, problemsOfSchema, type Schema } from '@millrace/event-schema';
import { EVENT_TYPE_LIMITS, type NewEventType, type ProblemCode } from '@millrace/protocol';
import type { StoredEventType, StoredVersion } from './event-types.ports';

/** What becomes of a type that is described, or why nothing does. */
export type Described =
  | {
      readonly kind: 'changed';
      readonly type: StoredEventType;
      /** Where the schema is another than before. */
      readonly added: StoredVersion | null;
    }
  | {
      readonly kind: 'refused';
      readonly code: ProblemCode;
      readonly detail: string;
      readonly errors: readonly Problem[];
    };

const parsed = (text: string | null): unknown => (text === null ? null : JSON.parse(text));
const json = (value: unknown): string | null => (value === null ? null : JSON.stringify(value));

/**
 * Pure: a type that is described anew, or once more. What is left out stays as it is. A schema that differs is the next
 * version, and has to be compatible with the former one unless it says that it is not.
 */
export const describedType = (
  former: StoredEventType | null,
  described: NewEventType,
  tenant: string,
  now: Date,
): Described => {
  const formerSchema = parsed(former?.schema ?? null);
  const schema = described.schema === undefined ? formerSchema : described.schema;
  const example = described.example === undefined ? parsed(former?.example ?? null) : described.example;
  const { name } = described;
  if (described.schema !== undefined && schema !== null) {
    const errors = problemsOfSchema(schema);
    if (errors.length > 0)
      return refused('invalid_schema', `The schema of ${name} cannot be used: ${first(errors)}`, errors);
  }
  const changed = former === null || !isDeepStrictEqual(schema, formerSchema);
  const version = (former?.version ?? 0) + (changed ? 1 : 0);
  if (version > EVENT_TYPE_LIMITS.versions)
    return refused('conflict', `${name} has ${version - 1} versions, which is the most that a type may have.`, []);
  // A former schema that is none said nothing that could be kept.
  const broken =
    changed && isUsable(formerSchema) ? incompatibilities(formerSchema, isUsable(schema) ? schema : true) : [];
  if (broken.length > 0 && described.breaking !== true)
    return refused(
      'incompatible_schema',
      `Version ${version} of ${name} is not compatible with version ${version - 1}: ${first(broken)} If receivers and publishers are ready for it, send it again with "breaking": true.`,
      broken,
    );
  if (example !== null && isUsable(schema)) {
    const problem = compileSchema(schema)(example);
    if (problem !== null) {
      const errors = [{ ...problem, path: problem.path.replace(/^data/, 'example') }];
      const whose = described.example === undefined ? 'the example that it has; send another' : 'its example';
      return refused('invalid_schema', `The schema of ${name} does not fit ${whose}: ${first(errors)}`, errors);
    }
  }
  return {
    kind: 'changed',
    type: stored(version),
    added: changed ? { name, version, schema: json(schema), breaking: broken.length > 0, createdAt: now } : null,
  };

  function stored(number: number): StoredEventType {
    return {
      tenant,
      name,
      module: described.module,
      description: described.description,
      schema: json(schema),
      example: json(example),
      createdAt: former?.createdAt ?? now,
      version: number,
    };
  }
};

const isUsable = (schema: unknown): schema is Schema => schema !== null && problemsOfSchema(schema).length === 0;

const first = (errors: readonly Problem[]): string => `${errors[0]!.path} ${errors[0]!.detail}.`;

const refused = (code: ProblemCode, detail: string, errors: readonly Problem[]): Described => ({
  kind: 'refused',
  code,
  detail,
  errors,
});
