import { csvFields } from './csv-fields';
import { csvRows } from './csv-rows';
import { isWanted } from './file-pattern';
import type { FileRow } from './file-row';
import { type FilesSettingsOf, filesSettings } from './files-settings';
import { isTimePattern, readRowTime } from './row-time';

const place = { tenant: 'acme', source: 'drop', session: 's', clock: () => Date.parse('2026-02-17T13:00:00Z') };

async function* pieces(content: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < content.length; at += size) yield content.subarray(at, at + size);
}

const read = async (content: string | Buffer, settings: object, size = 7): Promise<FileRow[]> => {
  const parsed = filesSettings.parse({ format: 'csv', folder: '/srv/drop', ...settings }) as FilesSettingsOf<'csv'>;
  const rows: FileRow[] = [];
  for await (const row of csvRows(parsed, pieces(Buffer.from(content), size), place)) rows.push(row);
  return rows;
};
const valuesOf = (rows: readonly FileRow[]) =>
  rows.map((row) => (row.kind === 'signals' ? row.signals.map(({ value }) => value) : row.code));

it('reads columns by name or number, with types, unit, machine and stamp', async () => {
  const rows = await read(
    'when;machine;good;id;on\n17.02.2026 09:30:00,1234567;rf-02;12,50;00217;yes\n17.02.2026 09:31:00;;1;0x1E87;0\n',
    {
      delimiter: ';',
      decimal: ',',
      machine: 'rf-01',
      machineColumn: 'machine',
      timestamp: { column: 1, format: 'dd.MM.yyyy HH:mm:ss.S', timeZone: 'Europe/Berlin' },
      columns: [
        { column: 'good', path: 'Length/Good', type: 'double', unit: '[in_i]', kind: 'sample' },
        { column: 4, path: 'Order/Id' },
        { column: 'on', path: 'On', type: 'bool' },
      ],
    },
  );
  expect(rows[0]).toMatchObject({
    kind: 'signals',
    row: 2,
    signals: [
      {
        machine: 'rf-02',
        path: 'Length/Good',
        value: 12.5,
        type: 'double',
        unit: '[in_i]',
        kind: 'sample',
        seq: 0,
        idx: 0,
        session: 's',
        sourceTs: '2026-02-17T08:30:00.1234567Z',
      },
      { path: 'Order/Id', value: '00217', idx: 1 },
      { path: 'On', value: true, idx: 2, raw: { proto: 'file', ref: 'row:2' } },
    ],
  });
  expect(rows[1]).toMatchObject({ kind: 'wrong', row: 3, code: 'wrong_time' });
});

it('takes the name of a value from its row, where each row is one value', async () => {
  const settings = { delimiter: ';', machine: 'm', pathColumn: 'Tag', columns: [{ column: 'Value' }] };
  const rows = await read('Tag;Value\nTemp;12,5\nState; RUN\n;7\n$tick;1\n', settings);
  expect(rows).toMatchObject([
    { kind: 'signals', signals: [{ path: 'Temp', value: '12,5', seq: 0 }] },
    { kind: 'signals', signals: [{ path: 'State', value: ' RUN', seq: 1 }] },
    { kind: 'wrong', row: 4, code: 'wrong_path' },
    { kind: 'wrong', row: 5, code: 'wrong_path' },
  ]);
  const under = { ...settings, columns: [{ column: 'Value', path: 'Line1/', type: 'double' }], decimal: ',' };
  expect(await read('Tag;Value\nTemp;12,5\n', under)).toMatchObject([
    { signals: [{ path: 'Line1/Temp', value: 12.5 }] },
  ]);
});

it.each([
  ['no path', {}, [{ column: 'v', path: 'v' }, { column: 'w' }], 'columns.1.path'],
  ['two columns', { pathColumn: 'Tag' }, [{ column: 'v' }, { column: 'w' }], 'columns'],
  ['a name where there is no header', { pathColumn: 'Tag', header: false }, [{ column: 1 }], 'columns'],
])('refuses settings with %s', (_, over, columns, place) => {
  const settings = { format: 'csv', folder: '/srv/drop', machine: 'm', ...over, columns };
  expect(filesSettings.safeParse(settings).error?.issues.map(({ path }) => path.join('.'))).toEqual([place]);
});

