import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { openSecret, readEncryptionKey, type SecretBinding, sealSecret } from './sealed-secret';

const key = randomBytes(32);
const iv = randomBytes(12);
const binding: SecretBinding = { tenant: 'default', owner: 'ep_1', secretId: 'sec_1' };
const sealed = sealSecret(key, iv, binding, 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw');

describe('a sealed secret', () => {
  it('opens to what was sealed, and does not show it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.uint8Array({ minLength: 12, maxLength: 12 }), (secret, nonce) => {
        expect(openSecret(key, binding, sealSecret(key, Buffer.from(nonce), binding, secret))).toBe(secret);
      }),
    );
    expect(sealed).toMatch(/^v1\.[A-Za-z0-9_-]{16}\.[A-Za-z0-9_-]+$/);
    expect(sealed).not.toContain('whsec_');
  });

  it('does not open when any bit of it is changed', () => {
    const [, nonce, bytes] = sealed.split('.');
    const flipped = (text: string, at: number, bit: number): string => {
      const changed = Buffer.from(text, 'base64url');
      changed[at % changed.length] = changed[at % changed.length]! ^ (1 << bit);
      return changed.toString('base64url');
    };
    fc.assert(
      fc.property(fc.nat(200), fc.nat(7), fc.boolean(), (at, bit, inNonce) => {
        const text = inNonce ? `v1.${flipped(nonce!, at, bit)}.${bytes}` : `v1.${nonce}.${flipped(bytes!, at, bit)}`;
        expect(() => openSecret(key, binding, text)).toThrow();
      }),
    );
  });

  it.each<[string, Partial<SecretBinding>]>([
    ['tenant', { tenant: 'other' }],
    ['owner', { owner: 'ep_2' }],
    ['secret id', { secretId: 'sec_2' }],
    ['owner and secret id, cut elsewhere', { owner: 'ep_1sec', secretId: '_1' }],
  ])('does not open for another %s', (_what, change) => {
    expect(() => openSecret(key, { ...binding, ...change }, sealed)).toThrow();
  });

  it('does not open with another key', () => {
    expect(() => openSecret(randomBytes(32), binding, sealed)).toThrow();
  });

  it.each([
    '',
    'v1',
    'v1.',
    'v1..',
    `v2${sealed.slice(2)}`,
    `${sealed}.x`,
    sealed.slice(3),
    'v1.AAAA.AAAA',
    'v1.!!!.???',
  ])('row %#: is not made of any text', (text) => {
    expect(() => openSecret(key, binding, text)).toThrow();
  });

  it('needs its whole tag: a shorter one would be a guess of a few bits', () => {
    const [, nonce, bytes] = sealSecret(key, iv, binding, '').split('.');
    const tag = Buffer.from(bytes!, 'base64url');
    expect(tag).toHaveLength(16);
    for (const length of [4, 8, 12, 15])
      expect(() => openSecret(key, binding, `v1.${nonce}.${tag.subarray(0, length).toString('base64url')}`)).toThrow();
  });
});

describe('readEncryptionKey', () => {
  it('reads 32 bytes in hex, base64 and base64url', () => {
    for (const text of [
      key.toString('hex'),
      key.toString('hex').toUpperCase(),
      key.toString('base64'),
      key.toString('base64url'),
    ])
      expect(readEncryptionKey(text)).toEqual(key);
  });

  it.each([
    '',
    'changeme',
    'a'.repeat(63),
    randomBytes(16).toString('hex'),
    randomBytes(31).toString('base64'),
    randomBytes(33).toString('base64'),
    // A pass phrase that a lenient decoder would take for base64 once its spaces are dropped.
    'correct horse battery staple and one more wordxx',
    `${key.toString('base64').slice(0, 20)} ${key.toString('base64').slice(20)}`,
  ])('row %#: is null for other text', (text) => {
    expect(readEncryptionKey(text)).toBeNull();
  });
});
