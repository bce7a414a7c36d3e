import { CONTRACT_NAMES, contractNamed, isTypePattern } from '@millrace/domain';
import { z } from 'zod';
import { EVENT_TYPE_PATTERNS, eventTypePatterns } from './endpoints-event-types';
import { filter } from './endpoints-filter';
import { customHeaders } from './endpoints-headers';
import { endpointOptions } from './endpoints-options';
import { nullableRateLimit } from './endpoints-rate';
import { nullableRetry } from './endpoints-retry';
import { clientSecret, clientSecretProblem } from './endpoints-secret';
import { storableText } from './endpoints-text';
import { startFrom } from './endpoints-time';

/**
 * Requests and answers of `/v1/endpoints`. The service validates with these, the SDK and the console take their types from
 * them, and the OpenAPI document is built from them, so none of the four can drift.
 */
export const ENDPOINT_LIMITS = {
  eventTypes: EVENT_TYPE_PATTERNS,
  descriptionLength: 10_000,
  /** The most of any contract; an endpoint's own contract may allow less. */
  timeoutMs: { least: 100, most: 30_000 },
  /** Seconds for which an old secret goes on signing after a rotation. */
  overlapSeconds: { default: 86_400, most: 7 * 86_400 },
  /** Secrets that sign at one time: the current one and those in their overlap. */
  secrets: 10,
} as const;

const ORDERINGS = ['none', 'key', 'strict'] as const;

const settings = {
  url: z
    .string({ error: 'must be the URL that deliveries are sent to' })
    .meta({ description: 'Where deliveries are POSTed to.', examples: ['https://erp.example.com/hooks/millrace'] }),
  eventTypes: eventTypePatterns,
  filter: filter.nullable(),
  description: storableText('description')
    .max(ENDPOINT_LIMITS.descriptionLength, {
      error: `must have at most ${ENDPOINT_LIMITS.descriptionLength} characters`,
    })
    .nullable(),
  headers: customHeaders,
  timeoutMs: z
    .int({ error: 'must be a whole number of milliseconds, or null for the contract’s own' })
    .min(ENDPOINT_LIMITS.timeoutMs.least, { error: `must be at least ${ENDPOINT_LIMITS.timeoutMs.least} ms` })
    .max(ENDPOINT_LIMITS.timeoutMs.most, { error: `must be at most ${ENDPOINT_LIMITS.timeoutMs.most} ms` })
    .nullable(),
  contract: z.enum(CONTRACT_NAMES as [string, ...string[]], {
    error: `is not a contract of this release; available: ${CONTRACT_NAMES.join(', ')}`,
  }),
  ordering: z.enum(ORDERINGS, { error: `must be one of ${ORDERINGS.join(', ')}` }).meta({
    description:
      '`none`: deliveries go out side by side · `key`: those with the same key (the subject of the event) one after the other, and one that fails holds back only its own key · `strict`: all one after the other.',
  }),
  rateLimit: nullableRateLimit,
  retry: nullableRetry,
  options: endpointOptions,
};

export const createEndpointRequest = z
  .strictObject({
    ...settings,
    contract: settings.contract.default('standard'),
    filter: settings.filter.default(null),
    description: settings.description.default(null),
    headers: settings.headers.default({}),
    timeoutMs: settings.timeoutMs.default(null),
    ordering: settings.ordering.default('none'),
    rateLimit: settings.rateLimit.default(null),
    retry: settings.retry.default(null),
    options: settings.options.default({}),
    startFrom: startFrom.default(null),
    secret: clientSecret.optional(),
  })
  .superRefine(({ contract, secret }, context) => {
    const problem = secret === undefined ? null : clientSecretProblem(secret, contractNamed(contract)!.secrets);
    if (problem !== null) context.addIssue({ code: 'custom', message: problem, path: ['secret'] });
  })
  .meta({ id: 'CreateEndpointRequest' });
export type CreateEndpointRequest = z.input<typeof createEndpointRequest>;
export type NewEndpointSettings = z.output<typeof createEndpointRequest>;

export const updateEndpointRequest = z
  .strictObject({
    ...settings,
    startFrom: z
      .literal(['now', null], {
        error:
          'is for the creation of an endpoint; for events of the past ask POST /v1/endpoints/:id/recover with {"only": "missing"}',
      })
      .meta({ description: 'Without effect: it belongs to the creation.' }),
    secret: clientSecret,
    status: z.enum(['active', 'paused'], { error: 'must be "active" or "paused"' }),
  })
  .partial()
  .refine((changes) => Object.values(changes).some((value) => value !== undefined), {
    error: 'must name at least one setting to change',
  })
  .meta({ id: 'UpdateEndpointRequest' });
