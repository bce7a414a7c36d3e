import { createHash } from 'node:crypto';

const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

const inBase62 = (bytes: Buffer, length: number): string => {
  let number = BigInt(`0x${bytes.toString('hex')}`);
  let text = '';
  for (let place = 0; place < length; place++) {
    text = BASE62[Number(number % 62n)] + text;
    number /= 62n;
  }
  return text;
};

export interface NewApiKey {
  readonly id: string;
  /** `mr_<id>_<43 characters of base62>`; shown once, never stored. */
  readonly text: string;
}

/**
 * A new key. The prefix lets secret scanners find it; the id is public and finds the record; 32 random bytes are the
 * secret, so a plain SHA-256 is enough to store it by. `random(n)` gives n bytes.
 */
export const newApiKey = (random: (bytes: number) => Buffer): NewApiKey => {
  const id = inBase62(random(12), 17);
  return { id, text: `mr_${id}_${inBase62(random(32), 43)}` };
};

export const sha256OfKey = (text: string): string => createHash('sha256').update(text).digest('hex');
