import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { hiddenSettings, keptPaths, memberAt, openSettings, sealSettings, withKept } from './source-settings';

const key = randomBytes(32);
const owner = { tenant: 'acme', name: 'line-1' };
const paths = ['password', 'tls.key', 'tokens'];
const settings = {
  url: 'mqtt://broker',
  password: 'pa"ss',
  tls: { key: '-----KEY', ca: 'ca' },
  tokens: ['one', 'two'],
};
const sealed = sealSettings(key, randomBytes, owner, paths, settings);

test('what is sealed shows nothing of the secrets, and opens to what it was', () => {
  expect(JSON.stringify(sealed)).not.toMatch(/pa.*ss"|KEY|one|two/);
  expect(sealed).toMatchObject({ url: 'mqtt://broker', tls: { ca: 'ca' } });
  expect(openSettings(key, owner, paths, sealed)).toEqual(settings);
  expect(hiddenSettings(paths, sealed)).toEqual({
    url: 'mqtt://broker',
    password: '***',
    tls: { key: '***', ca: 'ca' },
    tokens: '***',
  });
});

test('it opens for no other source, member or key', () => {
  expect(() => openSettings(key, { ...owner, name: 'line-2' }, paths, sealed)).toThrow();
  expect(() => openSettings(key, { ...owner, tenant: 'other' }, paths, sealed)).toThrow();
  expect(() => openSettings(key, owner, paths, { password: memberAt(sealed, 'tls.key') })).toThrow();
  expect(() => openSettings(randomBytes(32), owner, paths, sealed)).toThrow();
});

test.each<[string, object, string[], string[]]>([
  ['left out with what is around them', { url: 'x' }, [], ['password', 'tokens']],
  ['left out of what is around them', { tls: { ca: 'x' }, tokens: null }, [], ['password', 'tls.key']],
  ['shown as they are', { password: '***', tls: { key: '***' }, tokens: '***' }, ['password', 'tls.key', 'tokens'], []],
  ['given anew', { password: 'new', tls: { key: 'new' }, tokens: [] }, [], []],
  ['taken away', { password: null, tls: { key: null }, tokens: null }, [], []],
  ['below what is another thing now', { password: 'new', tls: 'none', tokens: null }, [], []],
])('secrets that are %s', (_, given, hidden, leftOut) => {
  expect(keptPaths(paths, given as never, settings)).toEqual({ hidden, leftOut });
  const kept = [...hidden, ...leftOut];
  const merged = withKept(given as never, settings, kept);
  for (const path of kept) expect(memberAt(merged, path)).toEqual(memberAt(settings, path));
});

test('members without a secret stay as they came, whatever their names', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.string(), (value, name) => {
      const given = Object.fromEntries([
        [name, value],
        ['__proto__', value],
      ]);
      const open = openSettings(key, owner, ['secret.of'], sealSettings(key, randomBytes, owner, ['secret.of'], given));
      expect(JSON.stringify(open)).toBe(JSON.stringify(given));
      expect(({} as { of?: unknown }).of).toBeUndefined();
    }),
  );
});
