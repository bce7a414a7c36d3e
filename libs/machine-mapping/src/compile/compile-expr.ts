import { wrongUnit } from '../language/ucum-hint';
import { expressionsOf, optionalExpression } from './compile-context';
import type { CompileRule } from './compile-rule-of';
import { emittedType } from './event-type';

export const compileExpr: CompileRule<'expr'> = (context, rule) => {
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
    value: context.computed.get(rule.id.text)!,
    unit: rule.unit ?? null,
    when: optionalExpression(context, rule.when, 'bool'),
    data: expressionsOf(context, rule.data),
  };
};
