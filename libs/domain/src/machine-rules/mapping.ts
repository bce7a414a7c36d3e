import type { MachineStatus } from '../signal/machine-status';
import type { Rational } from '../unit/rational';
import type { AliasName, Expression, Trigger } from './expression';

/**
 * A mapping as the fold uses it: checked, its expressions compiled. `libs/machine-mapping` makes it of the document that a
 * tenant wrote (docs/mapping-language.md); the fold never sees text. Codes are not standard from one vendor to the next, so
 * all knowledge of a machine is in here and none in the rules.
 */
export interface Mapping {
  /** SHA-256 of the document, hex: what a `$config` record names, and what `machine-state` remembers. */
  readonly hash: string;
  readonly name: string;
  /** 1 for the first document of this name; 0 for the built-in one. */
  readonly version: number;
  readonly machine: MachineFacts;
  readonly sources: { readonly [alias: string]: MappedSource };
  readonly signals: { readonly [alias: AliasName]: MappedSignal };
  /** In the order of evaluation: `expr` first, those that decide the status next, those that follow it last. */
  readonly rules: readonly Rule[];
}

/** What events say of a machine beside its name. */
export interface MachineFacts {
  /** IANA name, for local times in a BundleResult. */
  readonly timeZone: string;
  /** `FinalMachineNumber`; null where the site gives none. */
  readonly number: number | null;
}

export interface MappedSource {
  /** Configured source (`Signal.source`) that this alias stands for; null: whichever feeds the machine. */
  readonly source: string | null;
  /** Largest distance of a device's clock from ours before its stamps are not used, ms. */
  readonly maxSkewMs: number;
  /** A stamp older than this makes a signal `historical`, ms; null: never. */
  readonly maxBacklogMs: number | null;
  /** Signals of one session that came out of order are put in order within this window; null: taken as they come. */
  readonly reorder: { readonly windowMs: number; readonly records: number } | null;
}

export interface MappedSignal {
  readonly alias: AliasName;
  /** Alias of its source in `sources`; null: any. */
  readonly source: string | null;
  /** Names under which the source sends it; of several the first that comes is bound to the alias for good. */
  readonly paths: readonly string[];
  readonly ignoreCase: boolean;
  /** Type declared; a value that is not of it, and cannot be made so without loss, is bad. */
  readonly type: 'bool' | 'int64' | 'uint64' | 'double' | 'float' | 'string' | 'datetime' | 'json' | null;
  /** UCUM; required on whatever is measured. */
  readonly unit: string | null;
  /** Raw value times this is the value in `unit`: 1/10 for a PLC that counts in tenths. */
  readonly scale: Rational | null;
  /** Raw step at which a counter wraps, for example 65536; null for one that does not. */
  readonly modulus: number | null;
  /** Silence of this signal after which its value is stale, ms; null: never. */
  readonly staleAfterMs: number | null;
  /** Changes not above `abs` are left out, but for one each `maxTimeMs`; null: every sample counts. */
  readonly deadband: { readonly abs: number; readonly maxTimeMs: number | null } | null;
}

export type Rule =
  | StateMapRule
  | AvailabilityRule
  | EdgeRule
  | ThresholdRule
  | ConditionRule
  | CounterRule
  | WatchdogRule
  | RunRule
  | BundleRule
  | ExprRule
  | PassthroughRule;
export type RuleKindName = Rule['kind'];

interface RuleBase {
  /** Unique in the mapping; part of the ids of its events. */
  readonly id: string;
  /** Type of its events; null for a rule that decides without telling. */
  readonly emit: string | null;
}

export interface StateMapRule extends RuleBase {
  readonly kind: 'stateMap';
  readonly input: AliasName;
  /** Words of the machine, compared without regard to case. */
  readonly map: { readonly [word: string]: MachineStatus };
  /** Words that are told only when they last longer than `transitionalMs`. */
  readonly transitional: readonly string[];
  readonly transitionalMs: number;
  /** What an unmapped word means; `unknown` keeps the status and tells `ingest.unmapped_value` once. */
  readonly otherwise: MachineStatus;
  readonly debounceMs: number;
  readonly debounceOfflineMs: number;
  /** The same where a source lost its connection: the machine itself may be as it was. */
  readonly debounceLostMs: number;
  /** After offline, the candidate must hold so long. */
  readonly recoverAfterMs: number;
}

/** AVAILABLE or UNAVAILABLE for the machine as a whole; overrules the stateMap while unavailable. */
export interface AvailabilityRule extends RuleBase {
  readonly kind: 'availability';
  readonly input: AliasName;
}

/** What an alarm says of itself where the machine gives a value only. */
export interface AlarmWords {
  readonly code: string;
  readonly severity: 'warning' | 'fault';
  readonly text: string;
}

export interface EdgeRule extends RuleBase {
  readonly kind: 'edge';
  readonly input: AliasName;
  readonly on: 'rising' | 'falling' | 'changed';
  readonly when: Expression | null;
  /** Given where it tells `machine.alarm`: the other edge clears it. */
  readonly alarm: AlarmWords | null;
  /** Members of the event's data, by expressions. */
  readonly data: { readonly [member: string]: Expression };
}

