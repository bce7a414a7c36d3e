/**
 * Regular expressions that take time in proportion to the text, whatever the pattern: a tenant's `pattern` runs in a process
 * that serves all tenants, and a backtracking engine can be kept busy for ever by one of twenty characters.
 *
 * The pattern becomes a machine of states, and the text is read once with the set of states that are reached (Thompson).
 * The language is that of JavaScript with the flag `u`, as JSON Schema wants it, less what no such machine can do: look-around
 * and back-references. Characters and classes are asked of JavaScript itself, one character at a time.
 */
export interface LinearPattern {
  /** States of the machine: what one character costs at most. */
  readonly states: number;
  test(text: string): boolean;
}

export const PATTERN_LIMITS = { characters: 512, states: 256 } as const;

/** The pattern cannot be used; the message is a sentence for its author. */
export class UnusablePattern extends Error {
  override readonly name = 'UnusablePattern';
}

export const linearPattern = (pattern: string): LinearPattern => {
  if (pattern.length > PATTERN_LIMITS.characters)
    throw new UnusablePattern(`has ${pattern.length} characters; a pattern may have ${PATTERN_LIMITS.characters}`);
  try {
    new RegExp(pattern, 'u');
  } catch (error) {
    throw new UnusablePattern(`is no regular expression: ${(error as Error).message}`);
  }
  const tree = new Parser(pattern).parse();
  const states = statesOf(tree) + 1;
  if (states > PATTERN_LIMITS.states)
    throw new UnusablePattern(
      `is too large: its repetitions written out have ${Number.isFinite(states) ? states : 'countless'} states, and ${PATTERN_LIMITS.states} are allowed`,
    );
  const program: Instruction[] = [];
  emit(tree, program);
  program.push({ op: 'match' });
  return { states, test: (text) => run(program, text) };
};

type Accepts = (codePoint: number) => boolean;
type Assertion = 'start' | 'end' | 'boundary' | 'inside';

type Tree =
  | { readonly kind: 'character'; readonly accepts: Accepts }
  | { readonly kind: 'assertion'; readonly assertion: Assertion }
  | { readonly kind: 'sequence'; readonly parts: readonly Tree[] }
  | { readonly kind: 'choice'; readonly parts: readonly Tree[] }
  | { readonly kind: 'repeat'; readonly part: Tree; readonly least: number; readonly most: number };

/** Reads a pattern that JavaScript takes, so nothing here looks for errors of syntax. */
class Parser {
  private at = 0;

  constructor(private readonly pattern: string) {}

  parse(): Tree {
    return this.choice();
  }

  private choice(): Tree {
    const parts = [this.sequence()];
    while (this.take('|')) parts.push(this.sequence());
    return parts.length === 1 ? parts[0]! : { kind: 'choice', parts };
  }

  private sequence(): Tree {
    const parts: Tree[] = [];
    while (this.at < this.pattern.length && !this.sees('|') && !this.sees(')')) parts.push(this.repeated());
    return { kind: 'sequence', parts };
  }

  private repeated(): Tree {
    const part = this.single();
    const [least, most] = this.count();
    if (least === 1 && most === 1) return part;
    // How greedy it is makes no difference to whether it matches.
    this.take('?');
    return { kind: 'repeat', part, least, most };
  }

  private count(): [number, number] {
    if (this.take('*')) return [0, Number.POSITIVE_INFINITY];
    if (this.take('+')) return [1, Number.POSITIVE_INFINITY];
    if (this.take('?')) return [0, 1];
    const counted = this.read(/\{(\d+)(,(\d*))?\}/y);
    if (counted === null) return [1, 1];
    const least = Number(counted[1]);
    if (counted[2] === undefined) return [least, least];
    return [least, counted[3] === '' ? Number.POSITIVE_INFINITY : Number(counted[3])];
  }

  private single(): Tree {
    if (this.take('^')) return { kind: 'assertion', assertion: 'start' };
    if (this.take('$')) return { kind: 'assertion', assertion: 'end' };
    if (this.take('\\b')) return { kind: 'assertion', assertion: 'boundary' };
    if (this.take('\\B')) return { kind: 'assertion', assertion: 'inside' };
    if (this.take('(')) return this.group();
    const unit = this.read(CHARACTER);
    if (unit === null) throw new UnusablePattern(`has a back-reference at ${this.at}, which is not supported`);
    return { kind: 'character', accepts: accepting(unit[0]) };
  }

  private group(): Tree {
    if (!this.take('?:') && this.read(/\?<[^=!>][^>]*>/y) === null && this.sees('?'))
      throw new UnusablePattern(
        `has look-ahead, look-behind or a modifier at ${this.at - 1}, which is not supported; say it with several patterns in 'allOf'`,
      );
    const inner = this.choice();
    this.take(')');
    return inner;
  }

  private sees(text: string): boolean {
    return this.pattern.startsWith(text, this.at);
  }

  private take(text: string): boolean {
    if (!this.sees(text)) return false;
    this.at += text.length;
    return true;
  }

  private read(expression: RegExp): RegExpExecArray | null {
    expression.lastIndex = this.at;
    const found = expression.exec(this.pattern);
    if (found) this.at = expression.lastIndex;
    return found;
  }
}

/** One class, escape or character; not the escapes of back-references. */
const CHARACTER =
  /\[(?:[^\]\\]|\\[\s\S])*\]|\\[pP]\{[^}]*\}|\\u\{[0-9a-fA-F]+\}|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\x[0-9a-fA-F]{2}|\\c[a-zA-Z]|\\0|\\[^1-9k]|[^\\]/uy;

