import type { AddressInfo } from 'node:net';
import { createServer, type Server } from 'node:net';
import type { Signal } from '@millrace/domain';
import { decodeSignal, encodeSignal } from '@millrace/protocol';
import { randomFrom } from '@millrace/test-environment';
import { mutate } from '../../test-support/mutate';
import { fileLines } from './file-lines';
import { FileRefused, type FileRow, type ReadFileRows } from './file-row';
import { filesSettings } from './files-settings';
import { readerOf } from './read-file-rows';

const place = { tenant: 'acme', source: 'drop', session: 's', clock: () => Date.parse('2026-02-17T13:00:00Z') };

async function* pieces(content: Buffer, size = 64): AsyncGenerator<Buffer> {
  for (let at = 0; at < content.length; at += size) yield content.subarray(at, at + size);
}

const b2mml = `<?xml version="1.0" encoding="utf-8"?><SyncProductionPerformance xmlns="http://www.wbf.org/xml/B2MML-V0401"><ApplicationArea><CreationDateTime>2026-02-17T11:58:25.3149559+01:00</CreationDateTime></ApplicationArea><DataArea><Sync/><ProductionPerformance><ProductionResponse><ID>00217</ID><SegmentResponse><ID>Weighing</ID><MaterialActual><MaterialDefinitionID>A1</MaterialDefinitionID><Quantity><QuantityString>0.41</QuantityString></Quantity></MaterialActual></SegmentResponse></ProductionResponse></ProductionPerformance></DataArea></SyncProductionPerformance>`;
const csv = `when,count,"note"\n${Array.from({ length: 4 }, (_, n) => `2026-02-17 09:3${n}:00,${n},"a ""b"""\n`).join('')}`;
const line = '{"path":"execution","value":"ACTIVE"}\n';
const columns = [
  { column: 'count', path: 'count', type: 'int64' },
  { column: 'note', path: 'note' },
];
const timestamp = { column: 'when', format: 'yyyy-MM-dd HH:mm:ss', timeZone: 'Europe/Berlin' };

/** What a file is read to: its rows, and why the rest of it was refused. */
const readAll = async (read: ReadFileRows, content: Buffer): Promise<{ rows: FileRow[]; refused: string | null }> => {
  const rows: FileRow[] = [];
  try {
    for await (const row of read(pieces(content), place)) rows.push(row);
    return { rows, refused: null };
  } catch (error) {
    if (!(error instanceof FileRefused)) throw error;
    return { rows, refused: error.message };
  }
};

/** What the translation reads back: it refuses none. */
const isStorable = (signal: Signal): boolean => {
  const { topic, key, value } = encodeSignal('signals', signal);
  const from = { topic, value, key: Buffer.from(key!), partition: 0, offset: 0n, timestamp: 0, headers: {} };
  return decodeSignal(from).kind === 'signal';
};

/** Far above what the slowest takes on a busy machine, and far below what work takes that grows with the square of a file. */
const LONG_MS = 5_000;
const MUTATIONS = 10_000;

