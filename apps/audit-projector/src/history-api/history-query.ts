import { EVENT_LIMITS, isTimestamp } from '@millrace/domain';
import { DELIVERY_STATUSES } from '@millrace/protocol';
import { z } from 'zod';

/** What the lists take. An unknown or repeated parameter is an error, so that a misspelt filter never returns everything. */
const name = (of: string, most = 128) =>
  z
    .string()
    .regex(/^[A-Za-z0-9_.:/-]+$/, `${of} may hold letters, digits and . _ : / - only.`)
    .max(most, `${of} may have ${most} characters at most.`);

const time = z
  .string()
  .refine(isTimestamp, 'Use an RFC 3339 time such as 2026-02-17T13:59:55Z; encode a + as %2B.')
  .transform((text) => Date.parse(text));

const limit = z
  .string()
  .regex(/^[1-9][0-9]{0,2}$/, 'limit is a whole number from 1 to 200.')
  .transform(Number)
  .refine((value) => value <= 200, 'limit is a whole number from 1 to 200.')
  .default(50);

const paging = { cursor: z.string().optional(), limit };
export const pageQuery = z.strictObject(paging);
export type PageQuery = z.output<typeof pageQuery>;

const page = { from: time.optional(), to: time.optional(), ...paging };

export const deliveryListQuery = z.strictObject({
  endpointId: name('endpointId', 512).optional(),
  contract: name('contract').optional(),
  eventType: name('eventType').optional(),
  eventId: name('eventId').optional(),
  status: z.enum(DELIVERY_STATUSES as [string, ...string[]]).optional(),
  subject: z.string().min(1).max(EVENT_LIMITS.subjectLength).optional(),
  trigger: z.enum(['event', 'test', 'recovery']).optional(),
  ...page,
});
export type DeliveryListQuery = z.output<typeof deliveryListQuery>;

export const eventListQuery = z.strictObject({ type: name('type').optional(), ...page });
export type EventListQuery = z.output<typeof eventListQuery>;

/** What a cursor is bound to: everything that decides which rows a list has, and which list it is. */
export const filterOf = (list: 'deliveries' | 'events', query: DeliveryListQuery | EventListQuery): string => {
  const { cursor: _cursor, limit: _limit, ...filter } = query;
  const given = Object.entries(filter).filter(([, value]) => value !== undefined);
  return JSON.stringify([list, given.sort()]);
};
