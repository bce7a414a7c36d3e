import {
  type ASTNode,
  Environment,
  type EvaluationError,
  type ParseError,
  type TypeError as WrongType,
} from '@marcbachmann/cel-js';
import { type Expression, ExpressionFailed, type ExpressionValue, type Scope } from '@millrace/domain';
import { quoted, suggestion } from '../document/did-you-mean';
import type { PlainValue } from '../document/document-node';
import { EDGE_WORDS, type EdgeWord, FUNCTIONS, METHODS, registerCalls } from './calls';
import { type Edge, edgeHolds } from './edge';
import { fromEvaluator, toEvaluator, type ValueType } from './expression-value';

/** Names that expressions of one mapping can use. */
export interface Vocabulary {
  /** Signals by their aliases, with what they are. */
  readonly signals: ReadonlyMap<string, ValueType>;
  /** UCUM units of those that have one. */
  readonly units: ReadonlyMap<string, string>;
  /** Signals that a stateMap reads: `.edge()` of these knows the words of the status too. */
  readonly statusInputs: ReadonlySet<string>;
  /** Blocks by kind and key. */
  readonly masterData: ReadonlyMap<string, ReadonlyMap<string, PlainValue>>;
}

/** Names that stand for no signal, with what they are: `message`, `item`, `nativeCode`. */
export type Locals = { readonly [name: string]: ValueType };

export interface ExpressionProblem {
  /** Where in the text of the expression. */
  readonly index: number;
  readonly code: string;
  readonly detail: string;
}

export type Compiled =
  | { readonly kind: 'compiled'; readonly expression: Expression; readonly type: ValueType }
  | { readonly kind: 'refused'; readonly problems: readonly ExpressionProblem[] };

/** What the place of an expression takes. */
export type Wanted = 'bool' | 'text' | 'number' | 'any';

export const EXPRESSION_LIMITS = {
  maxAstNodes: 400,
  maxDepth: 24,
  maxListElements: 100,
  maxMapEntries: 100,
  maxCallArguments: 8,
} as const;

