import { type AliasName, type Expression, ExpressionFailed, type Trigger } from '@millrace/domain';
import { quoted, suggestion } from '../document/did-you-mean';
import type { ProblemList } from '../document/mapping-problem';
import type { ExpressionCompiler } from '../expression/expression-compiler';
import type { ValueType } from '../expression/expression-value';
import type { Locals } from '../expression/vocabulary';
import type { Wanted } from '../expression/wanted';
import { type NamedEntry } from '../language/map-shape';
import { type Word } from '../language/shape';
import type { SourceType } from '../language/source-shape';

/** What is known of a signal before the rules are looked at; also of one that an expr rule makes. */
export interface SignalFacts {
  readonly type: ValueType;
  readonly unit: string | null;
  readonly words: readonly string[] | null;
  readonly isJson: boolean;
  readonly modulus: number | null;
  /** Of the source that it comes from; null where that cannot be told. */
  readonly sourceType: SourceType | null;
}

/** What the parts of a mapping are checked against, and where what is wrong goes. */
export interface CompileContext {
  readonly problems: ProblemList;
  readonly warnings: ProblemList;
  /** Names of all sources, signals and rules that are written, whether or not they are right: one mistake is told once. */
  readonly sources: ReadonlySet<string>;
  readonly signals: ReadonlyMap<AliasName, SignalFacts>;
  readonly ruleKinds: ReadonlyMap<string, string>;
  readonly expressions: ExpressionCompiler;
  /** Values of expr rules; they are compiled before all else, for what reads them is checked by their types. */
  readonly computed: ReadonlyMap<AliasName, Expression>;
}

export interface TypedExpression {
  readonly expression: Expression;
  readonly type: ValueType;
}

/** Stands where an expression is refused; the mapping is refused with it. */
const NEVER: TypedExpression = {
  type: 'dyn',
  expression: {
    text: '',
    inputs: [],
    evaluate: () => {
      throw new ExpressionFailed('is not usable');
    },
  },
};

export const typedExpressionOf = (
  { problems, warnings, expressions }: Pick<CompileContext, 'problems' | 'warnings' | 'expressions'>,
  word: Word,
  wanted: Wanted,
  locals: Locals = {},
): TypedExpression => {
  if (problems.isFull) return NEVER;
  const compiled = expressions.compile(word.text, wanted, locals);
  if (compiled.kind === 'compiled') {
    for (const { index, code, detail } of compiled.warnings) warnings.add(word.node.placeAt(index), code, detail);
    return compiled;
  }
  for (const { index, code, detail } of compiled.problems) problems.add(word.node.placeAt(index), code, detail);
  return NEVER;
};

export const expressionOf = (context: CompileContext, word: Word, wanted: Wanted, locals: Locals = {}): Expression =>
  typedExpressionOf(context, word, wanted, locals).expression;

export const optionalExpression = (
  context: CompileContext,
  word: Word | undefined,
  wanted: Wanted,
  locals: Locals = {},
): Expression | null => (word === undefined ? null : expressionOf(context, word, wanted, locals));

/** By the order of their names, so that what is folded follows from the hash alone. */
export const expressionsOf = (
  context: CompileContext,
  entries: readonly NamedEntry<Word>[],
  locals: Locals = {},
): { readonly [member: string]: Expression } =>
  Object.fromEntries(
    [...entries]
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .map(({ name, value }) => [name, expressionOf(context, value, 'any', locals)]),
  );

export interface Needs {
  /** What it must be; null: anything but a message. */
  readonly types: readonly ValueType[] | null;
  /** For the sentence: `a number`. */
  readonly says: string;
}
export const A_NUMBER: Needs = { types: ['int', 'double'], says: 'a number' };
export const A_FLAG: Needs = { types: ['bool', 'int'], says: 'true or false' };
export const A_VALUE: Needs = { types: null, says: 'a single value' };

export const inputOf = (context: CompileContext, word: Word, needs: Needs): AliasName => {
  const facts = context.signals.get(word.text);
  if (facts === undefined) {
    context.problems.add(
      word.node.place,
      'unknown_signal',
      () =>
        `${quoted(word.text)} is no signal of this mapping${suggestion(word.text, [...context.signals.keys()], 'signals')}`,
    );
  } else if (facts.isJson || (needs.types !== null && facts.type !== 'dyn' && !needs.types.includes(facts.type))) {
    const is = facts.isJson ? 'json' : facts.type;
    context.problems.add(word.node.place, 'wrong_type', `${quoted(word.text)} is ${is}; this needs ${needs.says}`);
  }
  return word.text;
};

export const optionalInput = (context: CompileContext, word: Word | undefined, needs: Needs): AliasName | null =>
  word === undefined ? null : inputOf(context, word, needs);

export const sourceOf = (context: CompileContext, word: Word | undefined): string | null => {
  if (word === undefined) return null;
  if (!context.sources.has(word.text)) {
    context.problems.add(
      word.node.place,
      'unknown_source',
      () =>
        `${quoted(word.text)} is no source of this mapping${suggestion(word.text, [...context.sources], 'sources')}`,
    );
  }
  return word.text;
};

/** The form was checked: `<signal>.<kind>`. */
export const triggerOf = (context: CompileContext, word: Word): Trigger => {
  const dot = word.text.indexOf('.');
  const alias = word.text.slice(0, dot);
  const kind = word.text.slice(dot + 1) as Trigger['kind'];
  inputOf(context, { ...word, text: alias }, kind === 'changed' ? A_VALUE : A_FLAG);
  return { kind, alias };
};
