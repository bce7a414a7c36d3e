import { pathTo } from '@millrace/event-schema';
import { Composer, type CST, type Document, isMap, isScalar, isSeq, Parser, type Scalar } from 'yaml';
import { quoted } from './did-you-mean';
import type { DocumentNode, MapNode, Member, ScalarNode } from './document-node';
import { LineIndex } from './line-index';
import { type Place, ProblemList } from './mapping-problem';
import { missingColon } from './missing-colon';

export const DOCUMENT_LIMITS = {
  /** Bytes of the text in UTF-8. */
  bytes: 256 * 1024,
  /** Levels of maps and lists. */
  depth: 24,
} as const;

export type DocumentFormat = 'yaml' | 'json';

const START: Place = { line: 1, column: 1, path: '' };

/**
 * The text of a mapping as a tree with places; null when it is not even that, and then `problems` says why. YAML is 1.2 with
 * the core schema, one document, without anchors, aliases, tags and merge keys: what stands there is what is meant. JSON is
 * read by the same parser, which gives it lines and columns, after JSON itself has taken it.
 */
export const readDocument = (text: string, format: DocumentFormat, problems: ProblemList): DocumentNode | null => {
  const bytes = Buffer.byteLength(text);
  if (bytes > DOCUMENT_LIMITS.bytes) {
    problems.add(START, 'too_large', `has ${bytes} bytes; a mapping may have ${DOCUMENT_LIMITS.bytes}`);
    return null;
  }
  const plain = text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
  if (format === 'json' && !isJson(plain, problems)) return null;
  const found = new ProblemList();
  const document = new Reading(plain, found).document();
  const told = found.inOrder();
  const [first] = told;
  const colon =
    document === null && first !== undefined && told.every(({ code }) => STUMBLED.has(code))
      ? missingColon(plain, first.line)
      : null;
  for (const { code, detail, ...place } of colon === null ? told : [colon]) problems.add(place, code, detail);
  return document;
};

/** What is said of a text whose form is lost. */
const STUMBLED: ReadonlySet<string> = new Set(['syntax', 'too_deep']);

/** The text in which an object that came as a value is shown to its author. */
export const textOfObject = (value: object): string => JSON.stringify(value, null, 2) ?? '';

const isJson = (text: string, problems: ProblemList): boolean => {
  try {
    JSON.parse(text);
    return true;
  } catch (error) {
    const { message } = error as Error;
    const at = /position (\d+)/.exec(message);
    const end = /end of JSON/.test(message) ? text.length : 0;
    const index = at === null ? end : Math.min(Number(at[1]), text.length);
    const before = text.slice(0, index).split('\n');
    const place = { line: before.length, column: before[before.length - 1]!.length + 1, path: '' };
    problems.add(place, 'syntax', `is not JSON here: ${message.replace(/ in JSON.*$| at position.*$/s, '')}`);
    return false;
  }
};

/** More brackets than this without their partners are no document; counted before the parser, whose work grows with them. */
const HOSTILE_BRACKETS = 2_000;

/** So many errors are no slip of the pen. */
const GARBAGE = 20;

