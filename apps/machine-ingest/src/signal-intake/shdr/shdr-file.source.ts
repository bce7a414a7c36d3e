import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline as joined, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import type { Signal } from '@millrace/domain';
import type { Logger } from '@millrace/telemetry';
import { tickSignal } from '../lifecycle-signal';
import type { SignalSink, SignalSource, SourceHealth } from '../source';
import { LineSplitter, type SplitLine } from './line-splitter';
import { readShdrLine, type ShdrSession, startShdrReading } from './shdr-reading';

/** Observations of one append. */
const BATCH = 1_000;
/** After its last line a recording's time goes on so far, so that windows that wait for time close. */
const AFTER_END_MS = 60_000;

export interface ShdrFileSourceOptions {
  readonly tenant: string;
  readonly machine: string;
  /** Path of the recording; `.gz` is unpacked. */
  readonly file: string;
  readonly sink: SignalSink;
  readonly logger: Logger;
  readonly clock: () => number;
}

/**
 * Plays a recording of SHDR lines, once. Its session is the hash of the file, and the position of an observation its
 * number in it: after a restart the file is read from the start, and what is stored already is not sent again.
 */
export class ShdrFileSource implements SignalSource {
  readonly tenant: string;
  readonly machine: string;
  readonly recorded = true;
  private readonly source: string;
  private readonly stopping = new AbortController();
  private playing: Promise<void> = Promise.resolve();
  private state: SourceHealth['state'] = 'starting';
  private detail: string | null = null;

  constructor(private readonly options: ShdrFileSourceOptions) {
    this.tenant = options.tenant;
    this.machine = options.machine;
    this.source = `shdr:${options.machine}`;
  }

  start(stored: (session: string) => number | null): void {
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
    const session: ShdrSession = {
      tenant: this.tenant,
      machine: this.machine,
      source: this.source,
      session: await hashOf(this.options.file),
      proto: 'file',
    };
    const folded = stored(session.session) ?? -1;
    this.state = 'connected';
    let reading = startShdrReading;
    let batch: Signal[] = [];
    const take = async (line: SplitLine): Promise<void> => {
      const read = line.kind === 'line' ? readShdrLine(reading, session, line.text, null) : null;
      reading = read?.reading ?? { ...reading, line: reading.line + 1 };
      const refused = line.kind === 'refused' ? { code: line.code, detail: 'See the bytes.' } : (read?.refused ?? null);
      if (refused !== null && reading.nextSeq > folded)
        await this.options.sink.refuse(
          {
            source: this.source,
            session: session.session,
            line: reading.line,
            bytes: line.kind === 'refused' ? line.bytes : Buffer.from(line.text),
            ...refused,
            at: this.options.clock(),
          },
          this.stopping.signal,
        );
      for (const signal of read?.signals ?? []) if (signal.seq! > folded) batch.push(signal);
      if (batch.length < BATCH) return;
      const full = batch;
      batch = [];
      await this.options.sink.append(full, this.stopping.signal);
    };
    await eachLine(this.options.file, take);
    if (reading.clock !== null && reading.nextSeq > folded)
      batch.push(tickSignal(session, reading.nextSeq, reading.clock.now + AFTER_END_MS));
    if (batch.length > 0) await this.options.sink.append(batch, this.stopping.signal);
    this.options.logger.info(
      { source: this.source, lines: reading.line, observations: reading.nextSeq },
      'recording played',
    );
  }
}

const opened = (file: string): Readable =>
  file.endsWith('.gz') ? joined(createReadStream(file), createGunzip(), () => undefined) : createReadStream(file);

const hashOf = async (file: string): Promise<string> => {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex').slice(0, 32);
};

const eachLine = async (file: string, take: (line: SplitLine) => Promise<void>): Promise<void> => {
  const splitter = new LineSplitter();
  const raw = opened(file);
  for await (const chunk of raw) for (const line of splitter.push(chunk as Buffer)) await take(line);
  for (const line of splitter.end()) await take(line);
};
