import { type ChildProcess, fork } from 'node:child_process';
import { createServer } from 'node:net';
import { extname, join } from 'node:path';
import type { ServerOptions, ServerOrder } from './opcua-server-process.fixture';

/** Built or not, as this file is. */
const PROGRAM = join(__dirname, `opcua-server-process.fixture${extname(__filename)}`);

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });

type Answer = { readonly ready?: true; readonly id?: number; readonly error?: string };

/** A real server in a process of its own, which can be killed, frozen, and started again at the same place. */
export class OpcuaServerProcess {
  private child: ChildProcess | null = null;
  port = 0;
  private orders = 0;
  private readonly answers = new Map<number, (error: string | undefined) => void>();

  constructor(
    /** Folder of its certificates. */
    private readonly pki: string,
    private options: Partial<ServerOptions> = {},
  ) {}

  get endpointUrl(): string {
    return `opc.tcp://127.0.0.1:${this.port}`;
  }

  async start(options: Partial<ServerOptions> = {}): Promise<void> {
    if (this.port === 0) this.port = await freePort();
    this.options = { ...this.options, ...options };
    const all: ServerOptions = {
      items: 0,
      without: [],
      values: {},
      pressure: 10,
      guard: false,
      alarm: 's=PressureHigh',
      packML: false,
      secureOnly: false,
      allPolicies: false,
      anonymous: true,
      wary: false,
      waryOfUsers: false,
      expired: false,
      limits: {},
      ...this.options,
      port: this.port,
      pki: this.pki,
    };
    const child = fork(PROGRAM, [JSON.stringify(all)], {
      execArgv: ['--disable-warning=MODULE_TYPELESS_PACKAGE_JSON'],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.child = child;
    let said = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-4_000);
    });
    await new Promise<void>((resolve, reject) => {
      child.once('exit', () => reject(new Error(`the server did not start: ${said}`)));
      child.on('message', ({ ready, id, error }: Answer) => {
        if (ready) resolve();
        else this.answers.get(id ?? 0)?.(error);
      });
    });
  }

  order(order: ServerOrder): Promise<void> {
    const id = ++this.orders;
    return new Promise((resolve, reject) => {
      this.answers.set(id, (error) => {
        this.answers.delete(id);
        if (error === undefined) resolve();
        else reject(new Error(error));
      });
      this.child?.send({ id, order });
    });
  }

  async kill(): Promise<void> {
    const { child } = this;
    this.child = null;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
  }

  freeze(): void {
    this.child?.kill('SIGSTOP');
  }

  thaw(): void {
    this.child?.kill('SIGCONT');
  }
}
