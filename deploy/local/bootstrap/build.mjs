import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { node24 } from './install.mjs';
import { step } from './progress.mjs';
import { Stop } from './stop.mjs';

const SOURCES = ['apps', 'libs', 'deploy', 'bench'];
const SETTINGS = ['nest-cli.json', 'tsconfig.base.json', '.swcrc', 'package-lock.json'];

const filesUnder = (folder, wanted) =>
  readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory())
      return entry.name === 'node_modules' || entry.name === 'dist' ? [] : filesUnder(path, wanted);
    return wanted(entry.name) ? [path] : [];
  });

const isSource = (name) => name.endsWith('.ts') && !name.endsWith('.d.ts') && !name.endsWith('.spec.ts');

const sourcesOf = (root) =>
  SOURCES.filter((folder) => existsSync(join(root, folder)))
    .flatMap((folder) => filesUnder(join(root, folder), isSource))
    .sort();

const fingerprint = (root, sources) => {
  const hash = createHash('sha256');
  for (const file of [...SETTINGS.map((name) => join(root, name)), ...sources]) {
    hash.update(relative(root, file)).update('\0').update(readFileSync(file)).update('\0');
  }
  return hash.digest('hex');
};

const compile = (root) =>
  new Promise((done, fail) => {
    const nest = join(root, 'node_modules/@nestjs/cli/bin/nest.js');
    const child = spawn(node24(root), [nest, 'build', '--all', '-b', 'swc'], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    child.stdout.on('data', (text) => {
      output += text;
    });
    child.stderr.on('data', (text) => {
      output += text;
    });
    child.once('error', fail);
    child.once('exit', (code) => {
      if (code === 0) return done();
      const lines = output
        .split('\n')
        .filter(
          (line) => line.trim() !== '' && !/SWC {2}Running|Stack backtrace|^Successfully|^ +(\d+:|at )/.test(line),
        );
      fail(new Stop(`The build failed:\n${lines.slice(0, 30).join('\n')}`));
    });
  });

/** What was compiled from a source that is gone would still be loaded by its old name. */
const removeOrphans = (root, sources) => {
  const expected = new Set(sources.map((file) => relative(root, file).replace(/\.tsx?$/, '.js')));
  for (const folder of SOURCES) {
    const built = join(root, 'dist', folder);
    if (!existsSync(built)) continue;
    for (const file of filesUnder(built, (name) => name.endsWith('.js'))) {
      if (!expected.has(relative(join(root, 'dist'), file))) rmSync(file);
    }
  }
};

const waitFor = (ms) => new Promise((done) => setTimeout(done, ms));

/** One build at a time in a checkout; a lock older than two minutes was left by a killed one. */
const alone = async (root, work) => {
  const lock = join(root, 'dist/.building');
  mkdirSync(join(root, 'dist'), { recursive: true });
  for (;;) {
    try {
      mkdirSync(lock);
      break;
    } catch {
      try {
        if (Date.now() - statSync(lock).mtimeMs > 120_000) rmSync(lock, { recursive: true, force: true });
      } catch {
        // It was given back at this moment.
      }
      await waitFor(50);
    }
  }
  try {
    return await work();
  } finally {
    rmSync(lock, { recursive: true, force: true });
  }
};

/** Compiles to `dist/` when a source or a setting has changed since the last time. Answers whether it had to. */
export const buildIfChanged = async (root) => {
  const stamp = join(root, 'dist/.sources');
  const state = () => {
    const sources = sourcesOf(root);
    return { sources, print: fingerprint(root, sources) };
  };
  const current = () => existsSync(stamp) && readFileSync(stamp, 'utf8') === state().print;
  if (current()) return false;
  return alone(root, async () => {
    if (current()) return false;
    const { sources, print } = state();
    rmSync(stamp, { force: true });
    await compile(root);
    removeOrphans(root, sources);
    writeFileSync(stamp, print);
    return true;
  });
};

export const build = async (root) => {
  await step('Build', 'compiling the services', async () => ({
    remark: (await buildIfChanged(root)) ? 'compiled' : 'up to date',
  }));
};
