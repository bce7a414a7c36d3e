import { createHash } from 'node:crypto';

/** Crockford's alphabet, lower case: no letter that reads as a digit. */
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';

const base32 = (bytes: Uint8Array, characters: number): string => {
  let bits = 0n;
  for (const byte of bytes) bits = (bits << 8n) | BigInt(byte);
  let text = '';
  for (let n = 0; n < characters; n++) {
    text = ALPHABET[Number(bits & 31n)]! + text;
    bits >>= 5n;
  }
  return text;
};

/**
 * Id of an event that came without one: `evt_`, 48 bits of time in milliseconds and 80 random bits, as a ULID. Ids made
 * later sort later, which keeps the history's index compact. `random` gives 10 bytes.
 */
export const timeOrderedEventId = (nowMs: number, random: Uint8Array): string => {
  const time = Buffer.alloc(6);
  time.writeUIntBE(nowMs, 0, 6);
  return `evt_${base32(Buffer.concat([time, random]), 26)}`;
};

/**
 * Id of an event that came without one in a request with an `Idempotency-Key`: a function of tenant, key, content and place
 * in the request, so the repeat of a request whose answer was lost publishes the same events, and they collapse downstream.
 * Another request that comes under the key when the first is forgotten gets ids of its own: with the same ones its events
 * would count as repeats of the first, and vanish.
 */
export const idempotentEventId = (
  tenant: string,
  idempotencyKey: string,
  fingerprint: string,
  index: number,
): string => {
  const hash = createHash('sha256')
    .update(JSON.stringify([tenant, idempotencyKey, fingerprint, index]))
    .digest();
  return `evt_${base32(hash.subarray(0, 17), 26)}`;
};
