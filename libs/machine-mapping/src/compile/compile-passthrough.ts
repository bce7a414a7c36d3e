import { quoted } from '../document/did-you-mean';
import type { Locals } from '../expression/vocabulary';
import { A_VALUE, inputOf, optionalExpression } from './compile-context';
import type { CompileRule } from './compile-rule-of';
import { emittedType } from './event-type';

const OF_MESSAGE: Locals = { message: 'dyn' };

export const compilePassthrough: CompileRule<'passthrough'> = (context, rule) => {
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
