import { quoted } from '../document/did-you-mean';
import { changed, type Shape, type Word, wrong } from './shape';

const lengthOf = (text: string): number => [...text].length;

interface TextOptions {
  readonly says: string;
  /** What a refusal calls it, where `says` tells what it is for rather than what can stand there. */
  readonly form?: string;
  readonly pattern?: RegExp;
  readonly most?: number;
  readonly least?: number;
  readonly examples?: readonly string[];
  /** Numbers and true/false are taken as they were written: `code: 007`. */
  readonly orWritten?: boolean;
  /** What is probably meant by a bare number or true/false: `2s` of `2`. Told where it fits the pattern. */
  readonly meant?: (written: string) => string;
  /** A check that a pattern cannot do; gives the sentence, or null. Not in the schema. */
  readonly also?: (text: string) => string | null;
}

export const word = (options: TextOptions): Shape<Word> => {
  const { says, form = says, pattern, most = 256, least = 1, examples, orWritten = false, also } = options;
  const fits = (written: string): boolean => pattern === undefined || pattern.test(written);
  /** Quotes are told of where they help. */
  const instead = (written: string): string => {
    if (fits(written)) return ` (in quotes: "${written}")`;
    const meant = options.meant?.(written);
    const example = meant !== undefined && fits(meant) ? meant : examples?.[0];
    return example === undefined ? '' : `, for example ${example}`;
  };
  return {
    schema: {
      description: `${says[0]!.toUpperCase()}${says.slice(1)}.`,
      type: orWritten ? ['string', 'number', 'boolean'] : 'string',
      minLength: least,
      maxLength: most,
      ...(pattern === undefined ? {} : { pattern: pattern.source }),
      ...(examples === undefined ? {} : { examples }),
    },
    read: (node, problems) => {
      if (node.kind !== 'scalar' || node.value === null) return wrong(node, problems, form);
      if ((typeof node.value !== 'string' || node.isBigInteger) && !orWritten)
        return wrong(node, problems, `${form}${instead(node.text)}`);
      const { text } = node;
      const bad = (why: string) => {
        problems.add(node.place, 'bad_value', why);
        return undefined;
      };
      if (typeof node.value === 'string' && !node.isBigInteger) {
        if (lengthOf(text) < least) return bad(`must be ${form}, and is empty`);
        if (lengthOf(text) > most) return bad(`has ${lengthOf(text)} characters; ${most} are allowed`);
        if (!fits(text))
          return bad(`must be ${form}${examples ? `, for example ${examples[0]}` : ''}, and is ${quoted(text)}`);
      }
      const more = also?.(text) ?? null;
      return more === null ? { text, node } : bad(more);
    },
  };
};

export const text = (options: TextOptions): Shape<string> => changed(word(options), ({ text: plain }) => plain);