export type UpdateEndpointRequest = z.input<typeof updateEndpointRequest>;
export type EndpointChanges = z.output<typeof updateEndpointRequest>;

export const rotateSecretRequest = z
  .strictObject({
    overlapSeconds: z
      .int({ error: 'must be a whole number of seconds' })
      .min(0, { error: 'must not be negative' })
      .max(ENDPOINT_LIMITS.overlapSeconds.most, {
        error: `must be at most ${ENDPOINT_LIMITS.overlapSeconds.most} (7 days)`,
      })
      .default(ENDPOINT_LIMITS.overlapSeconds.default),
  })
  .meta({ id: 'RotateSecretRequest' });
export type RotateSecretRequest = z.input<typeof rotateSecretRequest>;

export const testEndpointRequest = z
  .strictObject({
    eventType: z
      .string()
      .refine((text) => isTypePattern(text) && !text.includes('*'), {
        error: 'must be one event type, for example machine.alarm',
      })
      .default('millrace.test'),
  })
  .meta({ id: 'TestEndpointRequest' });
export type TestEndpointRequest = z.input<typeof testEndpointRequest>;

export const endpointView = z
  .object({
    id: z.string().meta({ examples: ['ep_01k3v9q8zr5t7w2m4n6p8s0xyz'] }),
    url: z.string(),
    eventTypes: z.array(z.string()),
    contract: z.string(),
    status: z.enum(['active', 'paused', 'down', 'disabled']).meta({
      description:
        '`paused` by its user · `down`: it does not answer as it should, and Millrace probes it · `disabled` by Millrace, until its user sets it active. In all three its deliveries wait, parked, and go on afterwards.',
    }),
    statusReason: z.string().nullable().meta({
      description:
        'Of `down`: `transport` (nothing answers) or `failure_rate` (it answers, mostly with failures). Of `disabled`: `receiver_answered_410` or `too_many_failures`. Null otherwise.',
    }),
    statusSince: z.string().meta({ description: 'When it came into this status.' }),
    statusBy: z.string().nullable().meta({
      description:
        'Id of the API key that brought it into this status, or `millrace`; null when that is not on record.',
    }),
    parked: z.int().meta({ description: 'Deliveries that wait for this endpoint, seconds ago.' }),
    nextProbeAt: z.string().nullable().meta({ description: 'Of `down`: when it is tried next. Null otherwise.' }),
    filter: filter.nullable(),
    description: z.string().nullable(),
    headers: z.record(z.string(), z.string()).meta({
      description: 'Their names; the values are never shown. A value `***` in a change keeps the one that is there.',
    }),
    timeoutMs: z.number().nullable().meta({ description: 'Null: the timeout of the contract.' }),
    ordering: z.enum(ORDERINGS),
    rateLimit: z.object({ perSecond: z.number(), burst: z.int() }).nullable(),
    retry: z
      .object({ delaysSeconds: z.array(z.number()), jitter: z.number() })
      .nullable()
      .meta({ description: 'Null: the schedule of the contract.' }),
    options: endpointOptions.required(),
    version: z.number().meta({ description: 'Grows with every change.' }),
    createdAt: z.string(),
    updatedAt: z.string(),
  })
  .meta({ id: 'Endpoint' });
export type EndpointView = z.output<typeof endpointView>;

export const createdEndpointView = endpointView
  .extend({
    secret: z.string().meta({ description: 'Shown here and never again.' }),
    startFrom: z
      .object({ recoveryId: z.string(), since: z.string() })
      .nullable()
      .meta({ description: 'The recovery job that delivers the events of the past; null when it begins now.' }),
  })
  .meta({ id: 'CreatedEndpoint' });
export type CreatedEndpointView = z.output<typeof createdEndpointView>;

export const changedEndpointView = endpointView
  .extend({
    recovery: z
      .object({
        suggested: z.object({ only: z.literal('failed'), since: z.string() }),
        call: z.string().meta({ examples: ['POST /v1/endpoints/ep_01k3v9q8zr5t7w2m4n6p8s0xyz/recover'] }),
      })
      .nullable()
      .meta({
        description:
          'When this change made it active again after a time in which deliveries may have failed or expired: the call, with its body, that sends those again. Parked ones go on by themselves. Null otherwise.',
      }),
  })
  .meta({ id: 'ChangedEndpoint' });
export type ChangedEndpointView = z.output<typeof changedEndpointView>;

export const rotatedSecretView = z.object({ secret: z.string() }).meta({ id: 'RotatedSecret' });
export type RotatedSecretView = z.output<typeof rotatedSecretView>;

export const testDeliveryView = z.object({ deliveryId: z.string() }).meta({ id: 'TestDelivery' });
export type TestDeliveryView = z.output<typeof testDeliveryView>;
