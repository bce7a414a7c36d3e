/**
 * What can be wrong with a delivery. docs/runbooks/reconcile.md says what each means and what to do.
 *
 * The first four leave a delivery without a place of its own: it is in none of the states that add up.
 */
export const FINDING_KINDS = [
  'lost',
  'left_behind',
  'created_without_record',
  'parked_without_bit',
  'never_created',
  'record_without_created',
  'parked_bit_without_delivery',
  'forked',
  'epoch_without_reopened',
  'terminal_twice',
  'sent_after_end',
  'attempts_not_contiguous',
  'finished_without_started',
  'failed_without_dead_letter',
  'unreadable',
] as const;
export type FindingKind = (typeof FINDING_KINDS)[number];

/** Of these a delivery has no place: it counts as unexplained. */
const UNPLACED: ReadonlySet<FindingKind> = new Set([
  'lost',
  'left_behind',
  'created_without_record',
  'parked_without_bit',
]);
export const isUnplaced = (kind: FindingKind): boolean => UNPLACED.has(kind);

export interface RecordPosition {
  readonly topic: string;
  readonly partition: number;
  /** As text: offsets may be larger than what JSON numbers hold. */
  readonly offset: string;
}

/** One thing that does not add up. */
export interface Finding {
  readonly kind: FindingKind;
  /** Null where a record belongs to no delivery that can be told. */
  readonly deliveryId: string | null;
  readonly tenant: string | null;
  readonly endpointId: string | null;
  readonly eventId: string | null;
  readonly epoch: number | null;
  readonly attempt: number | null;
  /** One sentence. */
  readonly what: string;
  /** The record to look at. */
  readonly where: RecordPosition | null;
}

/** The states of the history API; each delivery counts in one. */
export const ACCOUNTS = ['succeeded', 'failed', 'cancelled', 'expired', 'pending', 'retrying', 'parked'] as const;
export type Account = (typeof ACCOUNTS)[number];

/**
 * `accepted` is every delivery whose `created` fact is kept, and the sum of all the others: it adds up when `unexplained` is 0.
 * `notKept`: not ended, and its record lies before the beginning of `deliveries`.
 */
export type Sums = { readonly [account in Account]: number } & {
  readonly accepted: number;
  readonly unexplained: number;
  readonly notKept: number;
};

export interface EndpointSums extends Sums {
  readonly endpointId: string;
  readonly tenant: string;
  /** It is not among the endpoints any more. */
  readonly deleted: boolean;
}

/** A topic whose first records retention has taken: what they told is not known. */
export interface KeptFrom {
  readonly topic: string;
  readonly partition: number;
  readonly offset: string;
  /** RFC 3339 time of the first record that is kept; null when there is none. */
  readonly time: string | null;
}

export interface Reconciliation {
  readonly v: 1;
  /** No finding. */
  readonly addsUp: boolean;
  /** RFC 3339: when the ends were captured. */
  readonly at: string;
  readonly scope: {
    /** RFC 3339; null for everything that is kept. */
    readonly since: string | null;
    readonly endpointId: string | null;
  };
  readonly totals: Sums;
  /** By tenant and id. */
  readonly endpoints: readonly EndpointSums[];
  /** In the order of FINDING_KINDS. */
  readonly findings: readonly Finding[];
  /** Deliveries that are told of and whose `created` fact is not kept, or is older than `since`: they are not judged. */
  readonly createdBefore: number;
  /** Pending and retrying deliveries whose time came more than `graceMs` ago: nobody has gone past them, so nobody works. */
  readonly overdue: { readonly deliveries: number; readonly oldestDueAt: string | null };
  readonly attempts: {
    readonly requests: number;
    readonly answers: number;
    /** Requests of an attempt that had been begun before: what a crash repeats. */
    readonly repeats: number;
    readonly commandsRefused: number;
  };
  /**
   * Whether events have become deliveries; null when that was not asked for. `expected`: pairs of event and endpoint of
   * which it is certain that they want each other · `undecided`: pairs without a delivery of which it is not, because the
   * endpoint was changed since, or fan-out has not come so far.
   */
  readonly events: { readonly read: number; readonly expected: number; readonly undecided: number } | null;
  /** Unusable records that stand in the quarantine, where an operator finds them: no findings. */
  readonly quarantined: number;
  readonly keptFrom: readonly KeptFrom[];
  readonly read: {
    readonly facts: number;
    readonly records: number;
    readonly partitions: number;
    /** Readings after the first, of what did not add up at first. */
    readonly passes: number;
    readonly durationMs: number;
  };
}
