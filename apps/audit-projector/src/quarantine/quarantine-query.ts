import { isTimestamp } from '@millrace/domain';
import { QUARANTINE_LISTS, QUARANTINE_STATES } from '@millrace/protocol';
import { z } from 'zod';
import { pageQuery } from '../history-api/history-query';

const time = z
  .string()
  .refine(isTimestamp, 'Use an RFC 3339 time such as 2026-02-17T13:59:55Z; encode a + as %2B.')
  .transform((text) => Date.parse(text));

export const quarantineListQuery = pageQuery.extend({
  list: z.enum(QUARANTINE_LISTS).optional(),
  state: z.enum(QUARANTINE_STATES).optional(),
  code: z
    .string()
    .regex(/^[a-z0-9_]{1,64}$/, 'code is a code of the list, such as not_json.')
    .optional(),
  from: time.optional(),
  to: time.optional(),
});
export type QuarantineListQuery = z.output<typeof quarantineListQuery>;
