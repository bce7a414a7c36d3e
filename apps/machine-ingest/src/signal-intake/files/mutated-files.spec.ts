import type { AddressInfo } from 'node:net';
import { createServer, type Server } from 'node:net';
import { decodeSignal, encodeSignal } from '@millrace/protocol';
import { randomFrom } from '@millrace/test-environment';
import { mutate } from '../../test-support/mutate';
import { fileLines } from './file-lines';
import { FileRefused } from './file-row';
import { filesSettings } from './files-settings';
import { readerOf } from './read-file-rows';

const place = { tenant: 'acme', source: 'drop', session: 's', clock: () => Date.parse('2026-02-17T13:00:00Z') };

async function* pieces(content: Buffer, size = 64): AsyncGenerator<Buffer> {
  for (let at = 0; at < content.length; at += size) yield content.subarray(at, at + size);
}

const b2mml = `<?xml version="1.0" encoding="utf-8"?><SyncProductionPerformance xmlns="http://www.wbf.org/xml/B2MML-V0401"><ApplicationArea><CreationDateTime>2026-02-17T11:58:25.3149559+01:00</CreationDateTime></ApplicationArea><DataArea><Sync/><ProductionPerformance><ProductionResponse><ID>00217</ID><SegmentResponse><ID>Weighing</ID><MaterialActual><MaterialDefinitionID>A1</MaterialDefinitionID><Quantity><QuantityString>0.41</QuantityString></Quantity></MaterialActual></SegmentResponse></ProductionResponse></ProductionPerformance></DataArea></SyncProductionPerformance>`;
const csv = `when,count,"note"\n${Array.from({ length: 10 }, (_, n) => `2026-02-17 09:3${n}:00,${n},"a ""b"""\n`).join('')}`;
const columns = [
  { column: 'count', path: 'count', type: 'int64' },
  { column: 'note', path: 'note' },
];
const timestamp = { column: 'when', format: 'yyyy-MM-dd HH:mm:ss', timeZone: 'Europe/Berlin' };

it.each<[string, object, string]>([
  ['CSV', { format: 'csv', columns, timestamp }, csv],
  ['B2MML', { format: 'b2mml' }, b2mml],
  ['JSON', { format: 'json' }, '[{"a":{"b":[1,2.5,"x",null,true]},"n":1},{"n":2}]'],
  ['NDJSON', { format: 'ndjson' }, '{"path":"execution","value":"ACTIVE"}\n'.repeat(5)],
])('files of %s that are broken in 250 ways are refused, in whole or by row, or read', async (_, over, whole) => {
  const read = readerOf(filesSettings.parse({ folder: '/srv/drop', machine: 'm', ...over }));
  const random = randomFrom(17);
  let wrong = 0;
  for (let n = 0; n < 250; n++) {
    const content = mutate(Buffer.from(whole), random);
    try {
      for await (const row of read(pieces(content), place)) {
        if (row.kind === 'wrong') wrong++;
        else
          for (const signal of row.signals) {
            const { topic, key, value } = encodeSignal('signals', signal);
            const message = {
              topic,
              value,
              key: Buffer.from(key!),
              partition: 0,
              offset: 0n,
              timestamp: 0,
              headers: {},
            };
            expect(decodeSignal(message)).toMatchObject({ kind: 'signal' });
          }
      }
    } catch (error) {
      if (!(error instanceof FileRefused)) throw error;
      wrong++;
    }
  }
  expect(wrong).toBeGreaterThan(50);
  expect(Object.keys(Object.prototype)).toEqual([]);
});

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
