import { A_VALUE, inputOf } from './compile-context';
import type { CompileRule } from './compile-rule-of';
import { emittedType } from './event-type';

export const compileAvailability: CompileRule<'availability'> = (context, rule) => ({
  id: rule.id.text,
  kind: 'availability',
  emit: emittedType(context, rule.emit, 'availability'),
  input: inputOf(context, rule.input, A_VALUE),
});