/** A comment that is followed by a mapping, or a mapping whose second member stands in the line of the first. */
const RUN_TOGETHER = /^\s*(#.*apiVersion:|apiVersion:\s*ingest\/v1.*:)/;
const NO_LINE_ENDS =
  'is one line, and a mapping in YAML has many: its line ends are gone. With curl, send the file with --data-binary @file in the place of -d @file';

/** Each line after such a one may count as a level of its own. */
const INDENTED_BY_TAB = /^ *\t[ \t]*\S/m;

const FORBIDDEN_KEYS: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

class Reading {
  private readonly lines: LineIndex;

  constructor(
    private readonly text: string,
    private readonly problems: ProblemList,
  ) {
    this.lines = new LineIndex(text);
  }

  document(): DocumentNode | null {
    const tokens: CST.Token[] = [];
    let open = 0;
    for (const char of this.text) {
      if (char === '[' || char === '{') open++;
      else if (char === ']' || char === '}') open--;
      if (Math.abs(open) > HOSTILE_BRACKETS) return this.refuse(START, 'too_deep', this.tooDeep());
    }
    for (const token of new Parser().parse(this.text)) tokens.push(token);
    if (this.isRunTogether() || this.isGarbage(tokens) || !this.inspect(tokens)) return null;
    const composer = new Composer({
      version: '1.2',
      schema: 'core',
      strict: true,
      // A map of n keys costs n² there; here they are compared by a table.
      uniqueKeys: false,
      intAsBigInt: true,
      merge: false,
    });
    const documents = [...composer.compose(tokens, true, this.text.length)];
    const [document, second] = documents;
    if (second !== undefined)
      return this.refuse(
        this.place(second.range[0], ''),
        'several_documents',
        'begins a second document; a mapping is one',
      );
    if (document === undefined)
      return this.refuse(START, 'empty', 'is empty; a mapping begins with apiVersion: ingest/v1');
    return this.read(document as Document.Parsed);
  }

  private read(document: Document.Parsed): DocumentNode | null {
    const tabs = document.errors.filter(({ code }) => code === 'TAB_AS_INDENT');
    // The lines after a tab seem to stand at the wrong column, each of them.
    for (const { code, message, pos } of tabs.length > 0 ? tabs : document.errors)
      this.problems.add(this.place(pos[0], ''), 'syntax', sentenceOf(code, message));
    if (!this.problems.isEmpty) return null;
    if (document.contents === null)
      return this.refuse(START, 'empty', 'is empty; a mapping begins with apiVersion: ingest/v1');
    return this.node(document.contents, '');
  }

  /** curl's -d @file takes the line ends away, and what is left is one comment, or members in a row. */
  private isRunTogether(): boolean {
    if (/[\r\n]/.test(this.text) || !RUN_TOGETHER.test(this.text)) return false;
    this.problems.add(START, 'no_line_ends', NO_LINE_ENDS);
    return true;
  }

  /** What is not YAML at all has no end of errors, and building each takes longer than finding it. */
  private isGarbage(tokens: readonly CST.Token[]): boolean {
    const errors = tokens.filter((token) => token.type === 'error');
    const [first] = errors;
    if (first === undefined || errors.length < GARBAGE) return false;
    // Those behind it follow from it, or the whole is something else.
    this.problems.add(this.place(first.offset, ''), 'syntax', sentenceOf('', first.message));
    return true;
  }

  private refuse(place: Place, code: string, detail: string): null {
    this.problems.add(place, code, detail);
    return null;
  }

  private tooDeep(): string {
    return `is nested more than ${DOCUMENT_LIMITS.depth} levels deep`;
  }

  /** What YAML can and a mapping must not, told before anything is built of it. Without recursion: the depth is the author's. */
  private inspect(tokens: readonly CST.Token[]): boolean {
    const left: { token: CST.Token | CST.SourceToken; depth: number }[] = tokens
      .map((token) => ({ token, depth: 0 }))
      .reverse();
    let hasBegun = false;
    while (left.length > 0) {
      const { token, depth } = left.pop()!;
      if (depth > DOCUMENT_LIMITS.depth) {
        const tab = this.text.slice(0, token.offset).search(INDENTED_BY_TAB);
        if (tab < 0) this.refuse(this.place(token.offset, ''), 'too_deep', this.tooDeep());
        else this.refuse(this.place(tab, ''), 'syntax', SENTENCES['TAB_AS_INDENT']!);
        return false;
      }
      const at = () => this.place(token.offset, '');
      switch (token.type) {
        case 'anchor':
          this.problems.add(
            at(),
            'anchor',
            `${quoted(token.source)} is an anchor, which a mapping has not; write the value out`,
          );
          break;
        case 'alias':
          this.problems.add(
            at(),
            'alias',
            `${quoted(token.source)} is an alias, which a mapping has not; write the value out, or put text that begins with * in quotes`,
          );
          break;
        case 'tag':
          this.problems.add(
            at(),
            'tag',
            `${quoted(token.source)} is a tag, which a mapping has not; leave it out, or put text that begins with ! in quotes`,
          );
          break;
        case 'directive':
          if (!/^%YAML\s+1\.2\s*$/.test(token.source))
            this.problems.add(at(), 'directive', `${quoted(token.source)} is not used here; mappings are YAML 1.2`);
          break;
        case 'document':
          if (hasBegun) this.problems.add(at(), 'several_documents', 'begins a second document; a mapping is one');
          hasBegun = true;
          for (const inner of [...token.start, token.value])
            if (inner !== undefined) left.push({ token: inner, depth });
          break;
        case 'block-map':
        case 'block-seq':
        case 'flow-collection':
          for (const { start, key, sep, value } of [...token.items].reverse())
            for (const inner of [value, ...(sep ?? []), key, ...start])
              if (inner !== undefined && inner !== null) left.push({ token: inner, depth: depth + 1 });
          break;
        case 'block-scalar':
          for (const inner of token.props) left.push({ token: inner, depth });
          break;
      }
    }
    return this.problems.isEmpty;
  }

  private place(offset: number, path: string): Place {
    return { ...this.lines.at(offset), path };
  }

  private node(node: unknown, path: string): DocumentNode {
    if (isMap(node)) return this.map(node.items, this.place(node.range?.[0] ?? 0, path), path);
    if (isSeq(node)) {
      const place = this.place(node.range?.[0] ?? 0, path);
      return { kind: 'list', place, items: node.items.map((item, n) => this.node(item, pathTo(path, n))) };
    }
    return this.scalar(node as Scalar.Parsed | null, path);
  }

  private map(pairs: readonly { key: unknown; value: unknown }[], place: Place, path: string): MapNode {
    const members = new Map<string, Member>();
    for (const { key, value } of pairs) {
      if (!isScalar(key) || key.value === null || key.value === '') {
        const at = this.place((key as { range?: [number] } | null)?.range?.[0] ?? 0, path);
        this.problems.add(
          key === null ? place : at,
          'bad_key',
          'has a name that is no text; a name is a word before a colon',
        );
        continue;
      }
      const name = key.type === 'PLAIN' ? (key.source ?? String(key.value)) : String(key.value);
      const named = this.place(key.range?.[0] ?? 0, stepTo(path, name));
      if (FORBIDDEN_KEYS.has(name)) this.problems.add(named, 'forbidden_key', `${quoted(name)} cannot be a name here`);
      else if (name === '<<' && key.type === 'PLAIN')
        this.problems.add(named, 'merge_key', "'<<' is a merge key, which a mapping has not; write the members out");
      else if (members.has(name)) {
        const first = members.get(name)!.named;
        this.problems.add(
          named,
          'duplicate_key',
          `${quoted(name)} is there twice, first in line ${first.line}; keep one of them`,
        );
      } else {
        const node = value === null || value === undefined ? this.empty(named) : this.node(value, named.path);
        members.set(name, { named, node });
      }
    }
    return { kind: 'map', place, members };
  }

  private empty(place: Place): ScalarNode {
    return { kind: 'scalar', place, value: null, isBigInteger: false, text: '', placeAt: () => place };
  }

  private scalar(node: Scalar.Parsed | null, path: string): ScalarNode {
    if (node === null) return this.empty(this.place(0, path));
    const place = this.place(node.range[0], path);
    const isPlain = node.type === 'PLAIN';
    const text = isPlain && node.value !== null ? (node.source ?? String(node.value)) : String(node.value ?? '');
    const value = this.value(node, place, text);
    const first = node.range[0] + (isPlain ? 0 : 1);
    const isVerbatim =
      this.text.slice(first, first + text.length) === text &&
      node.type !== 'BLOCK_FOLDED' &&
      node.type !== 'BLOCK_LITERAL';
    return {
      kind: 'scalar',
      place,
      value,
      isBigInteger: typeof node.value === 'bigint' && typeof value === 'string',
      text,
      placeAt: (index) => (isVerbatim ? this.place(first + Math.min(index, text.length), path) : place),
    };
  }

  private value(node: Scalar.Parsed, place: Place, text: string): ScalarNode['value'] {
    const { value } = node as { value: unknown };
    if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
    if (typeof value === 'number' && !Number.isFinite(value)) {
      this.problems.add(place, 'bad_value', `${quoted(text)} is no number that can be used`);
      return 0;
    }
    if (typeof value === 'string' && /[\0\p{Surrogate}]/u.test(value)) {
      this.problems.add(place, 'bad_value', 'has a character that no text can hold (NUL, or half of a surrogate pair)');
      return '';
    }
    return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null;
  }
}

/** As `pathTo`, for a path that may be empty. */
const stepTo = (path: string, name: string): string =>
  path === '' && /^[\w$-]{1,64}$/.test(name) ? name : pathTo(path, name);

const SENTENCES: { readonly [code: string]: string } = {
  BAD_INDENT: 'stands at a column where nothing is expected; check the spaces at the beginning of the line',
  TAB_AS_INDENT: 'is indented with a tab; YAML wants spaces',
  MISSING_CHAR: 'lacks a character here',
  BLOCK_AS_IMPLICIT_KEY: "has a ': ' inside a value that began on the same line; put the value in quotes",
  MULTILINE_IMPLICIT_KEY: "is a name that goes over several lines; is a ':' missing?",
  KEY_OVER_1024_CHARS: "is a name of more than 1024 characters; is a ':' missing?",
};

const sentenceOf = (code: string, message: string): string => {
  const [said = ''] = message.split('\n');
  const sentence = SENTENCES[code];
  return sentence === undefined ? `cannot be read: ${said}` : `${sentence} (${said})`;
};
