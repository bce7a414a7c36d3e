export interface ReconcileProgress {
  /** Partitions that were read, and how many there are. */
  readonly done: number;
  readonly partitions: number;
  readonly records: number;
  readonly facts: number;
  /** 0: the first reading; from 1 on what did not add up is read again. */
  readonly pass: number;
  /** Deliveries that do not add up yet. */
  readonly suspects: number;
}

export interface ReconcileOptions {
  /** Unix ms: only deliveries whose `created` fact was written then or later. Null, the default: all that are kept. */
  readonly since?: number | null;
  /** Only the deliveries of one endpoint. */
  readonly endpointId?: string | null;
  /**
   * Ms after which a record that is due, and behind which later ones were taken up, counts as left behind. Default 15 min: far
   * longer than a request, a rest or a restart takes.
   */
  readonly graceMs?: number;
  /** Readings after the first of what does not add up, and the wait before each. Defaults 3 and 3 s. */
  readonly passes?: number;
  readonly settleMs?: number;
  /** Modules whose events are looked at too: whether each became a delivery of every endpoint that wants it. Default: none. */
  readonly eventModules?: readonly string[];
  /** `MILLRACE_TIME_SCALE`; default 1. */
  readonly timeScale?: number;
  readonly onProgress?: (progress: ReconcileProgress) => void;
  /** For tests. */
  readonly now?: () => number;
  readonly wait?: (ms: number) => Promise<void>;
}
