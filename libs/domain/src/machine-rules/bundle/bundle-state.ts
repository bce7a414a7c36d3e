import type { Signal } from '../../signal/signal';
import type { Moment } from '../../signal/signal-time';
import type { BundleRule } from '../mapping';
import type { RuleContext } from '../rule-kind';
import type { RuleSlot } from '../rule-slot';

/**
 * What a bundle rule remembers: JSON, in `state.rules[rule.id]`, so that a restart at any signal goes on where it was.
 * Lengths are exact, in inches, written as `n/d`; durations are whole ms. Every list has a bound (BUNDLE_LIMITS).
 *
 *   none --number changed, first piece--> open --complete--> settling --window over--> closed
 *
 * A next bundle may open while the last one settles. Closed ones are kept for a while: a code for their scrap or their
 * standing may still come, and the same bundle may be taken up again.
 */
export interface BundleSlot extends RuleSlot {
  readonly kind: 'bundle';
  readonly v: 1;
  /** What the signals of the triggers last said, a snapshot too: an edge is a difference to it. */
  readonly told: { readonly [alias: string]: ToldValue };
  readonly counters: { readonly [length in LengthName]?: CounterMemory };
  /** By alias, the code that the operator's register last showed; null where it showed none. */
  readonly registers: { readonly [alias: string]: string | null };
  /** What `quantityDone` last said for each item, newest last; `done` is null where it has not said anything yet. */
  readonly itemsDone: readonly ItemDone[];
  /** Serial number of the coil that was last on the line; absent while none is known. */
  readonly coil?: string;
  readonly phase: Phase;
  /** The last time of standing that is over. */
  readonly lastDelay: { readonly n: number; readonly endedAt: number } | null;
  /** A code given before what it explains (`attribute: next`). */
  readonly ahead: { readonly scrap: AheadReason | null; readonly delay: AheadReason | null };
  readonly open: Bundle | null;
  readonly settling: SettlingBundle | null;
  /** Newest last. */
  readonly closed: readonly ClosedBundle[];
  /** What the scale last said, pounds. */
  readonly weighed: Exact | null;
  /** What the counters moved while no bundle was there to have it. */
  readonly unbundled: Lengths;
  readonly outage: Outage | null;
  /** Since when nothing good is known of the counter of good lengths, though its source is there. */
  readonly blind: { readonly source: string; readonly from: Moment } | null;
  /** When a signal of this rule was last heard. */
  readonly heard: Moment | null;
}

export type ToldValue = NonNullable<Signal['value']>;

/** A rational as text. */
export type Exact = string;

export const LENGTH_NAMES = ['good', 'scrap', 'reclaimed'] as const;
export type LengthName = (typeof LENGTH_NAMES)[number];
export type Lengths = { readonly [length in LengthName]: Exact };
export const NO_LENGTHS: Lengths = { good: '0', scrap: '0', reclaimed: '0' };

export interface CounterMemory {
  readonly baseline: Exact;
  /** A value too far from the baseline to be believed before the next one confirms it. */
  readonly jump: Exact | null;
}

export type Json = string | number | boolean | null | readonly Json[] | { readonly [member: string]: Json };
export type JsonMembers = { readonly [member: string]: Json };

/** What the machine does for the bundle's time. Each time of standing has a number of its own, for the code that explains it. */
export interface Phase {
  readonly is: PhaseName;
  readonly since: Moment | null;
  readonly n: number;
  readonly reason: string | null;
}
export type PhaseName = 'run' | 'delay' | 'unknown';

export interface AheadReason {
  readonly reason: string;
  readonly at: number;
}

export interface Bundle {
  /** `BundleCode`; null while its expression has no value. */
  readonly key: string | null;
  /** Stands for the key where there is none. */
  readonly id: string;
  readonly opened: Moment;
  /** Something was counted: from here on it is what it is, and another key means another bundle. */
  readonly made: boolean;
  /** Since when the machine has told of another key; null while it tells of this one. */
  readonly left: Moment | null;
  readonly fields: JsonMembers;
  readonly enrich: JsonMembers;
  readonly lengths: Lengths;
  readonly scrapByReason: ReadonlyArray<readonly [reason: string, length: Exact]>;
  /** Scrap that no code was given for yet. */
  readonly scrapWaiting: ReadonlyArray<{ readonly at: number; readonly length: Exact }>;
  readonly coils: readonly CoilPart[];
  readonly items: readonly ItemPart[];
  readonly shortest: Exact | null;
  readonly longest: Exact | null;
  /** Of the scale, pounds. */
  readonly weight: Exact | null;
  readonly timing: Timing | null;
  readonly gaps: readonly Gap[];
  readonly counterNotes: readonly CounterNote[];
  /** Names of members that there was no room for; absent where there was room for all. */
  readonly leftOut?: readonly string[];
}

export interface CoilPart {
  readonly serial: string;
  readonly fields: JsonMembers;
  readonly lengths: Lengths;
}

