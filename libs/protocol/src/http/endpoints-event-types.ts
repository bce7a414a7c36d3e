import { isTypePattern } from '@millrace/domain';
import { z } from 'zod';

export const EVENT_TYPE_PATTERNS = 100;

/** Type patterns, each once. */
export const eventTypePatterns = z
  .array(
    z.string().refine(isTypePattern, {
      error:
        'must be a type (machine.alarm), a prefix with all below it (machine.*) or *, of at most 128 letters, digits, . _ - : /',
    }),
    { error: 'must be a list of event types, for example ["machine.*"]' },
  )
  .min(1, { error: 'must name at least one event type; ["*"] takes all' })
  .max(EVENT_TYPE_PATTERNS, { error: `must name at most ${EVENT_TYPE_PATTERNS} event types` })
  .transform((types) => [...new Set(types)])
  .meta({ description: 'Exact types, prefixes (`machine.*`) or `*`; an event that matches any of them is delivered.' });
