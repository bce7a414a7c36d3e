import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freeTestPort } from '../../../deploy/local/machine/free-port';
import { projectRoot } from '../../../deploy/local/machine/project-root';
import { type BackgroundProcess, lastLines, startInBackground } from '../../../deploy/local/process/background-process';
import { isRunning, signal } from '../../../deploy/local/process/process-identity';
import { eventually } from './eventually';
import { noteProcess, runFolder } from './run-folder';

export type ServiceName = 'machine-ingest' | 'subscription' | 'delivery' | 'audit-projector';

export interface ServiceEnvironment {
  readonly brokers: readonly string[];
  readonly databaseUrl: string;
  /** Topic prefix with its dot. */
  readonly prefix: string;
  readonly adminKey: string;
  /** 32 bytes in base64. */
  readonly encryptionKey: string;
  readonly partitions?: number;
  readonly modules?: readonly string[];
  readonly timeScale?: number;
}

/** The settings of a service as environment variables. Endpoints on 127.0.0.1 are allowed: that is where receivers of tests are. */
export const serviceVariables = (environment: ServiceEnvironment): { [name: string]: string } => ({
  MILLRACE_KAFKA_BROKERS: environment.brokers.join(','),
  MILLRACE_DATABASE_URL: environment.databaseUrl,
  MILLRACE_TOPIC_PREFIX: environment.prefix,
  MILLRACE_ADMIN_KEY: environment.adminKey,
  MILLRACE_ENCRYPTION_KEY: environment.encryptionKey,
  MILLRACE_INSECURE_ENDPOINTS: 'allow',
  ...(environment.partitions === undefined ? {} : { MILLRACE_PARTITIONS: String(environment.partitions) }),
  ...(environment.modules === undefined ? {} : { MILLRACE_EVENT_MODULES: environment.modules.join(',') }),
  ...(environment.timeScale === undefined ? {} : { MILLRACE_TIME_SCALE: String(environment.timeScale) }),
});

export interface ServiceOptions {
  /** Beside the few that every process has (PATH, HOME); nothing of the test's own environment gets in. */
  readonly variables: { readonly [name: string]: string };
  /** A free one when absent. */
  readonly port?: number;
}

/** A built service (`dist/apps/<name>/src/main.js`) as a process of its own: to be killed, restarted and asked. */
export class ServiceProcess {
  private constructor(
    readonly name: ServiceName,
    readonly port: number,
    readonly logFile: string,
    private readonly options: ServiceOptions,
    private running: BackgroundProcess,
  ) {}

  /** Spawns it and returns; see {@link waitReady}. Builds the services first when their sources have changed. */
  static async start(name: ServiceName, options: ServiceOptions): Promise<ServiceProcess> {
    await ensureBuilt();
    const port = options.port ?? (await freeTestPort());
    const folder = join(runFolder(), 'logs');
    mkdirSync(folder, { recursive: true });
    const logFile = join(folder, `${name}-${randomBytes(3).toString('hex')}.log`);
    return new ServiceProcess(name, port, logFile, options, await spawnService(name, port, logFile, options));
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get pid(): number {
    return this.running.identity.pid;
  }

  get alive(): boolean {
    return isRunning(this.running.identity);
  }

  /** `exit 0`, `SIGKILL`, …, once the process has ended. */
  get ended(): Promise<string> {
    return this.running.ended;
  }

  /** Waits until `/readyz` answers 200. Fails at once, with the end of the log, when the process ends. */
  async waitReady(timeoutMs = 30_000): Promise<this> {
    let gone = false;
    await eventually(
      async () => {
        if (!this.alive) {
          gone = true;
          return true;
        }
        return (await fetch(`${this.url}/readyz`)).status === 200;
      },
      `${this.name} to be ready`,
      timeoutMs,
    ).catch((error: Error) => {
      throw new Error(`${error.message}\n${lastLines(this.logFile, 15)}`);
    });
    if (gone) throw new Error(`${this.name} ended while starting:\n${lastLines(this.logFile, 15)}`);
    return this;
  }

  /** Sends the signal and waits for the end. */
  async kill(name: NodeJS.Signals = 'SIGKILL'): Promise<string> {
    signal(this.running.identity, name);
    return this.running.ended;
  }

  /** A new process with the same settings, port and log; the old one must have ended. */
  async startAgain(): Promise<this> {
    this.running = await spawnService(this.name, this.port, this.logFile, this.options);
    return this;
  }

  /** A clean stop, as an orchestrator does it. */
  async stop(): Promise<void> {
    if (this.alive) await this.kill('SIGTERM');
  }

  /** Its log so far, one object for each JSON line; other lines as `{ text }`. */
  logs(): Array<{ [name: string]: unknown }> {
    return readFileSync(this.logFile, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => {
        try {
          return JSON.parse(line) as { [name: string]: unknown };
        } catch {
          return { text: line };
        }
      });
  }
}

const node = () => join(projectRoot(), 'node_modules/node/bin/node');

const spawnService = async (name: ServiceName, port: number, logFile: string, options: ServiceOptions) => {
  const started = await startInBackground({
    command: node(),
    args: ['--enable-source-maps', join(projectRoot(), `dist/apps/${name}/src/main.js`)],
    cwd: projectRoot(),
    environment: {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      TZ: 'UTC',
      LOG_LEVEL: process.env['LOG_LEVEL'] ?? 'info',
      ...options.variables,
      MILLRACE_SERVICE_PORT: String(port),
      MILLRACE_SERVICE_HOST: '127.0.0.1',
    },
    logFile,
  });
  noteProcess(runFolder(), started.identity);
  return started;
};

let built: Promise<unknown> | undefined;

/** `npm test` builds before it runs us and says so; a jest started by hand has to see to it here. */
const ensureBuilt = async (): Promise<void> => {
  if (process.env['MILLRACE_TEST_BUILT'] === '1' && existsSync(join(projectRoot(), 'dist'))) return;
  built ??= promisify(execFile)(node(), [join(projectRoot(), 'deploy/local/build.mjs')]);
  await built;
};
