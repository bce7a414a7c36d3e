import { z } from 'zod';
import { changedEndpointView } from '../endpoints';
import { eventNames, receiverUrl } from './event-names';

/** `/api/v1/integration/webhook-events` as N'entropy documents it. */
export const createNentropyWebhookRequest = z
  .strictObject({ url: receiverUrl, events: eventNames })
  .meta({ id: 'CreateNentropyWebhookRequest' });
export type NewNentropyWebhook = z.output<typeof createNentropyWebhookRequest>;

export const updateNentropyWebhookRequest = z
  .strictObject({ url: receiverUrl, events: eventNames, active: z.boolean({ error: 'must be true or false' }) })
  .partial()
  .refine((changes) => Object.values(changes).some((value) => value !== undefined), {
    error: 'must name at least one of url, events, active',
  })
  .meta({ id: 'UpdateNentropyWebhookRequest' });
export type NentropyWebhookChanges = z.output<typeof updateNentropyWebhookRequest>;

export const nentropyWebhookView = z
  .object({
    id: z.string().meta({ examples: ['wh_01k3v9q8zr5t7w2m4n6p8s0xyz'] }),
    url: z.string(),
    events: z.array(z.string()),
    active: z.boolean(),
    createdAt: z.string(),
  })
  .meta({ id: 'NentropyWebhook' });
export type NentropyWebhookView = z.output<typeof nentropyWebhookView>;

export const createdNentropyWebhookView = nentropyWebhookView
  .extend({ secret: z.string().meta({ description: 'Shown here and never again.' }) })
  .meta({ id: 'CreatedNentropyWebhook' });
export type CreatedNentropyWebhookView = z.output<typeof createdNentropyWebhookView>;

export const changedNentropyWebhookView = nentropyWebhookView
  .extend({ recovery: changedEndpointView.shape.recovery })
  .meta({ id: 'ChangedNentropyWebhook' });
export type ChangedNentropyWebhookView = z.output<typeof changedNentropyWebhookView>;
