import type { AlarmWords, Rule } from '@millrace/domain';
import { quoted, suggestion } from '../document/did-you-mean';
import type { Locals } from '../expression/expression-compiler';
import type { Written, WrittenRule } from '../language/rule-shapes';
import { wrongUnit } from '../language/ucum-hint';
import { compileBundle } from './compile-bundle';
import {
  A_FLAG,
  A_NUMBER,
  A_VALUE,
  type CompileContext,
  expressionOf,
  expressionsOf,
  inputOf,
  optionalExpression,
  optionalInput,
  sourceOf,
} from './compile-context';
import { emittedType } from './event-type';

type Compile<K extends WrittenRule['kind']> = (context: CompileContext, rule: Written<K>) => Extract<Rule, { kind: K }>;

const stateMap: Compile<'stateMap'> = (context, rule) => {
  const { problems, warnings } = context;
  const input = inputOf(context, rule.input, A_VALUE);
  const map = new Map<string, (typeof rule.map)[number]['value']>();
  for (const { name, named, value } of rule.map) {
    const word = name.trim().toUpperCase();
    if (map.has(word))
      problems.add(
        named,
        'unreachable',
        `${quoted(name)} is there already in other letters; words are compared without regard to case`,
      );
    map.set(word, value);
  }
  const words = context.signals.get(rule.input.text)?.words ?? null;
  if (words !== null) {
    const said = new Set(words.map((word) => word.trim().toUpperCase()));
    for (const { name, named } of rule.map)
      if (!said.has(name.trim().toUpperCase()))
        problems.add(
          named,
          'unreachable',
          () =>
            `${quoted(name)} is never said: it is not in the enum of ${quoted(input)}${suggestion(name, words, 'its words')}`,
        );
    for (const word of words)
      if (!map.has(word.trim().toUpperCase()))
        warnings.add(
          rule.node.place,
          'unmapped_word',
          `maps no ${quoted(word)}, which ${quoted(input)} can say; it means ${rule.otherwise}`,
        );
  }
  for (const { text, node } of rule.transitional)
    if (!map.has(text.trim().toUpperCase()))
      warnings.add(
        node.place,
        'unmapped_word',
        `${quoted(text)} is not in 'map'; when it lasts, it means ${rule.otherwise}`,
      );
  return {
    id: rule.id.text,
    kind: 'stateMap',
    emit: emittedType(context, rule.emit, 'stateMap'),
    input,
    map: Object.fromEntries(map),
    transitional: rule.transitional.map(({ text }) => text.trim().toUpperCase()),
    transitionalMs: rule.transitionalAfter,
    otherwise: rule.otherwise,
    debounceMs: rule.debounce,
    debounceOfflineMs: rule.debounceOffline,
    recoverAfterMs: rule.recoverAfter,
  };
};

const availability: Compile<'availability'> = (context, rule) => ({
  id: rule.id.text,
  kind: 'availability',
  emit: emittedType(context, rule.emit, 'availability'),
  input: inputOf(context, rule.input, A_VALUE),
});

type WrittenAlarm = Written<'threshold'>['alarm'];

/** Left out, the alarm goes by the name of its rule. */
const alarmOf = (
  rule: { readonly id: { readonly text: string }; readonly description: string | undefined },
  written: WrittenAlarm,
): AlarmWords => ({
  code: written?.code ?? rule.id.text,
  severity: written?.severity ?? 'warning',
  text: written?.text ?? rule.description?.slice(0, 256) ?? rule.id.text,
});

const edge: Compile<'edge'> = (context, rule) => {
  const isAlarm = rule.emit.text === 'machine.alarm';
  if (isAlarm && rule.on === 'changed')
    context.problems.add(
      rule.node.place,
      'conflict',
      "emits machine.alarm on 'changed', which no other edge clears; use rising or falling",
    );
  if (!isAlarm && rule.alarm !== undefined)
    context.problems.add(
      rule.alarm.node.place,
      'conflict',
      `has 'alarm' and emits ${rule.emit.text}; alarms are machine.alarm`,
    );
  return {
    id: rule.id.text,
    kind: 'edge',
    emit: emittedType(context, rule.emit, null),
    input: inputOf(context, rule.input, rule.on === 'changed' ? A_VALUE : A_FLAG),
    on: rule.on,
    when: optionalExpression(context, rule.when, 'bool'),
    alarm: isAlarm ? alarmOf(rule, rule.alarm) : null,
    data: expressionsOf(context, rule.data),
  };
};

