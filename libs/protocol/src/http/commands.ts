import { z } from 'zod';
import type { CommandView, DeliveryStatus, HeldKeyView } from './history';

/** Requests and answers of the commands on deliveries, one by one and many by filter. */
export const COMMAND_LIMITS = {
  reasonLength: 500,
  /** Deliveries of one call by filter. */
  many: { default: 1_000, most: 10_000 },
  /** Commands per second that one process sends for calls by filter. */
  perSecond: 2_000,
} as const;

export const COMMAND_KINDS = ['retry', 'cancel', 'skip'] as const;
export type CommandKind = (typeof COMMAND_KINDS)[number];

export const retryDeliveryRequest = z
  .strictObject({
    force: z
      .boolean({ error: 'must be true or false' })
      .default(false)
      .meta({ description: 'Also when its time has run out: it gets a new expiry. Needs `reason`.' }),
    reason: z
      .string({ error: 'must be text' })
      .min(1, { error: 'must not be empty' })
      .max(COMMAND_LIMITS.reasonLength, { error: `must have at most ${COMMAND_LIMITS.reasonLength} characters` })
      .nullable()
      .default(null)
      .meta({ description: 'Why; kept in the log of the service.' }),
  })
  .refine(({ force, reason }) => !force || reason !== null, {
    error: 'must say why, because force is set',
    path: ['reason'],
  })
  .meta({ id: 'RetryDeliveryRequest' });
export type RetryDeliveryRequest = z.input<typeof retryDeliveryRequest>;
export type RetryWish = z.output<typeof retryDeliveryRequest>;

/** Of `cancel` and `skip`, which take no settings. */
export const endDeliveryRequest = z.strictObject({}).meta({ id: 'EndDeliveryRequest' });

export const commandAcceptedView = z
  .object({
    deliveryId: z.string(),
    commandId: z.string().meta({ examples: ['cmd_4f1d0c6c9b0a4a6ea4c5f5d2b1'] }),
    command: z.enum(COMMAND_KINDS),
  })
  .meta({ id: 'CommandAccepted' });
export type CommandAcceptedView = z.output<typeof commandAcceptedView>;

/** Statuses that each command by filter may be about; without `status`, `retry` takes the first and `cancel` all. */
export const STATUSES_OF_MANY = {
  retry: ['failed', 'cancelled', 'retrying'],
  cancel: ['pending', 'retrying', 'parked'],
} as const satisfies { readonly [kind: string]: readonly DeliveryStatus[] };
export type ManyKind = keyof typeof STATUSES_OF_MANY;

const name = z
  .string({ error: 'must be text' })
  .regex(/^[A-Za-z0-9_.:/-]{1,128}$/, { error: 'may hold letters, digits and . _ : / - only, 128 at most' });
const instant = z.iso
  .datetime({ offset: true, error: 'must be an RFC 3339 time, for example 2026-01-31T06:00:00Z' })
  .transform((text) => Date.parse(text));

const manyRequest = <Status extends DeliveryStatus>(statuses: readonly [Status, ...Status[]], without: string) =>
  z.strictObject({
    filter: z
      .strictObject({
        endpointId: name.optional(),
        eventType: name.optional(),
        status: z
          .enum(statuses, { error: `must be one of ${statuses.join(', ')}` })
          .optional()
          .meta({ description: without }),
        from: instant.optional().meta({ description: 'RFC 3339; deliveries created from this time on.' }),
        to: instant.optional().meta({ description: 'RFC 3339; deliveries created before this time.' }),
      })
      .refine(({ endpointId, eventType, from }) => (endpointId ?? eventType ?? from) !== undefined, {
        error: 'must give at least one of endpointId, eventType and from',
      }),
    dryRun: z
      .boolean({ error: 'must be true or false' })
      .default(false)
      .meta({ description: 'Counts, and sends nothing.' }),
    limit: z
      .int({ error: 'must be a whole number' })
      .min(1, { error: 'must be at least 1' })
      .max(COMMAND_LIMITS.many.most, { error: `must be at most ${COMMAND_LIMITS.many.most}` })
      .default(COMMAND_LIMITS.many.default)
      .meta({ description: 'Deliveries that the call is about at most, newest first.' }),
  });

export const retryManyRequest = manyRequest(
  STATUSES_OF_MANY.retry,
  'Left out: `failed`. Of `retrying`: at once, instead of at the time that was planned.',
).meta({ id: 'RetryManyRequest' });
export const cancelManyRequest = manyRequest(STATUSES_OF_MANY.cancel, 'Left out: all three.').meta({
  id: 'CancelManyRequest',
});
export type ManyWish = z.output<typeof retryManyRequest> | z.output<typeof cancelManyRequest>;

export const manyCommandsView = z
  .object({
    command: z.enum(['retry', 'cancel']),
    matched: z.int().meta({ description: 'Deliveries that match, up to `limit`.' }),
    sent: z.int().meta({
      description: 'Commands that the event log has taken; each is answered by itself, as one for a single delivery.',
    }),
    more: z.boolean().meta({ description: 'More match than `limit`.' }),
    dryRun: z.boolean(),
  })
  .meta({ id: 'ManyCommands' });
export type ManyCommandsView = z.output<typeof manyCommandsView>;

export const commandView = z
  .object({
    commandId: z.string(),
    command: z.enum(COMMAND_KINDS),
    by: z.string().meta({ description: 'Id of the API key that asked.' }),
    result: z.enum(['done', 'refused']),
    reason: z.string().nullable().meta({
      description:
        'Why it was refused: `stale` (the delivery has changed since) · `in_flight` · `parked` · `ended` · `record_gone`.',
    }),
    at: z.string(),
  })
  .meta({ id: 'Command' }) satisfies z.ZodType<CommandView>;

export const heldKeyView = z
  .object({
    key: z.string().nullable().meta({
      description: 'Subject of the events that are held; null where the endpoint keeps one order for all of them.',
    }),
    headDeliveryId: z.string().nullable().meta({
      description: 'The delivery that must end first; null while the next one is about to be sent.',
    }),
    headStatus: z.enum(['pending', 'retrying', 'parked']).nullable(),
    attempts: z.int().meta({ description: 'Attempts of the head so far.' }),
    heldCount: z.int().meta({ description: 'Deliveries that wait behind it.' }),
    since: z.string().meta({ description: 'Since when the first of them waits.' }),
    nextAttemptAt: z.string().nullable().meta({ description: 'Of the head.' }),
  })
  .meta({ id: 'HeldKey' }) satisfies z.ZodType<HeldKeyView>;