it('numbers the rows of each machine by themselves, without holes', async () => {
  const rows = await read('m,v\na,1\nb,1\n\na,x\na,\na,2\nb,2\n', {
    machineColumn: 'm',
    columns: [{ column: 'v', path: 'v', type: 'int64' }],
  });
  const signals = rows.flatMap((row) => (row.kind === 'signals' ? row.signals : []));
  expect(signals.map(({ machine, seq, raw }) => [machine, seq, raw.ref])).toEqual([
    ['a', 0, 'row:2'],
    ['b', 0, 'row:3'],
    ['a', 1, 'row:7'],
    ['b', 1, 'row:8'],
  ]);
});

it.each<[string, string, object, unknown]>([
  ['a comma where a point was declared', '"12,5"', {}, 'wrong_value'],
  ['a point where a comma was declared', '12.5', { decimal: ',' }, 'wrong_value'],
  ['thousands', '"1,234.5"', {}, 'wrong_value'],
  ['thousands by point', '1.234', { decimal: ',' }, 'wrong_value'],
  ['hex', '0x1F', {}, 'wrong_value'],
  ['Infinity', 'Infinity', {}, 'wrong_value'],
  ['NaN', 'NaN', {}, 'wrong_value'],
  ['a formula', '=1+1', {}, 'wrong_value'],
  ['white space around', ' 12.5 ', {}, [12.5]],
  ['leading zeros', '-007.50', {}, [-7.5]],
  ['an exponent', '1.5e3', {}, [1500]],
  ['no 0 before the point', '-.5', {}, [-0.5]],
  ['nothing after the point', '12.', {}, [12]],
  ['a point alone', '.', {}, 'wrong_value'],
  ['an exponent alone', 'e3', {}, 'wrong_value'],
  ['no 0 before the comma', '",25"', { decimal: ',' }, [0.25]],
  ['more digits than JavaScript holds', '0.10000000000000000001', {}, ['0.10000000000000000001']],
  ['nothing', '', {}, []],
  ['quotes around', '"12.5"', {}, [12.5]],
])('a number with %s', async (_, cell, over, expected) => {
  const rows = await read(`v,w\n${cell},x\n`, {
    machine: 'm',
    columns: [{ column: 'v', path: 'v', type: 'double' }],
    ...over,
  });
  expect(valuesOf(rows)).toEqual([expected]);
});

it.each<[string, unknown]>([
  ['9223372036854775807', ['9223372036854775807']],
  ['-9223372036854775808', ['-9223372036854775808']],
  ['9223372036854775808', 'wrong_value'],
  ['9007199254740991', [9007199254740991]],
  ['+5', [5]],
  ['1.0', 'wrong_value'],
])('a whole number %s', async (cell, expected) => {
  const rows = await read(`v\n${cell}\n`, { machine: 'm', columns: [{ column: 'v', path: 'v', type: 'int64' }] });
  expect(valuesOf(rows)).toEqual([expected]);
});

it('reads the same rows whatever the pieces in which the bytes come', async () => {
  const content = '\ufeffv,w\r\n"ä ""q"" ",1\r\n\r\n\u20ac,2\n"open,3\nlast,4';
  const settings = { machine: 'm', columns: [{ column: 'v', path: 'v' }] };
  const whole = await read(content, settings, 1_000);
  expect(valuesOf(whole)).toEqual([['ä "q" '], ['\u20ac'], 'malformed', ['last']]);
  for (const size of [1, 2, 3, 5]) expect(await read(content, settings, size)).toEqual(whole);
});

it('reads Windows text where it is declared, and refuses the row where it is not', async () => {
  const bytes = Buffer.from('v\nStra\xdfe\nok\n', 'latin1');
  const settings = { machine: 'm', columns: [{ column: 'v', path: 'v' }] };
  expect(valuesOf(await read(bytes, { ...settings, encoding: 'windows-1252' }))).toEqual([['Straße'], ['ok']]);
  expect(valuesOf(await read(bytes, settings))).toEqual(['malformed', ['ok']]);
});

it('reads over the line by which Excel knows the delimiter', async () => {
  const settings = { delimiter: ';', machine: 'm', columns: [{ column: 'v', path: 'v' }] };
  expect(valuesOf(await read('\ufeffsep=;\r\nv;w\r\n1;2\r\n', settings))).toEqual([['1']]);
});

