import type { Attachments, OutsideNames } from '@millrace/machine-mapping';
import type { MappingProblemView, MappingTestView } from '@millrace/protocol';

/** A document as it came, with the files that its tests name. */
export interface MappingDocument {
  readonly format: 'yaml' | 'json';
  readonly text: string;
  readonly attachments: Attachments;
}

/** A document to be compiled, and its tests to be run. */
export interface CheckTask {
  readonly kind: 'check';
  readonly tenant: string;
  readonly document: MappingDocument;
}

/** Signals to be folded under a document. */
export interface TrialTask {
  readonly kind: 'trial';
  readonly tenant: string;
  readonly document: Pick<MappingDocument, 'format' | 'text'>;
  /** NDJSON, or the JSON of a list. */
  readonly signals: { readonly kind: 'ndjson' | 'list'; readonly text: string };
  /** Ms; undefined: as long as a trial has by itself. */
  readonly afterEndMs: number | undefined;
}
export type MappingTask = CheckTask | TrialTask;

export interface RefusedDocument {
  readonly kind: 'refused';
  readonly problems: readonly MappingProblemView[];
}

/** What is to be said of a document that can be used; of what it names that stands elsewhere the thread knows nothing. */
export interface NotedDocument {
  readonly warnings: readonly MappingProblemView[];
  readonly outside: OutsideNames;
}

export interface CheckedMapping extends NotedDocument {
  readonly kind: 'checked';
  readonly name: string;
  readonly hash: string;
  readonly machines: ReadonlyArray<{ readonly machine: string; readonly hash: string }>;
  readonly tests: readonly MappingTestView[];
}

export type TrialOutcome = RefusedDocument | { readonly kind: 'too-large'; readonly detail: string } | TriedMapping;

export interface TriedMapping extends NotedDocument {
  readonly kind: 'tried';
  /** `MappingTrialView` without its warnings as JSON in UTF-8: of 100,000 events, to write it takes too long for who also ingests. */
  readonly json: Uint8Array<ArrayBuffer>;
}

/** Plain data alone, so that answers can pass between threads. */
export type MappingAnswer<T extends MappingTask = MappingTask> = T extends CheckTask
  ? RefusedDocument | CheckedMapping
  : TrialOutcome;

/** What is done with documents takes seconds at their limits, and nothing of it needs more than the task. */
export interface MappingWork {
  /** @throws ApiProblem `rate_limited` when too much waits already, `too_large` for what takes too much time or memory */
  run<T extends MappingTask>(task: T): Promise<MappingAnswer<T>>;
  /** Ends what is under way. */
  close(): Promise<void>;
}
