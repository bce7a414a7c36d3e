import { createHash, timingSafeEqual } from 'node:crypto';
import { SCOPE_ALIASES, SCOPES, type Scope } from '@millrace/protocol';

/** Text form of an API key: `mr_<id>_<secret>`. The id names the record; the secret is 32 random bytes in base 62. */
const KEY = /^mr_([A-Za-z0-9]{4,32})_([A-Za-z0-9]{20,100})$/;
const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const SECRET_LENGTH = 43;
const ID_LENGTH = 12;

const base62 = (bytes: Buffer, length: number): string => {
  let number = BigInt(`0x${bytes.toString('hex')}`);
  let text = '';
  while (text.length < length) {
    text = DIGITS[Number(number % 62n)] + text;
    number /= 62n;
  }
  return text;
};

/** SHA-256 of the whole text, hex: the secret is random, so a slow hash would only slow the API. */
export const hashApiKey = (text: string): string => createHash('sha256').update(text).digest('hex');

/** A new key; the text is shown once and stored nowhere. `random` gives that many random bytes. */
export const generateApiKey = (random: (bytes: number) => Buffer): { id: string; text: string; sha256: string } => {
  const id = base62(random(16), ID_LENGTH);
  const text = `mr_${id}_${base62(random(32), SECRET_LENGTH)}`;
  return { id, text, sha256: hashApiKey(text) };
};

export const apiKeyId = (text: string): string | null => KEY.exec(text)?.[1] ?? null;

/** Constant-time: how long it takes tells nothing about how much was right. */
export const matchesHash = (text: string, sha256: string): boolean => {
  const given = createHash('sha256').update(text).digest();
  const wanted = Buffer.from(sha256, 'hex');
  return wanted.length === given.length && timingSafeEqual(given, wanted);
};

/** Names of scopes as a caller gives them, aliases included; `unknown` are those that do not exist. */
export const readScopes = (names: readonly string[]): { scopes: Scope[]; unknown: string[] } => {
  const scopes = new Set<Scope>();
  const unknown: string[] = [];
  for (const name of names) {
    const scope = Object.hasOwn(SCOPE_ALIASES, name) ? SCOPE_ALIASES[name] : SCOPES.find((known) => known === name);
    if (scope === undefined) unknown.push(name);
    else scopes.add(scope);
  }
  return { scopes: [...scopes], unknown };
};