it.each([
  ['no such column', 'a,b\n1,2\n', 'wrong_header'],
  ['the column twice', 'v,v\n1,2\n', 'wrong_header'],
  ['nothing at all', '', 'empty'],
  ['a header that is not closed', '"v\n1\n', 'malformed'],
])('a file with %s is refused', async (_, content, code) => {
  await expect(read(content, { machine: 'm', columns: [{ column: 'v', path: 'v' }] })).rejects.toMatchObject({ code });
});

it.each<[string, readonly string[] | 'wrong']>([
  ['a,b', ['a', 'b']],
  ['a,', ['a', '']],
  ['', ['']],
  [',', ['', '']],
  ['"a,b",c', ['a,b', 'c']],
  ['"a""b"', ['a"b']],
  ['""', ['']],
  ['"a"b', 'wrong'],
  ['a"b', 'wrong'],
  ['"a', 'wrong'],
  ['"a""', 'wrong'],
])('the line %j', (line, expected) => {
  const fields = csvFields(line, ',');
  expect('wrong' in fields ? 'wrong' : fields).toEqual(expected);
});

describe('the stamp of a row', () => {
  const chicago = { timeZone: 'America/Chicago' };
  it.each<[string, string, number | null, string | null]>([
    ['rfc3339', '2026-02-17T09:30:00.1234567-06:00', null, '2026-02-17T09:30:00.1234567-06:00'],
    ['rfc3339', '2026-02-17 09:30', null, null],
    ['rfc3339', '2026-02-17', null, null],
    ['rfc3339', '2026-02-17 09:30:00', null, null],
    ['rfc3339', '2026-02-17 09:30:00.5Z', null, '2026-02-17T09:30:00.5Z'],
    ['rfc3339', '2026-02-17 09:30:00 -06:00', null, '2026-02-17T09:30:00-06:00'],
    ['rfc3339', '2026-02-17T09:30:00+0530', null, '2026-02-17T09:30:00+05:30'],
    ['unix', '1771342200.5', null, '2026-02-17T15:30:00.5Z'],
    ['unixMs', '1771342200500', null, '2026-02-17T15:30:00.500Z'],
    ['unixMs', '999999999999999', null, null],
    ['MM/dd/yyyy hh:mm:ss a', '2/17/2026 09:30:00 pm', null, '2026-02-18T03:30:00Z'],
    ['MM/dd/yyyy hh:mm:ss a', '02/17/2026 12:00:00 AM', null, '2026-02-17T06:00:00Z'],
    ['MM/dd/yyyy hh:mm:ss a', '02/17/2026 13:00:00 AM', null, null],
    ['yyyyMMddHHmm', '202602170930', null, '2026-02-17T15:30:00Z'],
    ['yyyy-MM-ddTHH:mm:ss.S', '2026-02-17T09:30:00,12', null, '2026-02-17T15:30:00.12Z'],
    ['yyyy-MM-dd HH:mm', '2026-03-08 02:30', null, null],
    ['yyyy-MM-dd HH:mm', '2026-11-01 01:30', null, '2026-11-01T06:30:00Z'],
    ['yyyy-MM-dd HH:mm', '2026-11-01 01:30', Date.parse('2026-11-01T06:50:00Z'), '2026-11-01T07:30:00Z'],
  ])('%s: %s after %s is %s', (format, text, after, expected) => {
    expect(readRowTime(text, { format, ...chicago }, after)?.text ?? null).toBe(expected);
  });

  it.each([
    ['dd.MM.yyyy HH:mm:ss', true],
    ['YYYY-MM-DD', false],
    ['yyyy-MM-dd', false],
    ['yyyy-MM-dd hh:mm', false],
    ['yyyy-MM-dd HH:mm HH', false],
    ['(a+)+$', false],
  ])('the pattern %s', (format, good) => {
    expect(isTimePattern(format)).toBe(good);
  });
});

it.each([
  ['a.csv', '*.csv', true],
  ['a.CSV', '*.csv', false],
  ['run-12.csv', 'run-??.csv', true],
  ['run-1.csv', 'run-??.csv', false],
  ['a*b', 'a*b', true],
  ['.a.csv', '*', false],
  ['a.csv.rejected', '*', false],
  ['a.csv.part', '*', false],
  [`${'a'.repeat(250)}b`, `${'a*'.repeat(60)}c`, false],
])('the file %.40s by the pattern %.20s', (name, pattern, wanted) => {
  expect(isWanted(name, pattern)).toBe(wanted);
});
