/** Crockford's base32 in lower case: sorts as its number does, and reads without doubt. */
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';

/**
 * `ep_` and 26 characters: 48 bits of Unix ms, then 80 random bits (the layout of a ULID). Ids sort by time of creation,
 * so a list pages by id alone. `random` holds 10 bytes.
 */
export const newEndpointId = (nowMs: number, random: Buffer): string => {
  const bytes = Buffer.alloc(16);
  bytes.writeUIntBE(nowMs, 0, 6);
  random.copy(bytes, 6, 0, 10);
  let number = BigInt(`0x${bytes.toString('hex')}`);
  let text = '';
  for (let place = 0; place < 26; place++) {
    text = ALPHABET[Number(number & 31n)] + text;
    number >>= 5n;
  }
  return `ep_${text}`;
};

const ENDPOINT_ID = /^ep_[0-7][0-9a-hjkmnp-tv-z]{25}$/;

/** Whether a text can be an endpoint's id at all; other texts are answered 404 without a query. */
export const isEndpointId = (text: string): boolean => ENDPOINT_ID.test(text);
