import { EVENT_LIMITS, isTypePattern } from '@millrace/domain';
import { z } from 'zod';
import { storableText } from './endpoints-text';

/** Requests and answers of `/v1/event-types`: what a tenant's modules may publish, for people and for tools. */
export const EVENT_TYPE_LIMITS = {
  nameLength: EVENT_LIMITS.typeLength,
  descriptionLength: 10_000,
  perTenant: 10_000,
  /** Characters of the JSON text of a schema or an example. */
  jsonLength: 64 * 1024,
} as const;

/** Any JSON value up to the length limit; kept as it came. */
const jsonValue = z
  .unknown()
  .refine((value) => value === undefined || JSON.stringify(value).length <= EVENT_TYPE_LIMITS.jsonLength, {
    error: `must have at most ${EVENT_TYPE_LIMITS.jsonLength} characters as JSON`,
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
  })
  .meta({ id: 'CreateEventTypeRequest' });
export type CreateEventTypeRequest = z.input<typeof createEventTypeRequest>;
export type NewEventType = z.output<typeof createEventTypeRequest>;

export const eventTypeView = z
  .object({
    name: z.string(),
    module: z.string(),
    description: z.string(),
    schema: z.unknown().meta({ description: 'JSON Schema of the data, or null.' }),
    example: z.unknown().meta({ description: 'An example of the data, or null.' }),
    builtIn: z.boolean(),
    createdAt: z.string().nullable(),
  })
  .meta({ id: 'EventType' });
export type EventTypeView = z.output<typeof eventTypeView>;
