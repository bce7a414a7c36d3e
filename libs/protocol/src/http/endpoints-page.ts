import { z } from 'zod';

export const PAGE_LIMITS = { default: 50, most: 200 } as const;

const limitRule = `must be a whole number from 1 to ${PAGE_LIMITS.most}`;

/** Query of every list of configuration: endpoints, API keys, event types. */
export const configurationPageQuery = z
  .strictObject({
    limit: z
      .string({ error: limitRule })
      .regex(/^\d{1,4}$/, { error: limitRule })
      .transform(Number)
      .refine((limit) => limit >= 1 && limit <= PAGE_LIMITS.most, { error: limitRule })
      .default(PAGE_LIMITS.default),
    cursor: z.string({ error: 'must be given once' }).optional(),
  })
  .meta({ id: 'PageQuery' });
export type ConfigurationPage = z.output<typeof configurationPageQuery>;
