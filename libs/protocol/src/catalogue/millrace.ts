import type { BuiltInEventType } from './built-in-event-type';
import { amount, count, data, flag, id, number, object, oneOf, orNull, text, time } from './schema-words';

const STATUSES = ['running', 'idle', 'held', 'down', 'offline', 'unknown'];
const ALARM_STATUSES = [
  'raised',
  'severity_changed',
  'cleared',
  'acknowledged',
  'confirmed',
  'shelved',
  'unshelved',
  'suppressed',
  'unsuppressed',
];
const machine = id('The machine.');
const path = text('The data item.');
const quality = oneOf(['good', 'uncertain', 'bad', 'stale'], 'Of the signal.');

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
        reason: orNull(
          text(
            'What told: the name of the signal, such as `execution` or `availability`; or `connection_lost`, `death`, `silent`, and `alive` after silence; `connected` and `birth` where a machine that has said nothing of itself is there again.',
          ),
        ),
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
    version: 2,
    description: 'A machine raised, changed or cleared an alarm, or an operator did something with it.',
    schema: data(
      {
        machine,
        alarmId: id('The alarm, the same until it is cleared.'),
        status: oneOf(
          ALARM_STATUSES,
          'What happened to it. It stands from `raised` to `cleared`, whatever else is told.',
        ),
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
        reason: text('Of `cleared`: `mapping_changed`, where the rule that raised it is gone.'),
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
        counters: object({}, {}, 'What each of several counters made, by the id of its rule.'),
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
    name: 'production.counted',
    version: 1,
    description: 'A counter of a machine went on: what was made since its last value.',
    schema: data(
      { machine, path, counter: id('The rule that counts.'), delta: amount('What was made.') },
      {
        previous: number('The counter before.'),
        current: number('The counter now.'),
        unit: orNull(text('UCUM.')),
        how: oneOf(['counted', 'wrapped', 'reset', 'confirmed'], 'How it went on.'),
        bridged: flag('It was made while nobody listened.'),
        since: time('When.'),
        quality,
      },
    ),
    example: {
      machine: 'RF-1',
      path: 'part_count',
      counter: 'parts',
      delta: 2,
      previous: 1088,
      current: 1090,
      unit: null,
      how: 'counted',
      bridged: false,
      since: '2026-01-15T10:30:00.000Z',
      quality: 'good',
    },
  },
  {
    name: 'machine.alarm_flood',
    version: 2,
    description: 'A machine raises more alarms than it can mean; further ones are counted, not told, until it ends.',
    schema: data(
      { machine, active: count('Alarms that are active.') },
      {
        since: time('Since when.'),
        status: oneOf(['begun', 'ended'], 'Told once when it begins and once when it ends.'),
        suppressed: count('Of `ended`: alarms that were not told.'),
        durationSeconds: amount('Of `ended`: how long it took.'),
      },
    ),
    example: { machine: 'RF-1', active: 200, since: '2026-01-15T10:30:00.000Z', status: 'begun' },
  },
  {
    name: 'ingest.counter_jump',
    version: 1,
    description: 'A counter rose by more than is believed; what it made is withheld until its next value agrees.',
    schema: data(
      { machine, path },
      {
        previous: number('What it was.'),
        current: number('What it is.'),
        maxStep: orNull(number('The largest step that is believed.')),
      },
    ),
    example: { machine: 'RF-1', path: 'part_count', previous: 12, current: 40012, maxStep: 50 },
  },
  {
    name: 'ingest.event_too_large',
    version: 1,
    description:
      'A rule of a mapping made an event that is too large to be told; this stands in its place. Mend the rule and, where it took a message, send the message again.',
    schema: data(
      { machine, rule: text('The rule of its mapping.'), eventType: text('Of the event that is not told.') },
      { bytes: number('Of its data as JSON.'), limit: number('How many they may be.') },
    ),
    example: { machine: 'RF-1', rule: 'orders', eventType: 'work_order.completed', bytes: 2_700_113, limit: 1_048_576 },
  },
  {
    name: 'ingest.rule_failed',
    version: 1,
    description:
      'A rule of a mapping could not be applied, which is a defect of Millrace; all other rules went on. Told once for each rule and way of failing until another mapping is put in force; please report it.',
    schema: data(
      {
        machine,
        rule: text(
          'The rule of its mapping; $value, $stale or $gap where it was before any rule, $state where what is remembered of the machine was damaged.',
        ),
      },
      {
        kind: text('Of the rule.'),
        on: oneOf(
          ['signal', 'time', 'timer'],
          'On a signal, or as time went by: the rule is as it was before. On a timer of its own: what was due is dropped, and from the second time on all that it remembered.',
        ),
        path: orNull(text('Of the signal.')),
        error: text('What went wrong.'),
      },
    ),
    example: {
      machine: 'RF-1',
      rule: 'parts',
      kind: 'counter',
      on: 'signal',
      path: 'part_count',
      error: 'Invalid time value',
    },
  },
  {
    name: 'ingest.clock_suspect',
    version: 1,
    description:
      'A clock of a machine cannot be right; its facts are dated by when they came, until it is right again.',
    schema: data(
      { machine, path },
      {
        source: text('The source.'),
        clock: text('Whose clock it is.'),
        stamp: time('What it said.'),
        received: time('When it came.'),
      },
    ),
    example: {
      machine: 'RF-1',
      path: 'execution',
      source: 'line-1',
      clock: 'adapter',
      stamp: '1970-01-01T00:00:12.000Z',
      received: '2026-01-15T10:30:00.000Z',
    },
  },
  {
    name: 'ingest.type_changed',
    version: 1,
    description: 'A signal came in another type than its mapping declares. Told once.',
    schema: data(
      { machine, path },
      {
        alias: text('Its name in the mapping.'),
        declared: orNull(text('The type that the mapping declares.')),
        given: text('The type that came.'),
        used: flag('The value could be taken without loss.'),
      },
    ),
    example: { machine: 'RF-1', path: 'Speed', alias: 'speed', declared: 'int64', given: 'string', used: false },
  },
  {
    name: 'ingest.unit_changed',
    version: 1,
    description:
      'A signal came in another unit; it is not used until the old one comes again or its mapping is changed.',
    schema: data(
      { machine, path },
      {
        alias: text('Its name in the mapping.'),
        previous: orNull(text('The unit it had.')),
        current: text('The unit it has.'),
      },
    ),
    example: { machine: 'RF-1', path: 'Length/Good', alias: 'good', previous: '[in_i]', current: 'mm' },
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
