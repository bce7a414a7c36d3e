import Ajv2020, { type ErrorObject } from 'ajv/dist/2020';
import { FORMATS } from './formats';
import { linearPattern } from './linear-pattern';
import { type Problem, pathTo, type Schema, stepsOfReference } from './schema-node';

/** Data held against a schema: null when it fits, else the first thing that is wrong, at its path from `data` on. */
export type DataCheck = (data: unknown) => Problem | null;

/** `pattern` runs in the engine that no text can keep busy. */
const regExp = Object.assign(
  (pattern: string) => {
    const { test } = linearPattern(pattern);
    return { test, exec: () => null, toString: () => pattern };
  },
  { code: 'linearPattern' },
);

/**
 * The check of a schema that `problemsOfSchema` has found nothing in. Takes milliseconds, and what it gives is to be kept.
 * It stops at the first thing that is wrong: who sends hostile data must not choose how long the answer takes.
 */
export const compileSchema = (schema: Schema): DataCheck => {
  // An instance of its own: what a compilation leaves behind in one goes with the check.
  const ajv = new Ajv2020({
    strict: false,
    allErrors: false,
    ownProperties: true,
    meta: false,
    validateSchema: false,
    addUsedSchema: false,
    inlineRefs: false,
    logger: false,
    formats: { ...FORMATS },
    code: { regExp },
  });
  // No schema that is usable here asks what was evaluated, and the code that keeps account of it fails on some that are.
  ajv.opts.unevaluated = false;
  const validate = ajv.compile(underOneName(schema));
  return (data) => {
    if (validate(data)) return null;
    const problem = problemOf(validate.errors![0]!);
    validate.errors = null;
    return problem;
  };
};

/** The schema stands alone here, so one name serves every schema; that of its author could only collide. */
const underOneName = (schema: Schema): Schema => {
  if (typeof schema === 'boolean') return schema;
  const { $schema: _schema, ...rest } = schema;
  return { ...rest, $id: 'urn:millrace:data' };
};

const TEXT_KEPT = 200;
const cut = (text: string): string => (text.length > TEXT_KEPT ? `${text.slice(0, TEXT_KEPT)}…` : text);
const shown = (value: unknown): string => cut(JSON.stringify(value) ?? 'undefined');

const problemOf = (error: ErrorObject): Problem => {
  const path = cut(
    (stepsOfReference(`#${error.instancePath}`) ?? [error.instancePath]).reduce<string>(
      (at, step) => pathTo(at, /^\d{1,9}$/.test(step) ? Number(step) : step),
      'data',
    ),
  );
  return { path, detail: detailOf(error, error.params as { readonly [name: string]: unknown }) };
};

const detailOf = (error: ErrorObject, params: { readonly [name: string]: unknown }): string => {
  switch (error.keyword) {
    case 'required':
      return `lacks ${shown(params['missingProperty'])}`;
    case 'additionalProperties':
      return `has ${shown(params['additionalProperty'])}, which the schema does not allow`;
    case 'enum':
      return `must be one of ${shown(params['allowedValues'])}`;
    case 'const':
      return `must be ${shown(params['allowedValue'])}`;
    case 'type':
      return `must be ${[params['type']].flat().join(' or ')}`;
    case 'false schema':
      return 'must not be there';
    default:
      return cut(error.message ?? error.keyword);
  }
};
