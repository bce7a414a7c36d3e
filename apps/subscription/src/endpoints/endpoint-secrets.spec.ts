import { randomBytes } from 'node:crypto';
import { secretBytes } from '@millrace/domain';
import { newSecret, openForEndpoint, rotated, sealForEndpoint } from './endpoint-secrets';

const key = randomBytes(32);
const owner = { tenant: 'a', endpointId: 'ep_1' };

test('a new secret has 32 bytes', () => {
  expect(secretBytes(newSecret(randomBytes))).toHaveLength(32);
});

test('a sealed secret opens for its endpoint only', () => {
  const secret = newSecret(randomBytes);
  const sealed = sealForEndpoint(key, randomBytes, owner, secret);
  expect(JSON.stringify(sealed)).not.toContain(secret.slice(6));
  expect(openForEndpoint(key, owner, sealed)).toBe(secret);
  expect(() => openForEndpoint(key, { ...owner, tenant: 'b' }, sealed)).toThrow();
  expect(() => openForEndpoint(key, { ...owner, endpointId: 'ep_2' }, sealed)).toThrow();
  expect(() => openForEndpoint(randomBytes(32), owner, sealed)).toThrow();
});

describe('a rotation', () => {
  const secret = (id: string, expiresAt: number | null) => ({ id, sealed: `sealed-${id}`, expiresAt });
  const ends = (list: ReturnType<typeof rotated>) => list.map(({ id, expiresAt }) => [id, expiresAt]);

  test.each<[string, ReturnType<typeof secret>[], number, [string, number | null][]]>([
    [
      'lets the old one sign for the overlap',
      [secret('b', null)],
      50,
      [
        ['new', null],
        ['b', 150],
      ],
    ],
    ['ends the old one at once without an overlap', [secret('b', null)], 0, [['new', null]]],
    [
      'drops what has expired',
      [secret('b', null), secret('a', 100)],
      50,
      [
        ['new', null],
        ['b', 150],
      ],
    ],
    [
      'keeps an earlier end',
      [secret('b', null), secret('a', 120)],
      50,
      [
        ['new', null],
        ['b', 150],
        ['a', 120],
      ],
    ],
    [
      'shortens a later end',
      [secret('b', null), secret('a', 900)],
      50,
      [
        ['new', null],
        ['b', 150],
        ['a', 150],
      ],
    ],
  ])('%s', (_, before, overlap, after) => {
    expect(ends(rotated(before, secret('new', null), 100, overlap))).toEqual(after);
  });
});
