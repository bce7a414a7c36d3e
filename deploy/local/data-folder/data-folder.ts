import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { checks } from '../machine/bootstrap';
import { freePortNear } from '../machine/free-port';
import { runningAsRoot } from '../machine/unprivileged-user';
import { startInBackground } from '../process/background-process';
import { identityOf, isRunning, type ProcessIdentity, signal } from '../process/process-identity';

const LOG_KEPT_BYTES = 20 * 1024 * 1024;

/**
 * What Millrace keeps on this machine between two starts:
 *
 *   version           of the layout, see DATA_FORMAT
 *   launcher.json     who uses the folder now
 *   admin-key, encryption-key, database-password, demo.json
 *   ports.json        the internal ports, chosen once
 *   processes/        one file for each process that was started, to find those of a killed run
 *   kafka/ postgres/  the data
 *   sources/          what sources keep between starts, such as their certificates
 *   logs/             one file for each part
 */
export class DataFolder {
  private watchdog: ProcessIdentity | null = null;
  private readonly holder: ProcessIdentity & { readonly url: string };

  private constructor(
    readonly path: string,
    url: string,
  ) {
    const self = identityOf(process.pid);
    if (self === null) throw new Error('this process cannot be seen');
    this.holder = { ...self, url };
  }

  /** Makes or takes the folder, and holds it until {@link release}. Throws when another launcher holds it. */
  static open(path: string, url: string): DataFolder {
    mkdirSync(path, { recursive: true });
    // Under root PostgreSQL runs as somebody else and has to get through, but sees nothing of what lies beside it.
    chmodSync(path, runningAsRoot() ? 0o711 : 0o700);
    const folder = new DataFolder(path, url);
    folder.lock();
    for (const inner of ['logs', 'processes']) mkdirSync(join(path, inner), { recursive: true, mode: 0o700 });
    if (!existsSync(join(path, 'version'))) writeFileSync(join(path, 'version'), `${checks.DATA_FORMAT}\n`);
    return folder;
  }

  file(...names: string[]): string {
    return join(this.path, ...names);
  }

  /** Where a part's output goes. A long one of earlier days is put aside once. */
  logFile(part: string): string {
    const file = this.file('logs', `${part}.log`);
    if (existsSync(file) && statSync(file).size > LOG_KEPT_BYTES) renameSync(file, `${file}.1`);
    return file;
  }

  /** A secret made once; readable by its owner only. */
  secret(name: string, make: () => string): string {
    const file = this.file(name);
    if (existsSync(file)) return readFileSync(file, 'utf8').trim();
    const value = make();
    writeFileSync(file, `${value}\n`, { mode: 0o600 });
    return value;
  }

  readJson<T>(name: string): T | null {
    try {
      return JSON.parse(readFileSync(this.file(name), 'utf8')) as T;
    } catch {
      return null;
    }
  }

  writeJson(name: string, value: unknown): void {
    const draft = this.file(`.${name}.${randomBytes(3).toString('hex')}`);
    writeFileSync(draft, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 });
    renameSync(draft, this.file(name));
  }

  /** The ports of earlier starts where they are still free, else the next free ones. */
  async ports<Name extends string>(wanted: { readonly [name in Name]: number }): Promise<{ [name in Name]: number }> {
    const remembered = this.readJson<{ [name: string]: number }>('ports.json') ?? {};
    const chosen: { [name: string]: number } = {};
    const taken = new Set<number>();
    for (const [name, usual] of Object.entries<number>(wanted)) {
      chosen[name] = await freePortNear(remembered[name] ?? usual, taken);
      taken.add(chosen[name]);
    }
    this.writeJson('ports.json', chosen);
    return chosen as { [name in Name]: number };
  }

  noteProcess(part: string, process: ProcessIdentity): void {
    writeFileSync(this.file('processes', `${part}.json`), JSON.stringify(process));
  }

  forgetProcess(part: string): void {
    rmSync(this.file('processes', `${part}.json`), { force: true });
  }

  /** The process of this part that an earlier launcher left behind, if it still runs. */
  leftover(part: string): ProcessIdentity | null {
    const noted = this.readJson<ProcessIdentity>(join('processes', `${part}.json`));
    return noted !== null && isRunning(noted) ? noted : null;
  }

  /** A process that ends what the launcher runs when the launcher itself is killed. */
  async watch(program: string): Promise<void> {
    const { pid, began } = this.holder;
    const watchdog = await startInBackground({
      command: process.execPath,
      args: [program, this.path, String(pid), began],
      cwd: '/',
      environment: { PATH: process.env['PATH'] },
      logFile: this.logFile('watchdog'),
    });
    this.watchdog = watchdog.identity;
    this.writeJson('launcher.json', { ...this.holder, watchdog: watchdog.identity });
  }

  release(): void {
    if (this.watchdog !== null) signal(this.watchdog, 'SIGKILL');
    rmSync(this.file('launcher.json'), { force: true });
  }

  private lock(): void {
    const file = this.file('launcher.json');
    for (let tries = 1; ; tries++) {
      try {
        writeFileSync(file, JSON.stringify(this.holder), { flag: 'wx', mode: 0o600 });
        return;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || tries === 3) throw error;
        const holder = this.readJson<ProcessIdentity & { url: string }>('launcher.json');
        if (holder !== null && isRunning(holder)) throw checks.alreadyRunning(this.path, holder);
        rmSync(file, { force: true });
      }
    }
  }
}
