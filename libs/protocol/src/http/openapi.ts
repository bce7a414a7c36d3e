import { z } from 'zod';
import { apiKeyView, createApiKeyRequest, createdApiKeyView } from './api-keys';
import {
  cancelManyRequest,
  commandAcceptedView,
  commandView,
  heldKeyView,
  manyCommandsView,
  retryDeliveryRequest,
  retryManyRequest,
} from './commands';
import {
  changedEndpointView,
  createdEndpointView,
  createEndpointRequest,
  endpointView,
  rotatedSecretView,
  rotateSecretRequest,
  testDeliveryView,
  testEndpointRequest,
  updateEndpointRequest,
} from './endpoints';
import { createEventTypeRequest, eventTypeView } from './event-types';
import { cloudEventSchema, eventsAcceptedSchema, publishCloudEventsBatchSchema, publishEventsSchema } from './events';
import { filterTestView, testFilterRequest } from './filters';
import {
  type AttemptView,
  DELIVERY_STATUSES,
  type DeliveryDetailView,
  type DeliveryStatus,
  type DeliveryView,
} from './history';
import { machineListSchema, machineViewSchema } from './machines';
import { PROBLEMS, type ProblemCode } from './problem';
import { recoverEndpointRequest, recoveryView } from './recoveries';
import type { Scope } from './scopes';
import { publishSignalsSchema, signalsAcceptedSchema } from './signals';

/**
 * The OpenAPI 3.1 document of everything behind the one origin, made of the schemas that the services validate with; the
 * answers of the history are types there, and `satisfies` holds the schemas here to them.
 */
const delivery = z
  .object({
    id: z.string(),
    eventId: z.string(),
    eventType: z.string(),
    subject: z.string().nullable(),
    endpointId: z.string(),
    contract: z.string(),
    status: z.enum(DELIVERY_STATUSES as [DeliveryStatus, ...DeliveryStatus[]]),
    statusReason: z
      .string()
      .nullable()
      .meta({ description: 'Why it is parked or has ended, where the status does not say all.' }),
    trigger: z.enum(['event', 'test', 'recovery']),
    attemptCount: z.int(),
    requestCount: z.int().meta({ description: 'HTTP requests sent, repeats after a crash included.' }),
    nextAttemptAt: z.string().nullable(),
    createdAt: z.string(),
    completedAt: z.string().nullable(),
    lastOutcome: z
      .string()
      .nullable()
      .meta({ examples: ['success', 'http_503', 'timeout'] }),
  })
  .meta({ id: 'Delivery' }) satisfies z.ZodType<DeliveryView>;

const attempt = z
  .object({
    epoch: z.int().meta({ description: '0 at first; each retry by command begins the next one, with a new schedule.' }),
    number: z.int().meta({ description: 'From 1, within its epoch.' }),
    requestId: z.string(),
    startedAt: z.string(),
    durationMs: z.number().nullable(),
    request: z.object({
      url: z.string(),
      headers: z.record(z.string(), z.string()),
      body: z.string().nullable(),
      bodyMissing: z
        .enum(['test_event', 'event_not_kept', 'contract_unknown', 'digest_differs'])
        .nullable()
        .meta({ description: 'Why `body` is null.' }),
    }),
    response: z
      .object({
        status: z.int(),
        headers: z.record(z.string(), z.string()),
        body: z.string(),
        bodyTruncated: z.boolean(),
      })
      .nullable(),
    outcome: z.string().meta({
      description: '`pending` while under way; `unknown` when the sender stopped before it could record the answer.',
    }),
    error: z.string().nullable(),
    traceId: z.string(),
  })
  .meta({ id: 'Attempt' }) satisfies z.ZodType<AttemptView>;

