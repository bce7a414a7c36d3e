import { variable, WrongSettings, whole } from './environment';
import { type Need, readServiceSettings } from './service.config';

const KEY = Buffer.alloc(32, 7).toString('base64');
const good = {
  MILLRACE_SERVICE_PORT: '18082',
  MILLRACE_KAFKA_BROKERS: '127.0.0.1:19092, kafka-2:9092',
  MILLRACE_DATABASE_URL: 'postgres://me:pw@127.0.0.1:5432/millrace',
  MILLRACE_ENCRYPTION_KEY: KEY,
};
const all: readonly Need[] = ['database', 'secrets'];
const read = (env: NodeJS.ProcessEnv, needs = all) => readServiceSettings(env, needs, {}).settings;
const problemsOf = (env: NodeJS.ProcessEnv, needs = all): readonly string[] => {
  try {
    read(env, needs);
  } catch (error) {
    if (error instanceof WrongSettings) return error.problems;
    throw error;
  }
  return [];
};

describe('settings of a service', () => {
  it('has safe defaults', () => {
    expect(read(good)).toMatchObject({
      port: 18082,
      host: '0.0.0.0',
      kafkaBrokers: ['127.0.0.1:19092', 'kafka-2:9092'],
      topicPrefix: 'millrace.',
      partitions: 12,
      adminKey: null,
      insecureEndpoints: 'deny',
      timeScale: 1,
      migrations: 'run',
      production: false,
    });
    expect(read(good).encryptionKey).toHaveLength(32);
  });

  it('asks only for what the service needs', () => {
    const bare = { MILLRACE_SERVICE_PORT: '1', MILLRACE_KAFKA_BROKERS: 'a:1' };
    expect(problemsOf(bare, [])).toEqual([]);
    expect(problemsOf(bare)).toHaveLength(2);
  });

  it.each<[string, NodeJS.ProcessEnv, RegExp]>([
    ['a port that is none', { MILLRACE_SERVICE_PORT: '70000' }, /^MILLRACE_SERVICE_PORT is "70000"; a port/],
    ['a port in words', { MILLRACE_SERVICE_PORT: 'http' }, /MILLRACE_SERVICE_PORT is "http"/],
    ['an empty value, which is an unset one', { MILLRACE_SERVICE_PORT: ' ' }, /MILLRACE_SERVICE_PORT is not set/],
    ['brokers without a port', { MILLRACE_KAFKA_BROKERS: 'kafka' }, /MILLRACE_KAFKA_BROKERS is "kafka"; host:port/],
    ['no brokers', { MILLRACE_KAFKA_BROKERS: ',' }, /MILLRACE_KAFKA_BROKERS/],
    ['another database', { MILLRACE_DATABASE_URL: 'mysql://x:pw@y/z' }, /MILLRACE_DATABASE_URL is set to a value of/],
    [
      'a short encryption key',
      { MILLRACE_ENCRYPTION_KEY: 'c2hvcnQ=' },
      /MILLRACE_ENCRYPTION_KEY is set to a value of 8/,
    ],
    ['a prefix without its dot', { MILLRACE_TOPIC_PREFIX: 'millrace' }, /MILLRACE_TOPIC_PREFIX is "millrace"/],
    ['a prefix that no topic may have', { MILLRACE_TOPIC_PREFIX: 'mill race.' }, /MILLRACE_TOPIC_PREFIX/],
    ['a prefix of dots', { MILLRACE_TOPIC_PREFIX: '..' }, /MILLRACE_TOPIC_PREFIX/],
    ['an admin key of another form', { MILLRACE_ADMIN_KEY: 'sk_0123456789abcdef' }, /MILLRACE_ADMIN_KEY is set/],
    ['a time scale of 0', { MILLRACE_TIME_SCALE: '0' }, /MILLRACE_TIME_SCALE is "0"; a factor/],
    ['a time scale in production', { MILLRACE_TIME_SCALE: '0.01', NODE_ENV: 'production' }, /must be 1 when NODE_ENV/],
    ['insecure endpoints by another word', { MILLRACE_INSECURE_ENDPOINTS: 'yes' }, /is "yes"; allow or deny/],
    ['a module in capitals', { MILLRACE_EVENT_MODULES: 'Orders' }, /MILLRACE_EVENT_MODULES/],
  ])('refuses %s', (_, env, text) => {
    const problems = problemsOf({ ...good, ...env });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(text);
  });

  it('names everything that is wrong at once, the own settings of the service too, and no secret', () => {
    const env = {
      MILLRACE_SERVICE_PORT: 'x',
      MILLRACE_DATABASE_URL: 'nonsense-with-hunter2',
      MILLRACE_ADMIN_KEY: 'hunter2',
      MILLRACE_LANES: '0',
    };
    const spec = { lanes: variable('MILLRACE_LANES', 'a number from 1 to 9', whole(1, 9, 5)) };
    let message = '';
    try {
      readServiceSettings(env, all, spec);
    } catch (error) {
      message = (error as Error).message;
    }
    expect(message.split('\n')).toHaveLength(7);
    expect(message).toMatch(/^6 settings are wrong:/);
    expect(message).toContain('MILLRACE_LANES is "0"');
    expect(message).not.toContain('hunter2');
    expect(readServiceSettings({ ...good }, all, spec).own).toEqual({ lanes: 5 });
  });

  it("adds a site's modules to those of the catalogue", () => {
    const { modules } = read({ ...good, MILLRACE_EVENT_MODULES: 'paint-shop,mes' });
    expect(modules).toContain('paint-shop');
    expect(modules.filter((name) => name === 'mes')).toHaveLength(1);
  });
});
