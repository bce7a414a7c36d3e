import { PROBLEMS, type ProblemCode } from '../problem';
import type { Call } from './call';
import { asJsonSchema, type JsonObject } from './json-schema';
import { problemSchema } from './problem-schema';

/** Ways to be known to a source: its token, or its signature. */
const OF_SOURCE = [{ sourceToken: [] }, { mesSignature: [] }];

const idempotencyKey = {
  name: 'Idempotency-Key',
  in: 'header',
  description: 'A repeat with the same key and body has the effect of one.',
  schema: { type: 'string', maxLength: 255 },
};

/** One call as an OpenAPI operation; the named schemas that it uses are put into `components`. */
export const operationOf = (path: string, method: string, call: Call, components: JsonObject): JsonObject => {
  const parameters = parametersOf(path, method, call);
  return {
    operationId: `${method}${path.replace(/^\/v1/, '').replace(/[/{}-]+(\w?)/g, (_all, letter: string) => letter.toUpperCase())}`,
    summary: call.summary,
    tags: [call.tag],
    security: 'scope' in call ? [{ apiKey: [call.scope] }] : OF_SOURCE,
    ...(parameters.length > 0 && { parameters }),
    ...(call.body && {
      requestBody: {
        required: !call.optionalBody,
        content: Object.fromEntries(
          Object.entries(call.body).map(([type, schema]) => [
            type,
            { schema: asJsonSchema(schema, 'input', components) },
          ]),
        ),
      },
    }),
    responses: responsesOf(call, components),
  };
};

const parametersOf = (path: string, method: string, call: Call): readonly JsonObject[] => [
  ...[...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  })),
  ...Object.entries(call.query ?? {}).map(([name, { description, schema }]) => ({
    name,
    in: 'query',
    description,
    schema: schema ?? { type: 'string' },
  })),
  ...(method === 'post' ? [idempotencyKey] : []),
];

const responsesOf = (call: Call, components: JsonObject): JsonObject => {
  const problemContent = { 'application/problem+json': { schema: asJsonSchema(problemSchema, 'output', components) } };
  const responses: { [status: string]: { readonly description: string; readonly content?: object } } = {
    [call.answer.status]: {
      description: call.answer.description,
      ...(call.answer.schema && {
        content: { 'application/json': { schema: asJsonSchema(call.answer.schema, 'output', components) } },
      }),
    },
  };
  const ofCaller: readonly ProblemCode[] =
    'scope' in call ? ['unauthenticated', 'insufficient_scope'] : ['source_unauthenticated'];
  for (const code of [...ofCaller, 'rate_limited', ...call.refusals] as const) {
    const { status, title } = PROBLEMS[code];
    const known = responses[status];
    const description = known ? `${known.description}; \`${code}\`: ${title}` : `\`${code}\`: ${title}`;
    responses[status] = { description, content: problemContent };
  }
  for (const [status, { description, schema }] of Object.entries(call.errors ?? {}))
    responses[status] = {
      description,
      content: { 'application/json': { schema: asJsonSchema(schema, 'output', components) } },
    };
  return responses;
};