const threshold: Compile<'threshold'> = (context, rule) => {
  const { raiseAbove, clearBelow, raiseBelow, clearAbove } = rule;
  const wrong = (detail: string) => context.problems.add(rule.node.place, 'conflict', detail);
  if ((raiseAbove === undefined) === (raiseBelow === undefined))
    wrong(
      raiseAbove === undefined
        ? "lacks a limit: 'raiseAbove' (with 'clearBelow') or 'raiseBelow' (with 'clearAbove')"
        : "has 'raiseAbove' and 'raiseBelow'; write a rule for each",
    );
  else if (raiseAbove !== undefined && clearAbove !== undefined)
    wrong("raises above a limit and so needs 'clearBelow', not 'clearAbove'");
  else if (raiseBelow !== undefined && clearBelow !== undefined)
    wrong("raises below a limit and so needs 'clearAbove', not 'clearBelow'");
  else if (raiseAbove !== undefined && clearBelow !== undefined && clearBelow > raiseAbove)
    wrong(
      `clears below ${clearBelow}, which lies above ${raiseAbove}, where it is raised; it would come and go without end`,
    );
  else if (raiseBelow !== undefined && clearAbove !== undefined && clearAbove < raiseBelow)
    wrong(
      `clears above ${clearAbove}, which lies below ${raiseBelow}, where it is raised; it would come and go without end`,
    );
  return {
    id: rule.id.text,
    kind: 'threshold',
    emit: emittedType(context, rule.emit, 'threshold'),
    input: inputOf(context, rule.input, A_NUMBER),
    raiseAbove: raiseAbove ?? null,
    clearBelow: raiseAbove === undefined ? null : (clearBelow ?? raiseAbove),
    raiseBelow: raiseBelow ?? null,
    clearAbove: raiseBelow === undefined ? null : (clearAbove ?? raiseBelow),
    onDelayMs: rule.onDelay,
    offDelayMs: rule.offDelay,
    latched: rule.latched,
    alarm: alarmOf(rule, rule.alarm),
  };
};

const OF_CONDITION: Locals = { item: 'string', nativeCode: 'string', nativeSeverity: 'string', qualifier: 'string' };

const condition: Compile<'condition'> = (context, rule) => ({
  id: rule.id.text,
  kind: 'condition',
  emit: emittedType(context, rule.emit, 'condition'),
  source: sourceOf(context, rule.source),
  key: optionalExpression(context, rule.key, 'text', OF_CONDITION),
  clearOnEmptyCode: rule.clearOnEmptyCode,
  reconnectNormalClears: rule.reconnectNormalClears,
  maxRate: rule.maxRate ?? null,
});

const counter: Compile<'counter'> = (context, rule) => {
  const ofSignal = context.signals.get(rule.input.text)?.modulus ?? null;
  if (rule.modulus !== undefined && ofSignal !== null && ofSignal !== rule.modulus)
    context.problems.add(
      rule.node.place,
      'conflict',
      `has the modulus ${rule.modulus}, and its signal has ${ofSignal}; keep one of them`,
    );
  const modulus = rule.modulus ?? ofSignal;
  if (rule.onDecrease === 'rollover' && modulus === null)
    context.problems.add(
      rule.node.place,
      'conflict',
      "takes a fall for a rollover and has no 'modulus'; say at which value it begins again",
    );
  if (rule.onDecrease === 'auto' && modulus !== null && rule.maxStep === undefined)
    context.warnings.add(
      rule.node.place,
      'no_max_step',
      "has a 'modulus' and no 'maxStep', so every reset is taken for a rollover; say the largest step that is believed",
    );
  return {
    id: rule.id.text,
    kind: 'counter',
    emit: emittedType(context, rule.emit, 'counter'),
    input: inputOf(context, rule.input, A_NUMBER),
    modulus,
    maxStep: rule.maxStep ?? null,
    onDecrease: rule.onDecrease,
    zeroBased: rule.zeroBased,
  };
};

const watchdog: Compile<'watchdog'> = (context, rule) => {
  if (rule.timeout === 0)
    context.problems.add(
      rule.node.place,
      'bad_value',
      "has the timeout 0, by which the machine is never there; write for example '30s'",
    );
  return {
    id: rule.id.text,
    kind: 'watchdog',
    emit: emittedType(context, rule.emit, 'watchdog'),
    source: sourceOf(context, rule.source),
    timeoutMs: rule.timeout,
    recoverAfterMs: rule.recoverAfter,
  };
};

