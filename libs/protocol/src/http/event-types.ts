import { EVENT_LIMITS, isTypePattern } from '@millrace/domain';
import { z } from 'zod';
import { EVENT_VALIDATIONS } from '../messages/event-rule-message';
import { storableText } from './endpoints-text';

/** Requests and answers of `/v1/event-types`: what a tenant's modules may publish, for people and for tools. */
export const EVENT_TYPE_LIMITS = {
  nameLength: EVENT_LIMITS.typeLength,
  descriptionLength: 10_000,
  perTenant: 10_000,
  versions: 100,
  /** Types of a tenant whose validation is on: every ingest and fan-out keeps their schemas. */
  validated: 500,
  /** Characters of the JSON text of a schema or an example. */
  jsonLength: 64 * 1024,
} as const;

/** Any JSON value up to the length limit; kept as it came. */
const jsonValue = z
  .unknown()
  .refine((value) => value === undefined || JSON.stringify(value).length <= EVENT_TYPE_LIMITS.jsonLength, {
    error: `must have at most ${EVENT_TYPE_LIMITS.jsonLength} characters as JSON`,
  });

const validation = z.enum(EVENT_VALIDATIONS, { error: `must be one of ${EVENT_VALIDATIONS.join(', ')}` }).meta({
  description:
    'What is done with an event whose data does not fit the schema: nothing, a warning beside its deliveries, or quarantine in their place.',
});

export const createEventTypeRequest = z
  .strictObject({
    name: z.string({ error: 'must be text' }).refine((text) => isTypePattern(text) && !text.includes('*'), {
      error: 'must be one event type of at most 128 letters, digits, . _ - : /, for example quality.measured',
    }),
    module: z.string({ error: 'must be text' }).regex(/^[a-z0-9][a-z0-9_-]{0,63}$/, {
      error: 'must be 1 to 64 lower-case letters, digits, _ and -, for example quality',
    }),
    description: storableText('description').max(EVENT_TYPE_LIMITS.descriptionLength, {
      error: `must have at most ${EVENT_TYPE_LIMITS.descriptionLength} characters`,
    }),
    schema: jsonValue
      .refine(
        (value) =>
          value === undefined ||
          value === null ||
          typeof value === 'boolean' ||
          (typeof value === 'object' && !Array.isArray(value)),
        { error: 'must be a JSON Schema: an object, true or false' },
      )
      .optional(),
    example: jsonValue.optional(),
    validation: validation.optional(),
    breaking: z
      .boolean({ error: 'must be true or false' })
      .optional()
      .meta({ description: 'Takes a new version although it is not compatible with the former one.' }),
  })
  .meta({ id: 'CreateEventTypeRequest' });
export type CreateEventTypeRequest = z.input<typeof createEventTypeRequest>;
export type NewEventType = z.output<typeof createEventTypeRequest>;

export const updateEventTypeRequest = z.strictObject({ validation }).meta({ id: 'UpdateEventTypeRequest' });
export type EventTypeChanges = z.output<typeof updateEventTypeRequest>;

const eventTypeVersion = z
  .object({
    version: z.int(),
    breaking: z.boolean().meta({ description: 'It was taken although it is not compatible with the one before.' }),
    createdAt: z.string().nullable(),
  })
  .meta({ id: 'EventTypeVersion' });

export const eventTypeView = z
  .object({
    name: z.string(),
    module: z.string(),
    description: z.string(),
    schema: z.unknown().meta({ description: 'JSON Schema (draft 2020-12) of the data, or null.' }),
    version: z.int().meta({ description: 'Of the schema.' }),
    versions: z.array(eventTypeVersion).meta({ description: 'Oldest first.' }),
    example: z.unknown().meta({ description: 'An example of the data, or null.' }),
    validation,
    builtIn: z.boolean(),
    createdAt: z.string().nullable(),
  })
  .meta({ id: 'EventType' });
export type EventTypeView = z.output<typeof eventTypeView>;

/** One type, with the schema of each version. */
export const eventTypeDetailView = eventTypeView
  .extend({
    versions: z.array(eventTypeVersion.extend({ schema: z.unknown() }).meta({ id: 'EventTypeVersionDetail' })),
  })
  .meta({ id: 'EventTypeDetail' });
export type EventTypeDetailView = z.output<typeof eventTypeDetailView>;
