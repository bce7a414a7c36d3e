import { connectDatabase, type Database } from '@millrace/postgres';
import { silentLogger } from '@millrace/telemetry';
import { testEnvironment } from '@millrace/test-environment';
import { historyDatabase } from '../history.config';
import { binaryArray, type Element, type ElementType } from './binary-array';

let database: Database;
beforeAll(async () => {
  database = await connectDatabase(historyDatabase(await (await testEnvironment()).freshDatabase()), silentLogger);
}, 60_000);
afterAll(async () => {
  await database?.destroy();
});

const back = async (type: ElementType, values: readonly Element[]): Promise<unknown[]> => {
  const shown = type === 'date' || type === 'uuid' ? 'v::text' : 'v';
  const rows = await database.query<{ v: unknown }[]>(`SELECT ${shown} AS v FROM unnest($1::${type}[]) AS v`, [
    binaryArray(type, values),
  ]);
  return rows.map(({ v }) => v);
};

it.each<[ElementType, Element[], unknown[]?]>([
  ['text', ['a', null, '', 'NULL', '{x,y}', 'b"c\\d', ' spaced ', 'é😀\u2028']],
  ['text', ['\ud800'], ['\ufffd']],
  ['uuid', ['0199c1a2-7c3d-8abc-9def-001122334455', null]],
  [
    'bigint',
    [0, 1, 2 ** 32, 2 ** 53 - 1, -1, -(2 ** 40) - 3, 9_223_372_036_854_775_807n, null],
    ['0', '1', '4294967296', '9007199254740991', '-1', '-1099511627779', '9223372036854775807', null],
  ],
  ['integer', [0, 2_147_483_647, -5, null]],
  ['date', ['2026-02-17', '1970-01-01', '2100-03-01', null]],
  ['bytea', [Buffer.from([0, 255, 92]), Buffer.alloc(0), null]],
  ['bytea', [Buffer.alloc(70_000, 7)]],
])('PostgreSQL reads %s', async (type, values, expected = values) => {
  expect(await back(type, values)).toEqual(expected);
});

it('PostgreSQL refuses NUL in text, which the projector then puts aside', async () => {
  await expect(back('text', ['a\0b'])).rejects.toMatchObject({ code: '22021' });
});
