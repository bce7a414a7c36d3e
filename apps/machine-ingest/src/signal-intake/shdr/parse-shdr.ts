import { CONDITION_LEVELS, type ConditionLevel, type ConditionValue, isTimestamp } from '@millrace/domain';
import { stampInUtc } from '../local-time/stamp-in-utc';

/**
 * One line of SHDR, the text protocol of MTConnect adapters:
 *
 *   2016-10-24T09:14:29.938Z|execution|ACTIVE                                   one or more pairs of name and value
 *   2016-10-24T08:48:02.705Z|logic_cond|Warning|357|||POCKET&ARM POS.ERROR      a condition stands alone on its line
 *   2022-08-08T13:43:36.081Z|@ASSET@|1|CuttingTool|--multiline--ABCD            an asset; its lines run to the same mark
 *   2016-10-24T09:14:29.938Z|Xload|4|100|1.5 2 2.5 3                              a time series: how many, how often a second
 *   2016-10-24T09:14:29.938Z|msg|M30|Door is open                                 a message with a code of its own
 *   * PONG 10000                                                                a command of the adapter
 *   |execution|ACTIVE                                                             an adapter that has no clock
 *
 * Nothing on a line says that it is a message: it looks like a pair and a name whose value is left out. Names of messages
 * are for the settings to say. A line that is none of these is refused with a reason; nothing here throws.
 */
export type ShdrLine =
  | {
      readonly kind: 'observations' /** Null where the line has none: it is of the time of its receipt. */;
      readonly timestamp: string | null;
      readonly observations: readonly ShdrObservation[];
    }
  | { readonly kind: 'command'; readonly name: string; readonly argument: string }
  | {
      readonly kind: 'asset' /** Mark that ends what goes on over several lines, null for one on a single line. */;
      readonly until: string | null;
    }
  | { readonly kind: 'blank' }
  | { readonly kind: 'refused'; readonly code: ShdrRefusal; readonly detail: string };

export type ShdrRefusal = 'malformed' | 'bad_timestamp' | 'line_too_long' | 'not_utf8';

export type ShdrObservation =
  | { readonly kind: 'value'; readonly name: string /** null is UNAVAILABLE. */; readonly value: ShdrValue | null }
  | { readonly kind: 'condition'; readonly name: string; readonly value: ConditionValue };

export type ShdrValue =
  | string
  | { readonly sampleCount: string; readonly sampleRate: string; readonly values: readonly string[] }
  | { readonly nativeCode: string; readonly text: string };

/** Characters of one line, assets included; a longer one is garbage or an attack. */
export const MAX_LINE = 1024 * 1024;
/** Name and value pairs on one line. */
const MAX_PAIRS = 1024;
const NAME_LENGTH = 256;

const LEVELS: ReadonlySet<string> = new Set(CONDITION_LEVELS);

const NO_MESSAGES: ReadonlySet<string> = new Set();

export const parseShdr = (line: string, messages: ReadonlySet<string> = NO_MESSAGES): ShdrLine => {
  if (line.length > MAX_LINE)
    return refuse('line_too_long', `The line has ${line.length} characters; the limit is ${MAX_LINE}.`);
  if (line.trim() === '') return { kind: 'blank' };
  if (line.startsWith('*')) return command(line);
  const fields = splitFields(line);
  if (fields.length < 3)
    return refuse('malformed', 'A line has at least timestamp|name|value; fields are separated by "|".');
  // Some adapters send a duration after the stamp: 2010-01-01T00:00:00Z@100.0
  const stamp = fields[0]!.split('@', 1)[0]!.trim();
  const timestamp = stamp === '' ? null : stampInUtc(stamp);
  if (timestamp !== null && !isTimestamp(timestamp))
    return refuse('bad_timestamp', `${JSON.stringify(fields[0]!.slice(0, 64))} is not an RFC 3339 time.`);
  const name = fields[1]!.trim();
  if (name.startsWith('@')) return asset(fields);
  const alone = (messages.has(name) ? message(fields) : null) ?? readCondition(fields) ?? timeSeries(fields);
  return alone === null ? pairs(timestamp, fields) : { kind: 'observations', timestamp, observations: [alone] };
};

const refuse = (code: ShdrRefusal, detail: string): ShdrLine => ({ kind: 'refused', code, detail });

const BAR = /\|/g;
/** A field in double quotes, in which a backslash makes the character after it one of the text. */
const QUOTED = /\s*"((?:[^"\\|]|\\.)*)"\s*(?=\||$)/y;

/** Fields between bars. A quote that is not closed before the next bar is a character like others. */
const splitFields = (line: string): string[] => {
  if (!line.includes('"')) return line.split('|');
  const fields: string[] = [];
  for (let at = 0; ; at++) {
    QUOTED.lastIndex = at;
    const quoted = QUOTED.exec(line);
    BAR.lastIndex = at;
    const end = quoted === null ? (BAR.exec(line)?.index ?? line.length) : QUOTED.lastIndex;
    fields.push(quoted === null ? line.slice(at, end) : quoted[1]!.replace(/\\(.)/g, '$1'));
    if (end >= line.length) return fields;
    at = end;
  }
};

const MULTILINE = '--multiline--';

