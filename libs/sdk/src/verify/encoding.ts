/** Text and bytes without `Buffer`, so that the same code runs in browsers and edge runtimes. */
const encoder = new TextEncoder();

export const utf8 = (text: string): Uint8Array<ArrayBuffer> => encoder.encode(text);

const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;

/**
 * The bytes of base64 in the standard alphabet, or null for other text. Padding may be missing, and bits beyond the last whole
 * byte are dropped, as senders and other libraries read it.
 */
export const fromBase64 = (text: string): Uint8Array<ArrayBuffer> | null => {
  if (!BASE64.test(text)) return null;
  const digits = text.replace(/=+$/, '');
  const whole = digits.length % 4 === 1 ? digits.slice(0, -1) : digits;
  return Uint8Array.from(atob(whole), (letter) => letter.charCodeAt(0));
};

export const toBase64 = (bytes: Uint8Array): string => btoa(String.fromCharCode(...bytes));

export const toHex = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

export const joinBytes = (parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> => {
  const joined = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
};
