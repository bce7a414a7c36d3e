import { type MachineState, presentRun } from '@millrace/domain';
import type { MachineList, MachineView } from '@millrace/protocol';

/** A machine's state as the API shows it. */
export const viewOfMachine = (state: MachineState): MachineView => ({
  id: state.machine,
  status: state.status.current,
  since: state.status.since?.time ?? null,
  reason: state.status.reason,
  sourceState: state.status.sourceState,
  quality: state.status.quality,
  alarms: Object.values(state.alarms).map((alarm) => ({
    id: alarm.id,
    item: alarm.item,
    code: alarm.code,
    severity: alarm.severity,
    text: alarm.text,
    raisedAt: alarm.raised.time,
    stale: alarm.stale,
  })),
  currentRun: currentRun(state),
  lastRun: state.lastRun,
  lastSignal:
    state.lastSignal === null
      ? null
      : {
          path: state.lastSignal.path,
          source: state.lastSignal.source,
          time: state.lastSignal.moment.time,
          at: new Date(state.lastSignal.moment.at).toISOString(),
        },
  mapping: state.config === null ? null : { name: state.config.name, version: state.config.version },
  counts: { ...state.counts },
});

const currentRun = (state: MachineState): MachineView['currentRun'] => {
  const present = presentRun(state);
  if (present === null) return null;
  const { run, parts } = present;
  const ended = 'ended' in run ? run : null;
  return {
    runId: run.id,
    startedAt: run.started.time,
    endedAt: ended?.ended.time ?? null,
    durationSeconds: null,
    parts,
    partsBefore: run.partsBefore,
    partsAfter: null,
    program: run.program,
    endedBy: ended?.endedBy ?? null,
    quality: run.outage ? 'uncertain' : 'good',
  };
};

/** A page of machines in the order of their names; the cursor is the last name, so pages are stable while machines come. */
export const pageOfMachines = (states: readonly MachineState[], limit: number, after: string | null): MachineList => {
  const rest = after === null ? states : states.filter((state) => state.machine > after);
  const page = rest.slice(0, limit);
  return {
    data: page.map(viewOfMachine),
    nextCursor: rest.length > page.length ? Buffer.from(page[page.length - 1]!.machine).toString('base64url') : null,
  };
};

/** The name in a cursor, or null when the cursor is not one of ours. */
export const readMachineCursor = (cursor: string): string | null => {
  if (!/^[A-Za-z0-9_-]+$/.test(cursor)) return null;
  const name = Buffer.from(cursor, 'base64url').toString('utf8');
  return Buffer.from(name).toString('base64url') === cursor ? name : null;
};
