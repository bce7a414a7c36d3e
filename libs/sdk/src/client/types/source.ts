export type SourceConnection =
  | 'waiting'
  | 'connecting'
  | 'connected'
  | 'disconnected'
  | 'degraded'
  | 'finished'
  | 'stopped';

/** How a source is doing; times are RFC 3339. */
export interface SourceState {
  /** `waiting`: no process runs it now · `degraded`: three failures in a row · `finished`: a recording at its end. */
  readonly connection: SourceConnection;
  readonly since: string | null;
  /** Why it is not connected. */
  readonly reason: string | null;
  readonly nextTryAt: string | null;
  readonly session: string | null;
  /** Signals stored since its owner began. */
  readonly received: number;
  /** Input in the quarantine, since its owner began. */
  readonly refused: number;
  readonly lastRefusedAt: string | null;
  /** Stretches that were lost, each also a `$gap` in its place. */
  readonly gaps: number;
  readonly counts: { readonly [name: string]: number };
  /** Signals a second, lately. */
  readonly rate: number;
  /** How far behind its peer it reads; null where that cannot be known. */
  readonly lagMs: number | null;
  /** Read and not yet stored. */
  readonly queued: number;
  readonly lastSignal: { readonly machine: string; readonly path: string; readonly at: string } | null;
  readonly lastError: { readonly at: string; readonly detail: string } | null;
  /** The process that runs it. */
  readonly owner: string | null;
  readonly at: string | null;
}

/** What Millrace reads machines from. */
export interface Source {
  readonly name: string;
  /** Kind: `mqtt`, `opcua`, …; see `sources.kinds`. */
  readonly type: string;
  readonly enabled: boolean;
  /** Passwords and keys are shown as `***`. */
  readonly settings: { readonly [member: string]: unknown };
  /** Machines that the settings name; null: its peer says. */
  readonly machines: readonly string[] | null;
  /** Path to which its peer sends; null for a source that calls its peer. */
  readonly url: string | null;
  /** These settings have connected once when they were saved. */
  readonly tried: boolean;
  /** It comes from the environment of the service. */
  readonly readOnly: boolean;
  readonly version: number;
  readonly createdAt: string | null;
  readonly updatedAt: string | null;
  readonly state: SourceState;
}

/** What a try saw. */
export interface TriedSource {
  readonly summary: string;
  readonly seen: readonly {
    readonly machine: string | null;
    readonly path: string;
    readonly value: unknown;
    readonly unit: string | null;
  }[];
}

export interface SavedSource extends Source {
  /** What the try saw; null for none. */
  readonly seen: TriedSource | null;
  /** What keeps the source from nothing and is perhaps not meant. */
  readonly warnings: readonly SourceWarning[];
}

export interface SourceWarning {
  readonly path: string;
  /** `shared_machine`: another one that is switched on names the same machine in its settings. */
  readonly code: string;
  readonly detail: string;
}

export interface NewSource {
  /** 1 to 64 lower-case letters, digits, . _ and -. */
  readonly name: string;
  readonly type: string;
  readonly settings: { readonly [member: string]: unknown };
  /** True unless told. */
  readonly enabled?: boolean | undefined;
  /** False saves it untried, for a peer that is not there yet. */
  readonly try?: boolean | undefined;
}

/** `settings` takes the place of all that were there, but a secret that is left out, or `***`, stays. */
export interface SourceChanges {
  readonly settings?: { readonly [member: string]: unknown } | undefined;
  readonly enabled?: boolean | undefined;
  readonly try?: boolean | undefined;
}

export interface SourceToTry {
  readonly type: string;
  readonly settings: { readonly [member: string]: unknown };
  /** Of the source whose secrets stand for those that are left out, when it leads to the same place. */
  readonly name?: string | undefined;
}

/** A kind of source; `settings` is the JSON Schema of its settings. */
export interface SourceKind {
  readonly type: string;
  readonly says: string;
  readonly secrets: readonly string[];
  readonly settings: unknown;
}
