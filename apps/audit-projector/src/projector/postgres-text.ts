/** NUL, and surrogates that are not half of a pair. */
const UNSTORABLE = /\0|\p{Surrogate}/u;

/**
 * Text that goes to PostgreSQL as it is. PostgreSQL has no NUL in text, and a lone surrogate is not UTF-8; whatever else
 * comes from outside (headers, bodies, sources, subjects) is stored as bytes.
 */
export const isStorableText = (value: unknown, limit: number): value is string =>
  typeof value === 'string' && value.length <= limit && !UNSTORABLE.test(value);

/** A name that our own code made: lower-case words. */
const WORD = /^[a-z0-9_]{1,64}$/;
export const isWord = (value: unknown): value is string => typeof value === 'string' && WORD.test(value);

/** Milliseconds from 1970 to 2100: what lies outside is a broken clock, not a time. */
const LAST_MS = 4_102_444_800_000;
export const isTimeMs = (value: unknown): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < LAST_MS;

/** Fits `integer`. */
export const isCount = (value: unknown): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 2_147_483_647;

/** JSON as bytes: lone surrogates and NUL stand in it as escapes, so nothing in it can be refused. */
export const jsonBytes = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

const DAY_MS = 86_400_000;
/** `2026-02-17`, in UTC. */
export const dayOf = (ms: number): string => new Date(Math.floor(ms / DAY_MS) * DAY_MS).toISOString().slice(0, 10);
