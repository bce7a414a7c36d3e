import { MACHINE_STATUSES, type MachineStatus } from '@millrace/domain';
import { duration, rate } from './duration-shape';
import { listOf, oneOrMore } from './list-shapes';
import { mapOf } from './map-shape';
import { defaulting, object, optional, type Read, required } from './object-shape';
import { flag, literal, number, oneOf } from './scalar-shapes';
import { changed, type Shape, type Word } from './shape';
import { taggedBy } from './tagged-shape';
import { text, word } from './text-shape';
import { ALIAS, alias, alwaysEmit, emit, expression, ruleId, shortText } from './words';

const head = { id: required(ruleId), description: optional(shortText('what the rule is for', 1_000)) };

const status = oneOf<MachineStatus>('a status', MACHINE_STATUSES);
const anyWord = { says: 'a word', pattern: /^[^\u0000-\u001f\u007f]{1,256}$/ };
const member = { says: 'a name of letters, digits and _', pattern: ALIAS };

const expressions = (says: string) => mapOf(expression('the value of the member'), { says, names: member, most: 100 });

const severity: Shape<'warning' | 'fault'> = changed(
  oneOf('how bad it is', ['warning', 'fault', 'low', 'medium', 'high', 'critical']),
  (word) => (word === 'fault' || word === 'high' || word === 'critical' ? 'fault' : 'warning'),
);
const alarm = object('what the alarm says of itself', {
  code: optional(text({ says: 'the code of the alarm', most: 128, orWritten: true })),
  severity: defaulting(severity, 'warning'),
  text: optional(shortText('the alarm in words')),
});

const stateMap = object('a rule that makes the status of the words of the machine', {
  ...head,
  kind: required(literal('stateMap', 'stateMap')),
  input: required(alias('the signal')),
  map: required(mapOf(status, { says: 'what the words of the machine mean', names: anyWord, least: 1, most: 500 })),
  transitional: defaulting(
    listOf(word({ says: 'a word of the machine', orWritten: true }), {
      says: 'words that are told only when they last',
      most: 100,
    }),
    [],
  ),
  transitionalAfter: defaulting(duration('how long a transitional word lasts before it is told'), 60_000, '60s'),
  otherwise: defaulting(status, 'unknown'),
  debounce: defaulting(duration('how long a word holds before it is told'), 0, '0s'),
  debounceOffline: optional(duration('the same for offline')),
  debounceLost: optional(duration('how long a source may have lost its connection before the machine is offline')),
  recoverAfter: defaulting(duration('how long a word holds after offline before it is told'), 0, '0s'),
  emit: optional(emit),
});

const availability = object('a rule by which the whole machine is there or is not', {
  ...head,
  kind: required(literal('availability', 'availability')),
  input: required(alias('the signal that says AVAILABLE or UNAVAILABLE')),
  emit: optional(emit),
});

const EDGES = ['rising', 'falling', 'changed'] as const;

const edge = object('a rule that tells of the moment at which a signal changes', {
  ...head,
  kind: required(literal('edge', 'edge')),
  input: required(alias('the signal')),
  on: defaulting(oneOf('an edge', EDGES), 'rising'),
  when: optional(expression('what must hold at that moment')),
  alarm: optional(alarm),
  data: defaulting(expressions('members of the event'), []),
  emit: required(alwaysEmit),
});

const limit = (says: string) => optional(number({ says }));

const threshold = object('a rule that raises an alarm by a limit', {
  ...head,
  kind: required(literal('threshold', 'threshold')),
  input: required(alias('the signal')),
  raiseAbove: limit('the value above which it is raised'),
  clearBelow: limit('the value below which it is cleared'),
  raiseBelow: limit('the value below which it is raised'),
  clearAbove: limit('the value above which it is cleared'),
  onDelay: defaulting(duration('how long it must be beyond before it is raised'), 0, '0s'),
  offDelay: defaulting(duration('how long it must be back before it is cleared'), 0, '0s'),
  latched: defaulting(flag('whether it stays until someone acknowledges it'), false),
  alarm: optional(alarm),
  emit: optional(emit),
});

const condition = object('a rule for alarms that the machine itself raises', {
  ...head,
  kind: required(literal('condition', 'condition')),
  source: optional(alias('the source')),
  key: optional(expression('what makes two alarms one, over item, nativeCode, nativeSeverity and qualifier')),
  clearOnEmptyCode: defaulting(flag('whether Normal without a code clears all of its item'), true),
  reconnectNormalClears: defaulting(flag('whether Normal after a reconnect clears'), true),
  maxRate: optional(rate('how many raised alarms are a flood')),
  emit: optional(emit),
});

const counter = object('a rule that counts', {
  ...head,
  kind: required(literal('counter', 'counter')),
  input: required(alias('the signal')),
  modulus: optional(
    number({
      says: 'the raw step at which it begins again at 0, a whole number above 1',
      whole: true,
      least: 2,
    }),
  ),
  maxStep: optional(number({ says: 'the largest step that is believed, above 0', above: 0 })),
  onDecrease: defaulting(oneOf('what a fall means', ['auto', 'reset', 'rollover'] as const), 'auto'),
  zeroBased: defaulting(flag('whether it begins at 0 after a reset, so that its value is what was made since'), true),
  emit: optional(emit),
});

const watchdog = object('a rule that notices silence', {
  ...head,
  kind: required(literal('watchdog', 'watchdog')),
  source: optional(alias('the source')),
  timeout: defaulting(duration('the silence after which the machine is offline'), 30_000, '30s'),
  recoverAfter: defaulting(duration('how long it must be heard before it is believed again'), 10_000, '10s'),
  emit: optional(emit),
});

