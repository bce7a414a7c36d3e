import type { z } from 'zod';

const KINDS: { readonly [expected: string]: string } = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  tuple: 'a list',
  object: 'an object',
  record: 'an object',
  null: 'null',
};

const SIZES: { readonly [origin: string]: string } = { string: 'characters', array: 'entries', record: 'members' };

/** `a, b or c`. */
const anyOf = (words: readonly string[]): string =>
  words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;

/**
 * What a schema says of a member for which it has no sentence of its own; given to zod with a parse, so that a person reads
 * one language whatever is wrong. Undefined leaves it to zod.
 */
export const plainWords = (issue: z.core.$ZodRawIssue): string | undefined => {
  switch (issue.code) {
    case 'invalid_type':
      return `must be ${KINDS[issue.expected] ?? issue.expected}`;
    case 'invalid_value':
      return `must be ${anyOf(issue.values.map(String))}`;
    case 'too_small':
      return atLeast(issue);
    case 'too_big':
      return issue.origin in SIZES
        ? `must have at most ${issue.maximum} ${SIZES[issue.origin]}`
        : `must be ${issue.inclusive === false ? 'below' : 'at most'} ${issue.maximum}`;
    case 'not_multiple_of':
      return `must be a multiple of ${issue.divisor}`;
    case 'invalid_format':
      return formOf(issue);
    case 'invalid_union':
      return formsOf(issue);
    case 'invalid_key':
      return `has a name that cannot be: it ${issue.issues[0]?.message}`;
    default:
      return undefined;
  }
};

const atLeast = ({ origin, minimum, inclusive }: z.core.$ZodRawIssue<z.core.$ZodIssueTooSmall>): string => {
  if (!(origin in SIZES)) return `must be ${inclusive === false ? 'above' : 'at least'} ${minimum}`;
  return Number(minimum) === 1 ? 'must not be empty' : `must have at least ${minimum} ${SIZES[origin]}`;
};

const formOf = (issue: z.core.$ZodRawIssue<z.core.$ZodIssueInvalidStringFormat>): string | undefined => {
  if (issue.format === 'includes') return `must hold ${JSON.stringify(issue['includes'])}`;
  if (issue.format === 'url') return 'must be an address such as https://example.com';
  return undefined;
};

const MUST_BE = /^must be (.+)$/;

/** Of forms that differ in one word each, the words; of others nothing short can be said. */
const formsOf = ({ errors }: z.core.$ZodRawIssue<z.core.$ZodIssueInvalidUnion>): string => {
  const words = errors.map(([first]) => (first?.path.length === 0 ? MUST_BE.exec(first.message)?.[1] : undefined));
  return words.length > 0 && words.every((word) => word !== undefined)
    ? `must be ${anyOf([...new Set(words)])}`
    : 'has none of the forms that it may have';
};

interface Issue {
  readonly code?: string;
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/** The sentence of an issue about `given`: a member that is not there is said to be missing, and what it must be. */
export const sentenceOf = ({ code, path, message }: Issue, given: unknown): string => {
  // A rule over several members says by itself what it misses.
  if (code === 'custom' || path.length === 0 || isThere(given, path)) return message;
  return message.startsWith('must ') ? `is missing; it ${message}` : `is missing: ${message}`;
};

const isThere = (given: unknown, path: readonly PropertyKey[]): boolean => {
  let at = given;
  for (const step of path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, step)) return false;
    at = (at as { readonly [name: PropertyKey]: unknown })[step];
  }
  return at !== undefined;
};

/** `filter.rules[2].name`; names are shortened, they may be anything. */
export const pathText = (path: readonly PropertyKey[]): string =>
  path
    .map((part, index) => {
      if (typeof part === 'number') return `[${part}]`;
      const name = String(part);
      return `${index > 0 ? '.' : ''}${name.length > 60 ? `${name.slice(0, 60)}…` : name}`;
    })
    .join('');
