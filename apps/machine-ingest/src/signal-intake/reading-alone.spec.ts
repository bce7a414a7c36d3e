import { execFile } from 'node:child_process';
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { ReadAlone } from './reading-alone.fixture';

jest.setTimeout(120_000);

const run = promisify(execFile);
const ROOT = join(__dirname, '../../../..');

let folder: string;
let program: string;
let secret: string;
let server: Server;
let calls = 0;

beforeAll(async () => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'reading-alone-')));
  program = join(folder, 'reading-alone.cjs');
  secret = join(folder, 'secret.txt');
  writeFileSync(secret, 'secret');
  // one file, so that the process need not be allowed to read any other
  const options = ['--bundle', '--platform=node', '--format=cjs', '--log-level=error', `--outfile=${program}`];
  const source = join(__dirname, 'reading-alone.fixture.ts');
  await run(process.execPath, [join(ROOT, 'node_modules/esbuild/bin/esbuild'), source, ...options], { cwd: ROOT });
  server = createServer((socket) => {
    calls++;
    socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

const readAlone = async (mutations: string): Promise<ReadAlone> => {
  const { port } = server.address() as AddressInfo;
  const allowed = ['--permission', `--allow-fs-read=${program}`];
  const { stdout } = await run(process.execPath, [...allowed, program, String(port), secret, mutations], {
    env: {},
    maxBuffer: 16 * 1024 * 1024,
  });
  return JSON.parse(stdout) as ReadAlone;
};

it('opens no file, no connection and no other process whatever a document says, and ends soon', async () => {
  const { readers, reached, thrown, polluted, slowest } = await readAlone('200');
  expect({ reached, thrown, polluted, calls }).toEqual({ reached: [], thrown: [], polluted: [], calls: 0 });
  // what is large is a matter of milliseconds, unless the work grows with the square of it
  expect(slowest.ms < 2_000 ? null : slowest).toBeNull();
  expect(Object.keys(readers).length).toBeGreaterThanOrEqual(18);
  for (const [name, { read, refused }] of Object.entries(readers))
    expect([name, read > 0, refused > 100]).toEqual([name, true, true]);
});

it('would be seen to', async () => {
  const { reached } = await readAlone('follow');
  expect(reached.map((what) => what.split(' ')[0])).toEqual(['fs', 'fetch', 'net.connect']);
});
