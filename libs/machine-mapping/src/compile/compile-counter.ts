import { A_NUMBER, inputOf } from './compile-context';
import type { CompileRule } from './compile-rule-of';
import { emittedType } from './event-type';

export const compileCounter: CompileRule<'counter'> = (context, rule) => {
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
