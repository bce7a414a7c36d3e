import { type ProblemCode, pathText, plainWords, sentenceOf } from '@millrace/protocol';
import { z } from 'zod';
import { ApiProblem } from './api-problem';

const ERRORS_SHOWN = 20;

const errorsOf = (error: z.ZodError, given: unknown): Array<{ path: string; detail: string; code: string }> =>
  error.issues
    .flatMap((issue) =>
      issue.code === 'unrecognized_keys'
        ? issue.keys.map((key) => ({
            path: pathText([...issue.path, key]),
            detail: 'There is no such member.',
            code: 'unknown_member',
          }))
        : [{ path: pathText(issue.path), detail: sentenceOf(issue, given), code: issue.code }],
    )
    .slice(0, ERRORS_SHOWN);

/** An object schema that says nothing about further members refuses them. */
const strict = <T>(schema: z.ZodType<T>): z.ZodType<T> =>
  schema instanceof z.ZodObject && schema.def.catchall === undefined
    ? (schema.strict() as unknown as z.ZodType<T>)
    : schema;

const parse = <T>(schema: z.ZodType<T>, value: unknown, what: string, code: ProblemCode): T => {
  const result = strict(schema).safeParse(value, { error: plainWords });
  if (result.success) return result.data;
  const errors = errorsOf(result.error, value);
  const first = errors[0];
  const detail = first
    ? `${what}${first.path === '' ? '' : `, ${first.path}`}: ${first.detail}`
    : `${what} is not valid.`;
  throw new ApiProblem(code, detail, { errors });
};

/** The value as the schema reads it; otherwise 422 with one entry in `errors` for each member that is wrong. */
export const parseBody = <T>(schema: z.ZodType<T>, value: unknown, code: ProblemCode = 'invalid_request'): T =>
  parse(schema, value, 'The body is not valid', code);

/** The same for the query; every value of it is a string, or a list of strings when repeated. */
export const parseQuery = <T>(schema: z.ZodType<T>, query: unknown): T =>
  parse(schema, { ...(query as object) }, 'The query is not valid', 'invalid_request');