export interface ThresholdRule extends RuleBase {
  readonly kind: 'threshold';
  readonly input: AliasName;
  /** Exactly one of the pairs is given. */
  readonly raiseAbove: number | null;
  readonly clearBelow: number | null;
  readonly raiseBelow: number | null;
  readonly clearAbove: number | null;
  readonly onDelayMs: number;
  readonly offDelayMs: number;
  /** Stays active until acknowledged, even when the value is good again. */
  readonly latched: boolean;
  readonly alarm: AlarmWords;
}

export interface ConditionRule extends RuleBase {
  readonly kind: 'condition';
  /** Alias of a source, or null for every source of the machine. */
  readonly source: string | null;
  /** Identity of an alarm within its source; scope: item, nativeCode, nativeSeverity, qualifier. */
  readonly key: Expression | null;
  /** Normal without a code clears all of its item. */
  readonly clearOnEmptyCode: boolean;
  readonly reconnectNormalClears: boolean;
  /** Raised alarms above this in `perMs` are a flood. */
  readonly maxRate: { readonly count: number; readonly perMs: number } | null;
}

export interface CounterRule extends RuleBase {
  readonly kind: 'counter';
  readonly input: AliasName;
  readonly modulus: number | null;
  readonly maxStep: number | null;
  /** `reset`: a fall is a reset; `rollover`: always a wrap; `auto`: a wrap when it is believable, else a reset. */
  readonly onDecrease: 'auto' | 'reset' | 'rollover';
  /** After a reset it starts at 0, so its value is what was made since. */
  readonly zeroBased: boolean;
}

export interface WatchdogRule extends RuleBase {
  readonly kind: 'watchdog';
  /** Alias of a source. */
  readonly source: string | null;
  readonly timeoutMs: number;
  /** Time without a break after which the machine is believed again. */
  readonly recoverAfterMs: number;
}

export interface RunRule extends RuleBase {
  readonly kind: 'run';
  readonly start: Expression;
  readonly end: Expression;
  readonly settleMs: number;
  readonly maxOpenMs: number;
  /** Ids of counter rules. */
  readonly counters: readonly string[];
  /** Alias that names the program; null for none. */
  readonly program: AliasName | null;
}

/** Computes a derived signal: its alias is the rule's id, and rules after it may use it. */
export interface ExprRule extends RuleBase {
  readonly kind: 'expr';
  readonly value: Expression;
  readonly unit: string | null;
  /** Given with `emit`: the event is told when this becomes true; null: at each change of the value. */
  readonly when: Expression | null;
  readonly data: { readonly [member: string]: Expression };
}

/** A message that is an event already (HTTP, file): `input` is a signal of type json, its value the event's data. */
export interface PassthroughRule extends RuleBase {
  readonly kind: 'passthrough';
  readonly input: AliasName;
  /** Type by expression over `message`, where it is not `emit`; null: `emit`. */
  readonly type: Expression | null;
  readonly data: Expression | null;
  /** Identity of the message for `corrected` and duplicates; null: each is a new fact. */
  readonly key: Expression | null;
}

export interface BundleRule extends RuleBase {
  readonly kind: 'bundle';
  readonly open: readonly BundleTrigger[];
  readonly close: { readonly on: Trigger; readonly alsoOn: readonly Trigger[]; readonly settleMs: number };
  /** What `StartTime` is: the first moment at which it ran, or the moment at which it was opened. */
  readonly start: 'first-running-after-open' | 'open';
  /** `BundleCode`. */
  readonly key: Expression;
  /** Members of BundleResult, by expressions. */
  readonly fields: { readonly [member: string]: Expression };
  readonly lengths: {
    readonly good: AliasName;
    readonly scrap: AliasName | null;
    readonly reclaimed: AliasName | null;
    /** UCUM unit of the numbers inside; BundleResult is in inches whatever it is. */
    readonly canonical: string;
    /** Decimals at emission. */
    readonly round: number;
    /** Largest believed step in `canonical`; null: any. */
    readonly maxStep: number | null;
  };
  readonly reasons: { readonly scrap: BundleReason | null; readonly delay: BundleReason | null };
  readonly time: {
    readonly run: Expression;
    readonly delay: Expression;
    readonly gap: 'bridge' | 'unknown' | 'delay';
  };
  readonly coils: {
    readonly splitOn: AliasName;
    /** Members of an entry of `CoilsUsed`. */
    readonly fields: { readonly [member: string]: Expression };
  } | null;
  readonly items: {
    readonly key: AliasName;
    readonly quantityDone: AliasName;
    /** Length of a piece that was asked for. */
    readonly length: AliasName | null;
    /** Length of a piece that was made. */
    readonly piece: AliasName | null;
    /** Further members of an entry of `Items`, such as PatternName and Quantity. */
    readonly fields: { readonly [member: string]: Expression };
  } | null;
  readonly weight: { readonly input: AliasName | null; readonly else: Expression | null } | null;
  /** Blocks that master data gives; absent from the result where it has none. */
  readonly enrich: { readonly [member: string]: Expression };
}
export type BundleTrigger = Trigger | { readonly kind: 'firstPiece' };
export interface BundleReason {
  readonly input: AliasName;
  readonly attribute: 'last-unassigned' | 'last-closed-or-open' | 'next';
  readonly windowMs: number;
  /** Reason of what no code was ever given for. */
  readonly default: string;
}
