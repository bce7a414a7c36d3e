import { appendFile, chmod, readdir, readFile, rename, symlink, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually } from '@millrace/test-environment';
import { MemorySink, openOn } from '../source-conformance.fixture';
import type { OpenSource } from '../source-kind';
import { LEDGER_SIZE, readLedger, withFile } from './file-ledger';
import { filesSourceKind } from './files.kind';
import { DropFolder } from './files-folder.fixture';
import { filesSettings } from './files-settings';

let drop: DropFolder;
let sink: MemorySink;
let source: OpenSource | null = null;

beforeEach(async () => {
  drop = await DropFolder.make();
  sink = new MemorySink();
});
afterEach(async () => {
  sink.recover();
  await source?.stop();
  source = null;
  await drop.end();
});

const settingsOf = (over: object = {}) =>
  filesSettings.parse({
    format: 'csv',
    folder: drop.path,
    machine: 'press-1',
    columns: [{ column: 'count', path: 'count', type: 'int64' }],
    settleMs: 60,
    scanEveryMs: 60,
    ...over,
  });
const begin = (over: object = {}) => {
  source = openOn(filesSourceKind, settingsOf(over), sink, '');
  return source;
};
const counts = () => sink.appended.filter(({ path }) => path === 'count').map(({ value }) => value);
const until = (what: string, holds: () => boolean | Promise<boolean>) =>
  eventually(async () => (await holds()) || null, what, 10_000);
const noted = (text: RegExp) => until(`a note of ${text}`, () => text.test(source!.health().lastError?.detail ?? ''));

