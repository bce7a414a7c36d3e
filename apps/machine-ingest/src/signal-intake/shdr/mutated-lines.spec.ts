import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { eventually, randomFrom } from '@millrace/test-environment';
import { MemorySink, openOn } from '../source-conformance.fixture';
import { shdrSourceKind } from './shdr.kind';

const LINES = [
  '2026-02-17T13:00:00.123Z|execution|ACTIVE|load|12.5',
  '2026-02-17T13:00:00.123Z|logic|Warning|8100004F|2|HIGH|79 PRELUBE',
  '2026-02-17T13:00:00.123Z|Xload|3|100|1 2 3',
  '2026-02-17T13:00:00.123Z|@REMOVE_ASSET@|1',
  '* PONG 10000',
].map((line) => Buffer.from(line));
const JUNK = ['|', '||||||', '@', '*', '\\|', '"', 'Z', 'UNAVAILABLE', '__proto__|', '$tick|', '\r', '\0'].map((text) =>
  Buffer.from(text),
);

/** A line with one to three wrong places and no line end inside; never one that begins an asset, which runs to its own mark. */
const mutated = (random: () => number): Buffer => {
  let line = LINES[Math.floor(random() * LINES.length)]!;
  for (let edits = 1 + Math.floor(random() * 3); edits > 0; edits--) {
    const at = Math.floor(random() * line.length);
    const put = random() < 0.5 ? JUNK[Math.floor(random() * JUNK.length)]! : Buffer.from([Math.floor(random() * 256)]);
    line = Buffer.concat([line.subarray(0, at), put, line.subarray(at + Math.floor(random() * 6))]);
  }
  return Buffer.from(line.filter((byte) => byte !== 0x0a));
};

it('lives through 2,000 mutated lines, and has every value between them once and in order', async () => {
  const random = randomFrom(23);
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    for (let n = 1; n <= 2_000; n++) {
      socket.write(mutated(random));
      socket.write(`\n2026-02-17T13:00:00.123Z|the_count|${n}\n`);
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const sink = new MemorySink();
  const { port } = server.address() as AddressInfo;
  const settings = shdrSourceKind.settings.parse({ host: '127.0.0.1', port, machine: 'M' });
  const source = openOn(shdrSourceKind, settings, sink, '');
  const counted = () => sink.appended.filter(({ path }) => path === 'the_count').map(({ value }) => Number(value));
  await eventually(() => counted().length === 2_000 || Promise.reject(counted().length), 'all values', 20_000);
  expect(source.health().connection.state).toBe('connected');
  await source.stop();
  server.close();
  expect(counted()).toEqual(Array.from({ length: 2_000 }, (_, n) => n + 1));
  expect(sink.appended.filter(({ path }) => path.startsWith('$') && path !== '$lifecycle')).toEqual([]);
  expect(sink.appended.every(({ seq }, n) => sink.appended[n]!.path === '$lifecycle' || seq !== null)).toBe(true);
  expect(sink.refused.length).toBeGreaterThan(300);
}, 30_000);
