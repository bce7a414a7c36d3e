import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

// The bootstrap is plain JavaScript (it runs before anything is installed), so its types are told here.
interface Checks {
  javaVersion(output: string): number | null;
  chooseKafka(facts: { java: number | null; maven: boolean; jarsCached: boolean; docker: boolean }): string;
  checkDisk(needs: Array<{ what: string; folder: string; bytes: number }>, freeBytes: (folder: string) => number): void;
  checkPort(port: number): Promise<void>;
  readPort(environment: { MILLRACE_PORT?: string }): number;
}
let checks: Checks;
beforeAll(async () => {
  checks = (await import(join(__dirname, 'check-machine.mjs'))) as Checks;
});

describe('javaVersion', () => {
  it.each([
    ['openjdk version "17.0.15" 2025-04-15', 17],
    ['java version "1.8.0_401"', 8],
    ['openjdk version "21" 2023-09-19', 21],
    ['command not found', null],
  ])('reads %j as %j', (output, expected) => {
    expect(checks.javaVersion(output)).toBe(expected);
  });
});

describe('chooseKafka', () => {
  const facts = { java: 17, maven: true, jarsCached: false, docker: false };

  it.each([
    ['Java and Maven', {}, 'native'],
    ['Java and jars in the cache', { maven: false, jarsCached: true }, 'native'],
    ['Java and Maven beside Docker', { docker: true }, 'native'],
    ['Docker alone', { java: null, maven: false, docker: true }, 'docker'],
    ['an old Java beside Docker', { java: 11, docker: true }, 'docker'],
  ])('takes %s', (_what, change, expected) => {
    expect(checks.chooseKafka({ ...facts, ...change })).toBe(expected);
  });

  it.each([
    ['nothing', { java: null, maven: false }, /no Java here and no Docker/],
    ['an old Java', { java: 11 }, /Java here is version 11; Kafka needs 17/],
    ['no Maven and no jars', { maven: false }, /not Maven/],
  ])('refuses %s, and says what is missing', (_what, change, message) => {
    expect(() => checks.chooseKafka({ ...facts, ...change })).toThrow(message);
  });
});

describe('checkDisk', () => {
  const need = { what: 'Kafka and PostgreSQL', folder: '/', bytes: 2 * 1024 ** 3 };

  it('is content with just enough', () => {
    expect(() => checks.checkDisk([need], () => need.bytes)).not.toThrow();
  });

  it('says what needs how much, and what there is', () => {
    expect(() => checks.checkDisk([need], () => 0.5 * 1024 ** 3)).toThrow(
      'There is too little disk space: Kafka and PostgreSQL need 2.0 GiB, / has 0.5 GiB free.',
    );
  });

  it('asks the disk of the nearest folder that exists', () => {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-check-'));
    const asked: string[] = [];
    const freeBytes = (of: string) => {
      asked.push(of);
      return need.bytes;
    };
    checks.checkDisk([{ ...need, folder: join(folder, 'not/yet/there') }], freeBytes);
    rmSync(folder, { recursive: true });
    expect(asked).toEqual([folder]);
  });
});

describe('the port', () => {
  it.each([
    [undefined, 8080],
    ['', 8080],
    ['65535', 65535],
  ])('reads MILLRACE_PORT=%j as %j', (text, expected) => {
    expect(checks.readPort(text === undefined ? {} : { MILLRACE_PORT: text })).toBe(expected);
  });

  it.each(['0', '65536', 'http', '80.5', '-1', ' 80'])('refuses MILLRACE_PORT=%j', (text) => {
    expect(() => checks.readPort({ MILLRACE_PORT: text })).toThrow('is not a port');
  });

  it.each(['127.0.0.1', '0.0.0.0'])('is refused when another program has it on %s', async (host) => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, host, resolve));
    const { port } = server.address() as { port: number };
    await expect(checks.checkPort(port)).rejects.toThrow(`Port ${port} is in use`);
    await new Promise((resolve) => server.close(resolve));
    await expect(checks.checkPort(port)).resolves.toBeUndefined();
  });
});
