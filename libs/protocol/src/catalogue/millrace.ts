import type { BuiltInEventType } from './built-in-event-type';
import { amount, count, data, id, number, oneOf, orNull, text, time } from './schema-words';

const STATUSES = ['running', 'idle', 'held', 'down', 'offline', 'unknown'];
const machine = id('The machine.');

/** What machine-ingest makes of signals; three of them are types of PROIGN, with this data. */
export const MACHINE_EVENT_TYPES: readonly BuiltInEventType[] = [
  {
    name: 'machine.status_changed',
    version: 1,
    description: 'A machine went from one state to another: running, idle, held, down, offline, or unknown.',
    schema: data(
      { machine, previous: oneOf(STATUSES, 'What it was.'), current: oneOf(STATUSES, 'What it is.') },
      {
        since: time('Since when.'),
        previousSeconds: orNull(amount('How long it was what it was; null when that is not known.')),
        reason: orNull(text('What told: `execution` or `availability`.')),
        sourceState: orNull(text("In the machine's own word.")),
        quality: oneOf(['good', 'uncertain', 'bad', 'stale'], 'Of the signal.'),
      },
    ),
    example: {
      machine: 'RF-1',
      previous: 'idle',
      current: 'running',
      since: '2026-01-15T10:30:00.000Z',
      previousSeconds: 412.5,
      reason: 'execution',
      sourceState: 'ACTIVE',
      quality: 'good',
    },
  },
  {
    name: 'machine.alarm',
    version: 1,
    description: 'A machine raised, changed or cleared an alarm.',
    schema: data(
      {
        machine,
        alarmId: id('The alarm, the same until it is cleared.'),
        status: oneOf(['raised', 'severity_changed', 'cleared'], 'What happened to it.'),
      },
      {
        item: text('The data item that told.'),
        code: text("The machine's own code."),
        severity: oneOf(['warning', 'fault'], 'How bad it is.'),
        previousSeverity: oneOf(['warning', 'fault'], 'Of `severity_changed`: how bad it was.'),
        text: text('In words.'),
        raisedAt: time('When it was raised.'),
        since: time('When this happened.'),
        durationSeconds: amount('Of `cleared`: how long it stood.'),
      },
    ),
    example: {
      machine: 'RF-1',
      alarmId: 'alm_4f0c5a9e1b7d',
      status: 'raised',
      item: 'hydraulic',
      code: 'HYD-TEMP',
      severity: 'warning',
      text: 'Hydraulic oil is too hot',
      raisedAt: '2026-01-15T10:30:00.000Z',
      since: '2026-01-15T10:30:00.000Z',
    },
  },
  {
    name: 'production.run_completed',
    version: 1,
    description: 'A production run ended; its parts and its time are known.',
    schema: data(
      { machine, runId: id('The run.'), startedAt: time('When it began.'), endedAt: time('When it ended.') },
      {
        durationSeconds: amount('How long it took.'),
        parts: orNull(count('Parts made; null when the machine counts none.')),
        partsBefore: orNull(number('The part counter before.')),
        partsAfter: orNull(number('The part counter after.')),
        program: orNull(text('The program.')),
        endedBy: text("In the machine's own word."),
        quality: oneOf(['good', 'uncertain'], 'Uncertain: the machine was out of sight for a part of it.'),
      },
    ),
    example: {
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
    },
  },
  {
    name: 'machine.alarm_flood',
    version: 1,
    description: 'A machine has more alarms at one time than it can mean; further ones are counted, not told.',
    schema: data({ machine, active: count('Alarms that are active.') }, { since: time('Since when.') }),
    example: { machine: 'RF-1', active: 500, since: '2026-01-15T10:30:00.000Z' },
  },
  {
    name: 'ingest.counter_reset',
    version: 1,
    description: 'The part counter of a machine began again.',
    schema: data(
      { machine, path: text('The data item.') },
      { previous: orNull(number('What it was.')), current: number('What it is.') },
    ),
    example: { machine: 'RF-1', path: 'part_count', previous: 1500, current: 0 },
  },
  {
    name: 'ingest.unmapped_value',
    version: 1,
    description: 'A machine said a value that its mapping does not know; its status stays as it was. Told once.',
    schema: data(
      { machine, path: text('The data item.'), value: text('What it said.') },
      { status: oneOf(STATUSES, 'The status that stays.') },
    ),
    example: { machine: 'RF-1', path: 'execution', value: 'DRY_RUN', status: 'running' },
  },
];
