import type { Signal } from '@millrace/domain';

/**
 * What every kind of source is to the rest of ingest. A source is run by one process at a time: the one to which Kafka has
 * given the partition of its machine's signals.
 */
export interface SignalSource {
  readonly tenant: string;
  readonly machine: string;
  /** A recording brings its own time; the wall clock must not close its windows. */
  readonly recorded: boolean;
  /** Begins to read. `stored` tells the highest position that is folded of a session, null for none. */
  start(stored: (session: string) => number | null): void;
  /** Resolves when nothing of it is under way any more. */
  stop(): Promise<void>;
  health(): SourceHealth;
}

export interface SourceHealth {
  readonly source: string;
  readonly state: 'starting' | 'connected' | 'disconnected' | 'finished' | 'failed' | 'stopped';
  readonly detail: string | null;
}

/** Where a source puts what it has read. Both resolve when Kafka has acknowledged; until then the source reads no further. */
export interface SignalSink {
  append(signals: readonly Signal[], stopping: AbortSignal): Promise<void>;
  refuse(line: RefusedLine, stopping: AbortSignal): Promise<void>;
}

/** A line that could not be used, on its way to the quarantine. */
export interface RefusedLine {
  readonly source: string;
  readonly session: string;
  readonly line: number;
  readonly bytes: Buffer;
  readonly code: string;
  readonly detail: string;
  /** Unix ms. */
  readonly at: number;
}
