import { alarmOf } from './alarm-words';
import { A_FLAG, A_VALUE, expressionsOf, inputOf, optionalExpression } from './compile-context';
import type { CompileRule } from './compile-rule-of';
import { emittedType } from './event-type';

export const compileEdge: CompileRule<'edge'> = (context, rule) => {
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