const deliveryDetail = delivery
  .extend({
    epoch: z.int(),
    sequence: z.int().nullable().meta({
      description:
        'Its place among the deliveries of its endpoint, as the receiver is told; null before its first attempt.',
    }),
    previousEventId: z.string().nullable(),
    behind: z.string().nullable().meta({
      description: 'While it is parked as `behind_key`: the delivery that was to end first when it was parked.',
    }),
    attempts: z.array(attempt),
    commands: z.array(commandView).meta({ description: 'What became of the commands, oldest first.' }),
  })
  .meta({ id: 'DeliveryDetail' }) satisfies z.ZodType<DeliveryDetailView>;

const storedEvent = z
  .object({
    id: z.string(),
    type: z.string(),
    source: z.string(),
    subject: z.string().nullable(),
    timestamp: z.string(),
    acceptedAt: z.string(),
    data: z.unknown(),
  })
  .meta({ id: 'StoredEvent' });
const storedEventDetail = storedEvent.extend({ deliveries: z.array(delivery) }).meta({ id: 'StoredEventDetail' });

const problemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    code: z.enum(Object.keys(PROBLEMS) as [ProblemCode, ...ProblemCode[]]),
    detail: z.string(),
    errors: z.array(z.object({ path: z.string(), detail: z.string(), code: z.string().optional() })).optional(),
  })
  .meta({ id: 'Problem', description: 'RFC 9457 problem details; `code` is stable.' });

const page = (item: z.ZodType) => z.object({ data: z.array(item), nextCursor: z.string().nullable() });

interface Call {
  readonly summary: string;
  readonly scope: Scope;
  readonly tag: string;
  readonly body?: { readonly [mediaType: string]: z.ZodType };
  readonly optionalBody?: true;
  readonly answer: { readonly status: number; readonly description: string; readonly schema?: z.ZodType };
  readonly query?: { readonly [name: string]: { readonly description: string; readonly schema?: object } };
  readonly refusals: readonly ProblemCode[];
}

const json = (schema: z.ZodType) => ({ 'application/json': schema });
const paging = {
  cursor: { description: '`nextCursor` of the previous page.' },
  limit: { description: 'Items of a page.', schema: { type: 'integer', minimum: 1, maximum: 200, default: 50 } },
};
const period = {
  from: { description: 'RFC 3339; from this time on.', schema: { type: 'string', format: 'date-time' } },
  to: { description: 'RFC 3339; before this time.', schema: { type: 'string', format: 'date-time' } },
};
const WRITE: readonly ProblemCode[] = [
  'invalid_json',
  'invalid_request',
  'too_large',
  'unsupported_media_type',
  'unavailable',
];

/** Of the calls that steer a recovery job. */
const STEERED =
  'The job. What was asked stands in `wanted`; `state` follows, mostly before this answer. Asking again changes nothing.';
const STEERING: readonly ProblemCode[] = ['not_found', 'recovery_ended', 'idempotency_conflict', 'unavailable'];

/** Of the commands on deliveries. */
const COMMANDED =
  'The event log has the command. What became of it stands in `commands` of the delivery; of several that were decided upon the same state the first wins, and the rest are refused as `stale`.';
const COMMANDED_MANY =
  'The event log has a command for each delivery that matched, up to `limit`. Called again after a 503 it goes on with those that are left.';

