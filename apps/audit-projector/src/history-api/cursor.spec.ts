import { CursorSeal } from './cursor';

const seal = new CursorSeal(Buffer.from('the key of the site'));
const position = { at: 1_771_333_200_000, id: '0199c1a2-7c3d-8abc-9def-001122334455' };
const cursor = seal.seal(position, 'acme', '[["status","failed"]]');
const open = (text: string, tenant = 'acme', filter = '[["status","failed"]]', by = seal) =>
  by.open(text, tenant, filter);

it('opens what it sealed', () => {
  expect(open(cursor)).toEqual(position);
});

it.each([
  ['another tenant', () => open(cursor, 'default')],
  ['another filter', () => open(cursor, 'acme', '[]')],
  ['another key', () => open(cursor, 'acme', '[["status","failed"]]', new CursorSeal(Buffer.from('another')))],
  ['nothing', () => open('')],
  ['an invented cursor', () => open(Buffer.from('0000000000000000[0,"x"]').toString('base64url'))],
  ['one that was cut', () => open(cursor.slice(0, -1))],
  ['one with junk after it', () => open(`${cursor}=`)],
  ['one of great length', () => open('A'.repeat(100_000))],
  ['text that is not base64url', () => open('\0é💥')],
])('refuses %s', (_title, attempt) => {
  expect(attempt()).toBeNull();
});

it('refuses every cursor that is one bit off', () => {
  const bytes = Buffer.from(cursor, 'base64url');
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const forged = Buffer.from(bytes);
    forged[bit >> 3]! ^= 1 << (bit & 7);
    expect(open(forged.toString('base64url'))).toBeNull();
  }
});