/** Names that no signal can have, because an expression means something else by them. */
export const RESERVED_NAMES: ReadonlySet<string> = new Set([
  ...[
    'status',
    'masterdata',
    'true',
    'false',
    'null',
    'in',
    'as',
    'break',
    'const',
    'continue',
    'else',
    'for',
    'function',
  ],
  ...[
    'if',
    'import',
    'let',
    'loop',
    'package',
    'namespace',
    'return',
    'var',
    'void',
    'while',
    'prototype',
    'google',
    'cel',
  ],
  ...[
    'int',
    'uint',
    'double',
    'bool',
    'string',
    'bytes',
    'list',
    'map',
    'type',
    'null_type',
    'dyn',
    'optional',
    'timestamp',
    'duration',
  ],
  ...FUNCTIONS,
]);

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
    const names = new Names(this.vocabulary, locals, this.masterKinds);
    names.visit(ast);
    if (names.problems.length > 0) return { kind: 'refused', problems: names.problems };
    const stands = withoutEdges(text, names.edges);
    for (const { name } of stands.edges) if (!environment.hasVariable(name)) environment.registerVariable(name, 'bool');
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
    return { kind: 'compiled', type, expression: { text, inputs, evaluate } };
  }

  /** Signals that an expression names; empty for one that cannot be read. */
  inputsOf(text: string): readonly string[] {
    try {
      const names = new Names(this.vocabulary, {}, this.masterKinds, 0);
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
      for (const [name, type] of this.vocabulary.signals)
        if (!Object.hasOwn(locals, name)) environment.registerVariable(name, type);
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

/** Of what the type checker knows nothing of, a number is taken for its digits. */
const asText = (value: ExpressionValue): string => {
  if (value === null || typeof value === 'object') throw new ExpressionFailed('gives no text');
  return String(value);
};

const asWanted = (value: ExpressionValue, wanted: Wanted): ExpressionValue => {
  if (wanted === 'bool' && typeof value !== 'boolean') throw new ExpressionFailed('gives neither true nor false');
  if (wanted === 'text') return asText(value);
  if (wanted === 'number' && typeof value !== 'number' && typeof value !== 'bigint')
    throw new ExpressionFailed('gives no number');
  return value;
};

const SCALARS: readonly string[] = ['bool', 'int', 'double', 'string'];
const valueType = (type: string): ValueType => (SCALARS.includes(type) ? (type as ValueType) : 'dyn');

const misfitOf = (type: ValueType, wanted: Wanted): string | null => {
  if (type === 'dyn' || wanted === 'any') return null;
  switch (wanted) {
    case 'bool':
      return type === 'bool' ? null : `must be true or false, and is ${type}; compare it with something`;
    case 'text':
      return type === 'string' ? null : `must be text, and is ${type}; write string(…)`;
    case 'number':
      return type === 'int' || type === 'double' ? null : `must be a number, and is ${type}`;
  }
};

interface FoundEdge {
  readonly start: number;
  readonly end: number;
  readonly edge: Edge;
}
interface Stand {
  readonly name: string;
  readonly edge: Edge;
}

/**
 * `a.changed` is no member of a number, so the type checker is given a name of the same length in its place, one that no
 * signal can have. What it finds wrong then still stands where the author wrote it.
 */
const withoutEdges = (text: string, edges: readonly FoundEdge[]): { text: string; edges: Stand[] } => {
  let changed = text;
  const stands = edges.map(({ start, end, edge }, n) => {
    const name = `_e${n}`.padEnd(end - start, '_');
    changed = changed.slice(0, start) + name + changed.slice(end);
    return { name, edge };
  });
  return { text: changed, edges: stands };
};

/** What is told of one expression. */
const PROBLEMS_OF_ONE = 10;

const OF_ONE_UNIT: ReadonlySet<string> = new Set(['+', '-', '<', '<=', '>', '>=', '==', '!=']);

/** The names that an expression uses, and what is wrong with them: all of it, where the type checker stops at the first. */
class Names {
  readonly problems: ExpressionProblem[] = [];
  readonly read = new Set<string>();
  readonly edges: FoundEdge[] = [];

  constructor(
    private readonly vocabulary: Vocabulary,
    private readonly locals: Locals,
    private readonly masterKinds: readonly string[],
    private readonly problemsTold = PROBLEMS_OF_ONE,
  ) {}

  visit(node: ASTNode): void {
    switch (node.op) {
      case 'id':
        this.name(node.args, node.start);
        return;
      case 'value':
        this.literal(node.args, node.start);
        return;
      case '.':
      case '.?':
        this.member(node.args[0], node.args[1], node);
        return;
      case 'call':
        this.call(node.args[0], node.start);
        this.all(node.args[1]);
        return;
      case 'rcall':
        this.method(node.args[0], node.args[1], node.args[2], node);
        return;
      case 'map':
        for (const [key, value] of node.args) this.all([key, value]);
        return;
      case '!_':
      case '-_':
        this.visit(node.args);
        return;
      default:
        this.units(node);
        this.all(node.args as readonly ASTNode[]);
    }
  }

  /** Inches and millimetres are not to be added up or compared as they stand. */
  private units({ op, args, start }: ASTNode): void {
    if (!OF_ONE_UNIT.has(op)) return;
    const sides = (args as readonly ASTNode[]).map((side) =>
      side.op === 'id' && this.isSignal(side.args) ? side.args : null,
    );
    const [left, right] = sides.map((name) => (name === null ? undefined : this.vocabulary.units.get(name)));
    if (left === undefined || right === undefined || left === right) return;
    const of = `${quoted(sides[0]!)} is in ${left} and ${quoted(sides[1]!)} in ${right}`;
    this.add(start, 'mixed_units', `${of}; multiply one so that both are in one unit`);
  }

  private all(nodes: readonly ASTNode[]): void {
    for (const node of nodes) this.visit(node);
  }

  private name(name: string, index: number): void {
    if (this.isKnown(name)) {
      this.read.add(name);
      return;
    }
    const what = name === 'masterdata' ? "'masterdata' stands for nothing alone; write masterdata.job(ordId)" : null;
    const known = [...Object.keys(this.locals), ...this.vocabulary.signals.keys(), 'status'];
    this.add(
      index,
      'unknown_name',
      () => what ?? `${quoted(name)} is no signal of this mapping${suggestion(name, known, 'the names')}`,
    );
  }

  private isKnown(name: string): boolean {
    return name === 'status' || this.isSignal(name) || Object.hasOwn(this.locals, name);
  }

  private isSignal(name: string): boolean {
    return this.vocabulary.signals.has(name) && !Object.hasOwn(this.locals, name);
  }

  private literal(value: unknown, index: number): void {
    if (typeof value === 'object' && value !== null)
      this.add(index, 'expression_syntax', 'has a literal of bytes or of an unsigned integer; write text or a number');
  }

  private member(of: ASTNode, name: string, node: ASTNode): void {
    if (of.op === 'id' && this.isSignal(of.args)) {
      const edge = EDGE_WORDS.find((known) => known === name);
      if (edge !== undefined) {
        this.edge(of.args, edge, node);
        return;
      }
      const type = this.vocabulary.signals.get(of.args);
      if (type !== 'dyn') {
        const hint = suggestion(name, [...EDGE_WORDS], 'they');
        this.add(node.start, 'unknown_name', `${quoted(of.args)} is ${type} and has no member ${quoted(name)}${hint}`);
        return;
      }
    }
    this.visit(of);
  }

  private edge(alias: string, kind: EdgeWord, node: ASTNode): void {
    const type = this.vocabulary.signals.get(alias)!;
    if ((kind === 'rising' || kind === 'falling') && (type === 'string' || type === 'double'))
      this.add(
        node.start,
        'expression_type',
        `${quoted(alias)} is ${type}; only what is true or false is ${kind}, use .changed`,
      );
    this.edges.push({ start: node.start, end: node.end, edge: { kind, alias } });
  }

  private call(name: string, index: number): void {
    if (FUNCTIONS.has(name)) return;
    const hint = METHODS.has(name) ? `; it is written x.${name}(…)` : suggestion(name, [...FUNCTIONS], 'functions');
    this.add(index, 'unknown_function', `${quoted(name)} is no function that is known here${hint}`);
  }

  private method(name: string, of: ASTNode, given: readonly ASTNode[], node: ASTNode): void {
    if (of.op === 'id' && of.args === 'masterdata') {
      if (!this.masterKinds.includes(name))
        this.add(
          node.start,
          'unknown_function',
          () => `masterData has no kind ${quoted(name)}${suggestion(name, this.masterKinds, 'its kinds')}`,
        );
      this.all(given);
      return;
    }
    if (name === 'edge') {
      this.wordEdge(of, given, node);
      return;
    }
    if (!METHODS.has(name)) {
      const hint = FUNCTIONS.has(name)
        ? `; it is written ${name}(…)`
        : suggestion(name, [...METHODS, 'edge'], 'methods');
      this.add(node.start, 'unknown_function', `${quoted(name)} is no method that is known here${hint}`);
    }
    this.all([of, ...given]);
  }

  private wordEdge(of: ASTNode, given: readonly ASTNode[], node: ASTNode): void {
    const [word] = given;
    if (of.op !== 'id' || given.length !== 1 || word?.op !== 'value' || typeof word.args !== 'string') {
      this.add(node.start, 'expression_syntax', "edge is written <signal>.edge('word')");
      return;
    }
    if (!this.isSignal(of.args)) {
      this.name(of.args, of.start);
      if (this.isKnown(of.args))
        this.add(of.start, 'unknown_name', `${quoted(of.args)} is no signal, and has no edges`);
      return;
    }
    const orStatus = this.vocabulary.statusInputs.has(of.args);
    this.edges.push({
      start: node.start,
      end: node.end,
      edge: { kind: 'word', alias: of.args, word: word.args, orStatus },
    });
  }

  private add(index: number, code: string, detail: string | (() => string)): void {
    if (this.problems.length >= this.problemsTold) return;
    this.problems.push({ index, code, detail: typeof detail === 'string' ? detail : detail() });
  }
}

const problemOf = (error: ParseError | WrongType, text: string): ExpressionProblem => {
  const index = Math.min(error.range?.start ?? 0, text.length);
  const { summary = String(error), code = '' } = error;
  const isForm = error.name === 'ParseError';
  return { index, code: isForm ? 'expression_syntax' : 'expression_type', detail: sentenceOf(code, summary) };
};

const TOKENS: { readonly [token: string]: string } = {
  EOF: 'the end',
  IDENTIFIER: 'a name',
  RPAREN: ')',
  LPAREN: '(',
  RBRACKET: ']',
  COLON: ':',
};
const plain = (summary: string): string =>
  summary.replace(/\b[A-Z]{3,}\b/g, (token) => TOKENS[token] ?? token.toLowerCase());

const sentenceOf = (code: string, summary: string): string => {
  const said = summary[0]!.toLowerCase() + summary.slice(1);
  switch (code) {
    case 'no_such_overload': {
      const what = summary.replace(/^no such overload: /, '');
      return `${quoted(what)} cannot be done with values of these types; convert one with string(…), int(…) or double(…)`;
    }
    case 'no_matching_overload':
      return `a call does not fit what it is given: ${said}`;
    case 'incompatible_ternary_branches':
      return `both sides of ':' must be of one type; ${said}`;
    case 'limit_exceeded':
      return `is too large for one expression (${said}); divide it by rules of kind expr`;
    case 'unterminated_string':
      return 'has a text that does not end; put a quote behind it';
    default:
      return `cannot be read: ${plain(said)}`;
  }
};
