import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import type { Signal } from '@millrace/domain';
import { decodeSignal, encodeSignal } from '@millrace/protocol';
import { eventually, randomFrom } from '@millrace/test-environment';
import { mutate } from '../../test-support/mutate';
import { MemorySink, openOn } from '../source-conformance.fixture';
import { LineSplitter } from './line-splitter';
import { parseShdr } from './parse-shdr';
import { shdrSourceKind } from './shdr.kind';

const LINES = [
  '2026-02-17T13:00:00.123Z|execution|ACTIVE|load|12.5',
  '2026-02-17T13:00:00.123Z|logic|Warning|8100004F|2|HIGH|79 PRELUBE',
  '2026-02-17T13:00:00.123Z|Xload|3|100|1 2 3',
  '2026-02-17T13:00:00.123Z|@REMOVE_ASSET@|1',
  '* PONG 10000',
].map((line) => Buffer.from(line));
const MUTATIONS = 10_000;

/** A line with some wrong places and no line end inside; never one that begins an asset, which runs to its own mark. */
const mutated = (random: () => number): Buffer => {
  const line = mutate(LINES[Math.floor(random() * LINES.length)]!, random, LINES);
  return Buffer.from(line.filter((byte) => byte !== 0x0a));
};

const isStorable = (signal: Signal): boolean => {
  const { topic, key, value } = encodeSignal('signals', signal);
  const from = { topic, value, key: Buffer.from(key!), partition: 0, offset: 0n, timestamp: 0, headers: {} };
  return decodeSignal(from).kind === 'signal';
};

it('lives through 10,000 mutated lines, and has every value between them once and in order', async () => {
  const random = randomFrom(23);
  let refused = 0;
  const sent = Array.from({ length: MUTATIONS }, (_, n) => {
    const line = mutated(random);
    if (isRefused(line)) refused++;
    return Buffer.concat([line, Buffer.from(`\n2026-02-17T13:00:00.123Z|the_count|${n + 1}\n`)]);
  });
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    for (const both of sent) socket.write(both);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const sink = new MemorySink();
  const { port } = server.address() as AddressInfo;
  const settings = shdrSourceKind.settings.parse({ host: '127.0.0.1', port, machine: 'M' });
  const source = openOn(shdrSourceKind, settings, sink, '');
  const counted = () => sink.appended.filter(({ path }) => path === 'the_count').map(({ value }) => Number(value));
  await eventually(() => counted().length === MUTATIONS || Promise.reject(counted().length), 'all values', 20_000);
  expect(source.health().connection.state).toBe('connected');
  await source.stop();
  server.close();
  expect(counted()).toEqual(Array.from({ length: MUTATIONS }, (_, n) => n + 1));
  expect(sink.appended.filter(({ path }) => path.startsWith('$') && path !== '$lifecycle')).toEqual([]);
  expect(sink.appended.every(({ seq, path }) => path === '$lifecycle' || seq !== null)).toBe(true);
  expect(sink.appended.filter((signal) => !isStorable(signal))).toEqual([]);
  expect(sink.refused).toHaveLength(refused);
  expect(refused).toBeGreaterThan(1_500);
});

/** Whether a line alone is refused; each that is, is quarantined once. */
function isRefused(line: Buffer): boolean {
  const splitter = new LineSplitter();
  const [split] = [...splitter.push(line), ...splitter.end()];
  if (split === undefined) return false;
  return split.kind === 'refused' || parseShdr(split.text).kind === 'refused';
}
