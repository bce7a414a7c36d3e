import { type ASTNode, Environment, type EvaluationError, type ParseError } from '@marcbachmann/cel-js';
import { type Expression, ExpressionFailed, type ExpressionValue, type Scope } from '@millrace/domain';
import { registerCalls } from './calls';
import { edgeHolds } from './edge';
import { type Stand, withoutEdges } from './edge-stand-ins';
import { type ExpressionProblem, type ExpressionWarning, problemOf } from './expression-problem';
import { fromEvaluator, toEvaluator, type ValueType } from './expression-value';
import { UsedNames } from './used-names';
import type { Locals, Vocabulary } from './vocabulary';
import { asWanted, misfitOf, type Wanted } from './wanted';

export type Compiled =
  | {
      readonly kind: 'compiled';
      readonly expression: Expression;
      readonly type: ValueType;
      readonly warnings: readonly ExpressionWarning[];
    }
  | { readonly kind: 'refused'; readonly problems: readonly ExpressionProblem[] };

export const EXPRESSION_LIMITS = {
  maxAstNodes: 400,
  maxDepth: 24,
  maxListElements: 100,
  maxMapEntries: 100,
  maxCallArguments: 8,
} as const;

const ALWAYS_KNOWN = ['job', 'material', 'tooling'];

class MasterData {}

const withCalls = (): Environment => {
  const environment = new Environment({ limits: EXPRESSION_LIMITS, homogeneousAggregateLiterals: false });
  registerCalls(environment);
  environment.registerType('MasterData', MasterData);
  environment.registerConstant('masterdata', 'MasterData', new MasterData());
  return environment;
};

/** Made once: what is registered with a copy stays with the copy. */
const CALLS = withCalls();

const SCOPE = Symbol('scope');
type Reader = { [SCOPE]: Scope };

/** Compiles the expressions of one mapping, checked against its names and their types. */
export class ExpressionCompiler {
  private readonly masterKinds: readonly string[];
  private readonly environments = new Map<string, Environment>();

  constructor(private readonly vocabulary: Vocabulary) {
    this.masterKinds = [...new Set([...vocabulary.masterData.keys(), ...ALWAYS_KNOWN])];
  }

  compile(text: string, wanted: Wanted, locals: Locals = {}): Compiled {
    const environment = this.environmentOf(locals);
    let ast: ASTNode;
    try {
      ast = environment.parse(text).ast;
    } catch (error) {
      return { kind: 'refused', problems: [problemOf(error as ParseError, text)] };
    }
    const names = new UsedNames(this.vocabulary, locals, this.masterKinds);
    names.visit(ast);
    if (names.problems.length > 0) return { kind: 'refused', problems: names.problems };
    const stands = withoutEdges(text, names.edges);
    for (const { name } of stands.edges) if (!environment.hasVariable(name)) environment.registerVariable(name, 'bool');
    for (const name of names.read)
      if (!environment.hasVariable(name)) environment.registerVariable(name, this.vocabulary.signals.get(name)!);
    const parsed = environment.parse(stands.text);
    const checked = parsed.check();
    if (!checked.valid) return { kind: 'refused', problems: [problemOf(checked.error!, text)] };
    const type = valueType(checked.type ?? 'dyn');
    const misfit = misfitOf(type, wanted);
    if (misfit !== null) return { kind: 'refused', problems: [{ index: 0, code: 'expression_type', detail: misfit }] };
    const reader = this.readerOf(names.read, stands.edges, locals);
    const evaluate = (scope: Scope): ExpressionValue => {
      const context = Object.create(reader) as Reader;
      context[SCOPE] = scope;
      return asWanted(
        evaluated(() => parsed(context)),
        wanted,
      );
    };
    const inputs = [...new Set([...names.read, ...names.edges.map(({ edge }) => edge.alias)])].filter((name) =>
      this.vocabulary.signals.has(name),
    );
    return { kind: 'compiled', type, expression: { text, inputs, evaluate }, warnings: names.warnings };
  }

  /** Signals that an expression names; empty for one that cannot be read. */
  inputsOf(text: string): readonly string[] {
    try {
      const names = new UsedNames(this.vocabulary, {}, this.masterKinds, 0);
      names.visit(this.environmentOf({}).parse(text).ast);
      return [...new Set([...names.read, ...names.edges.map(({ edge }) => edge.alias)])];
    } catch {
      return [];
    }
  }

  private environmentOf(locals: Locals): Environment {
    const key = Object.keys(locals).join();
    let environment = this.environments.get(key);
    if (environment === undefined) {
      environment = CALLS.clone();
      for (const [name, type] of Object.entries(locals)) environment.registerVariable(name, type);
      environment.registerVariable('status', 'string');
      for (const kind of this.masterKinds)
        environment.registerFunction(
          `MasterData.${kind}(dyn): dyn`,
          (_: MasterData, key: unknown) => this.vocabulary.masterData.get(kind)?.get(String(key)) ?? null,
        );
      this.environments.set(key, environment);
    }
    return environment;
  }

  /** What the evaluator looks names up in. A name is read when it is needed, so `a.known && a > 1` asks for `a` once it is known. */
  private readerOf(read: ReadonlySet<string>, edges: readonly Stand[], locals: Locals): object {
    const reader: object = Object.create(null);
    const give = (name: string, get: (scope: Scope) => unknown) =>
      Object.defineProperty(reader, name, {
        get(this: Reader) {
          return get(this[SCOPE]);
        },
      });
    for (const name of read) {
      const local = Object.hasOwn(locals, name) ? locals[name] : undefined;
      const type = local ?? this.vocabulary.signals.get(name);
      if (local !== undefined) give(name, (scope) => toEvaluator(scope.locals[name] ?? null, local, name));
      else if (type !== undefined) give(name, (scope) => toEvaluator(scope.now.value(name), type, name));
      else if (name === 'status') give(name, (scope) => scope.now.status);
    }
    for (const { name, edge } of edges) give(name, (scope) => edgeHolds(edge, scope));
    return reader;
  }
}

const evaluated = (evaluate: () => unknown): ExpressionValue => {
  try {
    return fromEvaluator(evaluate());
  } catch (error) {
    if (error instanceof ExpressionFailed) throw error;
    throw new ExpressionFailed((error as EvaluationError).summary ?? String(error));
  }
};

const SCALARS: readonly string[] = ['bool', 'int', 'double', 'string'];
const valueType = (type: string): ValueType => (SCALARS.includes(type) ? (type as ValueType) : 'dyn');
