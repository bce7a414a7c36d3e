import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { eventually } from '@millrace/test-environment';
import { type IServiceVector, ServerTCP } from 'modbus-serial';

type Bank = 'coil' | 'discrete' | 'input' | 'holding';

/** The library takes the number 0 for no port at all. */
const ANY_PORT = '0' as unknown as number;

/** A device by another maker's server (modbus-serial): what it holds, what it refuses, and how it misbehaves. */
export class ModbusServer {
  /** `unit/table/address` → raw register, or bit as 0 and 1; what is not there is refused with exception 2. */
  readonly memory = new Map<string, number>();
  /** Exception codes by the same key: a read that covers it is refused with it. */
  readonly refuses = new Map<string, number>();
  /** Units that are not answered for. */
  readonly mute = new Set<number>();
  reads = 0;
  private server: ServerTCP | null = null;
  private held: Array<() => void> = [];
  private frozen = false;
  private listening = 0;

  constructor(private readonly unset: 'refused' | 'zero' = 'refused') {}

  get port(): number {
    return this.listening;
  }

  set(place: string, ...values: number[]): void {
    const [unit, table, address] = place.split('/');
    for (const [n, value] of values.entries()) this.memory.set(`${unit}/${table}/${Number(address) + n}`, value);
  }

  async start(): Promise<void> {
    if (this.server !== null) return;
    const server = new ServerTCP(this.vector(), { host: '127.0.0.1', port: this.listening || ANY_PORT });
    this.server = server;
    server.on('socketError', () => undefined);
    server.on('serverError', () => undefined);
    await once(server, 'initialized');
    this.listening = addressOf(server).port;
  }

  /** Ends without a goodbye; its memory is gone with it. */
  async kill(): Promise<void> {
    const { server } = this;
    if (server === null) return;
    this.server = null;
    this.thaw();
    for (const socket of server.socks.keys()) socket.resetAndDestroy();
    await new Promise<void>((resolve) => server.close(() => resolve()));
    this.memory.clear();
  }

  /** Closes its connections in good order, as a device does with idle ones. */
  hangUp(): void {
    for (const socket of this.sockets) socket.end();
  }

  write(bytes: Buffer): void {
    for (const socket of this.sockets) socket.write(bytes);
  }

  get sockets() {
    return [...(this.server?.socks.keys() ?? [])];
  }

  /** Holds its connections, and answers nothing. */
  freeze(): void {
    this.frozen = true;
  }

  thaw(): void {
    this.frozen = false;
    for (const go of this.held.splice(0)) go();
  }

  /** Resolves when it has been read so many times more. */
  async isRead(times = 1): Promise<void> {
    const before = this.reads;
    await eventually(() => this.reads >= before + times, 'the device to be read');
  }

  private vector(): IServiceVector {
    const read =
      (table: Bank) => (address: number, unit: number, answer: (error: Error | null, value: never) => void) => {
        const give = (): void => {
          this.reads++;
          const key = `${unit}/${table}/${address}`;
          const value = this.memory.get(key) ?? (this.unset === 'zero' ? 0 : undefined);
          const code = this.refuses.get(key) ?? (value === undefined ? 2 : 0);
          if (code !== 0) answer(Object.assign(new Error('refused'), { modbusErrorCode: code }), 0 as never);
          else answer(null, (table === 'coil' || table === 'discrete' ? value === 1 : value) as never);
        };
        if (this.mute.has(unit)) return;
        if (this.frozen) this.held.push(give);
        else give();
      };
    return {
      getCoil: read('coil'),
      getDiscreteInput: read('discrete'),
      getInputRegister: read('input'),
      getHoldingRegister: read('holding'),
    } as IServiceVector;
  }
}

/** The library tells of no port of its own choice. */
const addressOf = (server: ServerTCP): AddressInfo =>
  (server as unknown as { _server: { address(): AddressInfo } })._server.address();
