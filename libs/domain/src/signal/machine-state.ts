import type { RuleKindName } from '../machine-rules/mapping';
import type { DuplicateWindow } from './duplicate-window';
import type { MachineStatus } from './machine-status';
import type { MessageParts } from './message-parts';
import type { Signal, SignalQuality } from './signal';
import type { Moment } from './signal-time';

/**
 * All that the rules remember of one machine. It is written, as it is, to the compacted topic `machine-state` with the
 * offset of the last signal in it; a restart goes on from there and comes to the same events. Everything in it is bounded
 * (STATE_LIMITS), and all of it is JSON.
 */
export interface MachineState {
  readonly v: 2;
  readonly tenant: string;
  readonly machine: string;
  /** Where the last folded signal lies; null before the first. */
  readonly position: { readonly partition: number; readonly offset: string } | null;
  /** Highest evaluation time, Unix ms. */
  readonly at: number;
  /** Its signals are far older than their place in the log: a recording is played, and the wall clock is not its time. */
  readonly played: boolean;
  /** The mapping that a `$config` record put in force; null: the built-in one. */
  readonly config: MappingInForce | null;
  readonly status: {
    readonly current: MachineStatus;
    readonly since: Moment | null;
    readonly reason: string | null;
    readonly sourceState: string | null;
    readonly quality: SignalQuality;
  };
  readonly alarms: { readonly [key: string]: ActiveAlarm };
  readonly lastRun: CompletedRun | null;
  /** What each rule remembers, by its id. */
  readonly rules: { readonly [rule: string]: RuleSlot };
  /** Last values of the signals that the mapping names, by alias. */
  readonly values: ValueTable;
  /** Last values of what `expr` rules compute, by the rule's id. */
  readonly derived: { readonly [alias: string]: HeldValue };
  /** Bytes that long values take in `values` and `derived` together. */
  readonly valueBytes: number;
  /** Evaluation time before which no value can have become stale, Unix ms; null where none can. */
  readonly staleDue: number | null;
  /** Names that the mapping does not know, with the evaluation time at which each was heard first, Unix ms. */
  readonly unmapped: { readonly [path: string]: number };
  /** Words of a state that the mapping does not know, each told once: `path=word`. */
  readonly unmappedValues: readonly string[];
  readonly sources: { readonly [source: string]: SourceState };
  /** By source and session. */
  readonly sessions: { readonly [key: string]: SessionState };
  /** Signals that came before what lies between them and the last one, by source and session. */
  readonly reorder: { readonly [key: string]: ReorderState };
  /** Of items that number nothing, what came last; a repeat of it is a duplicate (last-of-path.ts). */
  readonly lastOfPath: { readonly [key: string]: string };
  /** The same of items that were heard before those; absent while all have room. */
  readonly earlierOfPath?: { readonly [key: string]: string };
  /** Clocks that are not believed now: told once, until one of their stamps is believed again. */
  readonly suspectClocks: readonly string[];
  readonly lastSignal: { readonly path: string; readonly source: string; readonly moment: Moment } | null;
  /** By id, those of the mapping in force that threw; absent before the first. */
  readonly failedRules?: { readonly [rule: string]: FailedRule };
  /** It was removed, and has said nothing since: all else but its position is that of a machine nobody knows (removed-machine.ts). */
  readonly removed?: true;
  readonly counts: SignalCounts;
}

export interface MappingInForce {
  readonly name: string;
  readonly version: number;
  readonly hash: string;
}

/** What one rule remembers, JSON as it is: `rules[rule.id]` of the state. Each kind extends it with its own members, all bounded. */
export interface RuleSlot {
  readonly kind: RuleKindName;
}

/** `signal` · `time`: as something else was due · `timer`: its own, so that what was due is dropped. */
export type FailedOn = 'signal' | 'time' | 'timer';

export interface FailedRule {
  /** On what it threw; each is told once. */
  readonly told: readonly FailedOn[];
  /** Evaluation time of its last timer that threw, Unix ms: it is asked for no more. Null where none did. */
  readonly timerAt: number | null;
}

/** `held[n]` is that of `aliases[n]` (machine-rules/value-table.ts). */
export interface ValueTable {
  readonly aliases: readonly string[];
  readonly held: readonly HeldValue[];
}

/** The last that is known of one alias, as it stands in the state. */
export interface HeldValue {
  /** In the declared unit; null before the first good one. Kept while nothing is known: edges are against it. */
  readonly value: Signal['value'];
  /** Where `value` is not exactly it: a whole number above 2^53 (`value` is its text), a fraction of no finite decimals. */
  readonly exact: string | null;
  /** Whether `value` holds now; false while the machine says bad or nothing, or is silent. */
  readonly known: boolean;
  readonly quality: SignalQuality;
  readonly qualityCode: string | null;
  /** Of the last sample: RFC 3339 as the machine gave it, and its evaluation time, Unix ms. */
  readonly time: string;
  readonly at: number;
  readonly snapshot: boolean;
  /** Its source was lost; the next sample is a snapshot whatever it says of itself. */
  readonly lost: boolean;
  /** Quality of a value that was known when its source was lost; it is known so again where the source has missed nothing. */
  readonly knownAs?: 'good' | 'uncertain';
  /** The name and the source under which it comes: bound to the alias with the first sample. */
  readonly path: string;
  readonly source: string;
  /** Unit that the machine gave with the first sample that had one. */
  readonly unit: string | null;
  /** The machine gives another unit now, told once. */
  readonly foreignUnit: string | null;
  /** A value that is not of the declared type has come, told once. */
  readonly typeConflict: boolean;
  /** Evaluation time of the last sample that was not left out by the deadband, Unix ms. */
  readonly passedAt: number;
  readonly samples: number;
  readonly unknowns: number;
}

