import { isMachineName, isTimestamp, javaScriptJson, nestingDepth, SIGNAL_LIMITS, type Signal } from '@millrace/domain';
import { type JsonLeaf, jsonLeaves } from '../json-leaves';
import type { MqttMessage } from './mqtt-connection';
import type { MqttSettings, TopicSettings } from './mqtt-settings';
import { fillTemplate, levelOf, matchesFilter } from './topic-template';

/** What a plain message says. */
export type TopicReading =
  | {
      readonly kind: 'values';
      readonly machine: string;
      readonly values: ReadonlyArray<Omit<JsonLeaf, 'path'> & { readonly path: string }>;
      readonly sourceTs: string | null;
      readonly seq: number | null;
      readonly unit: string | null;
      /** Members that could not be signals. */
      readonly left: number;
    }
  /** An empty payload: how a retained message is taken away. */
  | { readonly kind: 'empty' }
  /** No filter of the settings fits. */
  | { readonly kind: 'unmapped' }
  | { readonly kind: 'refused'; readonly code: string; readonly detail: string };

const MOST_BYTES = 4 * 1024 * 1024;
const MOST_DEPTH = 32;
/** Above it, a number times the places of a message is no whole number of JavaScript any more. */
const HIGHEST_SEQ = 2 ** 42 - 1;

const refused = (code: string, detail: string): TopicReading => ({ kind: 'refused', code, detail });
const strictUtf8 = new TextDecoder('utf-8', { fatal: true });

export const readTopicMessage = (
  { topic, payload }: Pick<MqttMessage, 'topic' | 'payload'>,
  topics: MqttSettings['topics'],
): TopicReading => {
  const settings = topics.find(({ filter }) => matchesFilter(filter, topic));
  if (settings === undefined) return { kind: 'unmapped' };
  if (payload.length === 0) return { kind: 'empty' };
  const machine = fillTemplate(settings.machine, levelOf(topic));
  if (!isMachineName(machine))
    return refused(
      'invalid_machine',
      `The topic gives the machine ${JSON.stringify(machine.slice(0, 64))}, which is no name of one.`,
    );
  if (payload.length > MOST_BYTES)
    return refused('too_large', `The payload has ${payload.length} bytes; the limit is ${MOST_BYTES}.`);
  let text: string;
  try {
    text = strictUtf8.decode(payload);
  } catch {
    return refused('decode_error', 'The payload is not UTF-8 text.');
  }
  const path = fillTemplate(settings.path ?? '', levelOf(topic));
  const single = path === '' ? (topic.split('/').findLast((level) => level !== '') ?? topic) : path;
  const said = settings.format === 'text' ? plainText(text, single) : jsonValues(text, settings, path, single);
  if (typeof said === 'string') return refused('decode_error', said);
  const wrong = said.values.find((value) => !isPath(value.path));
  if (wrong !== undefined)
    return refused(
      'invalid_path',
      `A path is 1 to ${SIGNAL_LIMITS.pathLength} characters and does not begin with $: ${JSON.stringify(wrong.path.slice(0, 64))}.`,
    );
  return { kind: 'values', machine, unit: settings.unit ?? null, ...said };
};

const isPath = (path: string): boolean =>
  path !== '' && path.length <= SIGNAL_LIMITS.pathLength && !path.startsWith('$');

interface Said {
  readonly values: readonly JsonLeaf[];
  readonly sourceTs: string | null;
  readonly seq: number | null;
  readonly left: number;
}

const plainText = (text: string, path: string): Said | string =>
  text.length > SIGNAL_LIMITS.valueLength
    ? `The text has more than ${SIGNAL_LIMITS.valueLength} characters.`
    : { values: [{ path, value: text, type: 'string' }], sourceTs: null, seq: null, left: 0 };

const jsonValues = (text: string, settings: TopicSettings, prefix: string, single: string): Said | string => {
  if (nestingDepth(text) > MOST_DEPTH) return `The JSON is nested more than ${MOST_DEPTH} levels deep.`;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return `The payload is not JSON: ${(error as Error).message.slice(0, 200)}. A plain text needs "format": "text".`;
  }
  if (typeof value !== 'object' || value === null) return scalar(text.trim(), value, single);
  const read = jsonLeaves(text);
  if (read === null) return 'The payload has more members than a message of a machine may have.';
  const find = (path: string | undefined) => read.leaves.find((leaf) => leaf.path === path);
  const beside = new Set([settings.timestamp, settings.seq]);
  const values =
    settings.value === undefined
      ? read.leaves
          .filter(({ path }) => !beside.has(path))
          .map((leaf) => ({ ...leaf, path: prefix === '' ? leaf.path : `${prefix}.${leaf.path}` }))
      : [find(settings.value)].flatMap((leaf) => (leaf === undefined ? [] : [{ ...leaf, path: single }]));
  if (values.length === 0)
    return settings.value === undefined
      ? 'The object has no member with a value.'
      : `The object has no member ${settings.value}.`;
  return {
    values,
    sourceTs: timeOf(find(settings.timestamp)?.value, settings.timestampUnit),
    seq: numberOf(find(settings.seq)?.value),
    left: read.rejected.length,
  };
};

const scalar = (text: string, value: unknown, path: string): Said | string => {
  const plain = { sourceTs: null, seq: null, left: 0 };
  switch (typeof value) {
    case 'boolean':
      return { values: [{ path, value, type: 'bool' }], ...plain };
    case 'string':
      return plainText(value, path);
    case 'number': {
      const whole = /^-?\d+$/.test(text);
      // A number that JavaScript does not hold keeps its digits.
      if (javaScriptJson(text, path).kind === 'text' && (!whole || Number.isSafeInteger(value)))
        return { values: [{ path, value, type: 'double' }], ...plain };
      if (text.length > 128) return 'The number has more than 128 characters.';
      return { values: [{ path, value: text, type: whole ? 'int64' : 'double' }], ...plain };
    }
    default:
      return { values: [{ path, value: null, type: 'string' }], ...plain };
  }
};

const RFC_3339 = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)$/;

/** RFC 3339, or null for what is no time: the time of receipt then stands for it. */
const timeOf = (value: Signal['value'] | undefined, unit: 'ms' | 's'): string | null => {
  if (typeof value === 'string') return RFC_3339.test(value) && !Number.isNaN(Date.parse(value)) ? value : null;
  if (typeof value !== 'number') return null;
  const date = new Date(unit === 's' ? value * 1_000 : value);
  if (Number.isNaN(date.getTime()) || date.getTime() < 0) return null;
  // Microseconds that are taken for milliseconds lie in years of five digits, which RFC 3339 does not have.
  const text = date.toISOString();
  return isTimestamp(text) ? text : null;
};

const numberOf = (value: Signal['value'] | undefined): number | null =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= HIGHEST_SEQ ? value : null;
