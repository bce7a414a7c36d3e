import type { ASTNode } from '@marcbachmann/cel-js';
import { MACHINE_STATUSES } from '@millrace/domain';
import { quoted, suggestion } from '../document/did-you-mean';
import { EDGE_WORDS, type EdgeWord, FUNCTIONS, METHODS } from './calls';
import type { Edge } from './edge';
import type { ExpressionProblem, ExpressionWarning } from './expression-problem';
import type { Locals, Vocabulary } from './vocabulary';

export interface FoundEdge {
  readonly start: number;
  readonly end: number;
  readonly edge: Edge;
}

/** What is told of one expression. */
const PROBLEMS_OF_ONE = 10;

const OF_ONE_UNIT: ReadonlySet<string> = new Set(['+', '-', '<', '<=', '>', '>=', '==', '!=']);

/** The names that an expression uses, and what is wrong with them: all of it, where the type checker stops at the first. */
export class UsedNames {
  readonly problems: ExpressionProblem[] = [];
  readonly warnings: ExpressionWarning[] = [];
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
        this.words(node);
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

  /** A word that the signal never says makes the comparison the same for ever. */
  private words({ op, args }: ASTNode): void {
    if (op !== '==' && op !== '!=' && op !== 'in') return;
    const [left, right] = args as readonly [ASTNode, ASTNode];
    const named = left.op === 'id' ? left : right.op === 'id' && op !== 'in' ? right : null;
    const known = named === null || !this.isSignal(named.args) ? undefined : this.vocabulary.words.get(named.args);
    if (named === null || known === undefined) return;
    const other = named === left ? right : left;
    for (const one of op === 'in' && other.op === 'list' ? (other.args as readonly ASTNode[]) : [other]) {
      if (one.op !== 'value' || one.args === null || typeof one.args === 'object' || typeof one.args === 'boolean')
        continue;
      const word = String(one.args);
      // To ask for the empty text is to ask whether there is any.
      if (word !== '' && !known.includes(word)) this.warnOfWord(one.start, word, named.args, known);
    }
  }

  private warnOfWord(index: number, word: string, name: string, known: readonly string[]): void {
    if (this.warnings.length >= this.problemsTold) return;
    const detail = () =>
      `${quoted(word)} is never said: it is not in the enum of ${quoted(name)}${suggestion(word, known, 'its words')}`;
    this.warnings.push({ index, code: 'unknown_word', detail });
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
    const known = this.vocabulary.words.get(of.args);
    const said = word.args.trim().toUpperCase();
    const isStatus = orStatus && (MACHINE_STATUSES as readonly string[]).includes(word.args.toLowerCase());
    if (known !== undefined && !isStatus && !known.some((one) => one.trim().toUpperCase() === said))
      this.warnOfWord(word.start, word.args, of.args, orStatus ? [...known, ...MACHINE_STATUSES] : known);
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
