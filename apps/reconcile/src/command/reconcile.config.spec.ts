import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { identityOf } from '../../../../deploy/local/process/process-identity';
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
    [['--since', 'yesterday'], /--since is "yesterday"; it must be a time in the past/],
    [['--since', '2026-02-18T00:00:00Z'], /it must be a time in the past/],
    [['--since', '2026-02-17T12:00:00'], /it must be a time in the past/],
    [['--since', '2026-02-17T13:00:00Z'], /it must be a time in the past/],
    [['--since', '1969-12-31T23:59:59Z'], /it must be a time in the past/],
    [['--since', '999999999d'], /it must be a time in the past/],
    [['--since', '0h'], /--since is "0h"; it must be a time in the past/],
    [['--since', '-5h'], /--since is "-5h"; it must be a time in the past/],
    [['--since=-5h'], /--since is "-5h"; it must be a time in the past/],
    [['--since', ''], /--since is ""; it must be a time in the past/],
    [['--since'], /--since needs a value/],
    [['--since', '1h', '--since', '2h'], /--since is there twice/],
    [['--endpoint', ''], /--endpoint is empty.*is a shell variable not set/],
    [['--endpoint='], /--endpoint is empty/],
    [['--endpoint', ' '], /--endpoint is empty/],
    [['--endpoint', '--json'], /--endpoint needs a value. Is a shell variable not set/],
    [['--endpoint', 'ep_a,ep_b'], /--endpoint is "ep_a,ep_b"; it must be the id of one endpoint, ep_…/],
    [['--endpoint', 'ep_a ep_b'], /it must be the id of one endpoint/],
    [['--endpoint', 'ep_a', '--endpoint', 'ep_b'], /--endpoint is there twice/],
    [['--endpoint', 'ep_a', 'ep_b'], /"ep_b" is no option/],
    [['--endpoint', 'ep_'], /it must be the id of one endpoint/],
    [['--endpoint', 'evt_1'], /it must be the id of one endpoint/],
    [['--grace', '5'], /--grace is "5"; it must be a duration such as/],
    [['--settle', '-5s'], /--settle is "-5s"; it must be a duration/],
    [['--passes', '0'], /--passes is "0"; it must be a positive number, from 1 to 100/],
    [['--most', '-1'], /--most is "-1"; it must be a positive number/],
    [['--most', 'all'], /--most is "all"; it must be a positive number/],
    [['--json=yes'], /--json takes no value/],
    [['--everything'], /There is no option --everything[\s\S]*npm run reconcile -- \[options\]/],
    [['--constructor'], /There is no option --constructor/],
    [['-j'], /There is no option -j/],
    [['ep_1'], /"ep_1" is no option/],
  ])('%j is refused', (argv, message) => {
    expect(() => read(...argv)).toThrow(message);
  });

  it.each([
    [{ npm_config_json: 'true' }, [], /npm took --json for an option of its own.*npm run reconcile -- --json$/],
    [{ npm_config_json: 'true', npm_config_events: 'true' }, [], /--events and --json .*-- --events --json$/],
    [{ npm_config_since: 'true' }, ['24h'], /npm run reconcile -- --since …$/],
    [{ npm_config_endpoint: '' }, [], /npm run reconcile -- --endpoint …$/],
    [{ npm_config_json: 'true', npm_config_events: 'true' }, ['--json'], /npm run reconcile -- --events$/],
  ])('tells of what npm kept for itself: %j, %j', (env, argv, message) => {
    const all = { ...ENV, npm_lifecycle_event: 'reconcile', ...env };
    expect(() => readReconcileCommand(argv, all, NOW)).toThrow(message);
  });

  it.each([
    ['another script that was given it', { npm_lifecycle_event: 'test', npm_config_json: 'true' }, []],
    [
      'one that was given behind the dashes too',
      { npm_lifecycle_event: 'reconcile', npm_config_json: 'true' },
      ['--json'],
    ],
    ['one that npm was told not to use', { npm_lifecycle_event: 'reconcile', npm_config_json: '' }, []],
  ])('lets pass %s', (_name, env, argv) => {
    expect(readReconcileCommand(argv, { ...ENV, ...env }, NOW)).toMatchObject({ json: argv.length > 0 });
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

  const note = (name: string, process: { readonly pid: number; readonly began: string } | null) => {
    mkdirSync(join(folder, 'processes'), { recursive: true });
    writeFileSync(join(folder, name), JSON.stringify(process));
  };

  it('are those of the local stack when no setting names them', () => {
    writeFileSync(join(folder, 'ports.json'), '{"kafka":19092,"postgres":15432}');
    note('processes/kafka.json', identityOf(process.pid));
    const command = readReconcileCommand([], { MILLRACE_DATA_DIR: folder }, NOW);
    expect(command).toMatchObject({ localStack: folder, settings: { kafkaBrokers: ['127.0.0.1:19092'] } });
  });

  it('are those of the setting when there is one', () => {
    writeFileSync(join(folder, 'ports.json'), '{"kafka":19092}');
    const command = readReconcileCommand([], { MILLRACE_DATA_DIR: folder, ...ENV }, NOW);
    expect(command).toMatchObject({ localStack: null, settings: { kafkaBrokers: ['kafka:9092'] } });
  });

  it.each([
    ['is not running', 'processes/kafka.json', { pid: process.pid, began: '1' }, /MILLRACE_DATA_DIR=<its data folder>/],
    ['runs without a Kafka of its own', 'launcher.json', identityOf(process.pid), /give the same here/],
  ])('are not those of a local stack that %s', (what, file, noted, advice) => {
    writeFileSync(join(folder, 'ports.json'), '{"kafka":19092}');
    note(file, noted);
    const ask = () => readReconcileCommand([], { MILLRACE_DATA_DIR: folder }, NOW);
    expect(ask).toThrow(`The local stack in ${folder} ${what}.`);
    expect(ask).toThrow(advice);
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
