import { z } from 'zod';
import { eventName, eventNames, receiverUrl } from './event-names';

/** `/api/v2/webhooks/endpoints` and its logs as the MachShop MES documents them. */
const active = z.boolean({ error: 'must be true or false' });

export const createMesEndpointRequest = z
  .strictObject({ url: receiverUrl, events: eventNames, active: active.default(true) })
  .meta({ id: 'CreateMesEndpointRequest' });
export type NewMesEndpoint = z.output<typeof createMesEndpointRequest>;

export const updateMesEndpointRequest = z
  .strictObject({ url: receiverUrl, events: eventNames, active })
  .partial()
  .refine((changes) => Object.values(changes).some((value) => value !== undefined), {
    error: 'must name at least one of url, events, active',
  })
  .meta({ id: 'UpdateMesEndpointRequest' });
export type MesEndpointChanges = z.output<typeof updateMesEndpointRequest>;

export const mesEndpointView = z
  .object({
    id: z.string(),
    url: z.string(),
    events: z.array(z.string()),
    active: z.boolean(),
    createdAt: z.string(),
    updatedAt: z.string(),
  })
  .meta({ id: 'MesEndpoint' });
export type MesEndpointView = z.output<typeof mesEndpointView>;

export const createdMesEndpointView = mesEndpointView
  .extend({ secret: z.string().meta({ description: 'Later only through the call that reveals it.' }) })
  .meta({ id: 'CreatedMesEndpoint' });
export type CreatedMesEndpointView = z.output<typeof createdMesEndpointView>;

export const mesSecretView = z.object({ secret: z.string() }).meta({ id: 'MesSecret' });
export type MesSecretView = z.output<typeof mesSecretView>;

export const testMesEndpointRequest = z.strictObject({ eventType: eventName }).meta({ id: 'TestMesEndpointRequest' });

export const mesTestView = z
  .object({
    deliveryId: z.string(),
    payload: z.unknown().meta({ description: 'What is sent.' }),
  })
  .meta({ id: 'MesTest' });
export type MesTestView = z.output<typeof mesTestView>;

const mesLog = {
  id: z.string(),
  endpointId: z.string(),
  eventId: z.string(),
  eventType: z.string(),
  status: z.enum(['pending', 'retrying', 'failing', 'succeeded', 'failed', 'cancelled', 'expired']).meta({
    description: '`failing`: five attempts have failed, and it is tried daily for 7 days.',
  }),
  attempts: z.int(),
  lastOutcome: z.string().nullable(),
  nextAttemptAt: z.string().nullable(),
  createdAt: z.string(),
  completedAt: z.string().nullable(),
};
export const mesLogView = z.object(mesLog).meta({ id: 'MesLog' });
export type MesLogView = z.output<typeof mesLogView>;

export const mesLogDetailView = z
  .object({
    ...mesLog,
    payload: z.string().nullable().meta({ description: 'The body that was sent; null where it is not kept.' }),
    history: z.array(
      z.object({
        attempt: z.int(),
        at: z.string(),
        durationMs: z.number().nullable(),
        outcome: z.string(),
        error: z.string().nullable(),
        response: z.object({ status: z.int(), body: z.string() }).nullable(),
      }),
    ),
  })
  .meta({ id: 'MesLogDetail' });
export type MesLogDetailView = z.output<typeof mesLogDetailView>;
