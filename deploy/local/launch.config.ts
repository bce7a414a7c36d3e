/** How the local stack is to run, from the environment (docs/configuration.md). The bootstrap has checked the values. */
export interface LaunchSettings {
  readonly port: number;
  readonly dataFolder: string;
  readonly demo: boolean;
  /** `native` or `docker` as the bootstrap found it; a list when the user brings a broker. */
  readonly kafka: { readonly kind: 'native' | 'docker' } | { readonly kind: 'external'; readonly brokers: string[] };
  /** Null: our own PostgreSQL. */
  readonly databaseUrl: string | null;
  readonly topicPrefix: string;
  readonly adminKey: string | null;
  readonly encryptionKey: string | null;
  readonly insecureEndpoints: string;
  readonly extraModules: readonly string[];
  readonly partitions: number | null;
  /** `Date.now()` when `npm start` began. */
  readonly startedAt: number;
  /** Process that handed over to us; we end when it is gone. */
  readonly launchedBy: number | null;
  readonly environment: NodeJS.ProcessEnv;
}

const list = (text: string | undefined): string[] =>
  (text ?? '')
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');

export const readLaunchSettings = (environment: NodeJS.ProcessEnv, args: readonly string[]): LaunchSettings => {
  const brokers = list(environment['MILLRACE_KAFKA_BROKERS']);
  return {
    port: Number(environment['MILLRACE_PORT'] || 8080),
    dataFolder: environment['MILLRACE_DATA_DIR'] || '.millrace',
    demo: !args.includes('--no-demo'),
    kafka:
      brokers.length > 0
        ? { kind: 'external', brokers }
        : { kind: environment['MILLRACE_LOCAL_KAFKA'] === 'docker' ? 'docker' : 'native' },
    databaseUrl: environment['MILLRACE_DATABASE_URL'] || null,
    topicPrefix: environment['MILLRACE_TOPIC_PREFIX'] || 'millrace.',
    adminKey: environment['MILLRACE_ADMIN_KEY'] || null,
    encryptionKey: environment['MILLRACE_ENCRYPTION_KEY'] || null,
    insecureEndpoints: environment['MILLRACE_INSECURE_ENDPOINTS'] || 'allow',
    extraModules: list(environment['MILLRACE_EVENT_MODULES']),
    partitions: environment['MILLRACE_PARTITIONS'] ? Number(environment['MILLRACE_PARTITIONS']) : null,
    startedAt: Number(environment['MILLRACE_STARTED_AT']) || Date.now(),
    launchedBy: Number(environment['MILLRACE_LAUNCHED_BY']) || null,
    environment,
  };
};
