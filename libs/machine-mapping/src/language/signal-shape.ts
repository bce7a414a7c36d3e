import { duration } from './duration-shape';
import { either, listOf } from './list-shapes';
import { defaulting, object, optional, withOneOf } from './object-shape';
import { flag, number, oneOf } from './scalar-shapes';
import { changed, type Shape } from './shape';
import { text } from './text-shape';
import { alias, shortText, unit } from './words';

/** Words of the protocols for the types that a signal can have. */
export const SIGNAL_TYPE_WORDS = {
  bool: 'bool',
  boolean: 'bool',
  int64: 'int64',
  int: 'int64',
  integer: 'int64',
  int8: 'int64',
  int16: 'int64',
  int32: 'int64',
  long: 'int64',
  uint64: 'uint64',
  uint: 'uint64',
  uint8: 'uint64',
  uint16: 'uint64',
  uint32: 'uint64',
  byte: 'uint64',
  word: 'uint64',
  dword: 'uint64',
  double: 'double',
  real: 'double',
  lreal: 'double',
  number: 'double',
  float: 'float',
  string: 'string',
  text: 'string',
  datetime: 'datetime',
  timestamp: 'datetime',
  json: 'json',
  object: 'json',
} as const;
type TypeWord = keyof typeof SIGNAL_TYPE_WORDS;

const type = changed(oneOf('a type', Object.keys(SIGNAL_TYPE_WORDS) as TypeWord[]), (name) => SIGNAL_TYPE_WORDS[name]);

const scale: Shape<string> = either(
  (node) => node.kind === 'scalar' && typeof node.value === 'string',
  text({
    says: 'what the raw value is multiplied with, a number or a fraction',
    pattern: /^[1-9][0-9]{0,17}\/[1-9][0-9]{0,17}$/,
    examples: ['1/10'],
  }),
  changed(number({ says: 'what the raw value is multiplied with, above 0', above: 0 }), String),
);

const abs = number({ says: 'the change that does not count, from 0', least: 0 });
const deadband: Shape<{ abs: number; maxTime: number | undefined }> = either(
  (node) => node.kind === 'map',
  object('which changes do not count', {
    abs: defaulting(abs, 0),
    maxTime: optional(duration('after how long one is taken all the same')),
  }),
  changed(abs, (most) => ({ abs: most, maxTime: undefined })),
);

/** How a source calls it; the word is for people, all mean the path of the signals. */
export const ADDRESS_WORDS = [
  'metric',
  'dataItem',
  'node',
  'item',
  'topic',
  'column',
  'register',
  'path',
  'paths',
] as const;
const address = text({
  says: 'the name under which the source sends it, which does not begin with $',
  pattern: /^[^$\u0000-\u001f]/,
});

export const signal = withOneOf(
  object('a signal', {
    source: optional(alias('the name of its source')),
    metric: optional(address),
    dataItem: optional(address),
    node: optional(address),
    item: optional(address),
    topic: optional(address),
    column: optional(address),
    register: optional(address),
    path: optional(address),
    paths: optional(
      listOf(address, {
        says: 'the names under which sources send it, of which the first that comes is taken',
        least: 1,
        most: 16,
      }),
    ),
    ignoreCase: defaulting(flag('whether A and a are one letter in the names'), false),
    type: optional(type),
    unit: optional(unit),
    scale: optional(scale),
    modulus: optional(
      number({
        says: 'the raw step at which it begins again at 0, a whole number above 1',
        whole: true,
        least: 2,
      }),
    ),
    staleAfter: optional(duration('the silence after which its value is not known any more')),
    deadband: optional(deadband),
    enum: optional(
      listOf(text({ says: 'a word that it can say', orWritten: true }), {
        says: 'all the words that it can say',
        least: 1,
        most: 500,
      }),
    ),
    description: optional(shortText('what it is', 1_000)),
  }),
  ADDRESS_WORDS,
  'where it comes from',
);
