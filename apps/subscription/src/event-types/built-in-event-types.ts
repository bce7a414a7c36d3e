import type { EventTypeView } from '@millrace/protocol';

const builtIn = (name: string, module: string, description: string, example: unknown): EventTypeView => ({
  name,
  module,
  description,
  schema: null,
  example,
  builtIn: true,
  createdAt: null,
});

/** What machine-ingest publishes by itself. Every tenant has these. */
export const BUILT_IN_EVENT_TYPES: readonly EventTypeView[] = [
  builtIn(
    'machine.status_changed',
    'mes',
    'A machine went from one state to another: running, idle, stopped, in fault, or out of contact.',
    {
      machineId: 'RF-1',
      previous: 'idle',
      current: 'running',
      since: '2026-01-15T10:30:00.000Z',
      reason: null,
      quality: 'good',
    },
  ),
  builtIn('machine.alarm', 'mes', 'A machine raised, changed or cleared an alarm.', {
    machineId: 'RF-1',
    code: 'HYD-TEMP',
    message: 'Hydraulic oil is too hot',
    severity: 'high',
    status: 'raised',
    raisedAt: '2026-01-15T10:30:00.000Z',
  }),
  builtIn('production.run_completed', 'mes', 'A production run ended; its parts and its time are known.', {
    machineId: 'RF-1',
    runId: 'run-2026-01-15-1',
    program: 'C-PROFILE-200',
    startedAt: '2026-01-15T08:00:00.000Z',
    endedAt: '2026-01-15T10:30:00.000Z',
    durationSeconds: 9000,
    goodParts: 412,
    rejectedParts: 3,
  }),
];

export const builtInEventType = (name: string): EventTypeView | undefined =>
  BUILT_IN_EVENT_TYPES.find((type) => type.name === name);

/** The data of a test delivery where the catalogue has no example. */
export const GENERIC_EXAMPLE = { test: true, message: 'This is a test delivery from Millrace.' };
