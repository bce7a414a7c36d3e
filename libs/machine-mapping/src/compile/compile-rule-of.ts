import type { Rule } from '@millrace/domain';
import type { Written, WrittenRule } from '../language/rule-shapes';
import type { CompileContext } from './compile-context';

/** Compiles the rules of one kind: what is wrong with one is in the context, and then the result is not to be used. */
export type CompileRule<K extends WrittenRule['kind']> = (
  context: CompileContext,
  rule: Written<K>,
) => Extract<Rule, { kind: K }>;
