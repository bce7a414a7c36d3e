import { arraySpans, objectSpans, type Span } from '../event/json-spans';

/**
 * The text that `JSON.stringify(JSON.parse(text))` gives in JavaScript. Receivers of some contracts verify over
 * `JSON.stringify(request.body)`, so what is sent to them has to be its own round trip: numbers, escapes, white space, the order
 * of integer-like names and names that stand twice are all settled here, once.
 *
 * A number that JavaScript cannot hold would arrive as another one, so it is refused and never changed.
 */
export type JavaScriptJson =
  | { readonly kind: 'text'; readonly text: string }
  | {
      readonly kind: 'unrepresentable';
      /** Dotted path of the value. */
      readonly path: string;
      readonly detail: string;
    };

/** `text` is valid JSON whose depth is bounded; `path` is where it stands, for the refusal. */
export const javaScriptJson = (text: string, path: string): JavaScriptJson => {
  try {
    return { kind: 'text', text: rewritten(text, { start: 0, end: text.length }, path) };
  } catch (error) {
    if (error instanceof Unrepresentable) return { kind: 'unrepresentable', path: error.path, detail: error.message };
    throw error;
  }
};

class Unrepresentable extends Error {
  constructor(
    readonly path: string,
    message: string,
  ) {
    super(message);
  }
}

/** Longest part of a number or a path that is quoted. */
const QUOTED = 40;

const rewritten = (text: string, within: Span, path: string): string => {
  const { start, end } = trimmed(text, within);
  switch (text.charCodeAt(start)) {
    case 0x7b:
      return rewrittenObject(text, { start, end }, path);
    case 0x5b:
      return `[${arraySpans(text, { start, end })
        .map((span, index) => rewritten(text, span, `${path}.${index}`))
        .join(',')}]`;
    case 0x22:
      return JSON.stringify(JSON.parse(text.slice(start, end)));
    case 0x74:
    case 0x66:
    case 0x6e:
      return text.slice(start, end);
    default:
      return rewrittenNumber(text.slice(start, end), path);
  }
};

/**
 * Members in the order in which JavaScript lists them: integer-like names ascending, then the others as they first stood. Built
 * from the text, not from a parsed object: V8 can read a name of one escaped character as a backslash in an object of a known shape.
 */
const rewrittenObject = (text: string, within: Span, path: string): string => {
  const indices: [name: number, member: string][] = [];
  const others: string[] = [];
  for (const [name, span] of objectSpans(text, within)) {
    const member = `${JSON.stringify(name)}:${rewritten(text, span, `${path}.${name.slice(0, QUOTED)}`)}`;
    if (isArrayIndex(name)) indices.push([Number(name), member]);
    else others.push(member);
  }
  indices.sort(([one], [other]) => one - other);
  return `{${[...indices.map(([, member]) => member), ...others].join(',')}}`;
};

/** ECMA-262 section 6.1.7: an array index is a canonical numeric string below 2^32 - 1. */
const isArrayIndex = (name: string): boolean => /^(0|[1-9]\d{0,9})$/.test(name) && Number(name) < 2 ** 32 - 1;

const rewrittenNumber = (token: string, path: string): string => {
  const held = Number(token);
  const shown = token.length <= QUOTED ? token : `${token.slice(0, QUOTED - 1)}…`;
  if (!Number.isFinite(held) || decimal(token) !== decimal(String(held)))
    throw new Unrepresentable(
      path,
      `the number ${shown} is not exact in JavaScript, whose nearest is ${held}; send it as a string`,
    );
  return JSON.stringify(held);
};

/** One text for one value: the digits that count and the power of ten of the last. */
const decimal = (token: string): string => {
  const [, sign, whole, fraction = '', exponent = '0'] = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(token)!;
  const digits = `${whole}${fraction}`.replace(/^0+/, '');
  const significant = digits.replace(/0+$/, '');
  if (significant === '') return '0';
  return `${sign}${significant}e${Number(exponent) - fraction.length + digits.length - significant.length}`;
};

const trimmed = (text: string, { start, end }: Span): Span => {
  let from = start;
  let to = end;
  while (isSpace(text.charCodeAt(from))) from++;
  while (isSpace(text.charCodeAt(to - 1))) to--;
  return { start: from, end: to };
};

const isSpace = (code: number): boolean => code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
