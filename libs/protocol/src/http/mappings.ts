import { z } from 'zod';

/** Requests and answers of `/v1/mappings`: what signals of machines mean. The language is in docs/mapping-language.md. */
export const MAPPINGS_LIMITS = {
  perTenant: 1_000,
  versions: 1_000,
  /** Bytes of a request; the document itself has a limit of its own. */
  requestBytes: 8 * 1024 * 1024,
  attachments: 20,
} as const;

const attachments = z
  .record(z.string().max(256), z.string(), { error: 'must be an object of texts by the names of files' })
  .refine((files) => Object.keys(files).length <= MAPPINGS_LIMITS.attachments, {
    error: `must have at most ${MAPPINGS_LIMITS.attachments} files`,
  })
  .meta({ description: 'Files that the tests of the mapping name.' });

const document = z.union([z.string(), z.record(z.string(), z.unknown())], {
  error: 'must be the document: YAML or JSON as text, or an object',
});

/** A document with the files of its tests, where it does not come as the body itself. */
export const mappingRequest = z
  .strictObject({ mapping: document, attachments: attachments.optional() })
  .meta({ id: 'MappingRequest' });
export type MappingRequest = z.input<typeof mappingRequest>;

export const testMappingRequest = z
  .strictObject({
    mapping: document.optional().meta({ description: 'The document; or `name` for one that is here.' }),
    name: z.string({ error: 'must be the name of a mapping' }).max(128).optional(),
    version: z
      .int({ error: 'must be the number of a version' })
      .min(1)
      .optional()
      .meta({ description: 'Of `name`; the active one when left out.' }),
    signals: z
      .union([z.string(), z.array(z.unknown())], { error: 'must be NDJSON as text, or a list of signals' })
      .meta({
        description: 'Signals as a recording has them, or by hand: {"after": "2s", "alias": "state", "value": "RUN"}.',
      }),
    afterEndMs: z
      .int({ error: 'must be a whole number of milliseconds' })
      .min(0)
      .max(86_400_000, { error: 'must be a day at most' })
      .optional()
      .meta({ description: 'Time that passes after the last signal; a minute when left out.' }),
  })
  .refine((asked) => (asked.mapping === undefined) !== (asked.name === undefined), {
    error: "needs either 'mapping', the document, or 'name', one that is here",
  })
  .refine((asked) => asked.version === undefined || asked.name !== undefined, {
    path: ['version'],
    error: "is the version of 'name'",
  })
  .meta({ id: 'TestMappingRequest' });
export type TestMappingRequest = z.input<typeof testMappingRequest>;
export type MappingToTest = z.output<typeof testMappingRequest>;

const time = z.string().meta({ description: 'RFC 3339.' });
const place = {
  path: z.string(),
  line: z.int(),
  column: z.int(),
  code: z.string(),
  detail: z.string(),
};

export const mappingProblemView = z
  .object(place)
  .meta({ id: 'MappingProblem', description: 'A place in the document, from 1.' });
export type MappingProblemView = z.output<typeof mappingProblemView>;

const warnings = z.array(mappingProblemView).meta({
  description:
    'What keeps nothing from being used and is probably not meant. `unknown_source`, `unknown_machine` and `unknown_path`: nothing that is known here answers to the name yet; `unknown_word`: its signal never says it.',
});

export const mappingTestView = z
  .object({ name: z.string(), passed: z.boolean(), events: z.int(), failures: z.array(mappingProblemView) })
  .meta({ id: 'MappingTest' });
export type MappingTestView = z.output<typeof mappingTestView>;

export const mappingView = z
  .object({
    name: z.string(),
    version: z.int().meta({ description: 'The active one.' }),
    hash: z.string(),
    machines: z.array(z.string()).meta({ description: 'Machines whose signals it reads.' }),
    createdAt: time,
    activatedAt: time,
  })
  .meta({ id: 'Mapping' });
export type MappingView = z.output<typeof mappingView>;

export const activatedMappingView = mappingView
  .extend({ warnings, tests: z.array(mappingTestView) })
  .meta({ id: 'ActivatedMapping' });
export type ActivatedMappingView = z.output<typeof activatedMappingView>;

export const mappingVersionView = z
  .object({
    version: z.int(),
    hash: z.string(),
    machines: z.array(z.string()),
    active: z.boolean(),
    createdAt: time,
    createdBy: z.string(),
  })
  .meta({ id: 'MappingVersion' });
export type MappingVersionView = z.output<typeof mappingVersionView>;

export const mappingDetailView = mappingView
  .extend({ versions: z.array(mappingVersionView).meta({ description: 'Newest first.' }) })
  .meta({ id: 'MappingDetail' });
export type MappingDetailView = z.output<typeof mappingDetailView>;

export const mappingDocumentView = mappingVersionView
  .extend({
    name: z.string(),
    format: z.enum(['yaml', 'json']),
    text: z.string().meta({ description: 'As it was sent.' }),
  })
  .meta({ id: 'MappingDocument' });
export type MappingDocumentView = z.output<typeof mappingDocumentView>;

export const mappingValidationView = z
  .object({
    valid: z.boolean().meta({ description: 'It could be activated: nothing is wrong with it and its tests pass.' }),
    name: z.string().nullable(),
    hash: z.string().nullable(),
    machines: z.array(z.string()),
    problems: z.array(mappingProblemView),
    warnings,
    tests: z.array(mappingTestView),
  })
  .meta({ id: 'MappingValidation' });
export type MappingValidationView = z.output<typeof mappingValidationView>;

export const mappingTrialView = z
  .object({
    warnings,
    events: z.array(
      z.object({
        signal: z.int().meta({ description: 'The signal that told it, from 0 in what was given.' }),
        type: z.string(),
        subject: z.string().nullable(),
        time: z.string(),
        data: z.unknown(),
      }),
    ),
    signals: z.int().meta({ description: 'Signals that were folded.' }),
    rejected: z.array(z.object({ line: z.int(), code: z.string(), detail: z.string() })),
    machines: z.array(z.object({ machine: z.string(), status: z.string(), counts: z.record(z.string(), z.number()) })),
  })
  .meta({ id: 'MappingTrial' });
export type MappingTrialView = z.output<typeof mappingTrialView>;
