import { randomBytes } from 'node:crypto';
import { PageCursors } from './page-cursor';

const cursors = new PageCursors(randomBytes(32));
const cursor = cursors.write('acme', 'endpoints', 'ep_1');

test('a cursor gives its position back', () => {
  expect(cursors.read('acme', 'endpoints', cursor)).toBe('ep_1');
  const name = 'a.b/ü:"';
  expect(cursors.read('acme', 'x', cursors.write('acme', 'x', name))).toBe(name);
});

test.each<[string, string, string, string]>([
  ['another tenant', 'other', 'endpoints', cursor],
  ['another list', 'acme', 'api-keys', cursor],
  ['a made-up position', 'acme', 'endpoints', `${Buffer.from('ep_2').toString('base64url')}.${cursor.split('.')[1]}`],
  ['a shorter MAC', 'acme', 'endpoints', cursor.slice(0, -4)],
  ['no MAC', 'acme', 'endpoints', `${cursor.split('.')[0]}.`],
  ['no dot', 'acme', 'endpoints', 'abc'],
  ['nothing', 'acme', 'endpoints', ''],
  ['a megabyte', 'acme', 'endpoints', '.'.repeat(1_000_000)],
])('%s is refused', (_, tenant, list, text) => {
  expect(cursors.read(tenant, list, text)).toBeNull();
});

test('a cursor of another key is refused', () => {
  expect(new PageCursors(randomBytes(32)).read('acme', 'endpoints', cursor)).toBeNull();
});
