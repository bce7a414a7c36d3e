import { type Emit, idFromSignal, type SignalPosition } from './machine-event';
import type { MachineMapping } from './machine-mapping';
import type { CompletedRun, MachineState, OpenRun, SettlingRun } from './machine-state';
import { elapsedSeconds, type Moment } from './signal-time';

/**
 * Production runs: from the change to `running` to the first idle state. Held and offline keep a run open. The end opens
 * a settle window, because the last part is counted after it; the run is told when evaluation time has passed the window.
 *
 *   no run --running--> open --idle--> settling --window over--> production.run_completed
 *
 * A new run may open while the last one settles. Time is the machine's evaluation time, so a replay closes the window at
 * the same record.
 */
export const followStatus = (
  before: MachineState,
  state: MachineState,
  moment: Moment,
  mapping: MachineMapping,
  position: SignalPosition,
  emit: Emit,
): MachineState => {
  if (before.status.current === state.status.current) return state;
  const current = state.status.current;
  if (current === 'running' && state.run === null) {
    const run: OpenRun = {
      id: idFromSignal('run', state.tenant, state.machine, position, 'run'),
      started: moment,
      program: state.program,
      partsBefore: state.counter,
      parts: 0,
      outage: false,
    };
    return { ...state, run };
  }
  if (state.run === null) return state;
  if (current === 'offline') return { ...state, run: { ...state.run, outage: true } };
  if (!mapping.run.endsIn.includes(current)) return state;
  const settled = state.settling === null ? state : complete(state, state.settling, moment, emit);
  const settling: SettlingRun = {
    ...state.run,
    ended: moment,
    endedBy: state.status.sourceState ?? current,
    due: state.at + mapping.run.settleMs,
  };
  return { ...settled, run: null, settling };
};

/** Closes what evaluation time has made due, before a signal of that time is looked at. */
export const closeDueRuns = (
  state: MachineState,
  moment: Moment,
  mapping: MachineMapping,
  emit: Emit,
): MachineState => {
  let closed = state;
  if (closed.settling !== null && closed.at >= closed.settling.due)
    closed = complete(closed, closed.settling, moment, emit);
  if (closed.run !== null && closed.at >= closed.run.started.at + mapping.run.maxOpenMs) {
    const overdue: SettlingRun = {
      ...closed.run,
      outage: true,
      ended: moment,
      endedBy: 'open_too_long',
      due: closed.at,
    };
    closed = complete({ ...closed, run: null }, overdue, moment, emit);
  }
  return closed;
};

/** Evaluation time at which a timer of this machine is due, Unix ms; null when none runs. */
export const nextDue = (state: MachineState, mapping: MachineMapping): number | null => {
  const settle = state.settling?.due ?? null;
  const open = state.run === null ? null : state.run.started.at + mapping.run.maxOpenMs;
  return settle === null ? open : open === null ? settle : Math.min(settle, open);
};

const complete = (state: MachineState, run: SettlingRun, now: Moment, emit: Emit): MachineState => {
  const counted = run.partsBefore !== null;
  const lastRun: CompletedRun = {
    runId: run.id,
    startedAt: run.started.time,
    endedAt: run.ended.time,
    durationSeconds: elapsedSeconds(run.started, run.ended),
    parts: counted ? run.parts : null,
    partsBefore: run.partsBefore,
    partsAfter: counted ? state.counter : null,
    program: run.program,
    endedBy: run.endedBy,
    quality: run.outage ? 'uncertain' : 'good',
  };
  emit({
    rule: 'run',
    type: 'production.run_completed',
    moment: { ...run.ended, at: now.at },
    data: { machine: state.machine, ...lastRun },
  });
  return { ...state, settling: state.settling === run ? null : state.settling, lastRun };
};
