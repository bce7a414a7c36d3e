import { nestingDepth } from '@millrace/domain';

/** One line that is not blank; `index` counts every line from 0, blank ones too, as an editor does from 1. */
export type NdjsonLine =
  | { readonly kind: 'value'; readonly index: number; readonly text: string; readonly value: unknown }
  | { readonly kind: 'wrong'; readonly index: number; readonly code: 'invalid_json'; readonly detail: string };

export type NdjsonReading =
  | { readonly kind: 'lines'; readonly lines: readonly NdjsonLine[] }
  | { readonly kind: 'too_many' };

const LINE_FEED = 0x0a;
const strictUtf8 = new TextDecoder('utf-8', { fatal: true });

/** A line that cannot be read says nothing about the next one, not even where its bytes are no text. */
export const readNdjsonLines = (body: Buffer, depth: number, limit: number): NdjsonReading => {
  const lines: NdjsonLine[] = [];
  for (let start = 0, index = 0; start < body.length; index++) {
    const found = body.indexOf(LINE_FEED, start);
    const end = found < 0 ? body.length : found;
    const line = readNdjsonLine(body.subarray(start, end), index, depth);
    start = end + 1;
    if (line === null) continue;
    if (lines.length === limit) return { kind: 'too_many' };
    lines.push(line);
  }
  return { kind: 'lines', lines };
};

/** The line without its line feed; null where it is blank. */
export const readNdjsonLine = (bytes: Uint8Array, index: number, depth: number): NdjsonLine | null => {
  const wrong = (detail: string): NdjsonLine => ({ kind: 'wrong', index, code: 'invalid_json', detail });
  let text: string;
  try {
    text = strictUtf8.decode(bytes).trim();
  } catch {
    return wrong('The line is not UTF-8 text.');
  }
  if (text === '') return null;
  const deep = nestingDepth(text);
  if (deep > depth) return wrong(`The line is nested ${deep} levels deep; the limit is ${depth}.`);
  try {
    return { kind: 'value', index, text, value: JSON.parse(text) };
  } catch (error) {
    return wrong(`The line is not JSON: ${(error as Error).message.slice(0, 200)}.`);
  }
};
