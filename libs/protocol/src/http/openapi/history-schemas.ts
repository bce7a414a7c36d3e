import { z } from 'zod';
import { commandView } from '../commands';
import {
  type AttemptView,
  DELIVERY_STATUSES,
  type DeliveryDetailView,
  type DeliveryStatus,
  type DeliveryView,
} from '../history';

/** The answers of the history are types where they are made; `satisfies` holds the schemas here to them. */
export const delivery = z
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

export const deliveryDetail = delivery
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

export const storedEvent = z
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
export const storedEventDetail = storedEvent
  .extend({
    deliveries: z.array(delivery),
    rejections: z
      .array(z.object({ code: z.string(), detail: z.string(), at: z.string() }))
      .meta({ description: 'Why it, or what some of its receivers would have got of it, stands in the quarantine.' }),
  })
  .meta({ id: 'StoredEventDetail' });