const CALLS: { readonly [path: string]: { readonly [method: string]: Call } } = {
  '/v1/events': {
    post: {
      summary: 'Publish one event, a list, or CloudEvents (structured, binary, batch)',
      scope: 'events:write',
      tag: 'Events',
      body: {
        'application/json': publishEventsSchema,
        'application/cloudevents+json': cloudEventSchema,
        'application/cloudevents-batch+json': publishCloudEventsBatchSchema,
      },
      answer: { status: 202, description: 'Kafka has acknowledged every event.', schema: eventsAcceptedSchema },
      refusals: [...WRITE, 'invalid_event', 'idempotency_conflict'],
    },
  },
  '/v1/event-log': {
    get: {
      summary: 'List stored events, newest first',
      scope: 'deliveries:read',
      tag: 'Events',
      query: { type: { description: 'Event type.' }, ...period, ...paging },
      answer: { status: 200, description: 'A page of events.', schema: page(storedEvent) },
      refusals: ['invalid_request', 'invalid_cursor'],
    },
  },
  '/v1/event-log/{id}': {
    get: {
      summary: 'One stored event and its deliveries',
      scope: 'deliveries:read',
      tag: 'Events',
      answer: { status: 200, description: 'The event.', schema: storedEventDetail },
      refusals: ['not_found'],
    },
  },
  '/v1/event-types': {
    get: {
      summary: 'List event types',
      scope: 'webhooks:read',
      tag: 'Event types',
      query: paging,
      answer: { status: 200, description: 'A page of event types.', schema: page(eventTypeView) },
      refusals: ['invalid_request', 'invalid_cursor'],
    },
    post: {
      summary: 'Add an event type of your own',
      scope: 'webhooks:write',
      tag: 'Event types',
      body: json(createEventTypeRequest),
      answer: { status: 201, description: 'The event type.', schema: eventTypeView },
      refusals: [...WRITE, 'conflict', 'idempotency_conflict'],
    },
  },
  '/v1/endpoints': {
    get: {
      summary: 'List endpoints',
      scope: 'webhooks:read',
      tag: 'Endpoints',
      query: paging,
      answer: { status: 200, description: 'A page of endpoints.', schema: page(endpointView) },
      refusals: ['invalid_request', 'invalid_cursor'],
    },
    post: {
      summary: 'Create an endpoint',
      scope: 'webhooks:write',
      tag: 'Endpoints',
      body: json(createEndpointRequest),
      answer: {
        status: 201,
        description:
          'The endpoint with its secret; events published from now on find it. With `startFrom` a recovery job delivers those of the past.',
        schema: createdEndpointView,
      },
      refusals: [...WRITE, 'invalid_url', 'destination_not_allowed', 'conflict', 'idempotency_conflict'],
    },
  },
  '/v1/endpoints/{id}': {
    get: {
      summary: 'One endpoint',
      scope: 'webhooks:read',
      tag: 'Endpoints',
      answer: { status: 200, description: 'The endpoint.', schema: endpointView },
      refusals: ['not_found'],
    },
    patch: {
      summary: 'Change, pause or activate an endpoint',
      scope: 'webhooks:write',
      tag: 'Endpoints',
      body: json(updateEndpointRequest),
      answer: {
        status: 200,
        description:
          'The endpoint. `{"status": "active"}` for one that is `down` makes Millrace try it at once. Where deliveries may have failed before it became active again, `recovery` has the call that sends them again.',
        schema: changedEndpointView,
      },
      refusals: [...WRITE, 'not_found', 'invalid_url', 'destination_not_allowed'],
    },
    delete: {
      summary: 'Delete an endpoint; what is pending for it is cancelled, and so are its recovery jobs',
      scope: 'webhooks:write',
      tag: 'Endpoints',
      answer: { status: 204, description: 'Deleted.' },
      refusals: ['not_found', 'unavailable'],
    },
  },
  '/v1/endpoints/{id}/test': {
    post: {
      summary: 'Send a test event to one endpoint',
      scope: 'webhooks:write',
      tag: 'Endpoints',
      body: json(testEndpointRequest),
      optionalBody: true,
      answer: { status: 202, description: 'The delivery of the test event.', schema: testDeliveryView },
      refusals: [...WRITE, 'not_found'],
    },
  },
  '/v1/endpoints/{id}/rotate-secret': {
    post: {
      summary: 'Give an endpoint a new secret; the old one signs on for an overlap',
      scope: 'webhooks:write',
      tag: 'Endpoints',
      body: json(rotateSecretRequest),
      optionalBody: true,
      answer: { status: 200, description: 'The new secret.', schema: rotatedSecretView },
      refusals: [...WRITE, 'not_found', 'conflict'],
    },
  },
  '/v1/endpoints/{id}/recover': {
    post: {
      summary: 'Deliver to an endpoint again, or for the first time, what it missed',
      scope: 'webhooks:write',
      tag: 'Recoveries',
      body: json(recoverEndpointRequest),
      answer: {
        status: 202,
        description:
          'The recovery job. It waits up to 5 seconds for the counts; afterwards `state` is `counting`, and the job itself has them later. A repeat with the same Idempotency-Key answers the same job as it is now.',
        schema: recoveryView,
      },
      refusals: [...WRITE, 'not_found', 'conflict', 'idempotency_conflict'],
    },
  },
  '/v1/recoveries': {
    get: {
      summary: 'List recovery jobs, newest first',
      scope: 'webhooks:read',
      tag: 'Recoveries',
      query: { endpointId: { description: 'Endpoint.' }, ...paging },
      answer: { status: 200, description: 'A page of recovery jobs.', schema: page(recoveryView) },
      refusals: ['invalid_request', 'invalid_cursor'],
    },
  },
  '/v1/recoveries/{id}': {
    get: {
      summary: 'One recovery job',
      scope: 'webhooks:read',
      tag: 'Recoveries',
      answer: { status: 200, description: 'The job.', schema: recoveryView },
      refusals: ['not_found'],
    },
  },
  '/v1/recoveries/{id}/cancel': {
    post: {
      summary: 'End a recovery job; what it has sent stays sent',
      scope: 'webhooks:write',
      tag: 'Recoveries',
      answer: { status: 202, description: STEERED, schema: recoveryView },
      refusals: STEERING,
    },
  },
  '/v1/recoveries/{id}/pause': {
    post: {
      summary: 'Hold a recovery job',
      scope: 'webhooks:write',
      tag: 'Recoveries',
      answer: { status: 202, description: STEERED, schema: recoveryView },
      refusals: STEERING,
    },
  },
  '/v1/recoveries/{id}/resume': {
    post: {
      summary: 'Let a paused recovery job go on',
      scope: 'webhooks:write',
      tag: 'Recoveries',
      answer: { status: 202, description: STEERED, schema: recoveryView },
      refusals: STEERING,
    },
  },
  '/v1/api-keys': {
    get: {
      summary: 'List API keys',
      scope: 'admin',
      tag: 'API keys',
      query: paging,
      answer: { status: 200, description: 'A page of keys, without the keys themselves.', schema: page(apiKeyView) },
      refusals: ['invalid_request', 'invalid_cursor'],
    },
    post: {
      summary: 'Make an API key',
      scope: 'admin',
      tag: 'API keys',
      body: json(createApiKeyRequest),
      answer: { status: 201, description: 'The key; shown only here.', schema: createdApiKeyView },
      refusals: [...WRITE, 'idempotency_conflict'],
    },
  },
  '/v1/api-keys/{id}': {
    delete: {
      summary: 'Revoke an API key',
      scope: 'admin',
      tag: 'API keys',
      answer: { status: 204, description: 'Revoked.' },
      refusals: ['not_found', 'unavailable'],
    },
  },
  '/v1/deliveries': {
    get: {
      summary: 'List deliveries, newest first',
      scope: 'deliveries:read',
      tag: 'Deliveries',
      query: {
        endpointId: { description: 'Endpoint.' },
        eventType: { description: 'Event type.' },
        eventId: { description: 'Event.' },
        status: { description: 'Status.', schema: { type: 'string', enum: DELIVERY_STATUSES } },
        subject: { description: 'Subject of the event.' },
        trigger: {
          description: 'What made it: an event, a test of its endpoint, or a recovery.',
          schema: { type: 'string', enum: ['event', 'test', 'recovery'] },
        },
        ...period,
        ...paging,
      },
      answer: { status: 200, description: 'A page of deliveries.', schema: page(delivery) },
      refusals: ['invalid_request', 'invalid_cursor'],
    },
  },
  '/v1/deliveries/{id}': {
    get: {
      summary: 'One delivery with all its attempts',
      scope: 'deliveries:read',
      tag: 'Deliveries',
      answer: { status: 200, description: 'The delivery.', schema: deliveryDetail },
      refusals: ['not_found'],
    },
  },
  '/v1/deliveries/{id}/retry': {
    post: {
      summary: 'Try a delivery again, from the first attempt of its schedule',
      scope: 'deliveries:write',
      tag: 'Deliveries',
      body: json(retryDeliveryRequest),
      optionalBody: true,
      answer: { status: 202, description: COMMANDED, schema: commandAcceptedView },
      refusals: [
        ...WRITE,
        'not_found',
        'delivery_succeeded',
        'delivery_pending',
        'delivery_parked',
        'delivery_expired',
        'idempotency_conflict',
      ],
    },
  },
  '/v1/deliveries/{id}/cancel': {
    post: {
      summary: 'Make no further attempt at a delivery',
      scope: 'deliveries:write',
      tag: 'Deliveries',
      answer: {
        status: 202,
        description: `${COMMANDED} A request that is under way may still arrive; if it succeeds, the delivery is succeeded and the command is refused.`,
        schema: commandAcceptedView,
      },
      refusals: [...WRITE, 'not_found', 'delivery_succeeded', 'delivery_ended', 'idempotency_conflict'],
    },
  },
  '/v1/deliveries/{id}/skip': {
    post: {
      summary: 'End the delivery that others of its key wait behind, so that they go on',
      scope: 'deliveries:write',
      tag: 'Deliveries',
      answer: { status: 202, description: COMMANDED, schema: commandAcceptedView },
      refusals: [
        ...WRITE,
        'not_found',
        'delivery_succeeded',
        'delivery_ended',
        'delivery_pending',
        'delivery_parked',
        'nothing_waits_behind',
        'idempotency_conflict',
      ],
    },
  },
  '/v1/deliveries/retry': {
    post: {
      summary: 'Try again all deliveries that match a filter',
      scope: 'deliveries:write',
      tag: 'Deliveries',
      body: json(retryManyRequest),
      answer: { status: 202, description: COMMANDED_MANY, schema: manyCommandsView },
      refusals: [...WRITE, 'idempotency_conflict'],
    },
  },
  '/v1/deliveries/cancel': {
    post: {
      summary: 'Make no further attempt at all deliveries that match a filter',
      scope: 'deliveries:write',
      tag: 'Deliveries',
      body: json(cancelManyRequest),
      answer: { status: 202, description: COMMANDED_MANY, schema: manyCommandsView },
      refusals: [...WRITE, 'idempotency_conflict'],
    },
  },
  '/v1/endpoints/{id}/held-keys': {
    get: {
      summary: 'Keys of an endpoint whose deliveries wait behind one of them',
      scope: 'deliveries:read',
      tag: 'Deliveries',
      query: paging,
      answer: { status: 200, description: 'A page of held keys, longest held first.', schema: page(heldKeyView) },
      refusals: ['invalid_request', 'invalid_cursor'],
    },
  },
  '/v1/filters/test': {
    post: {
      summary: 'Say how many of the latest stored events a filter matches',
      scope: 'webhooks:read',
      tag: 'Endpoints',
      body: json(testFilterRequest),
      answer: { status: 200, description: 'The count, and some of those that match.', schema: filterTestView },
      refusals: [...WRITE, 'idempotency_conflict'],
    },
  },
  '/v1/signals': {
    post: {
      summary: 'Publish one signal or a list',
      scope: 'machines:write',
      tag: 'Machines',
      body: json(publishSignalsSchema),
      answer: { status: 202, description: 'Kafka has acknowledged the signals.', schema: signalsAcceptedSchema },
      refusals: WRITE,
    },
  },
  '/v1/machines': {
    get: {
      summary: 'What each machine is doing now',
      scope: 'machines:read',
      tag: 'Machines',
      query: paging,
      answer: { status: 200, description: 'A page of machines.', schema: machineListSchema },
      refusals: ['invalid_request', 'invalid_cursor'],
    },
  },
  '/v1/machines/{id}': {
    get: {
      summary: 'What one machine is doing now',
      scope: 'machines:read',
      tag: 'Machines',
      answer: { status: 200, description: 'The machine.', schema: machineViewSchema },
      refusals: ['not_found'],
    },
  },
};