export interface ActiveAlarm {
  readonly id: string;
  /** Rule that raised it. */
  readonly rule: string;
  readonly source: string;
  readonly item: string;
  readonly code: string;
  /** Of the activation, where the machine names each. */
  readonly conditionId?: string;
  readonly severity: AlarmSeverity;
  readonly text: string;
  readonly raised: Moment;
  /** The source is silent: the alarm may or may not still stand. */
  readonly stale: boolean;
  /** What operators did with it; apart from whether it stands (IEC 62682, OPC UA part 9). */
  readonly marks: readonly AlarmMark[];
}
export type AlarmSeverity = 'warning' | 'fault';
export type AlarmMark = 'acknowledged' | 'confirmed' | 'shelved' | 'suppressed';

export interface CompletedRun {
  readonly runId: string;
  readonly startedAt: string;
  readonly endedAt: string;
  readonly durationSeconds: number;
  /** Made in this run, by the part counter; null when the machine has sent none. */
  readonly parts: number | null;
  readonly partsBefore: number | null;
  readonly partsAfter: number | null;
  readonly program: string | null;
  readonly endedBy: string;
  readonly quality: 'good' | 'uncertain';
}

export interface SessionState {
  readonly window: DuplicateWindow;
  /** Absent where its messages have no parts. */
  readonly parts?: MessageParts;
  /** Evaluation time of its last signal, Unix ms: of the source with the most sessions the oldest makes room. */
  readonly at: number;
}

/** Signals of a session that wait for others before them (reorder-buffer.ts). */
export interface ReorderState {
  /** Number that is waited for. */
  readonly next: number;
  /** In order. */
  readonly held: readonly HeldSignal[];
  /** Of the held, together. */
  readonly bytes: number;
  /** Evaluation time of its last signal, Unix ms: the oldest session makes room. */
  readonly at: number;
}

export interface HeldSignal {
  readonly signal: Signal;
  /** Evaluation time at which it goes on, whatever is missing, Unix ms. */
  readonly due: number;
  readonly bytes: number;
}

export interface SourceState {
  /** Evaluation time of its last sign of life, Unix ms. */
  readonly at: number;
  /** It said that samples are lost, and none has come since. */
  readonly gap: boolean;
}

export interface SignalCounts {
  readonly signals: number;
  readonly duplicates: number;
  readonly historical: number;
  /** Came after what was missing had been given up. */
  readonly late: number;
  /** Of names that the mapping does not know. */
  readonly unmapped: number;
  readonly unmappedValues: number;
  /** Times that numbered signals did not come, and how many these were. */
  readonly gaps: number;
  readonly lost: number;
  readonly overflow: number;
  /** Mapped signals of which nothing was known: bad, stale, null. */
  readonly unknown: number;
  readonly clockSuspect: number;
  readonly typeChanged: number;
  readonly unitChanged: number;
  /** Inside the deadband of the signal before. */
  readonly filtered: number;
  readonly expressionFailed: number;
  /** Rules that threw on a signal or on time. */
  readonly rulesFailed: number;
  readonly alarmsSuppressed: number;
  readonly alarmsMarkedStale: number;
  readonly normalsWithNothingActive: number;
  readonly actionsWithNothingActive: number;
  readonly counterResets: number;
  readonly counterJumps: number;
  /** Messages that said again what was told. */
  readonly messagesRepeated: number;
}

/** Together they keep a state far below the size of a record, whatever a source sends. */
export const STATE_LIMITS = {
  sessions: 64,
  /** Of items that number nothing, in each of two tables. */
  paths: 256,
  alarms: 200,
  alarmText: 256,
  alarmCode: 128,
  unmapped: 128,
  unmappedValues: 32,
  sources: 16,
  /** Aliases with a value; further ones are not held. */
  values: 1_000,
  /** Of one value that is held, and of all long ones together; what is above is cut. */
  valueBytes: 4_096,
  allValueBytes: 262_144,
  reorders: 16,
  heldRecords: 256,
  heldBytes: 262_144,
  suspectClocks: 16,
  messageKeys: 2_000,
  contentsOfKey: 4,
  raises: 500,
} as const;

export const NO_COUNTS: SignalCounts = {
  signals: 0,
  duplicates: 0,
  historical: 0,
  late: 0,
  unmapped: 0,
  unmappedValues: 0,
  gaps: 0,
  lost: 0,
  overflow: 0,
  unknown: 0,
  clockSuspect: 0,
  typeChanged: 0,
  unitChanged: 0,
  filtered: 0,
  expressionFailed: 0,
  rulesFailed: 0,
  alarmsSuppressed: 0,
  alarmsMarkedStale: 0,
  normalsWithNothingActive: 0,
  actionsWithNothingActive: 0,
  counterResets: 0,
  counterJumps: 0,
  messagesRepeated: 0,
};

export const newMachineState = (tenant: string, machine: string): MachineState => ({
  v: 2,
  tenant,
  machine,
  position: null,
  at: 0,
  played: false,
  config: null,
  status: { current: 'unknown', since: null, reason: null, sourceState: null, quality: 'good' },
  alarms: {},
  lastRun: null,
  rules: {},
  values: { aliases: [], held: [] },
  derived: {},
  valueBytes: 0,
  staleDue: null,
  unmapped: {},
  unmappedValues: [],
  sources: {},
  sessions: {},
  reorder: {},
  lastOfPath: {},
  suspectClocks: [],
  lastSignal: null,
  counts: NO_COUNTS,
});

/** One more (or `by` more) of a kind; a state that an earlier release stored lacks the kinds that came later. */
export const counted = (state: MachineState, what: keyof SignalCounts, by = 1): MachineState => ({
  ...state,
  counts: { ...state.counts, [what]: (state.counts[what] ?? 0) + by },
});
