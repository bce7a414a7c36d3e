import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { KafkaConnection } from '@millrace/kafka';
import { EVENT_MODULES, topicSpecs } from '@millrace/protocol';
import { silentLogger } from '@millrace/telemetry';
import { eventually, testEnvironment } from '@millrace/test-environment';

const ROOT = resolve(__dirname, '../../..');

/** Lets a plain node process run the sources as the build would compile them. */
const REGISTER = `
const { transformFileSync } = require(${JSON.stringify(join(ROOT, 'node_modules/@swc/core'))});
const { existsSync } = require('node:fs');
const { dirname, join } = require('node:path');
const Module = require('node:module');
const find = Module._resolveFilename;
Module._resolveFilename = function (request, parent, ...rest) {
  const lib = /^@millrace\\/([^/]+)$/.exec(request);
  if (lib) return join(${JSON.stringify(ROOT)}, 'libs', lib[1], 'src/index.ts');
  if (request.startsWith('.') && parent?.filename?.endsWith('.ts')) {
    const file = join(dirname(parent.filename), request + '.ts');
    if (existsSync(file)) return file;
  }
  return find.call(this, request, parent, ...rest);
};
Module._extensions['.ts'] = (module, filename) =>
  module._compile(
    transformFileSync(filename, {
      module: { type: 'commonjs' },
      jsc: { target: 'es2023', parser: { syntax: 'typescript', decorators: true },
        transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false } },
    }).code, filename);
`;

/** STOP_MS: how long the worker of this service takes to stop. */
const MAIN = `
const { startService } = require('@millrace/service-runtime');
class Nothing {}
void startService({
  name: 'probe',
  module: (context) => {
    context.workers.add('probe', 'consumers', {
      start: async () => {},
      stop: () => new Promise((end) => setTimeout(end, Number(process.env.STOP_MS ?? 0))),
      health: () => ({ alive: true, reason: null }),
    });
    return Object.assign(Nothing, {});
  },
});
`;

describe('the process of a service', () => {
  let folder: string;
  let env: NodeJS.ProcessEnv;
  const children: ChildProcess[] = [];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'millrace-process-'));
    writeFileSync(join(folder, 'register.cjs'), REGISTER);
    writeFileSync(join(folder, 'main.cjs'), MAIN);
    const environment = await testEnvironment();
    const prefix = environment.freshPrefix();
    const kafka = new KafkaConnection({ brokers: environment.brokers, clientId: 'test', logger: silentLogger });
    await kafka.provisionTopics(topicSpecs({ prefix, partitions: 1, replicationFactor: 1, modules: EVENT_MODULES }), 1);
    await kafka.close();
    env = {
      PATH: process.env['PATH'],
      LOG_LEVEL: 'info',
      MILLRACE_SERVICE_PORT: '0',
      MILLRACE_SERVICE_HOST: '127.0.0.1',
      MILLRACE_KAFKA_BROKERS: environment.brokers.join(','),
      MILLRACE_TOPIC_PREFIX: prefix,
      MILLRACE_PARTITIONS: '1',
    };
  }, 120_000);
  afterAll(() => {
    for (const child of children) child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });

  const run = (overrides: NodeJS.ProcessEnv = {}) => {
    const child = spawn(process.execPath, ['--require', join(folder, 'register.cjs'), join(folder, 'main.cjs')], {
      env: { ...env, ...overrides },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    children.push(child);
    const text = { out: '', err: '' };
    child.stdout.on('data', (data: Buffer) => {
      text.out += data.toString();
    });
    child.stderr.on('data', (data: Buffer) => {
      text.err += data.toString();
    });
    const ended = new Promise<number | null>((settle) => child.on('close', (code) => settle(code)));
    return { child, text, ended };
  };
  const ready = (text: { out: string; err: string }) =>
    eventually(() => text.out.includes('service ready') || text.err !== '', 'the service is ready', 30_000);

  it('says every wrong setting on stderr and exits 78', async () => {
    const { text, ended } = run({ MILLRACE_SERVICE_PORT: 'x', MILLRACE_PARTITIONS: '0' });
    expect(await ended).toBe(78);
    expect(text.err).toContain('probe does not start. 2 settings are wrong:\n  - MILLRACE_SERVICE_PORT is "x"');
  }, 30_000);

  it.each<NodeJS.Signals>(['SIGTERM', 'SIGINT'])(
    'drains on %s and exits 0, with its last lines written',
    async (signal) => {
      const { child, text, ended } = run();
      await ready(text);
      child.kill(signal);
      expect(await ended).toBe(0);
      expect(text.err).toBe('');
      expect(JSON.parse(text.out.trim().split('\n').at(-1)!)).toMatchObject({ service: 'probe', msg: 'service ended' });
    },
    60_000,
  );

  it('hears SIGINT and SIGTERM of one Ctrl-C as one wish', async () => {
    const { child, text, ended } = run({ STOP_MS: '300' });
    await ready(text);
    child.kill('SIGINT');
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
  }, 60_000);

  it('exits 1 at once on a second signal', async () => {
    const { child, text, ended } = run({ STOP_MS: '60000' });
    await ready(text);
    child.kill('SIGTERM');
    await eventually(() => text.out.includes('service drains'), 'it drains');
    const again = setInterval(() => child.kill('SIGTERM'), 300);
    expect(await ended).toBe(1);
    clearInterval(again);
    expect(text.out).toContain('second signal');
  }, 60_000);

  it('says that a port is taken, and exits 1', async () => {
    const first = run();
    await ready(first.text);
    const { port } = JSON.parse(first.text.out.split('\n').find((line) => line.includes('service ready'))!);
    const { text, ended } = run({ MILLRACE_SERVICE_PORT: String(port) });
    expect(await ended).toBe(1);
    expect(text.err).toContain('EADDRINUSE');
    first.child.kill('SIGTERM');
    expect(await first.ended).toBe(0);
  }, 60_000);
});