type JsonObject = { [name: string]: unknown };

/** Named schemas go to `components`, wherever they are used; the rest stands in place. */
const asJsonSchema = (schema: z.ZodType, io: 'input' | 'output', components: JsonObject): JsonObject => {
  const { $schema, $defs, id, ...rest } = z.toJSONSchema(schema, {
    io,
    unrepresentable: 'any',
    override: ({ jsonSchema }) => {
      delete (jsonSchema as JsonObject)['id'];
    },
  }) as JsonObject;
  for (const [name, definition] of Object.entries(($defs as JsonObject | undefined) ?? {}))
    components[name] = pointing(definition);
  const name = schema.meta()?.id;
  if (typeof name !== 'string') return pointing(rest) as JsonObject;
  // A named schema comes as a reference to its own definition, which is among the components by now.
  if (rest['$ref'] === undefined) components[name] = pointing(rest);
  return { $ref: `#/components/schemas/${name}` };
};

const pointing = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(pointing);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      name,
      name === '$ref' && typeof inner === 'string'
        ? inner.replace('#/$defs/', '#/components/schemas/')
        : pointing(inner),
    ]),
  );
};

export const openApiDocument = (version: string): JsonObject => {
  const components: JsonObject = {};
  const paths: JsonObject = {};
  const problemContent = { 'application/problem+json': { schema: asJsonSchema(problemSchema, 'output', components) } };
  for (const [path, methods] of Object.entries(CALLS)) {
    const operations: JsonObject = {};
    for (const [method, call] of Object.entries(methods)) {
      const responses: JsonObject = {
        [call.answer.status]: {
          description: call.answer.description,
          ...(call.answer.schema && {
            content: { 'application/json': { schema: asJsonSchema(call.answer.schema, 'output', components) } },
          }),
        },
      };
      for (const code of ['unauthenticated', 'insufficient_scope', 'rate_limited', ...call.refusals] as const) {
        const { status, title } = PROBLEMS[code];
        const known = responses[status] as { description: string } | undefined;
        const description = known ? `${known.description}; \`${code}\`: ${title}` : `\`${code}\`: ${title}`;
        responses[status] = { description, content: problemContent };
      }
      const parameters = [
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
        ...(method === 'post'
          ? [
              {
                name: 'Idempotency-Key',
                in: 'header',
                description: 'A repeat with the same key and body has the effect of one.',
                schema: { type: 'string', maxLength: 255 },
              },
            ]
          : []),
      ];
      operations[method] = {
        operationId: `${method}${path.replace(/^\/v1/, '').replace(/[/{}-]+(\w?)/g, (_all, letter: string) => letter.toUpperCase())}`,
        summary: call.summary,
        tags: [call.tag],
        security: [{ apiKey: [call.scope] }],
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
        responses,
      };
    }
    paths[path] = operations;
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Millrace',
      version,
      description:
        'Machine signals and domain events in, signed webhooks out, every attempt on record. Errors are RFC 9457 problem details with a stable `code`.',
    },
    servers: [{ url: '/' }],
    paths,
    components: {
      schemas: components,
      securitySchemes: {
        apiKey: {
          type: 'http',
          scheme: 'bearer',
          description: 'An API key, `mr_…`; the scope that a call needs stands beside it.',
        },
      },
    },
  };
};
