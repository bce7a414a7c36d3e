import { z } from 'zod';
import { receiverUrl } from './event-names';

/** `/v1/webhooks` as eClips documents it. */
/** Its body carries what an agent's run says, and nothing of any other event. */
const RUN_EVENTS = ['run.completed', 'run.failed', 'run.triage_required'] as const;
const runEvents = z
  .array(z.enum(RUN_EVENTS, { error: `must be one of ${RUN_EVENTS.join(', ')}` }), {
    error: 'must be a list of event types',
  })
  .min(1, { error: 'must name at least one event type' })
  .transform((names): string[] => [...new Set(names)]);

export const createEclipsWebhookRequest = z
  .strictObject({ url: receiverUrl, events: runEvents })
  .meta({ id: 'CreateEclipsWebhookRequest' });
export type NewEclipsWebhook = z.output<typeof createEclipsWebhookRequest>;

export const ECLIPS_PAGE = { default: 50, most: 200 } as const;
const limitRule = `must be a whole number from 1 to ${ECLIPS_PAGE.most}`;
const offsetRule = 'must be a whole number from 0 to 1000000';

export const eclipsPageQuery = z
  .strictObject({
    limit: z
      .string({ error: limitRule })
      .regex(/^\d{1,4}$/, { error: limitRule })
      .transform(Number)
      .refine((limit) => limit >= 1 && limit <= ECLIPS_PAGE.most, { error: limitRule })
      .default(ECLIPS_PAGE.default),
    offset: z
      .string({ error: offsetRule })
      .regex(/^\d{1,7}$/, { error: offsetRule })
      .transform(Number)
      .refine((offset) => offset <= 1_000_000, { error: offsetRule })
      .default(0),
  })
  .meta({ id: 'EclipsPageQuery' });
export type EclipsPage = z.output<typeof eclipsPageQuery>;

export const eclipsWebhookView = z
  .object({ id: z.string(), url: z.string(), events: z.array(z.string()), created_at: z.string() })
  .meta({ id: 'EclipsWebhook' });
export type EclipsWebhookView = z.output<typeof eclipsWebhookView>;

export const createdEclipsWebhookView = eclipsWebhookView
  .extend({ secret: z.string().meta({ description: 'Shown here and never again.' }) })
  .meta({ id: 'CreatedEclipsWebhook' });
export type CreatedEclipsWebhookView = z.output<typeof createdEclipsWebhookView>;

export const eclipsWebhookListView = z
  .object({ data: z.array(eclipsWebhookView), total: z.int(), limit: z.int(), offset: z.int() })
  .meta({ id: 'EclipsWebhookList' });
export type EclipsWebhookListView = z.output<typeof eclipsWebhookListView>;

export const eclipsRunSecretView = z
  .object({ secret: z.string(), created_at: z.string() })
  .meta({ id: 'EclipsRunSecret', description: 'Signs what is delivered to the `webhook_url` of a run. Shown once.' });
export type EclipsRunSecretView = z.output<typeof eclipsRunSecretView>;

export const eclipsScopeRefusal = z
  .object({ error: z.literal('Insufficient scope'), required: z.array(z.string()), provided: z.array(z.string()) })
  .meta({ id: 'EclipsScopeRefusal' });

export const eclipsDeliveryView = z
  .object({
    id: z.string(),
    webhook_id: z.string(),
    event: z.string(),
    event_id: z.string(),
    status: z.string(),
    http_status: z.int().nullable().meta({ description: 'Of the last answer; null when there was none.' }),
    outcome: z.string().nullable(),
    attempts: z.int(),
    created_at: z.string(),
    completed_at: z.string().nullable(),
  })
  .meta({ id: 'EclipsDelivery' });
export type EclipsDeliveryView = z.output<typeof eclipsDeliveryView>;
