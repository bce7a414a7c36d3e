import { duration } from './duration-shape';
import { either } from './list-shapes';
import { defaulting, object, optional, required } from './object-shape';
import { literal, number, oneOf } from './scalar-shapes';
import { type Shape } from './shape';
import { text } from './text-shape';
import { shortText } from './words';

/** The `type` of every kind of source that `POST /v1/sources` has. */
export const SOURCE_TYPES = [
  'sparkplug',
  'mqtt',
  'opcua',
  'mtconnect',
  'shdr',
  'modbus',
  'http',
  'files',
  'mtconnect-recording',
  'shdr-recording',
] as const;
export type SourceType = (typeof SOURCE_TYPES)[number];

/** What people call a source that is one of another type. */
const NAMED_OTHERWISE: ReadonlyMap<string, string> = new Map([
  ['eclipse', 'what Eclipse Pro posts comes by a source of type http'],
  ['mes', 'what an MES posts comes by a source of type http'],
  ['file', 'a folder of files is one of type files'],
]);

/**
 * They number all that they send, so what is missing or out of order is seen. What our own adapter of Sparkplug stores is in
 * order already, and the fold takes it as it comes; what a gateway or a recording of such a line brings is put in order.
 */
export const NUMBERED_SOURCES: ReadonlySet<SourceType> = new Set(['sparkplug', 'http', 'files']);

export const DEFAULT_REORDER = { windowMs: 2_000, records: 256 } as const;

const reorder: Shape<false | { window: number; records: number }> = either(
  (node) => node.kind === 'scalar',
  literal(false, 'false (taken as they come), or {window, records}'),
  object('how signals that came out of order are put in order', {
    window: defaulting(duration('how long one waits for an earlier one'), DEFAULT_REORDER.windowMs, '2s'),
    records: defaulting(
      number({ says: 'how many wait at most, from 1 to 1024', whole: true, least: 1, most: 1024 }),
      DEFAULT_REORDER.records,
    ),
  }),
);

const written: Shape<string> = text({ says: 'a word for people', most: 512, orWritten: true });

/** Where the data is; the settings of the source itself say it to Millrace, here it is for who reads the mapping. */
const FOR_PEOPLE = [
  'group',
  'node',
  'device',
  'role',
  'rebirthMinInterval',
  'url',
  'host',
  'port',
  'topic',
  'topics',
  'endpoint',
  'namespace',
  'agent',
  'unitId',
  'folder',
  'format',
  'columns',
  'security',
  'description',
] as const;

export const source = object('a source', {
  type: required(oneOf('a kind of source', SOURCE_TYPES, NAMED_OTHERWISE)),
  id: optional(shortText('the configured name of the source', 128)),
  maxSkew: defaulting(duration("the largest distance of the device's clock from ours"), 300_000, '5m'),
  maxBacklog: optional(duration('the age from which a stamp makes a signal historical')),
  reorder: optional(reorder),
  ...(Object.fromEntries(FOR_PEOPLE.map((name) => [name, optional(written)])) as {
    [N in (typeof FOR_PEOPLE)[number]]: ReturnType<typeof optional<string>>;
  }),
});
