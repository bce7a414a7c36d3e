import {
  CONDITION_LEVELS,
  isMachineName,
  isTimestamp,
  SIGNAL_FLAGS,
  SIGNAL_LIMITS,
  SIGNAL_QUALITIES,
  SIGNAL_TYPES,
} from '@millrace/domain';
import { z } from 'zod';

/** Requests and answers of `POST /v1/signals`. */
export const SIGNALS_LIMITS = {
  /** Signals of one request. */
  signals: 10_000,
  /** Bytes of one request. */
  requestBytes: 5 * 1024 * 1024,
  /** Bytes of a message whose sender is known by its signature alone, which is over the body: it is read before it is known whose it is. */
  signedBytes: 256 * 1024,
  /** Levels of arrays and objects in one request. */
  depth: 32,
} as const;

const name = (limit: number) =>
  z
    .string({ error: 'must be text' })
    .min(1, { error: 'must not be empty' })
    .max(limit, { error: `must have at most ${limit} characters` })
    .regex(/^[^\u0000-\u001f\u007f]+$/, { error: 'must not hold control characters' });

const conditionValue = z.object({
  level: z.enum(CONDITION_LEVELS, { error: `must be one of ${CONDITION_LEVELS.join(', ')}` }),
  nativeCode: name(256).optional(),
  conditionId: name(256).optional(),
  nativeSeverity: name(256).optional(),
  qualifier: name(256).optional(),
  text: z.string().max(4096).optional(),
});

export const signalRequestSchema = z
  .strictObject(
    {
      machine: z.string({ error: 'must name the machine' }).refine(isMachineName, {
        error: `must be at most ${SIGNAL_LIMITS.machineLength} letters, digits, . _ and -, and begin with a letter or digit`,
      }),
      path: name(SIGNAL_LIMITS.pathLength)
        .refine((path) => !path.startsWith('$'), { error: 'must not begin with $, which is for Millrace itself' })
        .meta({ description: 'Name of the data item, for example `execution`.' }),
      value: z
        .union(
          [
            z.number(),
            z.string().max(SIGNAL_LIMITS.valueLength),
            z.boolean(),
            z.null(),
            z.record(z.string(), z.unknown()),
          ],
          {
            error: `must be a number, text (at most ${SIGNAL_LIMITS.valueLength} characters), true, false, null or an object`,
          },
        )
        .meta({
          description:
            'An object {level, nativeCode, conditionId, nativeSeverity, qualifier, text} for kind `condition`; all but `level` may be left out. `conditionId` names one activation, from its WARNING or FAULT to its NORMAL, and then stands in the place of the code.',
        }),
      kind: z.enum(['sample', 'event', 'condition'], { error: 'must be sample, event or condition' }).optional(),
      type: z.enum(SIGNAL_TYPES, { error: `must be one of ${SIGNAL_TYPES.join(', ')}` }).optional(),
      unit: name(64).nullable().optional().meta({ description: 'UCUM, for example `mm`.' }),
      quality: z.enum(SIGNAL_QUALITIES, { error: `must be one of ${SIGNAL_QUALITIES.join(', ')}` }).optional(),
      qualityCode: name(128).nullable().optional(),
      timestamp: z
        .string()
        .refine(isTimestamp, { error: 'must be an RFC 3339 time such as 2026-02-17T13:59:55.123Z' })
        .nullable()
        .optional()
        .meta({ description: "The device's own stamp." }),
      source: name(SIGNAL_LIMITS.sourceLength).optional().meta({ description: 'Default `http`.' }),
      session: name(SIGNAL_LIMITS.sessionLength).optional().meta({
        description: 'Life of the numbering in `seq`; default the request, by its Idempotency-Key and body.',
      }),
      seq: z.number().int().min(0).max(Number.MAX_SAFE_INTEGER).nullable().optional().meta({
        description: 'Position in the session; a repeat has no second effect.',
      }),
      idx: z.number().int().min(0).max(SIGNAL_LIMITS.idx).optional(),
      flags: z.array(z.enum(SIGNAL_FLAGS)).max(SIGNAL_FLAGS.length).optional(),
    },
    {
      error: (issue) =>
        issue.code === 'unrecognized_keys'
          ? `has members that are not known: ${issue.keys.slice(0, 5).join(', ')}`
          : undefined,
    },
  )
  .superRefine((signal, context) => {
    // A type of condition is one, where no kind says otherwise.
    if ((signal.kind ?? signal.type) !== 'condition') return;
    const read = conditionValue.safeParse(signal.value);
    if (!read.success)
      for (const issue of read.error.issues)
        context.addIssue({ code: 'custom', message: issue.message, path: ['value', ...issue.path] });
  })
  .meta({ id: 'Signal' });
export type SignalRequest = z.infer<typeof signalRequestSchema>;

export const publishSignalsSchema = z.union([
  signalRequestSchema,
  z.array(signalRequestSchema).min(1).max(SIGNALS_LIMITS.signals),
]);

export const signalsAcceptedSchema = z
  .object({
    accepted: z.number().int().meta({ description: 'Signals that Kafka has acknowledged.' }),
    rejected: z
      .array(z.object({ index: z.number().int(), path: z.string(), code: z.string(), detail: z.string() }))
      .meta({ description: 'What was wrong with the others; they are not stored.' }),
  })
  .meta({ id: 'SignalsAccepted' });
export type SignalsAccepted = z.infer<typeof signalsAcceptedSchema>;

/** Answer of `POST /v1/sources/in/<tenant>/<name>`. */
export const messageReceiptSchema = signalsAcceptedSchema
  .extend({
    warnings: z
      .array(z.object({ path: z.string(), detail: z.string() }))
      .optional()
      .meta({ description: 'What the sender should look at, though it was taken.' }),
  })
  .meta({ id: 'MessageReceipt' });
export type MessageReceipt = z.infer<typeof messageReceiptSchema>;
