import { quoted } from './did-you-mean';
import type { MappingProblem } from './mapping-problem';

/** A word that is alone in its line, maybe as the first of a list's item. */
const ALONE = /^(\s*(?:- +)?)([A-Za-z]\w{0,63})[ \t]*(?:#.*)?$/;
const BEGINS_TEXT = /[|>][-+0-9]*[ \t]*(?:#.*)?$/;

/** Lines that are looked at backwards: the parser stumbles soon. */
const NEAR = 500;

const indentOf = (line: string): number => line.length - line.trimStart().length;
const isEmpty = (line: string): boolean => /^\s*(#.*)?$/.test(line);

/** Whether the line belongs to a text that is written over several lines (`|`, `>`). */
const isInText = (lines: readonly string[], at: number): boolean => {
  let indent = indentOf(lines[at]!);
  for (let n = at - 1; n >= Math.max(0, at - NEAR) && indent > 0; n--) {
    const line = lines[n]!;
    if (isEmpty(line) || indentOf(line) >= indent) continue;
    if (BEGINS_TEXT.test(line)) return true;
    indent = indentOf(line);
  }
  return false;
};

/** What follows the line is a list, or stands further in than it. */
const opens = (lines: readonly string[], at: number, column: number): boolean => {
  let next = at + 1;
  while (next < lines.length && isEmpty(lines[next]!)) next++;
  const line = lines[next];
  return (
    line !== undefined && (indentOf(line) > column || (indentOf(line) === column && line.startsWith('- ', column)))
  );
};

/**
 * The name that has lost its colon, in a text that the parser cannot read: `rules`, and a list behind it. To the parser that
 * is the beginning of a text, so that it stumbles over each line that follows. `from` is the line where it stumbles first.
 */
export const missingColon = (text: string, from: number): MappingProblem | null => {
  const lines = text.split(/\r?\n/);
  const last = Math.min(from, lines.length) - 1;
  for (let at = last; at >= Math.max(0, last - NEAR); at--) {
    const [, before = '', name] = ALONE.exec(lines[at]!) ?? [];
    if (name === undefined || !opens(lines, at, before.length) || isInText(lines, at)) continue;
    return {
      line: at + 1,
      column: before.length + 1,
      path: '',
      code: 'syntax',
      detail: `${quoted(name)} lacks its colon; write ${name}:`,
    };
  }
  return null;
};
