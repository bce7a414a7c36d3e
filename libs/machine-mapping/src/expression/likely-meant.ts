import { quoted } from '../document/did-you-mean';

/** What a place of an expression that cannot be read should probably say. */
export interface LikelyMeant {
  readonly index: number;
  readonly detail: string;
}

/** Operators of other languages, and what CEL has for them; the longer first. */
const OPERATORS: ReadonlyArray<readonly [string, string]> = [
  ['===', '=='],
  ['!==', '!='],
  ['<>', '!='],
  ['=>', '>='],
  ['=<', '<='],
  ['=', '=='],
  ['&', '&&'],
  ['|', '||'],
];
const WORDS: ReadonlyMap<string, string> = new Map([
  ['and', '&&'],
  ['or', '||'],
  ['not', '!'],
  ['is', '=='],
]);
const WORD = /^[A-Za-z_]\w*/;
const SIGN = /^(==|!=|<=|>=|&&|\|\||[-+*/%<>!?:,.()[\]{}])/;
const AFTER_A_SIGN = /(^|[-+*/%<>=!&|?:,([{])\s*$/;

/** `a && && b`: each of them is an operator. */
const isDoubled = (text: string, start: number, sign: string): boolean =>
  sign.length === 1 && (text[start - 1] === sign || text[start + 1] === sign);

/** The parser stops somewhere within an operator that it does not know. */
const operatorAt = (text: string, index: number): LikelyMeant | null => {
  for (const [wrong, right] of OPERATORS)
    for (let start = Math.max(0, index - wrong.length + 1); start <= index; start++)
      if (text.startsWith(wrong, start) && !isDoubled(text, start, wrong))
        return { index: start, detail: `${quoted(wrong)} is no operator here; write '${right}'` };
  return null;
};

/** `not door`: to the parser `not` is a name, and `door` what should not follow it. */
const wordBefore = (text: string, index: number): LikelyMeant | null => {
  const [word] = /\bnot\s+$/i.exec(text.slice(0, index)) ?? [];
  return word === undefined
    ? null
    : { index: index - word.length, detail: `${quoted(word.trim())} is no operator here; write '!'` };
};

/** Null where nothing can be said that is better than what the parser said. */
export const likelyMeant = (text: string, index: number): LikelyMeant | null => {
  const [word] = WORD.exec(text.slice(index)) ?? [];
  if (word !== undefined) {
    const operator = WORDS.get(word.toLowerCase());
    if (operator !== undefined) return { index, detail: `${quoted(word)} is no operator here; write '${operator}'` };
    return (
      wordBefore(text, index) ?? {
        index,
        detail: `${quoted(word)} cannot stand here; is an operator missing before it?`,
      }
    );
  }
  const operator = operatorAt(text, index);
  if (operator !== null) return operator;
  if (/^[“”„‘’]/.test(text.slice(index)))
    return { index, detail: `${quoted(text[index]!)} is no quote of an expression; write ' on both sides of the text` };
  const [sign] = SIGN.exec(text.slice(index)) ?? [];
  if (sign === undefined) return null;
  const detail = AFTER_A_SIGN.test(text.slice(0, index))
    ? `'${sign}' stands where a value is expected`
    : `'${sign}' cannot stand here`;
  return { index, detail };
};
