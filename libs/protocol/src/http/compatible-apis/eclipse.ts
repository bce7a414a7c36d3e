import { z } from 'zod';
import { storableText } from '../endpoints-text';
import { receiverUrl } from './event-names';

/** Eclipse Pro's two steps: an API connection, and the export configuration that sends bundles to it. */
export const CONNECTION_LIMITS = { nameLength: 200, tokenLength: 1_000, perTenant: 1_000 } as const;

const name = storableText('name')
  .min(1, { error: 'must not be empty' })
  .max(CONNECTION_LIMITS.nameLength, { error: `must have at most ${CONNECTION_LIMITS.nameLength} characters` });
/** As it stands behind `Bearer `: RFC 6750, section 2.1, and what else is printable. */
const bearerToken = z
  .string({ error: 'must be text, or null for none' })
  .regex(/^[\x21-\x7e]{1,1000}$/, {
    error: `must be 1 to ${CONNECTION_LIMITS.tokenLength} printable ASCII characters without spaces`,
  })
  .meta({ description: 'Sent as `Authorization: Bearer …`. Never shown again.' });

export const createConnectionRequest = z
  .strictObject({
    name,
    connectionType: z.literal('API Connection', { error: 'must be "API Connection"' }).optional(),
    baseUrl: receiverUrl,
    bearerToken: bearerToken.nullable().default(null),
  })
  .meta({ id: 'CreateConnectionRequest' });
export type NewConnection = z.output<typeof createConnectionRequest>;

export const updateConnectionRequest = z
  .strictObject({ name, baseUrl: receiverUrl, bearerToken: bearerToken.nullable() })
  .partial()
  .refine((changes) => Object.values(changes).some((value) => value !== undefined), {
    error: 'must name at least one of name, baseUrl, bearerToken',
  })
  .meta({ id: 'UpdateConnectionRequest' });
export type ConnectionChanges = z.output<typeof updateConnectionRequest>;

export const connectionView = z
  .object({
    id: z.string().meta({ examples: ['cn_01k3v9q8zr5t7w2m4n6p8s0xyz'] }),
    name: z.string(),
    connectionType: z.literal('API Connection'),
    baseUrl: z.string(),
    hasBearerToken: z.boolean(),
    createdAt: z.string(),
    updatedAt: z.string(),
  })
  .meta({ id: 'Connection' });
export type ConnectionView = z.output<typeof connectionView>;

/** What an export configuration sends. */
export const EXPORT_IMPLEMENTATIONS = ['Bundle Complete Webhook'] as const;

export const createExportRequest = z
  .strictObject({
    implementation: z.enum(EXPORT_IMPLEMENTATIONS, { error: `must be ${EXPORT_IMPLEMENTATIONS.join(' or ')}` }),
    connectionId: z.string({ error: 'must be the id of a connection' }),
  })
  .meta({ id: 'CreateExportRequest' });
export type NewExport = z.output<typeof createExportRequest>;

export const updateExportRequest = z
  .strictObject({ active: z.boolean({ error: 'must be true or false' }) })
  .meta({ id: 'UpdateExportRequest' });

export const exportView = z
  .object({
    id: z.string().meta({ examples: ['ex_01k3v9q8zr5t7w2m4n6p8s0xyz'] }),
    implementation: z.enum(EXPORT_IMPLEMENTATIONS),
    connectionId: z.string(),
    endpointId: z.string().meta({ description: 'The endpoint that it made, for /v1/endpoints.' }),
    active: z.boolean(),
    status: z.enum(['active', 'paused', 'down', 'disabled']),
    statusSince: z.string(),
    nextProbeAt: z.string().nullable(),
    queued: z.int().meta({ description: 'Bundles that wait for the endpoint, seconds ago.' }),
    createdAt: z.string(),
  })
  .meta({ id: 'Export' });
export type ExportView = z.output<typeof exportView>;

export const createdExportView = exportView
  .extend({
    secret: z.string().meta({
      description: 'Of the headers of Standard Webhooks that go out beside the bundle. Shown here and never again.',
    }),
  })
  .meta({ id: 'CreatedExport' });
export type CreatedExportView = z.output<typeof createdExportView>;

const exportEvent = {
  id: z.string(),
  exportId: z.string(),
  eventId: z.string(),
  bundle: z
    .object({ BundleCode: z.string().nullable(), JobId: z.string().nullable(), EndTime: z.string().nullable() })
    .nullable()
    .meta({ description: 'Of the bundle that triggered it; null where the event is not kept.' }),
  status: z.string(),
  attempts: z.int(),
  lastOutcome: z.string().nullable(),
  nextAttemptAt: z.string().nullable(),
  createdAt: z.string(),
  completedAt: z.string().nullable(),
};
export const exportEventView = z.object(exportEvent).meta({ id: 'ExportEvent' });
export type ExportEventView = z.output<typeof exportEventView>;

export const exportEventDetailView = z
  .object({
    ...exportEvent,
    activity: z.array(
      z.object({
        at: z.string(),
        attempt: z.int().nullable(),
        status: z.int().nullable().meta({ description: 'HTTP status code of the answer.' }),
        message: z.string(),
      }),
    ),
  })
  .meta({ id: 'ExportEventDetail' });
export type ExportEventDetailView = z.output<typeof exportEventDetailView>;
