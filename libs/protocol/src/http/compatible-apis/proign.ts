import { type EqualityFilter, isEqualityFilter } from '@millrace/domain';
import { z } from 'zod';
import { clientSecretProblem } from '../endpoints-secret';
import { eventName, receiverUrl } from './event-names';

/** `/api/:tenant/subscriptions` as PROIGN documents it. */
export const createProignSubscriptionRequest = z
  .strictObject({
    event_type: eventName,
    target_module: z.literal('external', { error: 'must be "external"' }),
    webhook_url: receiverUrl,
    secret: z
      .string({ error: 'must be text' })
      .superRefine((secret, context) => {
        const problem = clientSecretProblem(secret, 'text');
        if (problem !== null) context.addIssue({ code: 'custom', message: problem });
      })
      .meta({ description: 'Yours; never readable later.' }),
    filter: z
      .custom<EqualityFilter>(isEqualityFilter, {
        error:
          'must be an object of dotted paths into the data and the texts, numbers, booleans or nulls to be found there',
      })
      .meta({ type: 'object', additionalProperties: { type: ['string', 'number', 'boolean', 'null'] } })
      .nullable()
      .default(null),
  })
  .meta({ id: 'CreateProignSubscriptionRequest' });
export type NewProignSubscription = z.output<typeof createProignSubscriptionRequest>;

export const proignSubscriptionView = z
  .object({
    id: z.string(),
    tenant_id: z.string(),
    event_type: z.string(),
    target_module: z.literal('external'),
    webhook_url: z.string(),
    filter: z.record(z.string(), z.unknown()).nullable(),
    active: z.boolean(),
    created_at: z.string(),
  })
  .meta({ id: 'ProignSubscription' });
export type ProignSubscriptionView = z.output<typeof proignSubscriptionView>;

export const proignTestView = z.object({ delivery_id: z.string() }).meta({ id: 'ProignTest' });
export type ProignTestView = z.output<typeof proignTestView>;

export const proignDeliveryView = z
  .object({
    id: z.string(),
    event_id: z.string(),
    event_type: z.string(),
    status: z.string(),
    attempts: z.int(),
    last_outcome: z.string().nullable(),
    next_attempt_at: z.string().nullable(),
    created_at: z.string(),
    completed_at: z.string().nullable(),
  })
  .meta({ id: 'ProignDelivery' });
export type ProignDeliveryView = z.output<typeof proignDeliveryView>;
