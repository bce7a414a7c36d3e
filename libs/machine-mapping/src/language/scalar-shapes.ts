import { quoted, suggestion } from '../document/did-you-mean';
import { type Shape, wrong } from './shape';

export const number = (options: {
  readonly says: string;
  readonly least?: number;
  readonly most?: number;
  readonly above?: number;
  readonly whole?: boolean;
}): Shape<number> => {
  const { says, above, whole = false } = options;
  // Beyond these a number is not what was written.
  const { least = above === undefined ? -Number.MAX_SAFE_INTEGER : undefined, most = Number.MAX_SAFE_INTEGER } =
    options;
  return {
    schema: {
      description: `${says[0]!.toUpperCase()}${says.slice(1)}.`,
      type: whole ? 'integer' : 'number',
      ...(least === undefined ? {} : { minimum: least }),
      maximum: most,
      ...(above === undefined ? {} : { exclusiveMinimum: above }),
    },
    read: (node, problems) => {
      if (node.kind !== 'scalar' || typeof node.value !== 'number') return wrong(node, problems, says);
      const { value } = node;
      const isRight =
        (!whole || Number.isInteger(value)) &&
        (least === undefined || value >= least) &&
        value <= most &&
        (above === undefined || value > above);
      if (isRight) return value;
      problems.add(node.place, 'bad_value', `must be ${says}, and is ${node.text}`);
      return undefined;
    },
  };
};

export const flag = (says: string): Shape<boolean> => ({
  schema: { description: `${says[0]!.toUpperCase()}${says.slice(1)}.`, type: 'boolean' },
  read: (node, problems) =>
    node.kind === 'scalar' && typeof node.value === 'boolean' ? node.value : wrong(node, problems, 'true or false'),
});

/** @param instead what to write for words that look right and are not, by the word: a sentence's end */
export const oneOf = <T extends string>(
  says: string,
  words: readonly T[],
  instead: ReadonlyMap<string, string> = new Map(),
): Shape<T> => ({
  schema: { description: `${says[0]!.toUpperCase()}${says.slice(1)}.`, enum: words },
  read: (node, problems) => {
    if (node.kind !== 'scalar' || typeof node.value !== 'string')
      return wrong(node, problems, `${says}: ${words.join(', ')}`);
    const known = words.find((candidate) => candidate === node.value);
    if (known !== undefined) return known;
    problems.add(node.place, 'bad_value', () => {
      const right = instead.get(node.text);
      return `${quoted(node.text)} is not ${says}${right === undefined ? suggestion(node.text, words, 'the words') : `: ${right}`}`;
    });
    return undefined;
  },
});

export const literal = <T extends string | number | boolean | null>(value: T, says: string): Shape<T> => ({
  schema: { const: value, description: `${says[0]!.toUpperCase()}${says.slice(1)}.` },
  read: (node, problems) =>
    node.kind === 'scalar' &&
    node.value === value &&
    (value === null ? node.text === '' || /^(~|null)$/i.test(node.text) : true)
      ? value
      : wrong(node, problems, says),
});
