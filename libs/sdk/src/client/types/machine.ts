export type SignalQuality = 'good' | 'uncertain' | 'bad' | 'stale';
export type SignalType =
  | 'bool'
  | 'int64'
  | 'uint64'
  | 'double'
  | 'float'
  | 'string'
  | 'datetime'
  | 'json'
  | 'condition';
export type SignalFlag =
  | 'snapshot'
  | 'historical'
  | 'late'
  | 'duplicate'
  | 'overflow'
  | 'gap'
  | 'clock_suspect'
  | 'type_changed';

export interface Signal {
  readonly machine: string;
  /** Name of the data item, for example `execution`. */
  readonly path: string;
  /** `{level, nativeCode, text, …}` for kind `condition`. */
  readonly value: string | number | boolean | null | { readonly [name: string]: unknown };
  readonly kind?: 'sample' | 'event' | 'condition' | undefined;
  readonly type?: SignalType | undefined;
  readonly unit?: string | null | undefined;
  readonly quality?: SignalQuality | undefined;
  readonly qualityCode?: string | null | undefined;
  readonly timestamp?: string | null | undefined;
  readonly source?: string | undefined;
  readonly session?: string | undefined;
  readonly seq?: number | null | undefined;
  readonly idx?: number | undefined;
  readonly flags?: readonly SignalFlag[] | undefined;
}

export interface SignalsAccepted {
  readonly accepted: number;
  /** What was wrong with the others; they are not stored. */
  readonly rejected: readonly {
    readonly index: number;
    readonly path: string;
    readonly code: string;
    readonly detail: string;
  }[];
}

export interface MachineAlarm {
  readonly id: string;
  readonly item: string;
  readonly code: string;
  readonly severity: 'warning' | 'fault';
  readonly text: string;
  readonly raisedAt: string;
  /** What raised it is not known now: its source is silent, or its value cannot be used. */
  readonly stale: boolean;
}

export interface MachineRun {
  readonly runId: string;
  readonly startedAt: string;
  readonly endedAt: string | null;
  readonly durationSeconds: number | null;
  readonly parts: number | null;
  readonly partsBefore: number | null;
  readonly partsAfter: number | null;
  readonly program: string | null;
  readonly endedBy: string | null;
  readonly quality: 'good' | 'uncertain';
}

export type MachineStatus = 'running' | 'idle' | 'held' | 'down' | 'offline' | 'unknown';

/** One data item of a machine, as it was heard last; times are RFC 3339. */
export interface MachineSignal {
  /** The source's own name. */
  readonly path: string;
  readonly source: string;
  /** Names that the mapping gives it; none: it is not mapped. */
  readonly aliases: readonly string[];
  readonly value: unknown;
  /** The value is long and only its beginning stands here. */
  readonly cut: boolean;
  readonly type: SignalType;
  readonly unit: string | null;
  readonly quality: SignalQuality;
  readonly qualityCode: string | null;
  /** The device's own stamp. */
  readonly time: string | null;
  readonly at: string;
  readonly ageMs: number;
  /** How often it was heard. */
  readonly count: number;
  /** Why the mapping cannot use a value that its source calls good; nothing is known of the alias. */
  readonly problems: readonly {
    readonly alias: string;
    readonly code: 'wrong_type' | 'wrong_unit';
    /** The type or the unit that the mapping waits for. */
    readonly expected: string;
  }[];
}

/** What one machine is doing now. */
export interface Machine {
  readonly id: string;
  readonly status: MachineStatus;
  readonly since: string | null;
  readonly reason: string | null;
  readonly sourceState: string | null;
  readonly quality: SignalQuality;
  readonly alarms: readonly MachineAlarm[];
  readonly currentRun: MachineRun | null;
  readonly lastRun: MachineRun | null;
  readonly lastSignal: {
    readonly path: string;
    readonly source: string;
    readonly time: string;
    readonly at: string;
  } | null;
  /** The mapping in force, by which its signals are read; null: the built-in one. */
  readonly mapping: { readonly name: string; readonly version: number } | null;
  readonly counts: { readonly [name: string]: number };
}