/** Whether one character is of a class; what was asked of those of ASCII is kept. */
const accepting = (unit: string): Accepts => {
  const literal = unit.codePointAt(0)!;
  if (unit !== '.' && unit.length === (literal > 0xffff ? 2 : 1)) return (code) => code === literal;
  const single = new RegExp(`^${unit}$`, 'u');
  const ascii = new Int8Array(128).fill(UNKNOWN);
  return (code) => {
    if (code >= 128) return single.test(String.fromCodePoint(code));
    if (ascii[code] === UNKNOWN) ascii[code] = single.test(String.fromCharCode(code)) ? 1 : 0;
    return ascii[code] === 1;
  };
};

const UNKNOWN = -1;

/**
 * States of the written-out pattern, without writing it out. What is empty counts as one, so that no number of repetitions of it is
 * free: each is written out.
 */
const statesOf = (tree: Tree): number => {
  switch (tree.kind) {
    case 'character':
    case 'assertion':
      return 1;
    case 'sequence':
      return Math.max(
        1,
        tree.parts.reduce((sum, part) => sum + statesOf(part), 0),
      );
    case 'choice':
      return tree.parts.reduce((sum, part) => sum + statesOf(part) + 2, 0);
    case 'repeat': {
      const one = statesOf(tree.part);
      return tree.most === Number.POSITIVE_INFINITY
        ? tree.least * one + one + 2
        : tree.least * one + (tree.most - tree.least) * (one + 1);
    }
  }
};

type Instruction =
  | { readonly op: 'character'; readonly accepts: Accepts }
  | { readonly op: 'assertion'; readonly assertion: Assertion }
  | { op: 'split'; one: number; other: number }
  | { op: 'jump'; to: number }
  | { readonly op: 'match' };

const emit = (tree: Tree, program: Instruction[]): void => {
  switch (tree.kind) {
    case 'character':
      program.push({ op: 'character', accepts: tree.accepts });
      return;
    case 'assertion':
      program.push({ op: 'assertion', assertion: tree.assertion });
      return;
    case 'sequence':
      for (const part of tree.parts) emit(part, program);
      return;
    case 'choice': {
      const ends: { op: 'jump'; to: number }[] = [];
      for (const part of tree.parts.slice(0, -1)) {
        const split = { op: 'split' as const, one: program.length + 1, other: 0 };
        program.push(split);
        emit(part, program);
        const end = { op: 'jump' as const, to: 0 };
        program.push(end);
        ends.push(end);
        split.other = program.length;
      }
      emit(tree.parts.at(-1)!, program);
      for (const end of ends) end.to = program.length;
      return;
    }
    case 'repeat': {
      for (let n = 0; n < tree.least; n++) emit(tree.part, program);
      if (tree.most === Number.POSITIVE_INFINITY) {
        const split = { op: 'split' as const, one: program.length + 1, other: 0 };
        const back = program.length;
        program.push(split);
        emit(tree.part, program);
        program.push({ op: 'jump', to: back });
        split.other = program.length;
        return;
      }
      const splits: { other: number }[] = [];
      for (let n = tree.least; n < tree.most; n++) {
        const split = { op: 'split' as const, one: program.length + 1, other: 0 };
        program.push(split);
        splits.push(split);
        emit(tree.part, program);
      }
      for (const split of splits) split.other = program.length;
    }
  }
};

/** Which states are reached, each once. */
class StateSet {
  readonly list: number[] = [];
  private readonly marks: Uint32Array;
  private mark = 1;

  constructor(size: number) {
    this.marks = new Uint32Array(size);
  }

  add(state: number): boolean {
    if (this.marks[state] === this.mark) return false;
    this.marks[state] = this.mark;
    return true;
  }

  clear(): void {
    this.list.length = 0;
    this.mark++;
  }
}

const isWord = (code: number): boolean =>
  (code >= 48 && code <= 57) || (code >= 65 && code <= 90) || (code >= 97 && code <= 122) || code === 95;

const run = (program: readonly Instruction[], text: string): boolean => {
  let now = new StateSet(program.length);
  let next = new StateSet(program.length);
  const stack: number[] = [];
  let before = -1;
  for (let at = 0; ; ) {
    const code = at < text.length ? text.codePointAt(at)! : -1;
    const holds = (assertion: Assertion): boolean => {
      if (assertion === 'start') return at === 0;
      if (assertion === 'end') return code < 0;
      return (isWord(before) !== isWord(code)) === (assertion === 'boundary');
    };
    /** Follows what reads no character; true when the end of the pattern is reached. */
    const reach = (state: number): boolean => {
      stack.push(state);
      while (stack.length > 0) {
        const reached = stack.pop()!;
        if (!now.add(reached)) continue;
        const instruction = program[reached]!;
        if (instruction.op === 'match') {
          stack.length = 0;
          return true;
        }
        if (instruction.op === 'jump') stack.push(instruction.to);
        else if (instruction.op === 'split') stack.push(instruction.other, instruction.one);
        else if (instruction.op === 'assertion') {
          if (holds(instruction.assertion)) stack.push(reached + 1);
        } else now.list.push(reached);
      }
      return false;
    };
    const carried = now.list.splice(0);
    now.clear();
    for (const state of carried) if (reach(state)) return true;
    // A match may begin anywhere.
    if (reach(0)) return true;
    if (code < 0) return false;
    next.clear();
    for (const state of now.list) {
      const instruction = program[state]!;
      if (instruction.op === 'character' && instruction.accepts(code)) next.list.push(state + 1);
    }
    [now, next] = [next, now];
    before = code;
    at += code > 0xffff ? 2 : 1;
  }
};
