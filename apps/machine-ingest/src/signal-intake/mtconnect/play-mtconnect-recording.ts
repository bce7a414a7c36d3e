import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline as joined, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { tickSignal } from '../lifecycle-signal';
import type { SourceContext } from '../source-kind';
import type { MtconnectRecordingSettings } from './mtconnect-settings';
import { type StreamsDocument, StreamsReader, StreamsRefused } from './streams-document';
import { signalsOf } from './streams-signals';
import { XmlRefused } from './xml-reader';

/** Observations of one append. */
const BATCH = 1_000;
/** After its last observation a recording's time goes on so far, so that windows that wait for time close. */
const AFTER_END_MS = 60_000;
/** Bytes of a document, unpacked; it is held in memory until its last tag has shown that it is whole. */
const MAX_DOCUMENT = 64 * 1024 * 1024;
/** Bytes kept of a refused document. */
const KEPT_BYTES = 64 * 1024;

/**
 * Plays an MTConnectStreams document, once. Nothing of it is sent before all of it has been read: a document that is cut
 * off, is an error page, or holds one wrong observation goes to the quarantine as a whole.
 */
export const playMtconnectRecording = async (
  { file, machine, device }: MtconnectRecordingSettings,
  context: SourceContext,
  /** Highest position of a session that is stored, -1 for none. */
  storedOf: (session: string) => number,
  stopping: AbortSignal,
): Promise<void> => {
  const { sink, logger, tenant, name } = context;
  let document: StreamsDocument;
  try {
    document = await readDocument(file, device);
  } catch (error) {
    const refused = refusalOf(error);
    if (refused !== null) await refuse(file, context, refused, stopping);
    throw refused ?? error;
  }
  const place = { tenant, machine, source: name };
  const session = document.instanceId;
  const stored = storedOf(session);
  const { signals, endsAt } = signalsOf(document, place);
  const fresh = signals.filter(({ seq }) => seq! > stored);
  for (let at = 0; at < fresh.length; at += BATCH) {
    const batch = fresh.slice(at, at + BATCH);
    await sink.append(batch, { cursor: { session, next: batch[batch.length - 1]!.seq! + 1 }, stopping });
  }
  const last = signals[signals.length - 1];
  if (last !== undefined && endsAt !== null) {
    // a numbering of its own: the agent's next sequence belongs to the next observation
    const end = { ...place, session: `${session}:end` };
    await sink.append([tickSignal(end, last.seq, endsAt + AFTER_END_MS)], { stopping });
  }
  logger.info({ source: name, device: document.device, observations: signals.length }, 'recording played');
};

const refuse = async (
  file: string,
  { sink, name, clock }: SourceContext,
  { code, message }: StreamsRefused | XmlRefused,
  stopping: AbortSignal,
): Promise<void> => {
  const { hash, head, length } = await headAndHash(file);
  await sink.refuse(
    { source: name, session: hash, line: 1, bytes: head, length, code, detail: message, at: clock() },
    stopping,
  );
};

/** What is wrong with the document; null for an error that says nothing about it, such as a file that is not there. */
const refusalOf = (error: unknown): StreamsRefused | XmlRefused | null => {
  if (error instanceof StreamsRefused || error instanceof XmlRefused) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  return code?.startsWith('Z_') ? new StreamsRefused('truncated', `The file cannot be unpacked: ${message}.`) : null;
};

const opened = (file: string): Readable =>
  file.endsWith('.gz') ? joined(createReadStream(file), createGunzip(), () => undefined) : createReadStream(file);

const readDocument = async (file: string, device: string | null): Promise<StreamsDocument> => {
  const reader = new StreamsReader();
  const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  let bytes = 0;
  for await (const chunk of opened(file)) {
    bytes += (chunk as Buffer).length;
    if (bytes > MAX_DOCUMENT)
      throw new StreamsRefused('too_large', `The document has more than ${MAX_DOCUMENT} bytes.`);
    reader.push(text(() => utf8.decode(chunk as Buffer, { stream: true })));
  }
  reader.push(text(() => utf8.decode()));
  return reader.end(device);
};

const text = (decode: () => string): string => {
  try {
    return decode();
  } catch {
    throw new StreamsRefused('malformed', 'The document is not UTF-8.');
  }
};

/** The beginning of the file as it lies on disk, its hash and its length. */
const headAndHash = async (file: string): Promise<{ head: Buffer; hash: string; length: number }> => {
  const hash = createHash('sha256');
  const head: Buffer[] = [];
  let length = 0;
  await pipeline(createReadStream(file), async (chunks: AsyncIterable<Buffer>) => {
    for await (const chunk of chunks) {
      hash.update(chunk);
      if (length < KEPT_BYTES) head.push(chunk.subarray(0, KEPT_BYTES - length));
      length += chunk.length;
    }
  });
  return { head: Buffer.concat(head), hash: hash.digest('hex').slice(0, 32), length };
};
