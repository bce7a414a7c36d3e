import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readReconcileCommand } from './reconcile.config';

const NOW = Date.UTC(2026, 1, 17, 13, 0, 0);
const ENV = { MILLRACE_KAFKA_BROKERS: 'kafka:9092' };
const read = (...argv: string[]) => readReconcileCommand(argv, ENV, NOW);

describe('the command line', () => {
  it('asks for everything by default', () => {
    expect(read()).toMatchObject({
      since: null,
      endpointId: null,
      events: false,
      json: false,
      graceMs: 900_000,
      passes: 3,
      settleMs: 3_000,
      most: 100,
      localStack: null,
      settings: { kafkaBrokers: ['kafka:9092'], topicPrefix: 'millrace.', timeScale: 1 },
    });
  });

  it.each([
    ['24h', NOW - 86_400_000],
    ['7d', NOW - 604_800_000],
    ['90s', NOW - 90_000],
    ['2026-02-17T12:00:00Z', NOW - 3_600_000],
    ['2026-02-17T14:00:00+02:00', NOW - 3_600_000],
    ['2026-02-16', NOW - 37 * 3_600_000],
  ])('--since %s', (text, since) => {
    expect(read('--since', text)).toMatchObject({ since });
  });

  it('takes the others', () => {
    const command = read(
      '--endpoint',
      'ep_1',
      '--json',
      '--events',
      '--grace',
      '5s',
      '--passes',
      '1',
      '--settle',
      '50ms',
      '--most',
      '0',
    );
    expect(command).toMatchObject({
      endpointId: 'ep_1',
      json: true,
      events: true,
      graceMs: 5_000,
      passes: 1,
      settleMs: 50,
      most: 0,
    });
  });

  it.each([
    [['--since', 'yesterday'], /--since is "yesterday"; a time in the past is expected/],
    [['--since', '2026-02-18T00:00:00Z'], /a time in the past/],
    [['--since', '2026-02-17T12:00:00'], /a time in the past/],
    [['--grace', '5'], /--grace is "5"; a duration such as/],
    [['--settle', '-5s'], /--settle/],
    [['--passes', '0'], /--passes is "0"; a number from 1 to 100/],
    [['--most', 'all'], /--most is "all"/],
    [['--everything'], /--everything[\s\S]*npm run reconcile -- \[options\]/],
    [['ep_1'], /ep_1/],
  ])('%j is refused', (argv, message) => {
    expect(() => read(...argv)).toThrow(message);
  });

  it('is null when help is asked for, whatever the settings', () => {
    expect(readReconcileCommand(['--help'], {}, NOW)).toBeNull();
  });
});

describe('the brokers', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'reconcile-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('are those of the local stack when no setting names them', () => {
    writeFileSync(join(folder, 'ports.json'), '{"kafka":19092,"postgres":15432}');
    const command = readReconcileCommand([], { MILLRACE_DATA_DIR: folder }, NOW);
    expect(command).toMatchObject({ localStack: folder, settings: { kafkaBrokers: ['127.0.0.1:19092'] } });
  });

  it('are those of the setting when there is one', () => {
    writeFileSync(join(folder, 'ports.json'), '{"kafka":19092}');
    const command = readReconcileCommand([], { MILLRACE_DATA_DIR: folder, ...ENV }, NOW);
    expect(command).toMatchObject({ localStack: null, settings: { kafkaBrokers: ['kafka:9092'] } });
  });

  it.each([
    ['nothing there', null, {}],
    ['a broken file', '{', {}],
    ['a file without the port', '{}', {}],
    ['production', '{"kafka":19092}', { NODE_ENV: 'production' }],
  ])('are asked for when there is %s', (_name, content, env) => {
    if (content !== null) writeFileSync(join(folder, 'ports.json'), content);
    expect(() => readReconcileCommand([], { MILLRACE_DATA_DIR: folder, ...env }, NOW)).toThrow(
      /MILLRACE_KAFKA_BROKERS is not set/,
    );
  });
});
