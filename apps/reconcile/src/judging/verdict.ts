import type { Account, FindingKind } from '../reconciliation';

/** Where a topic of tasks begins for this reading. */
export interface Horizon {
  /** First offset that is read. */
  readonly offset: number;
  /** Unix ms: what was written before may be gone. Negative infinity when everything was read. */
  readonly at: number;
}

export interface JudgeOptions {
  /** Unix ms. */
  readonly now: number;
  /** A record whose time came this long ago, and behind which later ones were taken up, was left behind. */
  readonly graceMs: number;
  /** `MILLRACE_TIME_SCALE`. */
  readonly timeScale: number;
  /** Ms of each tier, the shortest first. */
  readonly tierDelays: readonly number[];
  readonly log: Horizon;
  readonly deliveries: Horizon;
  readonly deadLetter: Horizon;
}

/** Which record a finding points to. `tier`: index among the tiers. */
export type Pointer =
  | { readonly topic: 'log' | 'deliveries'; readonly offset: number }
  | { readonly topic: 'tier'; readonly tier: number; readonly offset: number };

export interface Complaint {
  readonly kind: FindingKind;
  readonly epoch: number;
  readonly attempt: number;
  readonly what: string;
  readonly where: Pointer | null;
}

/**
 * In which account a delivery counts. `apart`: its `created` fact is not kept, so it is not judged. `notKept`: it has not
 * ended, and its record may have been taken by retention.
 */
export type Standing = Account | 'unexplained' | 'notKept' | 'apart';

export interface Verdict {
  readonly standing: Standing;
  readonly complaints: readonly Complaint[];
  /** Unix ms at which its next attempt was due, when that is more than `graceMs` ago and nobody has gone past it; else null. */
  readonly overdueSince: number | null;
}
