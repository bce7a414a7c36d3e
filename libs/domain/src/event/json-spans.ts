/**
 * Where the members of a JSON object, or the elements of a JSON array, lie in its text.
 *
 * Millrace never re-serialises what a producer sent: `14400.0`, `12345678901234567890` or `"\/"` must reach the receiver
 * as they came. So the parts of an envelope are cut out by position. The scanner trusts its input: callers run
 * `JSON.parse` over the same text first, which also settles every question of syntax.
 *
 * Example: `objectSpans('{"a": 1, "b":[2]}')` gives `a -> '1'`, `b -> '[2]'`.
 */
export interface Span {
  /** Index of the first character. */
  readonly start: number;
  /** Index after the last character. */
  readonly end: number;
}

const isSpace = (code: number) => code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;

const skipSpace = (text: string, from: number): number => {
  let at = from;
  while (isSpace(text.charCodeAt(at))) at++;
  return at;
};

/** Index after the string that starts at `from` (which holds its opening quote). */
const endOfString = (text: string, from: number): number => {
  let at = from + 1;
  while (text.charCodeAt(at) !== 0x22) at += text.charCodeAt(at) === 0x5c ? 2 : 1;
  return at + 1;
};

/** Index after the value that starts at `from`. Depth is counted, not recursed, so hostile nesting costs no stack. */
const endOfValue = (text: string, from: number): number => {
  let at = from;
  let depth = 0;
  for (;;) {
    const code = text.charCodeAt(at);
    if (code === 0x22) {
      at = endOfString(text, at);
      if (depth === 0) return at;
      continue;
    }
    if (code === 0x7b || code === 0x5b) depth++;
    else if (code === 0x7d || code === 0x5d) {
      if (depth === 0) return at;
      depth--;
      if (depth === 0) return at + 1;
    } else if (depth === 0 && (code === 0x2c || isSpace(code) || Number.isNaN(code))) return at;
    at++;
  }
};

/** Spans of the values of a valid JSON object's members; of duplicate names the last counts, as in `JSON.parse`. */
export const objectSpans = (text: string, within: Span = { start: 0, end: text.length }): Map<string, Span> => {
  const spans = new Map<string, Span>();
  let at = skipSpace(text, skipSpace(text, within.start) + 1);
  while (text.charCodeAt(at) !== 0x7d) {
    const nameEnd = endOfString(text, at);
    const name = JSON.parse(text.slice(at, nameEnd)) as string;
    const start = skipSpace(text, skipSpace(text, nameEnd) + 1);
    const end = endOfValue(text, start);
    spans.set(name, { start, end });
    at = skipSpace(text, end);
    if (text.charCodeAt(at) === 0x2c) at = skipSpace(text, at + 1);
  }
  return spans;
};

/** Spans of the elements of a valid JSON array, in order. */
export const arraySpans = (text: string, within: Span = { start: 0, end: text.length }): Span[] => {
  const spans: Span[] = [];
  let at = skipSpace(text, skipSpace(text, within.start) + 1);
  while (text.charCodeAt(at) !== 0x5d) {
    const end = endOfValue(text, at);
    spans.push({ start: at, end });
    at = skipSpace(text, end);
    if (text.charCodeAt(at) === 0x2c) at = skipSpace(text, at + 1);
  }
  return spans;
};

/** Deepest nesting of arrays and objects in a JSON text; 0 for a bare scalar. Works on any text, valid or not. */
export const nestingDepth = (text: string): number => {
  let depth = 0;
  let deepest = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x22) {
      at++;
      while (at < text.length && text.charCodeAt(at) !== 0x22) at += text.charCodeAt(at) === 0x5c ? 2 : 1;
    } else if (code === 0x7b || code === 0x5b) {
      depth++;
      if (depth > deepest) deepest = depth;
    } else if (code === 0x7d || code === 0x5d) depth--;
  }
  return deepest;
};
