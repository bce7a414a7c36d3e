import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { step } from './progress.mjs';
import { Stop } from './stop.mjs';

const readJson = (file) => {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return null;
  }
};

/** Whether node_modules holds what package-lock.json says; npm's own record of the installation answers it. */
export const isInstalled = (root) => {
  const wanted = readJson(join(root, 'package-lock.json'))?.packages;
  const present = readJson(join(root, 'node_modules/.package-lock.json'))?.packages;
  if (!wanted || !present) return false;
  return Object.entries(wanted).every(([path, entry]) => {
    if (path === '' || entry.link) return true;
    const found = present[path];
    // What is meant for other platforms is left out by npm.
    return found === undefined
      ? entry.optional === true || entry.devOptional === true
      : found.version === entry.version;
  });
};

export const node24 = (root) => join(root, 'node_modules/node/bin/node');

const npm = (root, args) =>
  new Promise((done, fail) => {
    const cli = process.env.npm_execpath;
    const [command, first] = cli?.endsWith('.js') ? [process.execPath, [cli]] : ['npm', []];
    const child = spawn(command, [...first, ...args], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    const keep = (text) => {
      output = (output + text).slice(-6_000);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.once('error', () => fail(new Stop('npm is not installed; it comes with Node.')));
    child.once('exit', (code) => {
      if (code === 0) return done();
      const lines = output.trim().split('\n').slice(-12).join('\n');
      fail(new Stop(`npm ${args[0]} failed:\n${lines}`, ['Is there a network? Try it alone: npm ci']));
    });
  });

/** Brings the dependencies when they are missing or the lock file has changed. */
export const install = async (root) => {
  if (!isInstalled(root)) {
    await step('Dependencies', 'npm ci, once; about a minute', async () => {
      await npm(root, ['ci', '--loglevel=error']);
      return { remark: 'installed' };
    });
  }
  if (!existsSync(node24(root))) {
    // npm was told not to run install scripts; this one places the binary.
    await step('Node 24', 'placing the binary of the npm package', async () => {
      await npm(root, ['rebuild', 'node', '--ignore-scripts=false', '--loglevel=error']);
      if (!existsSync(node24(root)))
        throw new Stop('The npm package "node" did not place its binary in node_modules/node/bin.');
      return { remark: 'placed' };
    });
  }
};
