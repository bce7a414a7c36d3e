import { quoted, suggestion } from '../document/did-you-mean';
import { A_VALUE, expressionOf, optionalInput } from './compile-context';
import type { CompileRule } from './compile-rule-of';
import { emittedType } from './event-type';

export const compileRun: CompileRule<'run'> = (context, rule) => {
  const counters = [...context.ruleKinds].flatMap(([id, kind]) => (kind === 'counter' ? [id] : []));
  for (const { text, node } of rule.counters) {
    const kind = context.ruleKinds.get(text);
    if (kind === undefined)
      context.problems.add(
        node.place,
        'unknown_rule',
        () => `${quoted(text)} is no rule of this mapping${suggestion(text, counters, 'counter rules')}`,
      );
    // One that says no kind is told of where it stands.
    else if (kind !== 'counter' && kind !== '')
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
