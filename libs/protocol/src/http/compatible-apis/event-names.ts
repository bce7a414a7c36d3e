import { isTypePattern } from '@millrace/domain';
import { z } from 'zod';
import { EVENT_TYPE_PATTERNS } from '../endpoints-event-types';

/** One event type; the older systems have no patterns. Whether the catalogue has it is judged by the service. */
export const eventName = z
  .string({ error: 'must be an event type' })
  .refine((text) => isTypePattern(text) && !text.includes('*'), {
    error:
      'must be one event type of at most 128 letters, digits and . _ - : /; patterns such as order.* are taken by POST /v1/endpoints alone',
  });

export const eventNames = z
  .array(eventName, { error: 'must be a list of event types' })
  .min(1, { error: 'must name at least one event type' })
  .max(EVENT_TYPE_PATTERNS, { error: `must name at most ${EVENT_TYPE_PATTERNS} event types` })
  .transform((names) => [...new Set(names)]);

export const receiverUrl = z.string({ error: 'must be the URL that deliveries are sent to' });

/** Of calls whose documents know no body. */
export const noSettings = z.strictObject({});