const run = object('a rule that tells of a run from its start to its end', {
  ...head,
  kind: required(literal('run', 'run')),
  start: required(expression('when a run begins')),
  end: required(expression('when it ends')),
  settle: defaulting(duration('how long counters are waited for after the end'), 2_000, '2s'),
  maxOpen: defaulting(duration('how long a run can be'), 86_400_000, '24h'),
  counters: defaulting(
    oneOrMore(word({ says: 'the id of a counter rule' }), { says: 'ids of counter rules', most: 50 }),
    [],
  ),
  program: optional(alias('the signal that names the program')),
  emit: optional(emit),
});

const expr = object('a rule that computes a further signal, whose name is the id of the rule', {
  ...head,
  id: required(alias('the name of the signal that it makes')),
  kind: required(literal('expr', 'expr')),
  value: required(expression('what it is')),
  unit: optional(text({ says: 'a UCUM unit', most: 32 })),
  when: optional(expression('when the event is told')),
  data: defaulting(expressions('members of the event'), []),
  emit: optional(emit),
});

const passthrough = object('a rule for a message that is an event already', {
  ...head,
  kind: required(literal('passthrough', 'passthrough')),
  input: required(alias('the signal, of type json')),
  type: optional(expression('the type of the event, over message')),
  data: optional(expression('the data of the event, over message')),
  key: optional(expression('what makes two messages one, over message')),
  emit: optional(alwaysEmit),
});

export const TRIGGER = /^[A-Za-z][A-Za-z0-9_]{0,63}\.(changed|rising|falling)$/;
const trigger = word({
  says: '<signal>.changed, .rising or .falling',
  pattern: TRIGGER,
  examples: ['bundleNumber.changed'],
});
const opening = word({
  says: '<signal>.changed, .rising or .falling, or firstPiece',
  pattern: /^(firstPiece|[A-Za-z][A-Za-z0-9_]{0,63}\.(changed|rising|falling))$/,
  examples: ['firstPiece', 'bundleNumber.changed'],
});

const reason = object('where a reason comes from', {
  input: required(alias('the signal that gives the code')),
  attribute: required(oneOf('what a code belongs to', ['last-unassigned', 'last-closed-or-open', 'next'] as const)),
  window: defaulting(duration('how long after a stop or a scrapped part its code may still come'), 600_000, '10m'),
  default: defaulting(text({ says: 'the reason of what no code was given for', most: 64, orWritten: true }), '0'),
});

const bundle = object('a rule that adds up a bundle', {
  ...head,
  kind: required(literal('bundle', 'bundle')),
  open: required(
    object('what opens a bundle', { on: required(oneOrMore(opening, { says: 'what opens a bundle', most: 10 })) }),
  ),
  close: required(
    object('what closes a bundle', {
      on: required(trigger),
      settle: defaulting(duration('how long what is late is waited for'), 2_000, '2s'),
      alsoOn: defaulting(oneOrMore(trigger, { says: 'what closes it at once', most: 10 }), []),
    }),
  ),
  start: defaulting(
    oneOf('what StartTime is', ['first-running-after-open', 'open'] as const),
    'first-running-after-open',
  ),
  key: required(expression('BundleCode')),
  fields: defaulting(expressions('members of the result'), []),
  lengths: required(
    object('the counters of length', {
      good: required(alias('the counter of good length')),
      scrap: optional(alias('the counter of scrap')),
      reclaimed: optional(alias('the counter of reclaimed length')),
      canonical: defaulting(text({ says: 'a UCUM unit of length', most: 32 }), '[in_i]'),
      round: defaulting(number({ says: 'the decimals of the result, from 0 to 9', whole: true, least: 0, most: 9 }), 3),
      maxStep: optional(number({ says: 'the largest step that is believed, in canonical, above 0', above: 0 })),
    }),
  ),
  reasons: optional(object('reasons', { scrap: optional(reason), delay: optional(reason) })),
  time: optional(
    object('what is run and what is delay', {
      run: optional(expression('when it runs')),
      delay: optional(expression('when it is a delay')),
      gap: defaulting(oneOf('what time without knowledge is', ['bridge', 'unknown', 'delay'] as const), 'bridge'),
    }),
  ),
  coils: optional(
    object('coils', {
      splitOn: required(alias('the signal that names the coil')),
      fields: defaulting(expressions('members of an entry of CoilsUsed'), []),
    }),
  ),
  items: optional(
    object('items', {
      key: required(alias('the signal that names the item')),
      quantityDone: required(alias('the counter of its pieces')),
      length: optional(alias('the length that was asked for')),
      piece: optional(alias('the length of a piece that was made')),
      fields: defaulting(expressions('members of an entry of Items'), []),
    }),
  ),
  weight: optional(
    object('the weight', {
      input: optional(alias('the signal that gives it')),
      else: optional(expression('the weight where no signal gives it')),
    }),
  ),
  enrich: defaulting(expressions('blocks of master data'), []),
  emit: optional(alwaysEmit),
});

const RULES = { stateMap, availability, edge, threshold, condition, counter, watchdog, run, expr, passthrough, bundle };

type ReadOf<S> = S extends Shape<infer T> ? T : never;
export type WrittenRule = { [K in keyof typeof RULES]: ReadOf<(typeof RULES)[K]> }[keyof typeof RULES];
export type Written<K extends WrittenRule['kind']> = Extract<WrittenRule, { kind: K }>;
export const RULE_KINDS = Object.keys(RULES) as WrittenRule['kind'][];

export const rule: Shape<WrittenRule> = taggedBy<WrittenRule>(
  'kind',
  'a rule',
  RULES as { readonly [kind: string]: Shape<WrittenRule> },
);
export type { Read, Word };
