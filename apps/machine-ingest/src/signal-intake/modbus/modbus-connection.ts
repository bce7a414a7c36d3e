import { connect, type LookupFunction, type Socket } from 'node:net';
import {
  type Answer,
  type Frame,
  FrameSplitter,
  type Garbage,
  type ReadRequest,
  readAnswer,
  writeRequest,
} from './modbus-frame';

/** Requests without an answer whose late one is still known for what it is. */
const MOST_ABANDONED = 64;
/** Pace at which the operating system asks a silent peer whether it is there, ms. */
const KEEP_ALIVE_MS = 30_000;

export interface Peer {
  readonly host: string;
  readonly port: number;
  readonly lookup?: LookupFunction | undefined;
}

/** The connection is over, or never came about. */
export class ConnectionLost extends Error {
  override readonly name = 'ConnectionLost';
  constructor(
    reason: string,
    /**
     * `unreachable`: it never came about · `idle`: the peer ended it in good order while nothing was asked ·
     * `broken`: in the midst of a question, or by an error · `garbage`: what came is no Modbus · `left`: we ended it.
     */
    readonly how: 'unreachable' | 'idle' | 'broken' | 'garbage' | 'left',
    readonly garbage: Garbage | null = null,
  ) {
    super(reason);
  }
}

const CHECK = 'Check host and port, that the device runs, and that nothing between blocks it.';

/** What may not be reached says so itself, and what may be done about it. */
const whyUnreached = ({ code, message }: NodeJS.ErrnoException): string =>
  code === 'EACCES' ? `cannot be reached: ${message}` : `cannot be reached: ${code ?? message}. ${CHECK}`;

interface Asked {
  readonly transaction: number;
  readonly request: ReadRequest;
  readonly answered: (answer: Answer | Silence) => void;
  readonly failed: (lost: ConnectionLost) => void;
  readonly timer: NodeJS.Timeout;
}

export interface Silence {
  readonly kind: 'silent';
}

/**
 * One TCP connection to a device or a gateway. One request at a time: many devices keep no more than one. An answer counts
 * only under the transaction of the request that waits, so one that comes after its time is dropped and never taken for the
 * next one's; a transaction that was never asked, and whatever is no Modbus, ends the connection.
 */
export class ModbusConnection {
  /** Answers that came after their time. */
  late = 0;
  private readonly splitter = new FrameSplitter();
  private readonly ending = new AbortController();
  private readonly abandoned = new Set<number>();
  private asked: Asked | null = null;
  private transaction = 0;
  private lost: ConnectionLost | null = null;

  private constructor(
    private readonly socket: Socket,
    private readonly peer: Peer,
  ) {
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    socket.setTimeout(0);
    socket.on('data', (chunk: Buffer) => this.take(chunk));
    socket.on('end', () => this.closed(null));
    socket.on('error', (error: NodeJS.ErrnoException) => this.closed(error));
    socket.on('close', () => this.closed(null));
  }

  /** Rejects ConnectionLost. */
  static open(peer: Peer, connectMs: number, leaving: AbortSignal): Promise<ModbusConnection> {
    return new Promise((resolve, reject) => {
      const { host, port, lookup } = peer;
      const socket = connect({ host, port, ...(lookup === undefined ? {} : { lookup }) });
      const fail = (what: string, how: 'unreachable' | 'left' = 'unreachable'): void => {
        leaving.removeEventListener('abort', leave);
        socket.destroy();
        reject(new ConnectionLost(`${host}:${port} ${what}`, how));
      };
      const leave = (): void => fail('is asked no more.', 'left');
      socket.setTimeout(connectMs, () =>
        fail(`has not answered the attempt to connect within ${connectMs} ms. ${CHECK}`),
      );
      socket.on('error', (error: NodeJS.ErrnoException) => fail(whyUnreached(error)));
      socket.once('connect', () => {
        leaving.removeEventListener('abort', leave);
        socket.removeAllListeners('error');
        socket.removeAllListeners('timeout');
        resolve(new ModbusConnection(socket, peer));
      });
      leaving.addEventListener('abort', leave);
      if (leaving.aborted) leave();
    });
  }

  /** Aborted when the connection is over. */
  get over(): AbortSignal {
    return this.ending.signal;
  }

  /** Why it is over; null while it is not. */
  get loss(): ConnectionLost | null {
    return this.lost;
  }

  /** The answer, or silence after so many ms; rejects ConnectionLost. Not to be called before the last one is answered. */
  read(request: ReadRequest, timeoutMs: number): Promise<Answer | Silence> {
    return new Promise((resolve, reject) => {
      if (this.lost !== null) return reject(this.lost);
      this.transaction = (this.transaction % 0xffff) + 1;
      const { transaction } = this;
      const done = (): void => {
        clearTimeout(timer);
        this.asked = null;
      };
      const timer = setTimeout(() => {
        done();
        this.abandon(transaction);
        resolve({ kind: 'silent' });
      }, timeoutMs);
      this.asked = {
        transaction,
        request,
        timer,
        answered: (answer) => {
          done();
          resolve(answer);
        },
        failed: (lost) => {
          done();
          reject(lost);
        },
      };
      this.socket.write(writeRequest(transaction, request));
    });
  }

  close(): void {
    this.end(new ConnectionLost('The connection was closed here.', 'left'));
  }

  private take(chunk: Buffer): void {
    if (this.lost !== null) return;
    const { frames, garbage } = this.splitter.push(chunk);
    for (const frame of frames) {
      if (this.lost !== null) return;
      this.frame(frame);
    }
    if (garbage !== null) this.foreign(garbage);
  }

  private frame(frame: Frame): void {
    const { asked } = this;
    const { transaction } = frame;
    if (asked !== null && transaction === asked.transaction) {
      this.abandoned.delete(transaction);
      asked.answered(readAnswer(asked.request, frame));
    } else if (this.abandoned.delete(transaction)) this.late++;
    else {
      const detail = `Transaction ${transaction} is answered, and ${asked === null ? 'nothing was asked' : `${asked.transaction} was asked`}.`;
      this.foreign({ bytes: frame.pdu, detail });
    }
  }

  private abandon(transaction: number): void {
    this.abandoned.add(transaction);
    const [oldest] = this.abandoned;
    if (oldest !== undefined && this.abandoned.size > MOST_ABANDONED) this.abandoned.delete(oldest);
  }

  private foreign(garbage: Garbage): void {
    const { host, port } = this.peer;
    this.end(new ConnectionLost(`${host}:${port} does not speak Modbus TCP. ${garbage.detail}`, 'garbage', garbage));
  }

  private closed(error: NodeJS.ErrnoException | null): void {
    const { host, port } = this.peer;
    if (error !== null)
      this.end(
        new ConnectionLost(`The connection to ${host}:${port} broke: ${error.code ?? error.message}.`, 'broken'),
      );
    else if (this.asked !== null || this.abandoned.size > 0)
      this.end(new ConnectionLost(`${host}:${port} closed the connection when it was asked.`, 'broken'));
    else this.end(new ConnectionLost(`${host}:${port} closed the connection.`, 'idle'));
  }

  private end(lost: ConnectionLost): void {
    if (this.lost !== null) return;
    this.lost = lost;
    this.socket.destroy();
    this.asked?.failed(lost);
    this.ending.abort(lost);
  }
}
