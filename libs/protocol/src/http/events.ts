import { EVENT_LIMITS } from '@millrace/domain';
import { z } from 'zod';

/**
 * Requests and answers of `POST /v1/events`. The request schemas describe; the events themselves are read by position in
 * their text (`read-cloud-event.ts`), since a schema would parse the data and lose its bytes.
 */
export const EVENTS_LIMITS = {
  /** Events of one request. */
  events: 1_000,
  /** Bytes of one request. */
  requestBytes: 5 * 1024 * 1024,
  /** Characters of an `Idempotency-Key`. */
  idempotencyKeyLength: 255,
} as const;

export const nativeEventSchema = z
  .object({
    type: z.string().min(1).max(EVENT_LIMITS.typeLength).meta({ example: 'machine.alarm' }),
    data: z.unknown().meta({ description: `Any JSON, at most ${EVENT_LIMITS.dataBytes} bytes; kept byte for byte.` }),
    id: z.string().min(1).max(EVENT_LIMITS.idLength).optional().meta({
      description:
        'Names the event, unique in its tenant: a second event of the same id is taken for a repeat and not delivered again, whatever its data. Generated when absent.',
    }),
    timestamp: z.iso.datetime({ offset: true }).optional(),
    subject: z.string().min(1).max(EVENT_LIMITS.subjectLength).optional().meta({
      description: 'What the event is about, for example the machine; the key of its record in Kafka.',
    }),
  })
  .meta({ id: 'NativeEvent' });

export const cloudEventSchema = z
  .looseObject({
    specversion: z.literal('1.0'),
    id: z.string().min(1).max(EVENT_LIMITS.idLength),
    source: z.string().min(1).max(EVENT_LIMITS.sourceLength),
    type: z.string().min(1).max(EVENT_LIMITS.typeLength),
    subject: z.string().min(1).max(EVENT_LIMITS.subjectLength).optional(),
    time: z.iso.datetime({ offset: true }).optional(),
    datacontenttype: z.string().optional(),
    tenantid: z.string().optional(),
    traceparent: z.string().optional(),
    data: z.unknown().optional(),
  })
  .meta({ id: 'CloudEvent' });

export const publishEventsSchema = z.union([
  nativeEventSchema,
  z.array(nativeEventSchema).min(1).max(EVENTS_LIMITS.events),
]);
export const publishCloudEventsBatchSchema = z.array(cloudEventSchema).min(1).max(EVENTS_LIMITS.events);

export const eventsAcceptedSchema = z
  .object({
    events: z.array(
      z.object({
        id: z.string(),
        warnings: z
          .array(z.object({ path: z.string(), detail: z.string() }))
          .optional()
          .meta({
            description:
              'What does not fit the schema of its type, whose validation is `warn`; the event is published all the same.',
          }),
      }),
    ),
  })
  .meta({ id: 'EventsAccepted', description: 'In the order of the request; Kafka has acknowledged them all.' });
export type EventsAccepted = z.infer<typeof eventsAcceptedSchema>;
