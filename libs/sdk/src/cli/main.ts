#!/usr/bin/env node
import { randomBytes } from 'node:crypto';
import { homedir } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { askAt } from './ask';
import type { Io } from './io';
import { run } from './run';

const readAll = async (): Promise<Uint8Array> => {
  const parts: Buffer[] = [];
  for await (const part of process.stdin) parts.push(part as Buffer);
  return Buffer.concat(parts);
};

let interruption: AbortController | undefined;
const interrupted = (): AbortSignal => {
  if (interruption === undefined) {
    const controller = new AbortController();
    interruption = controller;
    // The second one ends the process at once.
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, () => controller.abort());
  }
  return interruption.signal;
};

const io: Io = {
  env: process.env,
  platform: process.platform,
  home: homedir(),
  stdout: process.stdout,
  stderr: process.stderr,
  stdin: { isTTY: process.stdin.isTTY === true, read: readAll },
  ask: (question, hidden) => askAt({ input: process.stdin, output: process.stderr }, question, hidden),
  now: Date.now,
  random: () => randomBytes(16).toString('hex'),
  sleep: (ms, signal) => sleep(ms, undefined, { signal }).catch(() => {}),
  interrupted,
};

// A reader that has seen enough (`| head`) is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

run(process.argv.slice(2), io).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    process.stderr.write(`A defect of millrace itself: ${error instanceof Error ? error.stack : String(error)}\n`);
    process.exitCode = 1;
  },
);
