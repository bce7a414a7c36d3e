import { z } from 'zod';
import { isConfiguredName, SOURCE_CONNECTIONS } from '../messages/source-message';

/** Requests and answers of `/v1/sources`: what Millrace reads machines from. */
export const SOURCE_LIMITS = {
  perTenant: 1_000,
  /** Characters of the settings as JSON. */
  settingsLength: 128 * 1024,
  /** How long a try may take, ms. */
  tryMs: 15_000,
} as const;

export const configuredName = z
  .string({ error: 'must be text' })
  .refine(isConfiguredName, {
    error: 'must be 1 to 64 lower-case letters, digits, . _ and -, and begin with a letter or digit',
  })
  .meta({ pattern: '^[a-z0-9][a-z0-9._-]{0,63}$' });

const type = z
  .string({ error: 'must name a kind of source' })
  .min(1, { error: 'must name a kind of source' })
  .max(64, { error: 'is too long to be a kind of source' })
  .meta({ description: 'Kind of source, for example `mqtt`.' });

const settings = z
  .record(z.string(), z.unknown(), { error: 'must be an object' })
  .refine((value) => JSON.stringify(value).length <= SOURCE_LIMITS.settingsLength, {
    error: `must have at most ${SOURCE_LIMITS.settingsLength} characters as JSON`,
  })
  .meta({ description: 'In the form of its kind; passwords and keys are sealed and shown as `***`.' });

const enabled = z.boolean({ error: 'must be true or false' });
const tries = z.boolean({ error: 'must be true or false' }).default(true).meta({
  description:
    'Connect once before it is saved, and refuse it when that fails; false for a peer that is not there yet.',
});

export const createSourceRequest = z
  .strictObject({ name: configuredName, type, settings, enabled: enabled.default(true), try: tries })
  .meta({ id: 'CreateSourceRequest' });
export type CreateSourceRequest = z.input<typeof createSourceRequest>;
export type NewSource = z.output<typeof createSourceRequest>;

export const updateSourceRequest = z
  .strictObject({ settings: settings.optional(), enabled: enabled.optional(), try: tries })
  .refine((changes) => changes.settings !== undefined || changes.enabled !== undefined, {
    error: 'must change something: settings or enabled',
  })
  .meta({
    id: 'UpdateSourceRequest',
    description:
      '`settings` takes the place of all that were there, but a secret that is left out, or `***`, stays; where they lead to another place it has to be given again.',
  });
export type UpdateSourceRequest = z.input<typeof updateSourceRequest>;
export type SourceChanges = z.output<typeof updateSourceRequest>;

export const trySourceRequest = z
  .strictObject({
    type,
    settings,
    name: configuredName.optional().meta({
      description: 'Of the source whose secrets stand for those that are left out, when it leads to the same place.',
    }),
  })
  .meta({ id: 'TrySourceRequest' });
export type TrySourceRequest = z.input<typeof trySourceRequest>;
export type SourceToTry = z.output<typeof trySourceRequest>;

const time = z.string().meta({ description: 'RFC 3339.' });

export const sourceStateView = z
  .object({
    connection: z.enum(SOURCE_CONNECTIONS).meta({
      description:
        '`waiting`: no process runs it now · `degraded`: three failures in a row · `finished`: a recording at its end.',
    }),
    since: time.nullable().meta({ description: 'Of a source that is not reached, since the first failure.' }),
    reason: z.string().nullable().meta({ description: 'Why it is not connected.' }),
    nextTryAt: time.nullable(),
    session: z.string().nullable(),
    received: z.int().meta({ description: 'Signals stored since its owner began.' }),
    refused: z.int().meta({ description: 'Input in the quarantine, since its owner began.' }),
    lastRefusedAt: time.nullable().meta({ description: 'Null where nothing was refused since its owner began.' }),
    gaps: z.int().meta({ description: 'Stretches that were lost, each also a `$gap` in its place.' }),
    counts: z.record(z.string(), z.number()).meta({ description: 'What its kind counts beside these.' }),
    rate: z.number().meta({ description: 'Signals a second, lately.' }),
    lagMs: z
      .number()
      .nullable()
      .meta({ description: 'How far behind its peer it reads; null where that cannot be known.' }),
    queued: z.int().meta({ description: 'Read and not yet stored.' }),
    lastSignal: z.object({ machine: z.string(), path: z.string(), at: time }).nullable(),
    lastError: z.object({ at: time, detail: z.string() }).nullable(),
    owner: z.string().nullable().meta({ description: 'The process that runs it.' }),
    at: time.nullable().meta({ description: 'Of this account.' }),
  })
  .meta({ id: 'SourceState' });
export type SourceStateView = z.output<typeof sourceStateView>;

export const sourceView = z
  .object({
    name: z.string(),
    type: z.string(),
    enabled: z.boolean(),
    settings: z.record(z.string(), z.unknown()),
    machines: z
      .array(z.string())
      .nullable()
      .meta({ description: 'Machines that the settings name; null: its peer says.' }),
    url: z
      .string()
      .nullable()
      .meta({ description: 'Path to which its peer sends; null for a source that calls its peer.' }),
    tried: z.boolean().meta({ description: 'These settings have connected once when they were saved.' }),
    readOnly: z.boolean().meta({ description: 'It comes from the environment of the service.' }),
    version: z.int(),
    createdAt: time.nullable(),
    updatedAt: time.nullable(),
    state: sourceStateView,
  })
  .meta({ id: 'Source' });
export type SourceView = z.output<typeof sourceView>;

export const triedSourceView = z
  .object({
    summary: z.string().meta({ examples: ['Agent 2.3 with 8 devices'] }),
    seen: z.array(
      z.object({ machine: z.string().nullable(), path: z.string(), value: z.unknown(), unit: z.string().nullable() }),
    ),
  })
  .meta({ id: 'TriedSource' });
export type TriedSourceView = z.output<typeof triedSourceView>;

export const sourceWarningView = z
  .object({ path: z.string(), code: z.string(), detail: z.string() })
  .meta({ id: 'SourceWarning', description: 'As of a mapping, but for the place: settings have no lines.' });
export type SourceWarningView = z.output<typeof sourceWarningView>;

export const savedSourceView = sourceView
  .extend({
    seen: triedSourceView.nullable().meta({ description: 'What the try saw; null for none.' }),
    warnings: z.array(sourceWarningView).meta({
      description:
        'What keeps the source from nothing and is perhaps not meant. `shared_machine`: another one that is switched on names the same machine in its settings.',
    }),
  })
  .meta({ id: 'SavedSource' });
export type SavedSourceView = z.output<typeof savedSourceView>;

export const sourceKindView = z
  .object({ type: z.string(), says: z.string(), secrets: z.array(z.string()), settings: z.unknown() })
  .meta({ id: 'SourceKind', description: 'A kind of source; `settings` is the JSON Schema of its settings.' });
export type SourceKindView = z.output<typeof sourceKindView>;
export const sourceKindListView = z.object({ data: z.array(sourceKindView) });
export type SourceKindListView = z.output<typeof sourceKindListView>;
