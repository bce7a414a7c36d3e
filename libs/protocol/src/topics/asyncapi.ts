import { z } from 'zod';
import type { BuiltInEventType } from '../catalogue/built-in-event-type';
import { BUILT_IN_EVENT_TYPES } from '../catalogue/catalogue';
import { cloudEventSchema } from '../http/events';
import { moduleOfType } from './event-routing';
import { type TopicSettings, topicNames } from './topics';

type JsonObject = { [name: string]: unknown };

const BINARY_HEADERS = {
  type: 'object',
  required: ['ce_specversion', 'ce_id', 'ce_source', 'ce_type'],
  properties: Object.fromEntries(
    ['ce_specversion', 'ce_id', 'ce_source', 'ce_type', 'ce_subject', 'ce_time', 'ce_tenantid', 'traceparent'].map(
      (name) => [name, { type: 'string' }],
    ),
  ),
};

/** An event of a built-in type in binary mode; in structured mode the same stands in `data` of a CloudEvent. */
const messageOf = ({ name, description, example }: BuiltInEventType): JsonObject => ({
  name,
  summary: description,
  contentType: 'application/json',
  headers: {
    ...BINARY_HEADERS,
    properties: { ...BINARY_HEADERS.properties, ce_type: { type: 'string', const: name } },
  },
  payload: { $ref: `#/components/schemas/${name}` },
  examples: [{ name: 'example', payload: example }],
});

/**
 * The AsyncAPI 3.0 document of what goes over Kafka for others to use: the topics that domain modules publish to, with the
 * built-in types that belong there, and the webhook that receivers get. The topics between Millrace's own services are not part of it.
 */
export const asyncApiDocument = (version: string, settings: Pick<TopicSettings, 'prefix' | 'modules'>): JsonObject => {
  const names = topicNames(settings.prefix);
  const { $defs } = z.toJSONSchema(cloudEventSchema, { io: 'input', unrepresentable: 'any' }) as { $defs: JsonObject };
  const { id, ...cloudEvent } = $defs['CloudEvent'] as JsonObject;
  const channels: JsonObject = {};
  const operations: JsonObject = {};
  const typed: JsonObject = {};
  const schemas: JsonObject = {};
  for (const module of settings.modules) {
    const types = BUILT_IN_EVENT_TYPES.filter(({ name }) => moduleOfType(name) === module);
    for (const type of types) {
      const { $schema: _, ...schema } = type.schema;
      schemas[type.name] = schema;
      typed[type.name] = messageOf(type);
    }
    const channel = `events-${module}`;
    channels[channel] = {
      address: names.events(module),
      description: `CloudEvents of the module ${module}. The record's key is the subject.`,
      messages: {
        structured: { $ref: '#/components/messages/structuredEvent' },
        binary: { $ref: '#/components/messages/binaryEvent' },
        ...Object.fromEntries(types.map(({ name }) => [name, { $ref: `#/components/messages/${name}` }])),
      },
    };
    operations[`publish-${module}`] = {
      action: 'receive',
      channel: { $ref: `#/channels/${channel}` },
      summary: `Millrace takes the events of ${module}.`,
    };
  }
  channels['webhook'] = {
    address: null,
    description: 'The POST to an endpoint under the contract `standard` (Standard Webhooks 1.0).',
    messages: { webhook: { $ref: '#/components/messages/webhook' } },
  };
  operations['deliver'] = {
    action: 'send',
    channel: { $ref: '#/channels/webhook' },
    summary: 'Millrace delivers a signed webhook.',
  };
  return {
    asyncapi: '3.0.0',
    info: { title: 'Millrace', version, description: 'Events in over Kafka, signed webhooks out.' },
    defaultContentType: 'application/json',
    channels,
    operations,
    components: {
      messages: {
        ...typed,
        structuredEvent: {
          contentType: 'application/cloudevents+json',
          payload: { $ref: '#/components/schemas/CloudEvent' },
        },
        binaryEvent: {
          contentType: 'application/json',
          summary: 'Attributes as ce_* headers, the data as the value.',
          headers: BINARY_HEADERS,
          payload: {},
        },
        webhook: {
          contentType: 'application/json',
          headers: {
            type: 'object',
            required: ['webhook-id', 'webhook-timestamp', 'webhook-signature'],
            properties: Object.fromEntries(
              ['webhook-id', 'webhook-timestamp', 'webhook-signature', 'traceparent', 'millrace-request-id'].map(
                (name) => [name, { type: 'string' }],
              ),
            ),
          },
          payload: {
            type: 'object',
            required: ['id', 'type', 'timestamp', 'data'],
            properties: {
              id: { type: 'string' },
              type: { type: 'string' },
              timestamp: { type: 'string', format: 'date-time' },
              data: {},
            },
          },
        },
      },
      schemas: { CloudEvent: cloudEvent, ...schemas },
    },
  };
};
