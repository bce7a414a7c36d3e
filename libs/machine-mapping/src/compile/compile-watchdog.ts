import { sourceOf } from './compile-context';
import type { CompileRule } from './compile-rule-of';
import { emittedType } from './event-type';

export const compileWatchdog: CompileRule<'watchdog'> = (context, rule) => {
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
