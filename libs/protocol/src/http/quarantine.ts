import { z } from 'zod';

/** Requests and answers of `/v1/quarantine`: records that could not be used, why, and what was done about them. */
export const QUARANTINE_LISTS = ['events', 'signals'] as const;
export const QUARANTINE_STATES = ['open', 'redriven', 'discarded'] as const;

const time = z.string().meta({ format: 'date-time' });

export const quarantineActionView = z.object({
  action: z.enum(['redriven', 'discarded']),
  at: time,
  by: z.string().meta({ description: 'Id of the API key.' }),
  corrected: z.boolean().meta({ description: 'Other bytes were sent than those that had come.' }),
  reason: z.string().nullable(),
});

export const quarantinedView = z
  .object({
    id: z.string().meta({ description: 'For example `signals-0-4711`.' }),
    list: z.enum(QUARANTINE_LISTS),
    state: z.enum(QUARANTINE_STATES).meta({ description: 'By what was done last; `open` where nothing was.' }),
    tenant: z.string().nullable().meta({ description: 'Null where the bytes do not tell whose they are.' }),
    code: z.string(),
    detail: z.string(),
    at: time,
    origin: z
      .object({ topic: z.string(), partition: z.number().int(), offset: z.string() })
      .meta({ description: 'Where it came from: a topic, or `<source>/<session>` and a position there.' }),
    bytes: z.number().int().meta({ description: 'Size of the value as it came.' }),
    redrivable: z.boolean().meta({ description: 'Whether it can be driven again from here.' }),
    notRedrivable: z.string().nullable().meta({ description: 'Why not, and what to do instead.' }),
    redrivenFrom: z
      .string()
      .nullable()
      .meta({ description: 'The record here that was driven again and came back as this one.' }),
    preview: z
      .string()
      .meta({ description: 'The beginning of the value as text; unreadable bytes are shown as \\xNN.' }),
  })
  .meta({ id: 'Quarantined' });
export type QuarantinedView = z.output<typeof quarantinedView>;

export const quarantinedDetailView = quarantinedView
  .extend({
    key: z.string().nullable(),
    headers: z.record(z.string(), z.string()),
    value: z.string().nullable().meta({ description: 'The value as text; null where it is no UTF-8 text.' }),
    valueBase64: z.string().nullable().meta({ description: 'The value as base64, where it is no text.' }),
    truncated: z.boolean().meta({ description: 'Not all bytes were kept; to drive it again, send them.' }),
    actions: z.array(quarantineActionView),
  })
  .meta({ id: 'QuarantinedDetail' });
export type QuarantinedDetailView = z.output<typeof quarantinedDetailView>;

const reason = z.string().min(1).max(500).optional();

/** Headers of one correction; so many of a record are kept. */
const HEADERS_AT_MOST = 64;
const headers = z
  .record(
    z
      .string()
      .min(1)
      .max(256)
      .regex(/^(?!millrace-)/, 'Headers that begin with millrace- are written by Millrace alone.'),
    z.string().max(8192).nullable(),
  )
  .refine((given) => Object.keys(given).length <= HEADERS_AT_MOST, `headers: at most ${HEADERS_AT_MOST} at once.`);

export const redriveRequest = z
  .strictObject({
    value: z
      .string()
      .min(1)
      .max(1024 * 1024)
      .optional()
      .meta({ description: 'A corrected value; without it the bytes go out as they came.' }),
    headers: headers.optional().meta({
      description:
        'Corrected headers, such as `{"ce_specversion": "1.0"}`; null takes one away, and what is not named goes out as it came. With `{"content-type": "application/cloudevents+json"}` the value is the whole event.',
    }),
    reason,
  })
  .meta({ id: 'Redrive' });
export type RedriveWish = z.output<typeof redriveRequest>;

export const discardRequest = z.strictObject({ reason }).meta({ id: 'Discard' });

export const redriveManyRequest = z
  .strictObject({
    list: z.enum(QUARANTINE_LISTS),
    code: z
      .string()
      .regex(/^[a-z0-9_]{1,64}$/, 'code is a code of the list, such as not_json.')
      .optional(),
    from: z.iso.datetime({ offset: true }).optional(),
    to: z.iso.datetime({ offset: true }).optional(),
    limit: z.number().int().min(1).max(1000).default(100),
    dryRun: z.boolean().default(false),
    reason,
  })
  .meta({ id: 'RedriveMany' });
export type RedriveManyWish = z.output<typeof redriveManyRequest>;

export const redrivenView = z.object({ id: z.string(), topic: z.string() }).meta({ id: 'Redriven' });
export type RedrivenView = z.output<typeof redrivenView>;

export const redrivenManyView = z
  .object({
    matched: z.number().int(),
    redriven: z.number().int(),
    refused: z.array(z.object({ id: z.string(), code: z.string(), detail: z.string() })),
    dryRun: z.boolean(),
    more: z.boolean().meta({ description: 'Others match; call again.' }),
  })
  .meta({ id: 'RedrivenMany' });
export type RedrivenManyView = z.output<typeof redrivenManyView>;