const command = (line: string): ShdrLine => {
  const body = line.indexOf(MULTILINE);
  if (body >= 0) return { kind: 'asset', until: line.slice(body).trimEnd() };
  // Every part takes what no other can: a pattern that looks for the end of blanks again and again may look for hours.
  const words = /^\*\s*([A-Za-z]+):?(.*)$/s.exec(line);
  return words === null
    ? refuse('malformed', 'A line that begins with "*" is a command: * NAME argument.')
    : { kind: 'command', name: words[1]!.toUpperCase(), argument: words[2]!.trim() };
};

const asset = (fields: readonly string[]): ShdrLine => {
  const last = fields[fields.length - 1]!;
  return { kind: 'asset', until: last.trimStart().startsWith(MULTILINE) ? last.trim() : null };
};

/**
 * A condition has seven fields and a level in the third. So have three pairs whose first value happens to be
 * UNAVAILABLE, and an unavailable condition says nothing more: then the other four must be empty. Where its last fields
 * are left out, what is there must make no pairs: `NORMAL` alone is what events say too.
 */
const readCondition = (fields: readonly string[]): ShdrObservation | null => {
  const level = fields[2]!.trim().toUpperCase();
  if (!LEVELS.has(level) || (fields.length !== 7 && !isCutShort(fields, level))) return null;
  if (level === 'UNAVAILABLE' && fields.slice(3).some((field) => field.trim() !== '')) return null;
  const name = fields[1]!.trim();
  return isName(name) ? conditionOf(name, level as ConditionLevel, fields.slice(3)) : null;
};

const conditionOf = (name: string, level: ConditionLevel, said: readonly string[]): ShdrObservation => {
  const [nativeCode = '', nativeSeverity = '', qualifier = '', text = ''] = said.map((field) => field.trim());
  return {
    kind: 'condition',
    name,
    value: {
      level,
      nativeCode: nativeCode.slice(0, 256),
      nativeSeverity: nativeSeverity.slice(0, 256),
      qualifier: qualifier.slice(0, 256),
      text: text.slice(0, 4096),
    },
  };
};

const isCutShort = ({ length, 3: second }: readonly string[], level: string): boolean => {
  if (level === 'UNAVAILABLE') return false;
  // a bar at the end of the line is no field, and a name that is empty is none
  const isEmpty = second?.trim() === '';
  return length === 6 || (length === 4 && !isEmpty) || (length === 5 && isEmpty);
};

const isName = (name: string): boolean => name !== '' && name.length <= NAME_LENGTH && !name.startsWith('$');
const NUMBERS = /^[-+\d.eE]+(?: +[-+\d.eE]+)+$/;

/** Five fields could be two pairs: it is a series when there are as many numbers as the line says, and more than one. */
const timeSeries = (fields: readonly string[]): ShdrObservation | null => {
  if (fields.length !== 5) return null;
  const [name, sampleCount, sampleRate, text] = fields.slice(1).map((field) => field.trim()) as [
    string,
    string,
    string,
    string,
  ];
  if (!isName(name) || !/^\d{1,6}$/.test(sampleCount) || !/^[\d.]*$/.test(sampleRate) || !NUMBERS.test(text))
    return null;
  const values = text.split(/ +/);
  return values.length === Number(sampleCount)
    ? { kind: 'value', name, value: { sampleCount, sampleRate, values } }
    : null;
};

const message = (fields: readonly string[]): ShdrObservation | null => {
  if (fields.length !== 4) return null;
  const [name, nativeCode, text] = fields.slice(1).map((field) => field.trim()) as [string, string, string];
  if (!isName(name)) return null;
  if (text.toUpperCase() === 'UNAVAILABLE') return { kind: 'value', name, value: null };
  return { kind: 'value', name, value: { nativeCode: nativeCode.slice(0, 256), text } };
};

/** A line of version 2 may have several of anything; of a level with nothing after it the next field is no name. */
const CONDITIONS_AMONG_PAIRS: ReadonlySet<string> = new Set(['NORMAL', 'WARNING', 'FAULT']);

const pairs = (timestamp: string | null, fields: readonly string[]): ShdrLine => {
  // A last name without its bar means an empty value, as adapters send it.
  const count = Math.ceil((fields.length - 1) / 2);
  if (count > MAX_PAIRS) return refuse('malformed', `The line has ${count} pairs; the limit is ${MAX_PAIRS}.`);
  const observations: ShdrObservation[] = [];
  for (let at = 1; at < fields.length; at += 2) {
    const name = fields[at]!.trim();
    if (name === '' && at === fields.length - 1 && at > 1) break;
    if (!isName(name))
      return refuse('malformed', `Field ${at + 1} is not a data item's name: ${JSON.stringify(name.slice(0, 64))}.`);
    const value = (fields[at + 1] ?? '').trim();
    const word = value.toUpperCase();
    if (CONDITIONS_AMONG_PAIRS.has(word) && fields[at + 2]?.trim() === '' && at + 2 < fields.length - 1) {
      observations.push(conditionOf(name, word as ConditionLevel, fields.slice(at + 2, at + 6)));
      at += 4;
    } else observations.push({ kind: 'value', name, value: word === 'UNAVAILABLE' ? null : value });
  }
  return { kind: 'observations', timestamp, observations };
};