it.each<[string, object, string, string]>([
  ['CSV', { format: 'csv', columns, timestamp }, csv, 'count,note,when\n1,"x",2026-02-17 09:30:00\n'],
  ['B2MML', { format: 'b2mml' }, b2mml, '<MaterialLot xmlns="B2MML"><ID>1</ID><Quantity>9</Quantity></MaterialLot>'],
  ['JSON', { format: 'json' }, '[{"a":{"b":[1,2.5,"x",null,true]},"n":1},{"n":2}]', '{"a":{"n":9}}'],
  ['NDJSON', { format: 'ndjson' }, line.repeat(5), `{"v":1,"path":"n","value":{"a":1},"idx":3,"seq":7}\n${line}`],
])(
  'files of %s that are broken in 10,000 ways are refused, in whole or by row, or read',
  async (_, over, whole, other) => {
    const read = readerOf(filesSettings.parse({ folder: '/srv/drop', machine: 'm', ...over }));
    const random = randomFrom(17);
    const right = JSON.stringify(await readAll(read, Buffer.from(whole)));
    const outcomes = { wrong: 0, refused: 0, read: 0, signals: 0, unstorable: 0, unnumbered: 0, harmed: 0, slowest: 0 };
    for (let n = 0; n < MUTATIONS; n++) {
      const content = mutate(Buffer.from(whole), random, [Buffer.from(other)]);
      const before = process.threadCpuUsage();
      const { rows, refused } = await readAll(read, content);
      outcomes.slowest = Math.max(outcomes.slowest, process.threadCpuUsage(before).user / 1_000);
      if (refused === '') outcomes.harmed++;
      if (refused !== null) outcomes.refused++;
      // each row once and in order, so that what is refused of a file can be counted and found in it
      if (rows.some(({ row }, at) => row <= (rows[at - 1]?.row ?? 0))) outcomes.unnumbered++;
      for (const row of rows) {
        outcomes[row.kind === 'wrong' ? 'wrong' : 'read']++;
        if (row.kind === 'wrong') continue;
        outcomes.signals += row.signals.length;
        outcomes.unstorable += row.signals.filter((signal) => !isStorable(signal)).length;
      }
      if (n % 4 === 0 && JSON.stringify(await readAll(read, Buffer.from(whole))) !== right) outcomes.harmed++;
    }
    expect(outcomes).toMatchObject({ unstorable: 0, unnumbered: 0, harmed: 0 });
    expect(outcomes.slowest).toBeLessThan(LONG_MS);
    expect(outcomes.wrong + outcomes.refused).toBeGreaterThan(2_000);
    expect(outcomes.read).toBeGreaterThan(500);
    expect(Object.keys(Object.prototype)).toEqual([]);
  },
);

describe('what a document names', () => {
  let server: Server;
  let calls = 0;
  beforeAll(async () => {
    server = createServer((socket) => {
      calls++;
      socket.destroy();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterAll(() => server.close());

  it.each<[string, (url: string) => string]>([
    ['a DTD', (url) => `<!DOCTYPE a SYSTEM "${url}"><a xmlns="B2MML"/>`],
    ['an entity', (url) => `<!DOCTYPE a [<!ENTITY x SYSTEM "${url}">]><a xmlns="B2MML">&x;</a>`],
    ['a schema', (url) => `<a xmlns="B2MML" xmlns:xsi="x" xsi:schemaLocation="B2MML ${url}"><b/></a>`],
    ['a style sheet', (url) => `<?xml-stylesheet href="${url}"?><a xmlns="B2MML"><b/></a>`],
    ['an inclusion', (url) => `<a xmlns="B2MML" xmlns:xi="x"><xi:include href="${url}"/></a>`],
  ])('%s is not fetched', async (_, of) => {
    const read = readerOf(filesSettings.parse({ folder: '/srv/drop', machine: 'm', format: 'b2mml' }));
    const content = Buffer.from(of(`http://127.0.0.1:${(server.address() as AddressInfo).port}/x`));
    await (async () => {
      for await (const row of read(pieces(content), place)) expect(row.kind).toBe('signals');
    })().catch((error: Error) => expect(error).toBeInstanceOf(FileRefused));
    await new Promise((resolve) => setImmediate(resolve));
    expect(calls).toBe(0);
  });
});

it('holds of a line of 64 MB what it keeps of it', async () => {
  const megabyte = Buffer.alloc(1024 * 1024, 0x61);
  async function* endless(): AsyncGenerator<Buffer> {
    for (let n = 0; n < 64; n++) yield megabyte;
    yield Buffer.from('\nnext');
  }
  const lines = [];
  for await (const line of fileLines(endless(), 1_000)) lines.push([line.kind, line.row, line.bytes.length]);
  expect(lines).toEqual([
    ['too_long', 1, 1_001],
    ['line', 2, 4],
  ]);
});
