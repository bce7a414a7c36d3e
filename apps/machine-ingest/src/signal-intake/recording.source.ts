import type { OpenSource, OpenSourceHealth, SourceConnection, SourceContext } from './source-kind';

/** Plays a recording to its end, once; resolves when all of it is stored, rejects what is wrong with it. */
export type PlayRecording = (stopping: AbortSignal) => Promise<void>;

/** A recording as a source: it ends, or it cannot be played; there is nobody to connect to again. */
export class RecordingSource implements OpenSource {
  private readonly stopping = new AbortController();
  private playing: Promise<void> = Promise.resolve();
  private connection: SourceConnection;
  private lastError: OpenSourceHealth['lastError'] = null;

  constructor(
    private readonly play: PlayRecording,
    private readonly file: string,
    private readonly context: Pick<SourceContext, 'name' | 'clock' | 'logger'>,
  ) {
    this.connection = { state: 'connecting', since: context.clock() };
  }

  start(): void {
    const { clock, logger, name } = this.context;
    this.connection = { state: 'connected', since: clock(), session: this.file };
    this.playing = this.play(this.stopping.signal).then(
      () => {
        this.connection = { state: 'finished', since: clock() };
      },
      (error: Error) => {
        const since = clock();
        if (this.stopping.signal.aborted) {
          this.connection = { state: 'stopped', since };
          return;
        }
        this.lastError = { at: since, detail: error.message };
        this.connection = { state: 'degraded', since, reason: error.message, nextTryAt: null };
        logger.error({ source: name, file: this.file, error: error.message }, 'recording not played');
      },
    );
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.playing;
  }

  health(): OpenSourceHealth {
    return { connection: this.connection, lastError: this.lastError, counts: {}, queued: 0, lagMs: null };
  }
}

/** How far a recording is stored, as its cursor says it: the session that it plays, and the position that comes next. */
export const playedUpTo = (cursor: SourceContext['cursor'], session: string): number =>
  cursor !== null && cursor['session'] === session && Number.isSafeInteger(cursor['next'])
    ? (cursor['next'] as number) - 1
    : -1;
