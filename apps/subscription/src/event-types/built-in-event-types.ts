import type { EventTypeView } from '@millrace/protocol';
import { OPERATIONAL_EVENT_TYPES } from './operational-event-types';

const builtIn = (
  name: string,
  module: string,
  description: string,
  example: unknown,
  schema: unknown = null,
): EventTypeView => ({
  name,
  module,
  description,
  schema,
  example,
  builtIn: true,
  createdAt: null,
});

/** What machine-ingest and the delivery service publish by themselves. Every tenant has these. */
export const BUILT_IN_EVENT_TYPES: readonly EventTypeView[] = [
  builtIn(
    'machine.status_changed',
    'mes',
    'A machine went from one state to another: running, idle, held, down, offline, or unknown.',
    {
      machine: 'RF-1',
      previous: 'idle',
      current: 'running',
      since: '2026-01-15T10:30:00.000Z',
      previousSeconds: 412.5,
      reason: null,
      sourceState: 'ACTIVE',
      quality: 'good',
    },
  ),
  builtIn('machine.alarm', 'mes', 'A machine raised, changed or cleared an alarm.', {
    machine: 'RF-1',
    alarmId: 'alm_4f0c5a9e1b7d',
    status: 'raised',
    item: 'hydraulic',
    code: 'HYD-TEMP',
    severity: 'warning',
    text: 'Hydraulic oil is too hot',
    raisedAt: '2026-01-15T10:30:00.000Z',
    since: '2026-01-15T10:30:00.000Z',
  }),
  builtIn('production.run_completed', 'mes', 'A production run ended; its parts and its time are known.', {
    machine: 'RF-1',
    runId: 'run_8c2e61f0a4d3',
    startedAt: '2026-01-15T08:00:00.000Z',
    endedAt: '2026-01-15T10:30:00.000Z',
    durationSeconds: 9000,
    parts: 412,
    partsBefore: 1088,
    partsAfter: 1500,
    program: 'C-PROFILE-200',
    endedBy: 'PROGRAM_COMPLETED',
    quality: 'good',
  }),
  ...OPERATIONAL_EVENT_TYPES.map(({ name, description, example, schema }) =>
    builtIn(name, 'operations', description, example, schema),
  ),
];

export const builtInEventType = (name: string): EventTypeView | undefined =>
  BUILT_IN_EVENT_TYPES.find((type) => type.name === name);

/** The data of a test delivery where the catalogue has no example. */
export const GENERIC_EXAMPLE = { test: true, message: 'This is a test delivery from Millrace.' };
