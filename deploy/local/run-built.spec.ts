import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** Prints its arguments and ends with the first as exit code, or by the signal of that name. */
const PROGRAM = `const [how, ...rest] = process.argv.slice(2);
process.stdout.write(rest.join(' '));
if (how.startsWith('SIG')) process.kill(process.pid, how);
else process.exitCode = Number(how);
`;
const MAIN = 'apps/reconcile/src/main';

describe('a built program', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'run-built-'));
    cpSync(join(__dirname, 'run-built.mjs'), join(root, 'deploy/local/run-built.mjs'));
    cpSync(join(__dirname, 'bootstrap'), join(root, 'deploy/local/bootstrap'), { recursive: true });
  });
  afterEach(() => rmSync(root, { recursive: true }));

  const put = (name: string, content: string) => {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), content);
  };
  const built = () => {
    put(`dist/${MAIN}.js`, PROGRAM);
    put('dist/.sources', '');
  };
  /** A checkout whose compiler is a script of ours. */
  const installed = (compiler: string) => {
    for (const name of ['nest-cli.json', 'tsconfig.base.json', '.swcrc', 'package-lock.json']) put(name, '{}');
    put(`${MAIN}.ts`, '');
    for (const name of ['libs/a.ts', 'bench/a.ts']) put(name, '');
    put('node_modules/@nestjs/cli/bin/nest.js', compiler);
    mkdirSync(join(root, 'node_modules/node/bin'), { recursive: true });
    symlinkSync(process.execPath, join(root, 'node_modules/node/bin/node'));
  };
  const COMPILER = `const { mkdirSync, writeFileSync } = require('node:fs');
mkdirSync('dist/apps/reconcile/src', { recursive: true });
writeFileSync('dist/${MAIN}.js', ${JSON.stringify(PROGRAM)});
console.log('compiled');
`;
  const run = (...args: string[]) => {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [join(root, 'deploy/local/run-built.mjs'), ...args],
      {
        encoding: 'utf8',
      },
    );
    return { status, stdout, stderr };
  };

  it.each([
    ['0', 0],
    ['1', 1],
    ['2', 2],
    ['SIGKILL', 2],
    ['SIGTERM', 2],
    ['SIGINT', 130],
  ])('that ends with %s: %i', (how, status) => {
    built();
    expect(run('reconcile', how, '--json', '--endpoint', 'ep_1')).toEqual({
      status,
      stdout: how.startsWith('SIG') ? expect.any(String) : '--json --endpoint ep_1',
      stderr: '',
    });
  });

  it('is refused in words where nothing is installed', () => {
    expect(run('reconcile')).toEqual({
      status: 2,
      stdout: '',
      stderr: 'reconcile was not run. Millrace is not installed and built here yet. Run npm start once, or npm ci.\n',
    });
  });

  it('is built where nothing is, and says nothing on standard output', () => {
    installed(COMPILER);
    expect(run('reconcile', '1', 'report')).toEqual({
      status: 1,
      stdout: 'report',
      stderr: 'Nothing is built here yet; compiling, some seconds.\n',
    });
    expect(run('reconcile', '0', 'report')).toEqual({ status: 0, stdout: 'report', stderr: '' });
  });

  it('stays as it is when the sources have changed', () => {
    installed('process.exit(1)');
    built();
    expect(run('reconcile', '0', 'report')).toEqual({ status: 0, stdout: 'report', stderr: '' });
  });

  it.each([
    ['fails', 'console.error("wrong"); process.exit(1);', /The build failed:\nwrong/],
    ['makes something else', '', /The build did not make .*main\.js/],
  ])('is not run when the build %s', (_name, compiler, why) => {
    installed(compiler);
    const { status, stdout, stderr } = run('reconcile');
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(why);
  });

  it('has to be one of those that there are', () => {
    expect(run('reconsile')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('There is no program "reconsile"'),
    });
  });
});
