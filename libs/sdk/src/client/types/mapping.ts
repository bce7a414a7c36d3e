/** A place in a document, lines and columns from 1, and what is to be said of it. */
export interface MappingProblem {
  readonly path: string;
  readonly line: number;
  readonly column: number;
  readonly code: string;
  readonly detail: string;
}

/** A test that a mapping brings, as it ran. */
export interface MappingTest {
  readonly name: string;
  readonly passed: boolean;
  readonly events: number;
  readonly failures: readonly MappingProblem[];
}

/** What the signals of some machines mean; times are RFC 3339. */
export interface Mapping {
  readonly name: string;
  /** The active one. */
  readonly version: number;
  readonly hash: string;
  /** Machines whose signals it reads. */
  readonly machines: readonly string[];
  readonly createdAt: string;
  readonly activatedAt: string;
}

export interface ActivatedMapping extends Mapping {
  /** What keeps nothing from being used and is probably not meant: names that nothing answers to yet, ... */
  readonly warnings: readonly MappingProblem[];
  readonly tests: readonly MappingTest[];
}

export interface MappingVersion {
  readonly version: number;
  readonly hash: string;
  readonly machines: readonly string[];
  readonly active: boolean;
  readonly createdAt: string;
  readonly createdBy: string;
}

export interface MappingDetail extends Mapping {
  /** Newest first. */
  readonly versions: readonly MappingVersion[];
}

/** A version as it was sent. */
export interface MappingDocument extends MappingVersion {
  readonly name: string;
  readonly format: 'yaml' | 'json';
  readonly text: string;
}

export interface MappingValidation {
  /** It could be activated: nothing is wrong with it and its tests pass. */
  readonly valid: boolean;
  readonly name: string | null;
  readonly hash: string | null;
  readonly machines: readonly string[];
  readonly problems: readonly MappingProblem[];
  readonly warnings: readonly MappingProblem[];
  readonly tests: readonly MappingTest[];
}

/** A mapping with the files that its tests name. */
export interface MappingToActivate {
  /** YAML or JSON as text, or an object. */
  readonly mapping: string | { readonly [member: string]: unknown };
  readonly attachments?: { readonly [name: string]: string } | undefined;
}

/** Either `mapping`, the document, or `name`, one that is there. */
export interface MappingToTest {
  readonly mapping?: string | { readonly [member: string]: unknown } | undefined;
  readonly name?: string | undefined;
  /** Of `name`; the active one unless told. */
  readonly version?: number | undefined;
  /** NDJSON, or signals as a recording has them. */
  readonly signals: string | readonly unknown[];
  /** Time that passes after the last signal; a minute unless told. */
  readonly afterEndMs?: number | undefined;
}

/** What signals would have told. */
export interface MappingTrial {
  /** Of the mapping. */
  readonly warnings: readonly MappingProblem[];
  readonly events: readonly {
    /** The signal that told it, from 0 in what was given. */
    readonly signal: number;
    readonly type: string;
    readonly subject: string | null;
    readonly time: string;
    readonly data: unknown;
  }[];
  readonly signals: number;
  readonly rejected: readonly { readonly line: number; readonly code: string; readonly detail: string }[];
  readonly machines: readonly {
    readonly machine: string;
    readonly status: string;
    readonly counts: { readonly [name: string]: number };
  }[];
}
