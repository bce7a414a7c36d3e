/** Crockford's base32 in lower case: sorts as its number does, and reads without doubt. */
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';

/** Bytes of randomness in an id. */
export const ID_RANDOM_BYTES = 10;

/**
 * `<prefix>_` and 26 characters: 48 bits of Unix ms, then 80 random bits (the layout of a ULID). Ids sort by time of
 * creation, so a list pages by id alone.
 */
export const sortableId = (prefix: string, nowMs: number, random: Buffer): string => {
  const bytes = Buffer.alloc(16);
  bytes.writeUIntBE(nowMs, 0, 6);
  random.copy(bytes, 6, 0, ID_RANDOM_BYTES);
  let number = BigInt(`0x${bytes.toString('hex')}`);
  let text = '';
  for (let place = 0; place < 26; place++) {
    text = ALPHABET[Number(number & 31n)] + text;
    number >>= 5n;
  }
  return `${prefix}_${text}`;
};

const REST = /^[0-7][0-9a-hjkmnp-tv-z]{25}$/;

/** Whether a text can be an id of this prefix at all; other texts are answered 404 without a query. */
export const isSortableId = (prefix: string, text: string): boolean =>
  text.startsWith(`${prefix}_`) && REST.test(text.slice(prefix.length + 1));
