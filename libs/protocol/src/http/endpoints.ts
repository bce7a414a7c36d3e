import { CONTRACT_NAMES, FILTER_LIMITS, isTypePattern } from '@millrace/domain';
import { z } from 'zod';
import { customHeaders } from './endpoints-headers';
import { clientSecret } from './endpoints-secret';
import { storableText } from './endpoints-text';

/**
 * Requests and answers of `/v1/endpoints`. The service validates with these, the SDK and the console take their types from
 * them, and the OpenAPI document is built from them, so none of the four can drift.
 */
export const ENDPOINT_LIMITS = {
  eventTypes: 100,
  descriptionLength: 10_000,
  timeoutMs: { least: 100, most: 30_000 },
  /** Seconds for which an old secret goes on signing after a rotation. */
  overlapSeconds: { default: 86_400, most: 7 * 86_400 },
  /** Secrets that sign at one time: the current one and those in their overlap. */
  secrets: 10,
} as const;

const eventTypes = z
  .array(
    z.string().refine(isTypePattern, {
      error:
        'must be a type (machine.alarm), a prefix with all below it (machine.*) or *, of at most 128 letters, digits, . _ - : /',
    }),
    { error: 'must be a list of event types, for example ["machine.*"]' },
  )
  .min(1, { error: 'must name at least one event type; ["*"] takes all' })
  .max(ENDPOINT_LIMITS.eventTypes, { error: `must name at most ${ENDPOINT_LIMITS.eventTypes} event types` })
  .transform((types) => [...new Set(types)])
  .meta({ description: 'Exact types, prefixes (`machine.*`) or `*`; an event that matches any of them is delivered.' });

const filterValue = z.union(
  [
    storableText('a filter value').max(FILTER_LIMITS.valueLength, {
      error: `must have at most ${FILTER_LIMITS.valueLength} characters`,
    }),
    z.number(),
    z.boolean(),
    z.null(),
  ],
  { error: `must be text (at most ${FILTER_LIMITS.valueLength} characters), a finite number, true, false or null` },
);

const filterPath = storableText('a filter path')
  .min(1, { error: 'must not be empty' })
  .max(FILTER_LIMITS.pathLength, { error: `must have at most ${FILTER_LIMITS.pathLength} characters` });

/** A plain record loses `__proto__`; entries keep every path as data. */
const filter = z
  .custom<{ readonly [path: string]: string | number | boolean | null }>(
    (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
    { error: 'must be an object of equalities over the data, for example {"machine": "RF-1"}' },
  )
  .superRefine((value, context) => {
    const entries = Object.entries(value);
    if (entries.length > FILTER_LIMITS.paths)
      context.addIssue({ code: 'custom', message: `must have at most ${FILTER_LIMITS.paths} paths` });
    for (const [path, expected] of entries.slice(0, FILTER_LIMITS.paths)) {
      for (const [schema, part] of [
        [filterPath, path],
        [filterValue, expected],
      ] as const) {
        const parsed = schema.safeParse(part);
        if (!parsed.success)
          context.addIssue({
            code: 'custom',
            message: parsed.error.issues[0]?.message ?? 'is not valid',
            path: [path.slice(0, 64)],
          });
      }
    }
  })
  .meta({
    type: 'object',
    description: 'An AND of equalities over the event data; names are dotted paths, a missing path does not match.',
  });

/** A setting whose name is reserved: only its default is taken for now. */
const notYet = (name: string, defaults: readonly unknown[]) =>
  z
    .unknown()
    .refine((value) => defaults.includes(value), {
      error: `${name} is not available yet; leave it out or send ${defaults.map((value) => JSON.stringify(value)).join(' or ')}`,
    })
    .optional();

const settings = {
  url: z
    .string({ error: 'must be the URL that deliveries are sent to' })
    .meta({ description: 'Where deliveries are POSTed to.', examples: ['https://erp.example.com/hooks/millrace'] }),
  eventTypes,
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
  ordering: notYet('ordering', ['none', null]),
  rateLimit: notYet('rateLimit', [null]),
  retry: notYet('retry', [null]),
  startFrom: notYet('startFrom', ['now', null]),
};

export const createEndpointRequest = z
  .strictObject({
    ...settings,
    contract: settings.contract.default('standard'),
    filter: settings.filter.default(null),
    description: settings.description.default(null),
    headers: settings.headers.default({}),
    timeoutMs: settings.timeoutMs.default(null),
    secret: clientSecret.optional(),
  })
  .meta({ id: 'CreateEndpointRequest' });
export type CreateEndpointRequest = z.input<typeof createEndpointRequest>;
export type NewEndpointSettings = z.output<typeof createEndpointRequest>;

export const updateEndpointRequest = z
  .strictObject({
    ...settings,
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
    status: z.enum(['active', 'paused', 'disabled']),
    statusReason: z.string().nullable().meta({ description: 'Why Millrace disabled it; null otherwise.' }),
    filter: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])).nullable(),
    description: z.string().nullable(),
    headers: z.record(z.string(), z.string()),
    timeoutMs: z.number().nullable().meta({ description: 'Null: the timeout of the contract.' }),
    version: z.number().meta({ description: 'Grows with every change.' }),
    createdAt: z.string(),
    updatedAt: z.string(),
  })
  .meta({ id: 'Endpoint' });
export type EndpointView = z.output<typeof endpointView>;

export const createdEndpointView = endpointView
  .extend({ secret: z.string().meta({ description: 'Shown here and never again.' }) })
  .meta({ id: 'CreatedEndpoint' });
export type CreatedEndpointView = z.output<typeof createdEndpointView>;

export const rotatedSecretView = z.object({ secret: z.string() }).meta({ id: 'RotatedSecret' });
export type RotatedSecretView = z.output<typeof rotatedSecretView>;

export const testDeliveryView = z.object({ deliveryId: z.string() }).meta({ id: 'TestDelivery' });
export type TestDeliveryView = z.output<typeof testDeliveryView>;
