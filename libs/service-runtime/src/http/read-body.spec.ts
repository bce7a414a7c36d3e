import type { IncomingMessage } from 'node:http';
import { PassThrough } from 'node:stream';
import { readBody } from './read-body';

const request = () => {
  const stream = new PassThrough();
  return { stream, read: stream as unknown as IncomingMessage };
};
const tooSlow = { problem: { status: 408, code: 'too_slow' } };

test('a body of which nothing comes ends', async () => {
  const { stream, read } = request();
  stream.write('a');
  await expect(readBody(read, 10, { stalledMs: 50 })).rejects.toMatchObject(tooSlow);
  expect(stream.listenerCount('data')).toBe(0);
});

test('a body that comes byte by byte has its time in all', async () => {
  const { stream, read } = request();
  const drip = setInterval(() => stream.write('a'), 5);
  try {
    await expect(readBody(read, 10_000, { stalledMs: 1_000, withinMs: 60 })).rejects.toMatchObject(tooSlow);
  } finally {
    clearInterval(drip);
  }
});

test('a body that comes slowly, and comes, is taken', async () => {
  const { stream, read } = request();
  const body = readBody(read, 10, { stalledMs: 400 });
  for (const piece of ['a', 'b', 'c', 'd']) {
    stream.write(piece);
    await new Promise((go) => setTimeout(go, 150));
  }
  stream.end();
  expect((await body).toString()).toBe('abcd');
});

test("a stranger's body is counted and not held", async () => {
  const short = request();
  short.stream.end('abc');
  expect(await readBody(short.read, 10, { kept: false })).toHaveLength(0);
  const long = request();
  long.stream.end('abcdefghijkl');
  await expect(readBody(long.read, 10, { kept: false })).rejects.toMatchObject({ problem: { status: 413 } });
});
