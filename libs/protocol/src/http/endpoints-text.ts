import { z } from 'zod';

/**
 * Text that PostgreSQL and UTF-8 can hold exactly: no NUL and no half of a surrogate pair. Anything else (quotes, markup,
 * right-to-left marks) is data and stays as it is.
 */
export const isStorableText = (text: string): boolean => !/[\0\p{Surrogate}]/u.test(text);

export const storableText = (what: string) =>
  z
    .string({ error: `${what} must be text` })
    .refine(isStorableText, { error: 'must not contain U+0000 or half a surrogate pair' });
