import { STATE_LIMITS } from '@millrace/domain';
import { either, listOf } from './list-shapes';
import { machine, machines } from './machine-shape';
import { mapOf } from './map-shape';
import { defaulting, object, optional, required, withOneOf } from './object-shape';
import { rule } from './rule-shapes';
import { literal } from './scalar-shapes';
import { anything, type Shape } from './shape';
import { signal } from './signal-shape';
import { source } from './source-shape';
import { text, word } from './text-shape';
import { ALIAS, EVENT_TYPE, shortText } from './words';

const aliasNames = {
  says: 'letters, digits and _, and begin with a letter, so that expressions can name it',
  pattern: ALIAS,
};
const keyNames = { says: 'text', pattern: /^[^\u0000-\u001f\u007f]{1,128}$/ };

const masterData = mapOf(
  mapOf(
    {
      ...anything('a block, given to the result as it stands'),
      schema: { type: 'object', description: 'A block, given to the result as it stands.' },
      read: readBlock,
    },
    { says: 'blocks by their keys', names: keyNames, most: 5_000 },
  ),
  { says: 'master data by kind: job, material, tooling, ...', names: aliasNames, most: 20 },
);

function readBlock(...[node, problems]: Parameters<Shape<unknown>['read']>) {
  if (node.kind === 'map') return anything('a block').read(node, problems);
  problems.add(node.place, 'wrong_type', 'must be a map, the block of master data');
  return undefined;
}

const attachment = word({
  says: 'the name of an attachment, or NDJSON',
  most: 256 * 1024,
  examples: ['fixtures/base.ndjson'],
});
const feed = either(
  (node) => node.kind === 'list',
  listOf(anything('a recorded signal'), { says: 'recorded signals', least: 1, most: 5_000 }),
  attachment,
);
const expected = object('an event that must come', {
  type: required(text({ says: 'its type', pattern: EVENT_TYPE, most: 128 })),
  subject: optional(shortText('its subject')),
  time: optional(shortText('its time, RFC 3339', 64)),
  data: optional(anything('members of its data that must be so; others may be there')),
});
const test = object('a test', {
  name: optional(shortText('what it shows')),
  feed: required(feed),
  expect: required(
    either(
      (node) => node.kind === 'list',
      listOf(expected, { says: 'the events that must come, in order', most: 1_000 }),
      attachment,
    ),
  ),
  never: defaulting(
    listOf(word({ says: 'a type of event that must not come', pattern: EVENT_TYPE, most: 128 }), {
      says: 'types of events that must not come',
      most: 50,
    }),
    [],
  ),
});

/** A mapping as it is written, checked for its form. */
export const mappingShape = withOneOf(
  object('a mapping', {
    apiVersion: required(literal('ingest/v1', 'ingest/v1')),
    name: optional(
      text({
        says: 'the name of the mapping',
        pattern: /^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/,
        examples: ['roll-former'],
      }),
    ),
    description: optional(shortText('what the mapping is for', 4_000)),
    machine: optional(machine),
    machines: optional(machines),
    sources: required(
      mapOf(source, { says: 'sources by their names in this mapping', names: aliasNames, least: 1, most: 20 }),
    ),
    signals: defaulting(
      // As many as the state of a machine holds values of.
      mapOf(signal, { says: 'signals by their names in this mapping', names: aliasNames, most: STATE_LIMITS.values }),
      [],
    ),
    rules: required(listOf(rule, { says: 'rules, a list', least: 1, most: 500 })),
    masterData: defaulting(masterData, []),
    tests: defaulting(listOf(test, { says: 'tests, a list', most: 50 }), []),
  }),
  ['machine', 'machines'],
  'what it maps',
);

/** The parts, each for itself. */
export const mappingParts = { source, signal, rule, masterData } as const;

type ReadOf<S> = S extends Shape<infer T> ? T : never;
export type WrittenMapping = ReadOf<typeof mappingShape>;
export type WrittenTest = WrittenMapping['tests'][number];
export type WrittenSignal = WrittenMapping['signals'][number];
export type WrittenSource = WrittenMapping['sources'][number];

/** The language for editors and for who checks before sending. */
export const MAPPING_SCHEMA = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  $id: 'urn:millrace:mapping:ingest/v1',
  title: 'Mapping of a machine (ingest/v1)',
  ...mappingShape.schema,
} as const;
