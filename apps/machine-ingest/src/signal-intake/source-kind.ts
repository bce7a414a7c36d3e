import type { LookupFunction } from 'node:net';
import type { Signal } from '@millrace/domain';
import type { Logger } from '@millrace/telemetry';
import type { z } from 'zod';
import type { RefusedLine } from './source';

/**
 * What a kind of source (MTConnect, MQTT, OPC UA, files, ...) is to the rest of ingest. Each lives in its own folder and
 * keeps the one conformance test (source-conformance.fixture.ts): loss, duplicate, restart, silence, garbage.
 */
export interface SourceKind<Settings> {
  /** The `type` in `POST /v1/sources`. */
  readonly type: string;
  /** One sentence for the documentation and the console. */
  readonly says: string;
  /** A recording brings its own time: no ticks of the wall clock are put between its signals. */
  readonly recorded?: true;
  /** Form of `settings`, with defaults; says in plain words what is wrong and where. */
  readonly settings: z.ZodType<Settings>;
  /** Members of the settings that are sealed at rest and never shown again, as paths: `password`, `tls.key`. */
  readonly secrets: readonly string[];
  /** Of them, those that the settings make themselves when they are left out; the answer that creates the source shows them. */
  readonly shownOnce?: readonly string[];
  /** Where the peer sends to, below the address of the API; a kind that calls its peer has none. */
  readonly url?: (source: { readonly tenant: string; readonly name: string }) => string;
  /** Machines that the settings name; null where the peer decides while it runs. */
  readonly machines: (settings: Settings) => readonly string[] | null;
  /**
   * What the settings lead to. Each is judged before every try and every start: a tenant reaches with a source what the site
   * lets sources reach, and nothing else. A kind that reaches nothing (peers call it) has none.
   */
  readonly reaches?: (settings: Settings) => readonly SourceReach[];
  /** What of its peer it has alone, such as the session of a broker; two sources of a site that would have it are refused. */
  readonly alone?: (settings: Settings, source: { readonly tenant: string; readonly name: string }) => SourceClaim;
  /**
   * One attempt before the source is saved: connects, looks, leaves no trace. Rejects SourceProblem with what to do about
   * it. Ends within `signal`'s time.
   */
  readonly tryOnce: (settings: Settings, context: TryContext) => Promise<TriedSource>;
  readonly open: (settings: Settings, context: SourceContext) => OpenSource;
}

/** A source as it runs; one process at a time has it, and a stopped one does not start again. */
export interface OpenSource {
  /** Begins to read and goes on for ever, with backoff from 0.2 s to 30 s and full jitter while the peer is away. */
  start(): void;
  /** Resolves when nothing of it is under way any more. */
  stop(): Promise<void>;
  health(): OpenSourceHealth;
}

/** `path` is the member of the settings that names it; a `folder` may be one file, too. */
export type SourceReach =
  | { readonly kind: 'peer'; readonly host: string; readonly port: number; readonly path: string }
  | { readonly kind: 'folder'; readonly folder: string; readonly path: string };

export interface SourceClaim {
  /** The same for two that would get in each other's way. */
  readonly key: string;
  /** Member of the settings that it is about. */
  readonly path: string;
  /** What it is, and why two cannot have it: `the clientId … at …: …`. */
  readonly what: string;
}

export interface TryContext {
  /** For the connections of a kind whose client takes one: refuses what a name leads to now and may not be reached. */
  readonly lookup?: LookupFunction;
  readonly signal: AbortSignal;
  readonly logger: Logger;
  /** Where a kind may keep files between starts (an OPC UA client's own certificate); made by whoever needs it. */
  readonly folder: string;
}

/** What the attempt saw, for the person who sets the source up. */
export interface TriedSource {
  /** One line: `Agent 2.3 with 8 devices`. */
  readonly summary: string;
  /** Some of what it sends, at most 50, so that a mapping can be written. */
  readonly seen: ReadonlyArray<{
    readonly machine: string | null;
    readonly path: string;
    readonly value: Signal['value'];
    readonly unit: string | null;
  }>;
}

export interface SourceContext {
  readonly tenant: string;
  /** Configured name of the source; `source` of its signals. */
  readonly name: string;
  readonly sink: SourceSink;
  /** Where the former owner stopped, as this kind wrote it; null at the first start. */
  readonly cursor: SourceCursor | null;
  readonly logger: Logger;
  /** Unix ms. */
  readonly clock: () => number;
  /** 0 to below 1. */
  readonly random: () => number;
  /** Never the same twice: for sessions whose peer has no name for them. */
  readonly newId: () => string;
  readonly folder: string;
  /** As in {@link TryContext}. */
  readonly lookup?: LookupFunction;
}

/** JSON of the kind's own form; at most 64 KiB. */
export type SourceCursor = { readonly [member: string]: unknown };

/**
 * Where a source puts what it has read. Both resolve when Kafka has acknowledged with all replicas; the peer is
 * acknowledged after that and not before. They are tried until Kafka answers or `stopping` ends them: it is for the
 * source to read no further meanwhile (withhold the ack, pause the socket, ask later), never to drop or to hoard.
 */
export interface SourceSink {
  /**
   * `cursor`: what a successor goes on from once these signals are stored. It may be stored later than they are, so a
   * successor reads some of them again; `session`, `seq` and `idx` of a signal must be the same then, and the fold drops
   * what it has seen (within DUPLICATE_WINDOW positions of a session).
   *
   * `cursorToo`: resolves when the cursor is stored as well. For a peer that sends again what is not acknowledged, under
   * numbers that do not tell a successor how far on from its cursor it stands.
   */
  append(
    signals: readonly Signal[],
    options: { readonly cursor?: SourceCursor; readonly cursorToo?: boolean; readonly stopping: AbortSignal },
  ): Promise<void>;
  /** Bytes that could not be read, with reason and origin, to `signals.rejected`. */
  refuse(line: RefusedLine, stopping: AbortSignal): Promise<void>;
}

export type SourceConnection =
  | { readonly state: 'connecting'; readonly since: number }
  | { readonly state: 'connected'; readonly since: number; readonly session: string }
  /** Three failures in a row are `degraded`. */
  | {
      readonly state: 'disconnected' | 'degraded';
      readonly since: number;
      readonly reason: string;
      readonly nextTryAt: number | null;
    }
  | { readonly state: 'finished' | 'stopped'; readonly since: number };

export interface OpenSourceHealth {
  readonly connection: SourceConnection;
  readonly lastError: { readonly at: number; readonly detail: string } | null;
  /** Counters of this kind since the start, for example {duplicates, rebirths, unmapped}; received, refused and gaps are counted by the sink. */
  readonly counts: { readonly [name: string]: number };
  /** Read from the peer and not yet stored. */
  readonly queued: number;
  /** How far behind the peer it reads, ms; null where that cannot be known. */
  readonly lagMs: number | null;
}

/** The peer or the settings are not as they must be; told to a person as it is. */
export class SourceProblem extends Error {
  override readonly name = 'SourceProblem';
  constructor(
    /** `unreachable`, `unauthorized`, `certificate`, `not_this_protocol`, `not_found`, `invalid_settings`, ... */
    readonly code: string,
    /** What is wrong, where, and what to do. */
    detail: string,
    /** Member of the settings that it is about, or null. */
    readonly path: string | null = null,
  ) {
    super(detail);
  }
}
