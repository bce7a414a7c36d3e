import type { RuleSlot } from '../machine-rules/rule-slot';
import type { DuplicateWindow } from './duplicate-window';
import type { Role } from './machine-mapping';
import type { MachineStatus } from './machine-status';
import type { SignalQuality } from './signal';
import type { Moment } from './signal-time';

/**
 * All that the rules remember of one machine. It is written, as it is, to the compacted topic `machine-state` with the
 * offset of the last signal in it; a restart goes on from there and comes to the same events. Everything in it is bounded.
 */
export interface MachineState {
  readonly v: 1;
  readonly tenant: string;
  readonly machine: string;
  /** Where the last folded signal lies; null before the first. */
  readonly position: { readonly partition: number; readonly offset: string } | null;
  /** Highest evaluation time, Unix ms. */
  readonly at: number;
  readonly status: {
    readonly current: MachineStatus;
    readonly since: Moment | null;
    readonly reason: string | null;
    readonly sourceState: string | null;
    readonly quality: SignalQuality;
  };
  /** Last words of the items that decide the status. */
  readonly execution: string | null;
  readonly available: boolean;
  readonly alarms: { readonly [key: string]: ActiveAlarm };
  readonly alarmFlood: boolean;
  readonly counter: number | null;
  readonly program: string | null;
  readonly run: OpenRun | null;
  /** A run that has ended and waits for the counter that follows its end. */
  readonly settling: SettlingRun | null;
  readonly lastRun: CompletedRun | null;
  /** The item bound to each role. */
  readonly bound: { readonly [role in Role]?: string };
  readonly sessions: { readonly [key: string]: SessionState };
  /** Of items that number nothing, what came last; a repeat of it is a duplicate. */
  readonly lastOfPath: { readonly [key: string]: string };
  readonly unmapped: readonly string[];
  /** What each rule remembers, by its id. */
  readonly rules: { readonly [rule: string]: RuleSlot };
  readonly lastSignal: { readonly path: string; readonly source: string; readonly moment: Moment } | null;
  readonly counts: SignalCounts;
}

export interface ActiveAlarm {
  readonly id: string;
  readonly source: string;
  readonly item: string;
  readonly code: string;
  readonly severity: AlarmSeverity;
  readonly text: string;
  readonly raised: Moment;
  /** The source is silent: the alarm may or may not still stand. */
  readonly stale: boolean;
}
export type AlarmSeverity = 'warning' | 'fault';

export interface OpenRun {
  readonly id: string;
  readonly started: Moment;
  readonly program: string | null;
  readonly partsBefore: number | null;
  readonly parts: number;
  /** The machine was out of sight for a part of the run. */
  readonly outage: boolean;
}

export interface SettlingRun extends OpenRun {
  readonly ended: Moment;
  readonly endedBy: string;
  /** Evaluation time from which the run is complete, Unix ms. */
  readonly due: number;
}

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
  /** Evaluation time of its last signal, Unix ms: the oldest session makes room. */
  readonly at: number;
}

export interface SignalCounts {
  readonly signals: number;
  readonly duplicates: number;
  readonly historical: number;
  readonly unmapped: number;
  readonly clockSuspect: number;
  readonly alarmsSuppressed: number;
  readonly alarmsMarkedStale: number;
  readonly normalsWithNothingActive: number;
  readonly counterResets: number;
}

/** Together they keep a state below the size of a record, whatever a source sends. */
export const STATE_LIMITS = { sessions: 64, paths: 256, alarms: 200, alarmText: 256, unmapped: 32 } as const;

export const newMachineState = (tenant: string, machine: string): MachineState => ({
  v: 1,
  tenant,
  machine,
  position: null,
  at: 0,
  status: { current: 'unknown', since: null, reason: null, sourceState: null, quality: 'good' },
  execution: null,
  available: true,
  alarms: {},
  alarmFlood: false,
  counter: null,
  program: null,
  run: null,
  settling: null,
  lastRun: null,
  bound: {},
  sessions: {},
  lastOfPath: {},
  unmapped: [],
  rules: {},
  lastSignal: null,
  counts: {
    signals: 0,
    duplicates: 0,
    historical: 0,
    unmapped: 0,
    clockSuspect: 0,
    alarmsSuppressed: 0,
    alarmsMarkedStale: 0,
    normalsWithNothingActive: 0,
    counterResets: 0,
  },
});
