import { type EncryptionKey, readEncryptionKey } from '@millrace/domain';
import { DEFAULT_PARTITIONS, DEFAULT_TOPIC_PREFIX, EVENT_MODULES } from '@millrace/protocol';
import { z } from 'zod';
import {
  decimal,
  type EnvironmentSpec,
  list,
  oneOf,
  readEnvironment,
  variable,
  WrongSettings,
  whole,
} from './environment';

/** What every service is told from outside. */
export interface ServiceSettings {
  readonly port: number;
  readonly host: string;
  readonly kafkaBrokers: string[];
  /** Empty when the service uses no database. */
  readonly databaseUrl: string;
  /** Ends with a dot. */
  readonly topicPrefix: string;
  readonly partitions: number;
  /** Modules of the catalogue and the site's own. */
  readonly modules: string[];
  readonly adminKey: string | null;
  /** 32 bytes; empty when the service handles no secrets. */
  readonly encryptionKey: EncryptionKey;
  readonly insecureEndpoints: 'allow' | 'deny';
  /** Host names under which Millrace itself answers: never a webhook's destination. */
  readonly ownHosts: string[];
  /** Factor on retry delays, probe intervals and expiry. */
  readonly timeScale: number;
  /** `check`: a job runs the migrations, the service refuses to start before them. */
  readonly migrations: 'run' | 'check';
  readonly production: boolean;
}

/** What a service needs beyond Kafka; only then the setting is required. */
export type Need = 'database' | 'secrets';

const encryptionKey = z.string().transform((text, context): EncryptionKey => {
  const key = readEncryptionKey(text);
  if (key !== null) return key;
  context.addIssue('not a key');
  return z.NEVER;
});
const databaseUrl = z.string().regex(/^postgres(ql)?:\/\/[^/]+\/[^/]+/);
const unset = <T>(schema: z.ZodType<T>, fallback: T): z.ZodType<T> =>
  z.union([z.undefined().transform(() => fallback), schema]);

const specFor = (needs: readonly Need[]): EnvironmentSpec<ServiceSettings> => ({
  port: variable('MILLRACE_SERVICE_PORT', 'a port from 0 to 65535', whole(0, 65535)),
  host: variable('MILLRACE_SERVICE_HOST', 'an address to listen on', unset(z.string(), '0.0.0.0')),
  kafkaBrokers: variable(
    'MILLRACE_KAFKA_BROKERS',
    'host:port, or several separated by commas,',
    list(/^[A-Za-z0-9.[\]:_-]+:\d{1,5}$/, 1),
  ),
  databaseUrl: variable(
    'MILLRACE_DATABASE_URL',
    'postgres://user:password@host:port/database',
    needs.includes('database') ? databaseUrl : unset(databaseUrl, ''),
    { secret: true },
  ),
  topicPrefix: variable(
    'MILLRACE_TOPIC_PREFIX',
    'at most 64 letters, digits, _ and - with dots between them and one at the end, such as millrace.,',
    unset(
      z
        .string()
        .max(64)
        .regex(/^([A-Za-z0-9_-]+\.)+$/),
      DEFAULT_TOPIC_PREFIX,
    ),
  ),
  partitions: variable('MILLRACE_PARTITIONS', 'a number from 1 to 1000', whole(1, 1000, DEFAULT_PARTITIONS)),
  modules: variable(
    'MILLRACE_EVENT_MODULES',
    'module names (lower-case letters, digits, -), separated by commas,',
    list(/^[a-z][a-z0-9-]{0,39}$/, 0, []),
  ),
  adminKey: variable(
    'MILLRACE_ADMIN_KEY',
    'a key of 16 to 200 printable characters that starts with mr_',
    unset<string | null>(z.string().regex(/^mr_[!-~]{13,197}$/), null),
    { secret: true },
  ),
  encryptionKey: variable(
    'MILLRACE_ENCRYPTION_KEY',
    '32 bytes in base64 or hex, such as "openssl rand -base64 32" prints,',
    needs.includes('secrets') ? encryptionKey : unset<EncryptionKey>(encryptionKey, Buffer.alloc(0)),
    { secret: true },
  ),
  insecureEndpoints: variable('MILLRACE_INSECURE_ENDPOINTS', 'allow or deny', oneOf(['allow', 'deny'], 'deny')),
  ownHosts: variable('MILLRACE_OWN_HOSTS', 'host names, separated by commas,', list(/^[A-Za-z0-9.:-]+$/, 0, [])),
  timeScale: variable('MILLRACE_TIME_SCALE', 'a factor above 0 and up to 1', decimal(0, 1, 1)),
  migrations: variable('MILLRACE_MIGRATIONS', 'run or check', oneOf(['run', 'check'], 'run')),
  production: variable(
    'NODE_ENV',
    'production, or another word,',
    z.union([z.undefined(), z.string()]).transform((text) => text === 'production'),
  ),
});

/** Reads the common settings, and the service's own by its spec. Throws WrongSettings with every wrong one. */
export const readServiceSettings = <Own extends object>(
  env: NodeJS.ProcessEnv,
  needs: readonly Need[],
  ownSpec: EnvironmentSpec<Own>,
): { settings: ServiceSettings; own: Own } => {
  const problems: string[] = [];
  const attempt = <T>(read: () => T): T | null => {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof WrongSettings)) throw error;
      problems.push(...error.problems);
      return null;
    }
  };
  const settings = attempt(() => readEnvironment(env, specFor(needs)));
  const own = attempt(() => readEnvironment(env, ownSpec));
  if (settings?.production && settings.timeScale !== 1) {
    problems.push('MILLRACE_TIME_SCALE shortens every retry; it must be 1 when NODE_ENV is production.');
  }
  if (problems.length > 0 || settings === null || own === null) throw new WrongSettings(problems);
  return { settings: { ...settings, modules: [...new Set([...EVENT_MODULES, ...settings.modules])] }, own };
};

/** The environment of this process, for the entry that hands it on. */
export const processEnvironment = (): NodeJS.ProcessEnv => process.env;
