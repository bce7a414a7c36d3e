import { randomBytes } from 'node:crypto';
import { newApiKey, sha256OfKey } from './api-key-text';

test('a key says what it is, which one it is, and holds 32 random bytes', () => {
  const key = newApiKey(randomBytes);
  expect(key.text).toMatch(/^mr_[0-9A-Za-z]{17}_[0-9A-Za-z]{43}$/);
  expect(key.text.split('_')[1]).toBe(key.id);
});

test('the form does not depend on the bytes', () => {
  for (const fill of [0, 1, 255]) expect(newApiKey((n) => Buffer.alloc(n, fill)).text).toHaveLength(3 + 17 + 1 + 43);
  expect(newApiKey((n) => Buffer.alloc(n, 255)).text).not.toBe(newApiKey((n) => Buffer.alloc(n, 254)).text);
});

test('what is stored is the SHA-256 of the whole text', () => {
  expect(sha256OfKey('mr_a_b')).toBe('f9b6fca053c55eaff9643427f428e98494afcb8d3e47246b8f31a55ff9c2f7b3');
});
