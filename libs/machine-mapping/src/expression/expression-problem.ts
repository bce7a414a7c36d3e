import type { ParseError, TypeError as WrongType } from '@marcbachmann/cel-js';
import { quoted } from '../document/did-you-mean';
import { likelyMeant } from './likely-meant';

export interface ExpressionProblem {
  /** Where in the text of the expression. */
  readonly index: number;
  readonly code: string;
  readonly detail: string;
}

/** What works and is probably not what was meant. */
export interface ExpressionWarning extends Omit<ExpressionProblem, 'detail'> {
  /** Made for those that are told: to look for the word that was meant takes time. */
  readonly detail: () => string;
}

export const problemOf = (error: ParseError | WrongType, text: string): ExpressionProblem => {
  const index = Math.min(error.range?.start ?? 0, text.length);
  const { summary = String(error), code = '' } = error;
  const isForm = error.name === 'ParseError';
  const meant = UNEXPECTED.has(code) && index < text.length ? likelyMeant(text, index) : null;
  if (meant !== null) return { ...meant, code: 'expression_syntax' };
  return { index, code: isForm ? 'expression_syntax' : 'expression_type', detail: sentenceOf(code, summary) };
};

/** The parser came upon what it does not know, or not there. */
const UNEXPECTED: ReadonlySet<string> = new Set(['unexpected_character', 'unexpected_token']);

const TOKENS: { readonly [token: string]: string } = {
  EOF: 'the end',
  IDENTIFIER: 'a name',
  RPAREN: ')',
  LPAREN: '(',
  RBRACKET: ']',
  COLON: ':',
};
const plain = (summary: string): string =>
  summary.replace(/\b[A-Z]{3,}\b/g, (token) => TOKENS[token] ?? token.toLowerCase());

const sentenceOf = (code: string, summary: string): string => {
  const said = summary[0]!.toLowerCase() + summary.slice(1);
  switch (code) {
    case 'no_such_overload': {
      const what = summary.replace(/^no such overload: /, '');
      return `${quoted(what)} cannot be done with values of these types; convert one with string(…), int(…) or double(…)`;
    }
    case 'no_matching_overload':
      return `a call does not fit what it is given: ${said}`;
    case 'incompatible_ternary_branches':
      return `both sides of ':' must be of one type; ${said}`;
    case 'limit_exceeded':
      return `is too large for one expression (${said}); divide it by rules of kind expr`;
    case 'unterminated_string':
      return 'has a text that does not end; put a quote behind it';
    default:
      return `cannot be read: ${plain(said)}`;
  }
};
