import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { eventually } from '@millrace/test-environment';
import { freeTestPort } from '../machine/free-port';
import { projectRoot } from '../machine/project-root';
import { isRunning, type ProcessIdentity, signal } from '../process/process-identity';

/** `npm start` as a process of a test, in a folder of its own. */
export class LauncherProcess {
  output = '';
  private code: number | null = null;
  private readonly child: ChildProcess;
  private readonly ended: Promise<void>;

  constructor(
    args: readonly string[],
    private readonly variables: { readonly [name: string]: string },
  ) {
    const environment: NodeJS.ProcessEnv = { ...process.env };
    for (const name of Object.keys(environment))
      if (name.startsWith('MILLRACE_') || name === 'JAVA_HOME') delete environment[name];
    this.child = spawn('node', [join(projectRoot(), 'deploy/local/start.mjs'), ...args], {
      cwd: projectRoot(),
      env: { ...environment, ...variables },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const keep = (text: Buffer) => {
      this.output += text.toString();
    };
    this.child.stdout?.on('data', keep);
    this.child.stderr?.on('data', keep);
    this.ended = new Promise((resolve) => {
      this.child.once('close', (code) => {
        this.code = code;
        resolve();
      });
    });
  }

  get pid(): number {
    return this.child.pid as number;
  }

  /** Waits for the end; answers the exit code. */
  async exit(): Promise<number | null> {
    await this.ended;
    return this.code;
  }

  says(text: string | RegExp, timeoutMs = 90_000): Promise<true> {
    const seen = () => (typeof text === 'string' ? this.output.includes(text) : text.test(this.output));
    const early = () => this.code !== null && !seen();
    return eventually(() => seen() || early(), `the launcher to say ${text}; it said:\n${this.output}`, timeoutMs).then(
      () => {
        if (!seen()) throw new Error(`the launcher ended (${this.code}) without saying ${text}:\n${this.output}`);
        return true;
      },
    );
  }

  signal(name: NodeJS.Signals): void {
    this.child.kill(name);
  }

  /** The launcher proper, to which `npm start` hands over. */
  get holder(): ProcessIdentity & { watchdog: ProcessIdentity } {
    return JSON.parse(readFileSync(join(this.variables['MILLRACE_DATA_DIR'] as string, 'launcher.json'), 'utf8'));
  }

  /** Everything that it runs now. */
  processes(): Map<string, ProcessIdentity> {
    const folder = join(this.variables['MILLRACE_DATA_DIR'] as string, 'processes');
    const names = existsSync(folder) ? readdirSync(folder) : [];
    return new Map(
      names.map((name) => [
        name.replace('.json', ''),
        JSON.parse(readFileSync(join(folder, name), 'utf8')) as ProcessIdentity,
      ]),
    );
  }
}

/** A data folder and a port that nobody else uses. */
export const ownPlace = async (): Promise<{ MILLRACE_DATA_DIR: string; MILLRACE_PORT: string; remove(): void }> => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-start-'));
  return {
    MILLRACE_DATA_DIR: join(folder, 'data'),
    MILLRACE_PORT: String(await freeTestPort()),
    remove: () => rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 }),
  };
};

/** A PATH on which only these programs are found: a machine that lacks the others. */
export const pathWithOnly = (folder: string, programs: readonly string[]): string => {
  const bin = join(folder, 'bin');
  mkdirSync(bin, { recursive: true });
  for (const program of programs) {
    const found = (process.env['PATH'] ?? '')
      .split(delimiter)
      .map((place) => join(place, program))
      .find((file) => existsSync(file));
    if (found !== undefined && !existsSync(join(bin, program))) symlinkSync(found, join(bin, program));
  }
  return bin;
};

/** For the end of a test that failed half-way: nothing of it may stay. */
export const endEverything = (processes: Map<string, ProcessIdentity>): void => {
  for (const identity of processes.values()) signal(identity, 'SIGKILL', 'group');
};

export const stillRunning = (processes: Map<string, ProcessIdentity>): string[] =>
  [...processes].filter(([, identity]) => isRunning(identity)).map(([name]) => name);
