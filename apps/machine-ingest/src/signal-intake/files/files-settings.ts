import { isAbsolute, normalize } from 'node:path';
import { isMachineName, SIGNAL_LIMITS } from '@millrace/domain';
import { z } from 'zod';
import { isTimeZone } from '../local-time/local-time';
import { isTimePattern } from './row-time';

/** A folder into which something drops files, and how they are read. */
export type FilesSettings = z.output<typeof filesSettings>;
export type FilesSettingsOf<F extends FilesSettings['format']> = Extract<FilesSettings, { readonly format: F }>;

const machine = z.string({ error: 'must name a machine' }).refine(isMachineName, {
  error: 'must be at most 128 letters, digits, . _ and -, and begin with a letter or digit',
});
const PATH = /^[^$\u0000-\u001f\u007f][^\u0000-\u001f\u007f]*$/;
export const isPath = (text: string): boolean => text.length <= SIGNAL_LIMITS.pathLength && PATH.test(text);
const path = z
  .string({ error: 'must be text' })
  .min(1)
  .max(SIGNAL_LIMITS.pathLength)
  .regex(PATH, { error: 'must not begin with $ or hold control characters' });
const column = z.union([z.string().min(1).max(256), z.number().int().min(1).max(1_000)], {
  error: 'must be the name of a column, or its number from 1',
});

const common = {
  folder: z
    .string({ error: 'must be the path of a folder' })
    .refine((folder) => isAbsolute(folder) && normalize(`${folder}/`) === normalize(`${folder.replace(/\/+$/, '')}/`), {
      error: 'must be an absolute path',
    })
    .refine((folder) => !folder.split('/').includes('..'), { error: 'must not hold ..' })
    .refine((folder) => !folder.includes('\u0000'), { error: 'must not hold NUL' })
    .meta({ examples: ['/srv/drop'] }),
  /** Names of files, `*` for any characters and `?` for one. */
  pattern: z
    .string()
    .min(1)
    .max(128)
    .regex(/^[^/\u0000]+$/, { error: 'is a file name with * and ?, without folders' })
    .default('*'),
  /** What becomes of a file that has been read. */
  after: z.enum(['done', 'keep'], { error: 'must be done or keep' }).default('done'),
  /** So long a file must not have changed before it is read, ms. */
  settleMs: z.number().int().min(50).max(600_000).default(1_000),
  /** The folder is looked at so often, also where the file system tells of no changes, ms. */
  scanEveryMs: z.number().int().min(50).max(600_000).default(5_000),
  /** What the files say is over: it changes no status and raises nothing. */
  historical: z.boolean().default(false),
};

const csv = z
  .strictObject({
    format: z.literal('csv'),
    ...common,
    machine: machine
      .nullable()
      .default(null)
      .meta({ examples: ['press-1'] }),
    /** Column that names the machine of a row. */
    machineColumn: column.nullable().default(null),
    /** Column that names the value of a row, where a row is one value: `time;tag;value`. */
    pathColumn: column.nullable().default(null),
    delimiter: z
      .string()
      .length(1, { error: 'must be one character' })
      .refine((text) => !['"', '\r', '\n'].includes(text), { error: 'must not be a quote or a line end' })
      .default(','),
    /** Whether the first line names the columns; without it they have numbers. */
    header: z.boolean().default(true),
    encoding: z.enum(['utf-8', 'windows-1252'], { error: 'must be utf-8 or windows-1252' }).default('utf-8'),
    decimal: z.enum(['.', ','], { error: 'must be . or ,' }).default('.'),
    columns: z
      .array(
        z.strictObject({
          column,
          /** With `pathColumn` it stands before the name that a row has, and may be absent. */
          path: path.optional(),
          type: z
            .enum(['double', 'int64', 'bool', 'string'], { error: 'must be double, int64, bool or string' })
            .default('string'),
          unit: z.string().min(1).max(64).nullable().default(null),
          kind: z.enum(['sample', 'event'], { error: 'must be sample or event' }).default('event'),
        }),
      )
      .min(1, { error: 'must name at least one column' })
      // one `idx` for each column of a row
      .max(SIGNAL_LIMITS.idx + 1, { error: `must name at most ${SIGNAL_LIMITS.idx + 1} columns` })
      .meta({ examples: [[{ column: 'Length', path: 'length', type: 'double', unit: 'mm', kind: 'sample' }]] }),
    timestamp: z
      .strictObject({
        column,
        /** `rfc3339`, `unix` (seconds), `unixMs`, or a pattern of yyyy MM dd HH hh mm ss S a. */
        format: z.string().refine(isTimePattern, {
          error:
            'must be rfc3339, unix, unixMs, or a pattern such as dd.MM.yyyy HH:mm:ss with year, month, day and hour',
        }),
        /** Zone of a pattern's local times, IANA. */
        timeZone: z.string().refine(isTimeZone, { error: 'must be a time zone such as Europe/Berlin' }).default('UTC'),
      })
      .nullable()
      .default(null),
  })
  .refine((settings) => settings.machine !== null || settings.machineColumn !== null, {
    path: ['machine'],
    error: 'is needed where no machineColumn says which machine a row is about',
  })
  .superRefine(({ columns, pathColumn }, { addIssue }) => {
    if (pathColumn !== null) return;
    const wrong = (n: number, message: string) => addIssue({ code: 'custom', path: ['columns', n, 'path'], message });
    for (const [n, { path }] of columns.entries()) {
      const first = columns.findIndex((one) => one.path === path);
      if (path === undefined) wrong(n, 'is needed where no pathColumn names the value of a row');
      else if (first < n) wrong(n, `is that of columns[${first}] too, and one would hide the other: give each its own`);
    }
  })
  .refine(({ columns, pathColumn }) => pathColumn === null || columns.length === 1, {
    path: ['columns'],
    error: 'must be the one with the value where pathColumn names it',
  })
  .refine(
    ({ header, columns, machineColumn, pathColumn, timestamp }) =>
      header ||
      [...columns.map((one) => one.column), machineColumn, pathColumn, timestamp?.column ?? null].every(
        (one) => typeof one !== 'string',
      ),
    { path: ['columns'], error: 'must be numbers where no header names the columns' },
  );

const ndjson = z.strictObject({ format: z.literal('ndjson'), ...common, machine: machine.nullable().default(null) });
const json = z.strictObject({ format: z.literal('json'), ...common, machine });
const b2mml = z.strictObject({ format: z.literal('b2mml'), ...common, machine });

export const filesSettings = z.discriminatedUnion('format', [csv, ndjson, json, b2mml], {
  error: 'must be csv, ndjson, json or b2mml',
});
