import { z } from 'zod';
import { eventTypePatterns } from './endpoints-event-types';
import { filter } from './endpoints-filter';

/** Request and answer of `POST /v1/filters/test`. */
export const FILTER_TEST_LIMITS = {
  /** Stored events that one test looks at. */
  last: { default: 1_000, most: 10_000 },
  examples: 10,
} as const;

export const testFilterRequest = z
  .strictObject({
    filter,
    eventTypes: eventTypePatterns
      .nullable()
      .default(null)
      .meta({ description: 'Only events of these types are looked at. Left out or null: all.' }),
    last: z
      .int({ error: 'must be a whole number' })
      .min(1, { error: 'must be at least 1' })
      .max(FILTER_TEST_LIMITS.last.most, { error: `must be at most ${FILTER_TEST_LIMITS.last.most}` })
      .default(FILTER_TEST_LIMITS.last.default)
      .meta({ description: 'So many of the latest stored events are looked at.' }),
  })
  .meta({ id: 'TestFilterRequest' });
export type TestFilterRequest = z.input<typeof testFilterRequest>;
export type FilterTestWish = z.output<typeof testFilterRequest>;

export const filterTestView = z
  .object({
    examined: z.int().meta({ description: 'Events that were looked at.' }),
    matched: z.int().meta({ description: 'Those of them that match.' }),
    examples: z
      .array(z.object({ eventId: z.string(), type: z.string(), timestamp: z.string() }))
      .meta({ description: `The latest that match, at most ${FILTER_TEST_LIMITS.examples}.` }),
    oldest: z.string().nullable().meta({ description: 'When the oldest that was looked at was accepted.' }),
    complete: z.boolean().meta({ description: 'False when the time for a test was over before `last` events.' }),
  })
  .meta({ id: 'FilterTest' });
export type FilterTestView = z.output<typeof filterTestView>;
