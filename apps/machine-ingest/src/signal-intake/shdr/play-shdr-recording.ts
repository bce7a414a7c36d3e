import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline as joined, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import type { Signal } from '@millrace/domain';
import { tickSignal } from '../lifecycle-signal';
import type { SourceContext } from '../source-kind';
import { LineSplitter, type SplitLine } from './line-splitter';
import { readShdrLine, type ShdrSession, startShdrReading } from './shdr-reading';
import type { ShdrRecordingSettings } from './shdr-settings';

/** Observations of one append. */
const BATCH = 1_000;
/** After its last line a recording's time goes on so far, so that windows that wait for time close. */
const AFTER_END_MS = 60_000;

/**
 * Plays a recording of SHDR lines, once. Its session is the hash of the file, and the position of an observation its number
 * in it: after a restart the file is read from the start, and what is stored already is not sent again.
 */
export const playShdrRecording = async (
  { file, machine, messages }: ShdrRecordingSettings,
  context: SourceContext,
  /** Highest position of a session that is stored, -1 for none. */
  storedOf: (session: string) => number,
  stopping: AbortSignal,
): Promise<void> => {
  const { tenant, name, sink, clock, logger } = context;
  const session: ShdrSession = {
    tenant,
    machine,
    source: name,
    session: await hashOf(file),
    proto: 'file',
    messages: new Set(messages),
  };
  const stored = storedOf(session.session);
  let reading = startShdrReading;
  let batch: Signal[] = [];
  const append = async (): Promise<void> => {
    const full = batch;
    batch = [];
    const cursor = { session: session.session, next: full[full.length - 1]!.seq! + 1 };
    await sink.append(full, { cursor, stopping });
  };
  const take = async (line: SplitLine): Promise<void> => {
    const read = line.kind === 'line' ? readShdrLine(reading, session, line.text, null) : null;
    reading = read?.reading ?? { ...reading, line: reading.line + 1 };
    const refused = line.kind === 'refused' ? { code: line.code, detail: 'See the bytes.' } : (read?.refused ?? null);
    if (refused !== null && reading.nextSeq > stored) {
      const bytes = line.kind === 'refused' ? line.bytes : Buffer.from(line.text);
      const place = { source: name, session: session.session, line: reading.line };
      await sink.refuse({ ...place, bytes, ...refused, at: clock() }, stopping);
    }
    for (const signal of read?.signals ?? []) if (signal.seq! > stored) batch.push(signal);
    if (batch.length >= BATCH) await append();
  };
  await eachLine(file, take);
  if (reading.clock !== null && reading.nextSeq > stored)
    batch.push(tickSignal(session, reading.nextSeq, reading.clock.now + AFTER_END_MS));
  if (batch.length > 0) await append();
  logger.info({ source: name, lines: reading.line, observations: reading.nextSeq }, 'recording played');
};

const opened = (file: string): Readable =>
  file.endsWith('.gz') ? joined(createReadStream(file), createGunzip(), () => undefined) : createReadStream(file);

const hashOf = async (file: string): Promise<string> => {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex').slice(0, 32);
};

const eachLine = async (file: string, take: (line: SplitLine) => Promise<void>): Promise<void> => {
  const splitter = new LineSplitter();
  for await (const chunk of opened(file)) for (const line of splitter.push(chunk as Buffer)) await take(line);
  for (const line of splitter.end()) await take(line);
};
