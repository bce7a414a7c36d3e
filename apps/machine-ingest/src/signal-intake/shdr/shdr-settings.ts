import { isMachineName } from '@millrace/domain';
import { z } from 'zod';

const machine = z
  .string()
  .refine(isMachineName, 'must be the name of a machine: letters, digits, . _ and -, at most 128');

/** Settings of a source of the type `shdr`, as `POST /v1/sources` takes them. */
export const shdrSettings = z.strictObject({
  /** Address of the adapter. */
  host: z
    .string()
    .max(253)
    .regex(/^[A-Za-z0-9._:%-]+$/, 'must be a host name or an address'),
  /** Adapters listen on 7878 unless told otherwise. */
  port: z.int().min(1).max(65_535).default(7878),
  machine,
  /** Names of the items that are messages (`name|code|text`): nothing on a line tells them from pairs. */
  messages: z.array(z.string().min(1).max(256)).max(256).default([]),
  /** Milliseconds between two PINGs where the adapter's PONG does not say. */
  heartbeatMs: z.int().min(100).max(600_000).default(10_000),
  /** Milliseconds of silence after which an adapter that has answered no PING counts as gone. */
  silenceMs: z.int().min(1_000).max(86_400_000).default(600_000),
  /** Milliseconds for one attempt to connect. */
  connectMs: z.int().min(100).max(60_000).default(5_000),
});

export type ShdrSettings = z.infer<typeof shdrSettings>;

/** Settings of a recording of SHDR lines that is played once. */
export const shdrRecordingSettings = z.strictObject({
  /** Path of the file; `.gz` is unpacked. */
  file: z.string().min(1).max(4096),
  machine,
  messages: z.array(z.string().min(1).max(256)).max(256).default([]),
});

export type ShdrRecordingSettings = z.infer<typeof shdrRecordingSettings>;
