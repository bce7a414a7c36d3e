import type { Locals } from '../expression/vocabulary';
import { optionalExpression, sourceOf } from './compile-context';
import type { CompileRule } from './compile-rule-of';
import { emittedType } from './event-type';

const OF_CONDITION: Locals = { item: 'string', nativeCode: 'string', nativeSeverity: 'string', qualifier: 'string' };

export const compileCondition: CompileRule<'condition'> = (context, rule) => ({
  id: rule.id.text,
  kind: 'condition',
  emit: emittedType(context, rule.emit, 'condition'),
  source: sourceOf(context, rule.source),
  key: optionalExpression(context, rule.key, 'text', OF_CONDITION),
  clearOnEmptyCode: rule.clearOnEmptyCode,
  reconnectNormalClears: rule.reconnectNormalClears,
  maxRate: rule.maxRate ?? null,
});