export interface ItemPart {
  readonly item: string | number;
  readonly done: Exact;
  /** Of a piece, asked for. */
  readonly length: Exact | null;
  readonly fields: JsonMembers;
}

export interface ItemDone {
  readonly item: string;
  readonly done: Exact | null;
  /** Pieces since it was taken up again; absent once `quantityDone` has said something of it. */
  readonly pieces?: number;
}

export interface Timing {
  readonly start: Moment;
  /** From when the present phase is not in the sums yet. */
  readonly since: Moment;
  readonly runMs: number;
  readonly unknownMs: number;
  /** Between the end of a bundle and its being taken up again. */
  readonly pausedMs: number;
  readonly delays: readonly Delay[];
}

export interface Delay {
  readonly n: number;
  /** Evaluation time of its end, Unix ms. */
  readonly at: number;
  readonly ms: number;
  readonly reason: string | null;
}

/** A time in which the machine was out of sight, or told of less than it numbered. RFC 3339, UTC. */
export interface Gap {
  readonly from: string;
  readonly to: string;
  readonly source: string;
}

/** A counter that did not simply rise. */
export interface CounterNote {
  readonly counter: LengthName;
  readonly what: 'reset' | 'fell' | 'jump' | 'jump_confirmed';
  readonly at: string;
  /** Inches. */
  readonly from: number;
  readonly to: number;
}

export interface Ending {
  readonly ended: Moment;
  /** All of it was made. */
  readonly complete: boolean;
  /** It ended while the machine was out of sight. */
  readonly unseen: boolean;
}

export interface SettlingBundle extends Ending {
  readonly bundle: Bundle;
  /** Evaluation time from which it is closed, Unix ms. */
  readonly due: number;
}

export interface ClosedBundle extends Ending {
  readonly bundle: Bundle;
  readonly revision: number;
  /** Pounds, by the scale or by the formula over what the machine showed at the end. */
  readonly pounds: Exact | null;
  /** Hash of the BundleResult that was told. */
  readonly content: string;
}

export interface Outage {
  readonly source: string;
  /** When it was last in sight. */
  readonly from: Moment;
  /** The source said so; else only its snapshot shows that something may have been missed. */
  readonly announced: boolean;
  /** Its values come again, one by one; they are looked at together when all are there. */
  readonly returning: {
    readonly since: Moment;
    readonly due: number;
    /** The signal that completes a bundle is now true and was not before. */
    readonly completed: boolean;
    /** A signal whose change ends a bundle has changed. */
    readonly movedOn: boolean;
  } | null;
}

export const BUNDLE_LIMITS = {
  coils: 64,
  items: 256,
  scrapWaiting: 128,
  delays: 128,
  reasons: 64,
  gaps: 32,
  counterNotes: 32,
  itemsDone: 32,
  closed: 4,
  /** How long a closed bundle is kept, ms of evaluation time. */
  closedMs: 86_400_000,
  /** Characters of one member that an expression gives, as JSON. */
  member: 16_384,
  /** Of the members, coils and items of one bundle together, bytes as JSON; and of all closed ones. */
  bytes: 196_608,
  /** Names of what was left out for that. */
  leftOut: 32,
  /** Characters of a trigger's value; of a longer one only its hash is kept. */
  told: 256,
  reasonText: 128,
} as const;

export const NEW_BUNDLE_SLOT: BundleSlot = {
  kind: 'bundle',
  v: 1,
  told: {},
  counters: {},
  registers: {},
  itemsDone: [],
  phase: { is: 'unknown', since: null, n: 0, reason: null },
  lastDelay: null,
  ahead: { scrap: null, delay: null },
  open: null,
  settling: null,
  closed: [],
  weighed: null,
  unbundled: NO_LENGTHS,
  outage: null,
  blind: null,
  heard: null,
};

/** What the parts of the rule decide with. */
export interface BundleContext extends RuleContext {
  readonly rule: BundleRule;
  readonly tenant: string;
  readonly machine: string;
  /** The source that an alias is heard from; null while it has not been heard. */
  readonly sourceOf: (alias: string) => string | null;
}

/** The bundle to which what comes now belongs: the open one, else the one that settles. */
export const currentBundle = (slot: BundleSlot): Bundle | null => slot.open ?? slot.settling?.bundle ?? null;

export const withCurrentBundle = (slot: BundleSlot, change: (bundle: Bundle) => Bundle): BundleSlot => {
  if (slot.open !== null) {
    const open = change(slot.open);
    return open === slot.open ? slot : { ...slot, open };
  }
  if (slot.settling === null) return slot;
  const bundle = change(slot.settling.bundle);
  return bundle === slot.settling.bundle ? slot : { ...slot, settling: { ...slot.settling, bundle } };
};

/** A list with one more at its end, and none more than its bound: the oldest make room. */
export const appended = <T>(list: readonly T[], one: T, bound: number): T[] => [...list, one].slice(-bound);
