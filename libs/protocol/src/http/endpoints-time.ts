import { z } from 'zod';

const RULE = 'must be an RFC 3339 time, for example 2026-01-31T06:00:00Z';

const rfc3339 = z.iso.datetime({ offset: true });

/** Whether a text is an RFC 3339 time of day and zone that exists: no 30 February, no time without a zone. */
export const isInstant = (text: string): boolean => rfc3339.safeParse(text).success;

/** An RFC 3339 time; read as Unix ms. */
export const instant = z.iso.datetime({ offset: true, error: RULE }).transform((text) => Date.parse(text));

/** Where a new endpoint begins: Unix ms, or null for its own creation. */
export const startFrom = z
  .string({ error: `must be "now" or a time; a time ${RULE}` })
  .refine((text) => text === 'now' || isInstant(text), { error: `must be "now" or a time; a time ${RULE}` })
  .nullable()
  .transform((text) => (text === null || text === 'now' ? null : Date.parse(text)))
  .meta({
    examples: ['now', '2026-01-31T06:00:00Z'],
    description:
      '`now`, or an RFC 3339 time of the last 35 days: the matching events accepted since then are delivered too, by a recovery job that is created with the endpoint.',
  });
