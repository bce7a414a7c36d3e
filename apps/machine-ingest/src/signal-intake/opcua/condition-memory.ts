import type { ConditionValue } from '@millrace/domain';
import { actionsBetween, type ConditionStand, type ReadCondition } from './condition-event';

/** A condition as it was last told. */
export interface ToldCondition {
  readonly machine: string;
  /** Place of its notifier in the settings. */
  readonly notifier: number;
  readonly conditionId: string;
  readonly path: string;
  readonly value: ConditionValue;
  readonly stand: ConditionStand;
  readonly sourceTs: string | null;
  readonly serverTs: string | null;
}

/** What a successor must know: an alarm that ended while nobody listened is named by no server, it is only not named any more. */
export type KeptCondition = readonly [
  machine: string,
  notifier: number,
  conditionId: string,
  path: string,
  nativeCode: string,
  nativeSeverity: string,
];

const MOST_TOLD = 10_000;
/** Of a cursor's 64 KiB, with room for long names. */
const MOST_KEPT = 150;
const NO_STAND: ConditionStand = {
  active: false,
  acknowledged: false,
  confirmed: false,
  shelved: false,
  suppressed: false,
};

const keyOf = (machine: string, conditionId: string): string => `${machine}\n${conditionId}`;

/** The conditions of a source, and what is new in what a server says of them. */
export class ConditionMemory {
  private readonly told = new Map<string, ToldCondition>();
  /** Which condition has a path: of two with the same names, the second is told by its node id. */
  private readonly paths = new Map<string, string>();

  constructor(kept: readonly KeptCondition[]) {
    for (const [machine, notifier, conditionId, path, nativeCode, nativeSeverity] of kept)
      this.remember({
        machine,
        notifier,
        conditionId,
        path,
        value: { level: 'WARNING', nativeCode, nativeSeverity, qualifier: '', text: '' },
        stand: { ...NO_STAND, active: true },
        sourceTs: null,
        serverTs: null,
      });
  }

  /**
   * What is to be told of an event: how the condition stands where that is new, then what was done to it. One that is active
   * is told again in a snapshot: since a loss it may be held for one of which nobody hears.
   */
  take(machine: string, notifier: number, read: ReadCondition, snapshot: boolean): ToldCondition[] {
    const before = this.told.get(keyOf(machine, read.conditionId)) ?? null;
    const path = before?.path ?? this.freePath(machine, read);
    const now: ToldCondition = { machine, notifier, ...read, path };
    const isNew =
      before === null || (snapshot && now.stand.active) || JSON.stringify(before.value) !== JSON.stringify(now.value);
    const actions = actionsBetween(before?.stand ?? null, now.stand, snapshot);
    this.remember(now);
    return [...(isNew ? [now] : []), ...actions.map((action) => ({ ...now, value: { ...now.value, action } }))];
  }

  /**
   * What is to be told when a server has named all conditions of a notifier. One that is named for the first time, where one of
   * the same name is not named any more, is that one: a server may number its nodes anew when it starts.
   */
  refreshed(machine: string, notifier: number, reads: readonly ReadCondition[]): ToldCondition[] {
    const named = new Set(reads.map(({ conditionId }) => conditionId));
    for (const { conditionId, path } of reads) {
      const before = this.paths.get(keyOf(machine, path));
      if (before === undefined || named.has(before) || this.told.has(keyOf(machine, conditionId))) continue;
      const condition = this.told.get(keyOf(machine, before));
      if (condition?.notifier !== notifier) continue;
      this.told.delete(keyOf(machine, before));
      this.remember({ ...condition, conditionId });
    }
    const told = reads.flatMap((read) => this.take(machine, notifier, read, true));
    return [...told, ...this.ended(machine, notifier, named)];
  }

  /** Conditions of a notifier that are active by memory and were not among those that the server named: they have ended. */
  private ended(machine: string, notifier: number, named: ReadonlySet<string>): ToldCondition[] {
    const ended: ToldCondition[] = [];
    for (const condition of this.told.values()) {
      if (condition.machine !== machine || condition.notifier !== notifier) continue;
      if (!condition.stand.active || named.has(condition.conditionId)) continue;
      ended.push({
        ...condition,
        value: { ...condition.value, level: 'NORMAL', qualifier: '', text: '' },
        stand: { ...condition.stand, active: false },
        sourceTs: null,
        serverTs: null,
      });
    }
    for (const condition of ended) this.remember(condition);
    return ended;
  }

  kept(): KeptCondition[] {
    return [...this.told.values()]
      .filter(({ stand }) => stand.active)
      .slice(-MOST_KEPT)
      .map(({ machine, notifier, conditionId, path, value }) => [
        machine,
        notifier,
        conditionId,
        path,
        value.nativeCode,
        value.nativeSeverity,
      ]);
  }

  private remember(condition: ToldCondition): void {
    const key = keyOf(condition.machine, condition.conditionId);
    this.told.delete(key);
    this.told.set(key, condition);
    this.paths.set(keyOf(condition.machine, condition.path), condition.conditionId);
    if (this.told.size <= MOST_TOLD) return;
    const [oldest, { machine, path }] = this.told.entries().next().value!;
    this.told.delete(oldest);
    this.paths.delete(keyOf(machine, path));
  }

  private freePath(machine: string, { path, conditionId }: ReadCondition): string {
    const holder = this.paths.get(keyOf(machine, path));
    const free = holder === undefined || holder === conditionId ? path : `${path}#${conditionId}`;
    return free.slice(0, 256);
  }
}