const run: Compile<'run'> = (context, rule) => {
  const counters = [...context.ruleKinds].flatMap(([id, kind]) => (kind === 'counter' ? [id] : []));
  for (const { text, node } of rule.counters) {
    const kind = context.ruleKinds.get(text);
    if (kind === undefined)
      context.problems.add(
        node.place,
        'unknown_rule',
        () => `${quoted(text)} is no rule of this mapping${suggestion(text, counters, 'counter rules')}`,
      );
    else if (kind !== 'counter')
      context.problems.add(
        node.place,
        'unknown_rule',
        () =>
          `${quoted(text)} is a rule of kind ${kind}; a run has counters${suggestion(text, counters, 'counter rules')}`,
      );
  }
  if (rule.emit === null)
    context.problems.add(
      rule.node.place,
      'missing_emit',
      'tells nothing, and nothing else looks at a run; leave out emit, or name a type',
    );
  return {
    id: rule.id.text,
    kind: 'run',
    emit: emittedType(context, rule.emit, 'run'),
    start: expressionOf(context, rule.start, 'bool'),
    end: expressionOf(context, rule.end, 'bool'),
    settleMs: rule.settle,
    maxOpenMs: rule.maxOpen,
    counters: rule.counters.map(({ text }) => text),
    program: optionalInput(context, rule.program, A_VALUE),
  };
};

const expr: Compile<'expr'> = (context, rule) => {
  const wrong = rule.unit === undefined ? null : wrongUnit(rule.unit);
  if (wrong !== null) context.problems.add(rule.node.members.get('unit')!.node.place, 'unknown_unit', wrong);
  const emit = emittedType(context, rule.emit, null);
  if (emit === null && (rule.when !== undefined || rule.data.length > 0))
    context.problems.add(
      rule.node.place,
      'missing_emit',
      "has 'when' or 'data' and no 'emit', so it tells nothing; name the type of the event",
    );
  return {
    id: rule.id.text,
    kind: 'expr',
    emit,
    value: expressionOf(context, rule.value, 'any'),
    unit: rule.unit ?? null,
    when: optionalExpression(context, rule.when, 'bool'),
    data: expressionsOf(context, rule.data),
  };
};

const OF_MESSAGE: Locals = { message: 'dyn' };

const passthrough: Compile<'passthrough'> = (context, rule) => {
  const facts = context.signals.get(rule.input.text);
  if (facts === undefined) inputOf(context, rule.input, A_VALUE);
  else if (!facts.isJson)
    context.problems.add(
      rule.input.node.place,
      'wrong_type',
      `${quoted(rule.input.text)} must be declared with type json: its value is the message`,
    );
  if (rule.emit === undefined && rule.type === undefined)
    context.problems.add(
      rule.node.place,
      'missing_emit',
      "lacks the type of its events: 'emit', or 'type' with an expression over message",
    );
  if (rule.emit !== undefined && rule.type !== undefined)
    context.problems.add(rule.node.place, 'conflict', "has 'emit' and 'type'; the type of its events is one of them");
  return {
    id: rule.id.text,
    kind: 'passthrough',
    emit: emittedType(context, rule.emit, null),
    input: rule.input.text,
    type: optionalExpression(context, rule.type, 'text', OF_MESSAGE),
    data: optionalExpression(context, rule.data, 'any', OF_MESSAGE),
    key: optionalExpression(context, rule.key, 'text', OF_MESSAGE),
  };
};

export const compileRule = (context: CompileContext, rule: WrittenRule): Rule => {
  switch (rule.kind) {
    case 'stateMap':
      return stateMap(context, rule);
    case 'availability':
      return availability(context, rule);
    case 'edge':
      return edge(context, rule);
    case 'threshold':
      return threshold(context, rule);
    case 'condition':
      return condition(context, rule);
    case 'counter':
      return counter(context, rule);
    case 'watchdog':
      return watchdog(context, rule);
    case 'run':
      return run(context, rule);
    case 'expr':
      return expr(context, rule);
    case 'passthrough':
      return passthrough(context, rule);
    case 'bundle':
      return compileBundle(context, rule);
  }
};