describe('a file', () => {
  it('is not read before it is whole', async () => {
    begin({ settleMs: 800 });
    const path = join(drop.path, 'slow.csv');
    await writeFile(path, 'count\n1\n2');
    for (let n = 0; n < 5; n++) {
      await new Promise((resolve) => setTimeout(resolve, 30));
      await appendFile(path, '2');
    }
    expect(counts()).toEqual([]);
    await appendFile(path, '\n3\n');
    await until('three rows', () => counts().length === 3);
    expect(counts()).toEqual([1, 222222, 3]);
  });

  it('gives its good rows, and has the others beside it with the reasons', async () => {
    begin();
    await drop.drop('a.csv', '\ufeffcount,note\r\n1,ok\r\n1,5\r\nx,y\r\n2,"open\r\n3,\r\n,\r\n4,a,b\r\n7\r\n');
    await until('the file in done', async () => (await readdir(drop.path)).includes('done'));
    await until('its refused rows in done', async () =>
      (await readdir(join(drop.path, 'done'))).includes('a.csv.rejected'),
    );
    expect(sink.appended.filter(({ path }) => path === 'count').map(({ seq, value }) => [seq, value])).toEqual([
      [0, 1],
      [1, 1],
      [2, 3],
    ]);
    const lines = (await readFile(join(drop.path, 'done', 'a.csv.rejected'), 'utf8')).trimEnd().split('\n');
    expect(lines.map((line) => line.split('\t').slice(0, 2))).toEqual([
      ['4', 'wrong_value'],
      ['5', 'malformed'],
      ['8', 'wrong_columns'],
      ['9', 'wrong_columns'],
    ]);
    expect(lines[0]).toContain('count is "x", which is not a whole number');
    expect(sink.refused.map(({ line }) => line)).toEqual([4, 5, 8, 9]);
    await noted(/4 rows of a\.csv were refused/);
  });

  it('that is refused whole is put away with the reason', async () => {
    begin();
    await drop.drop('a.csv', 'other\n1\n');
    await until('the refusal in done', async () =>
      (await readdir(join(drop.path, 'done')).catch((): string[] => [])).includes('a.csv.rejected'),
    );
    expect(sink.refused).toMatchObject([
      { code: 'wrong_header', detail: expect.stringMatching(/^a\.csv: The file/), bytes: Buffer.from('other\n1\n') },
    ]);
    expect(source!.health().counts).toMatchObject({ refusedFiles: 1 });
    await drop.drop('b.csv', 'count\n5\n');
    await until('the next file', () => counts().length === 1);
  });

  it('that stays where it is, is read once, also after a restart', async () => {
    begin({ after: 'keep' });
    await drop.drop('a.csv', 'count\n1\n');
    await until('its row', () => counts().length === 1);
    await until('the cursor', () => readLedger(sink.cursor).reading === null);
    await source!.stop();
    begin({ after: 'keep' });
    await drop.drop('b.csv', 'count\n2\n');
    await until('the other', () => counts().length === 2);
    expect(counts()).toEqual([1, 2]);
    expect(await readdir(drop.path)).toEqual(['a.csv', 'b.csv']);
  });

  it('goes on from the row at which a crash stopped it', async () => {
    const rows = Array.from({ length: 5_000 }, (_, n) => n);
    begin();
    const append = sink.append.bind(sink);
    let appends = 0;
    sink.append = async (signals, options) => {
      if (signals.length > 1 && ++appends === 3) sink.fail();
      await append(signals, options);
    };
    await drop.drop('a.csv', `count\n${rows.map((n) => (n % 100 === 7 ? 'bad' : n)).join('\n')}\n`);
    await until('two batches', () => appends === 3);
    await source!.stop();
    sink.recover();
    const before = counts().length;
    expect(readLedger(sink.cursor).reading!.row).toBeGreaterThan(1_900);
    begin();
    await until('all rows', () => counts().length >= 4_950);
    expect(before).toBeGreaterThan(1_900);
    expect(counts()).toEqual(rows.filter((n) => n % 100 !== 7));
    await until('the refusals', async () =>
      (await readdir(join(drop.path, 'done')).catch((): string[] => [])).includes('a.csv.rejected'),
    );
    const refused = (await readFile(join(drop.path, 'done', 'a.csv.rejected'), 'utf8')).trimEnd().split('\n');
    expect(refused.map((line) => Number(line.split('\t')[0]))).toEqual(
      rows.filter((n) => n % 100 === 7).map((n) => n + 2),
    );
  });

  it('that is empty is waited for', async () => {
    begin();
    await writeFile(join(drop.path, 'later.csv'), '');
    await drop.drop('a.csv', 'count\n1\n');
    await until('the other', () => counts().length === 1);
    await writeFile(join(drop.path, 'later.csv'), 'count\n2\n');
    await until('what was written', () => counts().length === 2);
    expect(sink.refused).toEqual([]);
  });

  it('with nothing but wrong rows does not fill the quarantine', async () => {
    begin();
    await drop.drop('a.csv', `count\n${'x\n'.repeat(3_000)}1\n`);
    await until('the good row', () => counts().length === 1);
    await until('the rest in done', async () =>
      (await readdir(join(drop.path, 'done')).catch((): string[] => [])).includes('a.csv.rejected'),
    );
    expect(sink.refused).toHaveLength(1_000);
    expect((await readFile(join(drop.path, 'done', 'a.csv.rejected'), 'utf8')).split('\n')).toHaveLength(3_001);
    expect(source!.health().counts).toMatchObject({ refusedRows: 3_000 });
  });

  it('that is a link, a folder or hidden is not read', async () => {
    const secret = join(drop.path, '..', 'secret.csv');
    await writeFile(secret, 'count\n666\n');
    await symlink(secret, join(drop.path, 'link.csv'));
    await writeFile(join(drop.path, '.hidden.csv'), 'count\n667\n');
    await writeFile(join(drop.path, 'half.csv.part'), 'count\n668\n');
    begin();
    await drop.drop('a.csv', 'count\n1\n');
    await until('the file', () => counts().length === 1);
    await drop.drop('b.csv', 'count\n2\n');
    await until('the next', () => counts().length === 2);
    expect(counts()).toEqual([1, 2]);
  });

  it('that goes away while it is waited for harms nobody', async () => {
    begin();
    for (let n = 0; n < 5; n++) {
      await drop.drop('gone.csv', `count\n${n}\n`);
      await unlink(join(drop.path, 'gone.csv'));
    }
    await drop.drop('a.csv', 'count\n1\n');
    await until('the file', () => counts().includes(1));
    expect(source!.health().connection.state).toBe('connected');
  });

  it('of the name of one in done takes another name there', async () => {
    begin();
    for (const n of [1, 2]) {
      await drop.drop('a.csv', `count\n${n}\n`);
      await until(`row ${n}`, () => counts().length === n);
      await until('the empty folder', async () => !(await readdir(drop.path)).includes('a.csv'));
    }
    expect((await readdir(join(drop.path, 'done'))).sort()).toEqual(['a.csv', 'a.csv.2']);
  });
});

