import type { BuiltInEventType } from '../../catalogue/built-in-event-type';
import { BUILT_IN_EVENT_TYPES } from '../../catalogue/catalogue';
import { moduleOfType } from '../../topics/event-routing';
import type { JsonObject } from './json-schema';

const header = (name: string, description: string, required: boolean): JsonObject => ({
  name,
  in: 'header',
  required,
  description,
  schema: { type: 'string' },
});

const PARAMETERS: readonly JsonObject[] = [
  header('webhook-id', 'The id of the event, the same on every attempt: handle each id once.', true),
  header('webhook-timestamp', 'Unix seconds of this attempt.', true),
  header(
    'webhook-signature',
    'Standard Webhooks: space-separated `v1,<base64>` over `id.timestamp.body`, one for each secret that signs.',
    true,
  ),
  header('traceparent', 'W3C trace context of the attempt.', false),
];

const RESPONSES: JsonObject = {
  '2XX': { description: 'Received; the body is not looked at.' },
  '410': { description: 'No more of these: the endpoint is disabled.' },
  default: { description: 'Tried again later; `Retry-After` of a 429 or 503 is honoured.' },
};

/**
 * What receivers get under the contract `standard`, one entry for each built-in type; the schemas of the data are put into
 * `components`, under the name of their type.
 */
export const webhooksOf = (components: JsonObject): JsonObject =>
  Object.fromEntries(
    BUILT_IN_EVENT_TYPES.map((type) => {
      const { $schema: _, ...schema } = type.schema;
      components[type.name] = schema;
      return [type.name, { post: operationOf(type) }];
    }),
  );

const operationOf = ({ name, description, example }: BuiltInEventType): JsonObject => ({
  operationId: `webhook${name.replace(/(?:^|[._])(\w)/g, (_all, letter: string) => letter.toUpperCase())}`,
  summary: name,
  description,
  tags: [`Webhooks: ${moduleOfType(name)}`],
  security: [],
  parameters: PARAMETERS,
  requestBody: {
    required: true,
    content: {
      'application/json': {
        schema: {
          type: 'object',
          required: ['id', 'type', 'timestamp', 'data'],
          properties: {
            id: { type: 'string' },
            type: { const: name },
            timestamp: { type: 'string', format: 'date-time', description: "The event's time." },
            data: { $ref: `#/components/schemas/${name}` },
          },
        },
        example: {
          id: 'evt_01k3v9q8zr5t7w2m4n6p8s0abc',
          type: name,
          timestamp: '2026-01-15T10:30:00.000Z',
          data: example,
        },
      },
    },
  },
  responses: RESPONSES,
});
