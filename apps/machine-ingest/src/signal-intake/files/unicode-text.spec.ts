import type { FilePlace } from './file-row';
import { type FilesSettings, filesSettings } from './files-settings';
import { readerOf } from './read-file-rows';

const place: FilePlace = {
  tenant: 'acme',
  source: 'drop',
  session: 's',
  clock: () => Date.parse('2026-02-17T13:00:00Z'),
};

async function* pieces(content: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < content.length; at += size) yield content.subarray(at, at + size);
}

const valuesOf = async (settings: object, content: Buffer, size = content.length): Promise<unknown[]> => {
  const parsed: FilesSettings = filesSettings.parse({ folder: '/srv/drop', machine: 'rf-01', ...settings });
  const values: unknown[] = [];
  for await (const row of readerOf(parsed)(pieces(content, size), place))
    values.push(...(row.kind === 'signals' ? row.signals.map(({ value }) => value) : [row.code]));
  return values;
};

const little = (text: string) => Buffer.from(`\ufeff${text}`, 'utf16le');
const big = (text: string) => little(text).swap16();
const csv = { format: 'csv', delimiter: '\t', decimal: ',', columns: [{ column: 'Öl', path: 'oil', type: 'double' }] };

it.each([
  ['UTF-8', (text: string) => Buffer.from(text)],
  ['UTF-8 with a byte order mark', (text: string) => Buffer.from(`\ufeff${text}`)],
  ['UTF-16', little],
  ['UTF-16, the high byte first', big],
])('reads %s, however it is cut', async (_, bytes) => {
  const table = bytes('Öl\tText\r\n12,5\t\u{1f600}\r\n');
  for (const size of [1, 2, 3, 1_000]) expect(await valuesOf(csv, table, size)).toEqual([12.5]);
  expect(await valuesOf({ format: 'json' }, bytes('{"a": "Öl"}'))).toEqual(['Öl']);
});

it('reads nothing of a file of nothing, and one of one byte', async () => {
  const first = { format: 'csv', header: false, columns: [{ column: 1, path: 'p' }] };
  expect(await valuesOf(first, Buffer.alloc(0))).toEqual([]);
  expect(await valuesOf(first, Buffer.from('7'))).toEqual(['7']);
});

describe('a B2MML document', () => {
  const text = (declared: string) =>
    `<?xml version="1.0"${declared} standalone="yes"?><JobList xmlns="http://www.mesa.org/xml/B2MML"><JobOrder><ID>Öl</ID></JobOrder></JobList>`;
  const ids = async (content: Buffer) =>
    (await valuesOf({ format: 'b2mml' }, content)).map((value) => (value as { ID: string }).ID);

  it.each([
    ['UTF-8 by default', Buffer.from(text(''))],
    ['UTF-8', Buffer.from(text(' encoding="UTF-8"'))],
    ['UTF-16', little(text(' encoding="utf-16"'))],
    ['UTF-8 that is declared to be UTF-16', Buffer.from(text(" encoding='utf-16'"))],
    ['ISO-8859-1', Buffer.from(text(' encoding="ISO-8859-1"'), 'latin1')],
    ['windows-1252', Buffer.from(text(' encoding="Windows-1252"'), 'latin1')],
  ])('is read in %s', async (_, content) => {
    expect(await ids(content)).toEqual(['Öl']);
  });

  it('is refused in what is not read, and where it is not what it declares', async () => {
    const malformed = expect.objectContaining({ name: 'FileRefused', code: 'malformed' });
    await expect(ids(Buffer.from(text(' encoding="EUC-JP"')))).rejects.toEqual(malformed);
    await expect(ids(Buffer.from(text(' encoding="UTF-8"'), 'latin1'))).rejects.toEqual(malformed);
  });
});
