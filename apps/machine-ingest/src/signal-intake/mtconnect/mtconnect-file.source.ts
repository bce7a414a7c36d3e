import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline as joined, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import type { Logger } from '@millrace/telemetry';
import { tickSignal } from '../lifecycle-signal';
import type { SignalSink, SignalSource, SourceHealth } from '../source';
import { type StreamsDocument, StreamsReader, StreamsRefused } from './streams-document';
import { signalsOf } from './streams-signals';
import { XmlRefused } from './xml-reader';

/** Observations of one append. */
const BATCH = 1_000;
/** After its last observation a recording's time goes on so far, so that windows that wait for time close. */
const AFTER_END_MS = 60_000;
/** Bytes of a document, unpacked; it is held in memory until its last tag has shown that it is whole. */
export const MAX_DOCUMENT = 64 * 1024 * 1024;
/** Bytes kept of a refused document. */
const KEPT_BYTES = 64 * 1024;

export interface MtconnectFileSourceOptions {
  readonly tenant: string;
  readonly machine: string;
  /** Path of one MTConnectStreams document; `.gz` is unpacked. */
  readonly file: string;
  /** Name or uuid of the device in the document; null where it has one only. */
  readonly device: string | null;
  readonly sink: SignalSink;
  readonly logger: Logger;
  readonly clock: () => number;
}

/** The name of this source in its signals. */
export const mtconnectSourceName = (machine: string): string => `mtconnect:${machine}`;

/**
 * Plays an MTConnectStreams document, once. Nothing of it is sent before all of it has been read: a document that is cut
 * off, is an error page, or holds one wrong observation goes to the quarantine as a whole.
 */
export class MtconnectFileSource implements SignalSource {
  readonly tenant: string;
  readonly machine: string;
  readonly recorded = true;
  private readonly source: string;
  private readonly stopping = new AbortController();
  private playing: Promise<void> = Promise.resolve();
  private state: SourceHealth['state'] = 'starting';
  private detail: string | null = null;

  constructor(private readonly options: MtconnectFileSourceOptions) {
    this.tenant = options.tenant;
    this.machine = options.machine;
    this.source = mtconnectSourceName(options.machine);
  }

  start(stored: (session: string) => number | null): void {
    this.state = 'connected';
    this.playing = this.play(stored).then(
      () => {
        this.state = 'finished';
      },
      (error: Error) => {
        this.state = this.stopping.signal.aborted ? 'stopped' : 'failed';
        this.detail = error.message;
        if (this.state === 'failed')
          this.options.logger.error(
            { source: this.source, file: this.options.file, error: error.message },
            'recording not played',
          );
      },
    );
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.playing;
  }

  health(): SourceHealth {
    return { source: this.source, state: this.state, detail: this.detail };
  }

  private async play(stored: (session: string) => number | null): Promise<void> {
    const { sink, file, device, logger } = this.options;
    const { signal: stopping } = this.stopping;
    let document: StreamsDocument;
    try {
      document = await readDocument(file, device);
    } catch (error) {
      const refused = refusalOf(error);
      if (refused !== null) await this.refuse(refused);
      throw refused ?? error;
    }
    const place = { tenant: this.tenant, machine: this.machine, source: this.source };
    const folded = stored(document.instanceId) ?? -1;
    const { signals, endsAt } = signalsOf(document, place);
    const fresh = signals.filter(({ seq }) => seq! > folded);
    for (let at = 0; at < fresh.length; at += BATCH) await sink.append(fresh.slice(at, at + BATCH), stopping);
    const last = signals[signals.length - 1];
    if (last !== undefined && endsAt !== null) {
      // a numbering of its own: the agent's next sequence belongs to the next observation
      const session = `${document.instanceId}:end`;
      await sink.append([tickSignal({ ...place, session }, last.seq, endsAt + AFTER_END_MS)], stopping);
    }
    logger.info({ source: this.source, device: document.device, observations: signals.length }, 'recording played');
  }

  private async refuse({ code, message }: StreamsRefused | XmlRefused): Promise<void> {
    const { file, clock, sink } = this.options;
    const read = await headAndHash(file);
    await sink.refuse(
      { source: this.source, session: read.hash, line: 1, bytes: read.head, code, detail: message, at: clock() },
      this.stopping.signal,
    );
  }
}

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

/** The beginning of the file as it lies on disk, and its hash. */
const headAndHash = async (file: string): Promise<{ head: Buffer; hash: string }> => {
  const hash = createHash('sha256');
  const head: Buffer[] = [];
  let kept = 0;
  await pipeline(createReadStream(file), async (chunks: AsyncIterable<Buffer>) => {
    for await (const chunk of chunks) {
      hash.update(chunk);
      if (kept < KEPT_BYTES) head.push(chunk.subarray(0, KEPT_BYTES - kept));
      kept += chunk.length;
    }
  });
  return { head: Buffer.concat(head), hash: hash.digest('hex').slice(0, 32) };
};
