import { pbkdf2Sync, randomBytes } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket, connect as tcpConnect } from 'node:net';
import { join } from 'node:path';
import type { Aedes } from 'aedes';
import { freeTestPort } from '../../../deploy/local/machine/free-port';
import { runningAsRoot } from '../../../deploy/local/machine/unprivileged-user';
import { type BackgroundProcess, lastLines, startInBackground } from '../../../deploy/local/process/background-process';
import { isRunning, signal } from '../../../deploy/local/process/process-identity';
import { eventually } from './eventually';
import { mosquittoProgram } from './mosquitto-program';
import { noteProcess, runFolder } from './run-folder';

export interface MosquittoOptions {
  /** Further lines of mosquitto.conf, such as `max_queued_messages 100`. */
  readonly lines?: readonly string[];
  /** Password by user; anonymous clients are refused then. */
  readonly users?: { readonly [name: string]: string };
  readonly tls?: { readonly cert: string; readonly key: string };
}

/** A real broker on loopback: mosquitto as a process of its own, to be killed, frozen and started again on its port. */
export class MosquittoBroker {
  private running: BackgroundProcess | null = null;

  private constructor(
    readonly port: number,
    readonly url: string,
    private readonly folder: string,
  ) {}

  static async create(options: MosquittoOptions = {}): Promise<MosquittoBroker> {
    const port = await freeTestPort();
    const folder = join(runFolder(), `mosquitto-${randomBytes(3).toString('hex')}`);
    mkdirSync(folder, { recursive: true });
    const { tls, users } = options;
    if (tls !== undefined) {
      writeFileSync(join(folder, 'cert.pem'), tls.cert);
      writeFileSync(join(folder, 'key.pem'), tls.key);
    }
    if (users !== undefined) writeFileSync(join(folder, 'passwords'), passwordFile(users), { mode: 0o600 });
    writeFileSync(
      join(folder, 'mosquitto.conf'),
      [
        `listener ${port} 127.0.0.1`,
        ...(tls === undefined ? [] : [`certfile ${join(folder, 'cert.pem')}`, `keyfile ${join(folder, 'key.pem')}`]),
        ...(runningAsRoot() ? ['user root'] : []),
        ...(users === undefined
          ? ['allow_anonymous true']
          : ['allow_anonymous false', `password_file ${join(folder, 'passwords')}`]),
        // As docs/sources/mqtt.md asks for it: the default of 1,000 drops QoS 1 messages of a busy subscriber.
        'max_queued_messages 0',
        'max_queued_bytes 0',
        ...(options.lines ?? []),
        '',
      ].join('\n'),
    );
    return new MosquittoBroker(port, `${tls === undefined ? 'mqtt' : 'mqtts'}://127.0.0.1:${port}`, folder);
  }

  static async start(options: MosquittoOptions = {}): Promise<MosquittoBroker> {
    const broker = await MosquittoBroker.create(options);
    await broker.start();
    return broker;
  }

  get alive(): boolean {
    return this.running !== null && isRunning(this.running.identity);
  }

  async start(): Promise<void> {
    if (this.alive) return;
    const program = await mosquittoProgram();
    const logFile = join(this.folder, 'log');
    const running = await startInBackground({
      command: program.path,
      args: ['-c', join(this.folder, 'mosquitto.conf')],
      cwd: this.folder,
      environment: { PATH: process.env['PATH'], ...program.environment },
      logFile,
    });
    noteProcess(runFolder(), running.identity);
    this.running = running;
    try {
      await eventually(() => isRunning(running.identity) && accepts(this.port), 'mosquitto to listen');
    } catch (error) {
      throw new Error(`mosquitto does not start: ${lastLines(logFile, 5)} (${(error as Error).message.slice(0, 80)})`);
    }
  }

  /** Ends without a goodbye, its memory with it. */
  async kill(): Promise<void> {
    if (this.running === null) return;
    signal(this.running.identity, 'SIGKILL');
    await this.running.ended;
  }

  freeze(): void {
    if (this.running !== null) signal(this.running.identity, 'SIGSTOP');
  }

  thaw(): void {
    if (this.running !== null) signal(this.running.identity, 'SIGCONT');
  }

  async remove(): Promise<void> {
    this.thaw();
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** As mosquitto_passwd writes it: `name:$7$iterations$salt$hash`, PBKDF2 with SHA-512. */
const passwordFile = (users: { readonly [name: string]: string }): string =>
  Object.entries(users)
    .map(([name, password]) => {
      const salt = randomBytes(12);
      const hash = pbkdf2Sync(password, salt, 101, 64, 'sha512');
      return `${name}:$7$101$${salt.toString('base64')}$${hash.toString('base64')}\n`;
    })
    .join('');

const accepts = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = tcpConnect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });

/** A broker inside the test's own process (MQTT 3.1.1 only): starts in milliseconds, for what needs no real one. */
export class InProcessBroker {
  private constructor(
    readonly port: number,
    private readonly aedes: Aedes,
    private readonly server: Server,
    private readonly sockets: Set<Socket>,
  ) {}

  static async start(port = 0): Promise<InProcessBroker> {
    const { Aedes } = await import('aedes');
    const aedes = await Aedes.createBroker();
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
      aedes.handle(socket);
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, '127.0.0.1', resolve);
    });
    const address = server.address();
    return new InProcessBroker(typeof address === 'object' ? (address?.port ?? 0) : 0, aedes, server, sockets);
  }

  get url(): string {
    return `mqtt://127.0.0.1:${this.port}`;
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
    await new Promise<void>((resolve) => this.aedes.close(resolve));
  }
}
