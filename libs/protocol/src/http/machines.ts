import { MACHINE_STATUSES, SIGNAL_QUALITIES, SIGNAL_TYPES, VALUE_PROBLEMS } from '@millrace/domain';
import { z } from 'zod';

/** Answers of `GET /v1/machines` and `GET /v1/machines/:id`: what each machine is doing now. */
const time = z.string().meta({ description: 'RFC 3339, as the machine gave it.' });

export const machineAlarmSchema = z.object({
  id: z.string(),
  item: z.string(),
  code: z.string(),
  severity: z.enum(['warning', 'fault']),
  text: z.string(),
  raisedAt: time,
  stale: z.boolean().meta({
    description:
      'What raised it is not known now: its source is silent, or its value cannot be used. The alarm may or may not still stand.',
  }),
});

export const machineRunSchema = z.object({
  runId: z.string(),
  startedAt: time,
  endedAt: time.nullable(),
  durationSeconds: z.number().nullable(),
  parts: z.number().int().nullable(),
  partsBefore: z.number().int().nullable(),
  partsAfter: z.number().int().nullable(),
  program: z.string().nullable(),
  endedBy: z.string().nullable(),
  quality: z.enum(['good', 'uncertain']),
});

export const machineViewSchema = z
  .object({
    id: z.string(),
    status: z.enum(MACHINE_STATUSES),
    since: time.nullable(),
    reason: z.string().nullable(),
    sourceState: z.string().nullable(),
    quality: z.enum(SIGNAL_QUALITIES),
    alarms: z.array(machineAlarmSchema),
    currentRun: machineRunSchema.nullable(),
    lastRun: machineRunSchema.nullable(),
    lastSignal: z.object({ path: z.string(), source: z.string(), time, at: z.string() }).nullable(),
    mapping: z
      .object({ name: z.string(), version: z.int() })
      .nullable()
      .meta({ description: 'The mapping in force, by which its signals are read; null: the built-in one.' }),
    counts: z.record(z.string(), z.number()).meta({ description: 'Signals folded since the machine is known.' }),
  })
  .meta({ id: 'Machine' });
export type MachineView = z.infer<typeof machineViewSchema>;

/** One data item of a machine, as it was heard last. */
export const machineSignalSchema = z
  .object({
    path: z.string().meta({ description: "The source's own name." }),
    source: z.string(),
    aliases: z.array(z.string()).meta({ description: 'Names that the mapping gives it; none: it is not mapped.' }),
    value: z.unknown(),
    cut: z.boolean().meta({ description: 'The value is long and only its beginning stands here.' }),
    type: z.enum(SIGNAL_TYPES),
    unit: z.string().nullable(),
    quality: z.enum(SIGNAL_QUALITIES),
    qualityCode: z.string().nullable(),
    time: time.nullable().meta({ description: "The device's own stamp." }),
    at: z.string().meta({ description: 'RFC 3339; when it was received.' }),
    ageMs: z.int(),
    count: z.int().meta({ description: 'How often it was heard.' }),
    problems: z
      .array(
        z.object({
          alias: z.string(),
          code: z.enum(VALUE_PROBLEMS),
          expected: z.string().meta({ description: 'The type or the unit that the mapping waits for.' }),
        }),
      )
      .meta({
        description: 'Why the mapping cannot use a value that its source calls good; nothing is known of the alias.',
      }),
  })
  .meta({ id: 'MachineSignal' });
export type MachineSignalView = z.infer<typeof machineSignalSchema>;
export const machineSignalListSchema = z.object({
  data: z.array(machineSignalSchema),
  nextCursor: z.string().nullable(),
});
export type MachineSignalList = z.infer<typeof machineSignalListSchema>;

const limitRule = 'must be a whole number from 1 to 500';

export const machineListQuerySchema = z.object({
  limit: z
    .string({ error: limitRule })
    .regex(/^[1-9]\d{0,2}$/, { error: limitRule })
    .transform(Number)
    .refine((limit) => limit <= 500, { error: limitRule })
    .default(100),
  cursor: z.string({ error: 'must be given once' }).max(512, { error: 'is too long to be a cursor' }).optional(),
});

export const machineListSchema = z.object({ data: z.array(machineViewSchema), nextCursor: z.string().nullable() });
export type MachineList = z.infer<typeof machineListSchema>;
