import { z } from 'zod';
import { eventTypePatterns } from './endpoints-event-types';
import { configurationPageQuery } from './endpoints-page';
import { perSecond } from './endpoints-rate';
import { instant } from './endpoints-time';

/** Requests and answers of `/v1/endpoints/:id/recover` and `/v1/recoveries`: bulk replay jobs of one endpoint. */
export const RECOVERY_LIMITS = {
  /** As long as the event topics keep what was accepted. */
  days: 35,
  perSecond: { default: 100 },
  /** Jobs of one endpoint that have not ended. */
  openPerEndpoint: 10,
} as const;

export const RECOVERY_SCOPES = ['failed', 'missing', 'all'] as const;
export const RECOVERY_STATES = ['counting', 'running', 'paused', 'cancelled', 'done', 'failed'] as const;

export const recoverEndpointRequest = z
  .strictObject({
    since: instant.meta({
      description: 'RFC 3339; events accepted from this time on. At most 35 days ago, as long as events are kept.',
    }),
    until: instant
      .nullable()
      .default(null)
      .meta({ description: 'RFC 3339; events accepted before this time. Left out or null: until now.' }),
    eventTypes: eventTypePatterns
      .nullable()
      .default(null)
      .meta({ description: 'Narrows what the endpoint subscribes to. Left out or null: all of it.' }),
    only: z.enum(RECOVERY_SCOPES, { error: `must be one of ${RECOVERY_SCOPES.join(', ')}` }).meta({
      description:
        '`failed`: deliveries that ended as failed or expired · `missing`: events that match the endpoint now and never became a delivery for it · `all`: every event that matches, delivered before or not.',
    }),
    dryRun: z
      .boolean({ error: 'must be true or false' })
      .default(false)
      .meta({ description: 'Counts, and sends nothing.' }),
    perSecond: perSecond
      .default(RECOVERY_LIMITS.perSecond.default)
      .meta({ description: 'Deliveries made per second, at most.' }),
  })
  .meta({ id: 'RecoverEndpointRequest' });
export type RecoverEndpointRequest = z.input<typeof recoverEndpointRequest>;
export type WantedRecovery = z.output<typeof recoverEndpointRequest>;

export const recoveriesQuery = configurationPageQuery.extend({
  endpointId: z.string({ error: 'must be given once' }).optional(),
});
export type RecoveriesQuery = z.output<typeof recoveriesQuery>;

export const recoveryView = z
  .object({
    id: z.string().meta({ examples: ['rec_01k3v9q8zr5t7w2m4n6p8s0xyz'] }),
    endpointId: z.string(),
    endpointStatus: z.enum(['active', 'paused', 'down', 'disabled', 'deleted']).meta({
      description:
        'How the endpoint is now. A job runs for one that is not active too: its deliveries wait, parked, until it is.',
    }),
    only: z.enum(RECOVERY_SCOPES),
    since: z.string(),
    until: z.string().meta({
      description:
        'That of a `startFrom` lies after its creation, so that nothing accepted while the endpoint came into being is missed; the job itself ends at what was stored when it began.',
    }),
    eventTypes: z.array(z.string()).nullable(),
    dryRun: z.boolean(),
    perSecond: z.number(),
    state: z.enum(RECOVERY_STATES).meta({ description: 'What the job is doing. The last three are ends.' }),
    wanted: z
      .enum(['run', 'pause', 'cancel'])
      .meta({ description: 'What its user asked for last; `state` follows within seconds.' }),
    counts: z
      .object({
        examined: z.int().meta({ description: 'Events or deliveries looked at.' }),
        qualified: z.int().meta({ description: 'Those that are to be delivered.' }),
        sent: z.int().meta({ description: 'Those handed to the endpoint’s queue so far.' }),
      })
      .meta({ description: 'Complete once `state` is past `counting`.' }),
    error: z.string().nullable().meta({ description: 'One sentence, when it failed.' }),
    createdBy: z.string().meta({ description: 'Id of the API key.' }),
    createdAt: z.string(),
    updatedAt: z.string(),
  })
  .meta({ id: 'Recovery' });
export type RecoveryView = z.output<typeof recoveryView>;