describe('the folder', () => {
  // whoever is root may write everywhere
  (process.getuid?.() === 0 ? it.skip : it)('that may not be written to is read all the same', async () => {
    await drop.drop('a.csv', 'count\n1\nx\n');
    await chmod(drop.path, 0o555);
    begin();
    await until('the row', () => counts().length === 1);
    await noted(/cannot be moved|cannot be written/);
    await chmod(drop.path, 0o755);
  });

  it('that becomes a link to another is not followed', async () => {
    begin();
    await drop.drop('a.csv', 'count\n1\n');
    await until('the file', () => counts().length === 1);
    const elsewhere = await DropFolder.make();
    try {
      await elsewhere.drop('b.csv', 'count\n666\n');
      await rename(drop.path, `${drop.path}-old`);
      await symlink(elsewhere.path, drop.path);
      await until('the loss', () => sink.lifecycle().includes('disconnected'));
      await noted(/leads to another folder/);
      expect(counts()).toEqual([1]);
    } finally {
      await elsewhere.end();
    }
  });

  it('shows in a try what its oldest file says, or what is wrong with it', async () => {
    const tryOnce = () =>
      filesSourceKind.tryOnce(settingsOf(), { signal: AbortSignal.timeout(5_000), logger: {} as never, folder: '' });
    expect((await tryOnce()).summary).toMatch(/no file in it/);
    await drop.drop('a.csv', 'count\n1\n');
    expect(await tryOnce()).toMatchObject({
      summary: '1 file, the oldest a.csv',
      seen: [{ machine: 'press-1', path: 'count', value: 1 }],
    });
    await drop.drop('a.csv', 'other\n1\n');
    await expect(tryOnce()).rejects.toMatchObject({ name: 'SourceProblem', code: 'not_this_protocol' });
    expect((await readdir(drop.path)).sort()).toEqual(['a.csv']);
  });

  it.each<[string, string | Buffer, object, string, RegExp]>([
    [
      'a header of Windows',
      Buffer.from('St\xfcck;count\n1;2\n', 'latin1'),
      { delimiter: ';' },
      'encoding',
      /say "encoding": "windows-1252"/,
    ],
    ['a row of Windows', Buffer.from('count,b\n1,\xfc\n', 'latin1'), {}, 'encoding', /row 2: .* say "encoding"/],
    [
      'another delimiter',
      'time;count\n1;2\n',
      {},
      'delimiter',
      /no column "count"; it has "time;count"\. .* say "delimiter": ";"/,
    ],
    [
      'another delimiter, without a header',
      '1;2\n',
      { header: false, columns: [{ column: 2, path: 'n' }] },
      'delimiter',
      /say "delimiter"/,
    ],
    ['a column that is not there', 'a,b\n1,2\n', {}, 'columns[0].column', /no column "count"; it has "a", "b"\.$/],
    [
      'another decimal sign',
      'count;b\n1,5;2\n',
      { delimiter: ';', columns: [{ column: 'count', path: 'n', type: 'double' }] },
      'decimal',
      /decimal sign/,
    ],
  ])('says what to set for %s', async (_, content, over, path, words) => {
    await drop.drop('a.csv', content);
    const context = { signal: AbortSignal.timeout(5_000), logger: {} as never, folder: '' };
    await expect(filesSourceKind.tryOnce(settingsOf(over), context)).rejects.toMatchObject({
      path,
      message: expect.stringMatching(words),
    });
  });
});

describe('the ledger', () => {
  it('gives up the oldest that has gone, and never one that is there', () => {
    const known = Array.from({ length: LEDGER_SIZE }, (_, n) => `file-${n}`);
    const after = withFile({ known, reading: null }, 'new', new Set(['file-0', 'new']))!;
    expect(after.known).toHaveLength(LEDGER_SIZE);
    expect([after.known.includes('file-0'), after.known.includes('file-1')]).toEqual([true, false]);
    expect(withFile({ known, reading: null }, 'new', new Set([...known, 'new']))).toBeNull();
    expect(JSON.stringify({ known: known.map(() => 'k'.repeat(22)) }).length).toBeLessThan(64 * 1024);
  });
});

it.each<[object, string]>([
  [{ folder: 'drop' }, 'folder'],
  [{ folder: '/srv/../etc' }, 'folder'],
  [{ pattern: 'a/*' }, 'pattern'],
  [{ machine: null }, 'machine'],
  [{ header: false }, 'columns'],
  [{ columns: [] }, 'columns'],
  [{ columns: [{ column: 1, path: '$tick' }] }, 'columns.0.path'],
  [{ columns: ['a', 'b', 'c'].map((column) => ({ column, path: column === 'b' ? 'x' : 'y' })) }, 'columns.2.path'],
  [{ timestamp: { column: 't', format: 'YYYY-MM-DD' } }, 'timestamp.format'],
  [{ timestamp: { column: 't', format: 'unix', timeZone: 'Mars' } }, 'timestamp.timeZone'],
  [{ format: 'xlsx' }, 'format'],
])('settings with %j are refused at %j', (over, path) => {
  const base = { format: 'csv', folder: '/srv/drop', machine: 'm', columns: [{ column: 'count', path: 'count' }] };
  expect(filesSettings.safeParse({ ...base, ...over }).error!.issues[0]!.path.join('.')).toBe(path);
});
