import { connect, type Socket } from 'node:net';
import type { Signal } from '@millrace/domain';
import type { Logger } from '@millrace/telemetry';
import { lifecycleSignal } from '../lifecycle-signal';
import type { RefusedLine, SignalSink, SignalSource, SourceHealth } from '../source';
import { LineSplitter, type SplitLine } from './line-splitter';
import { readShdrLine, type ShdrReading, type ShdrSession, startShdrReading } from './shdr-reading';

export interface ShdrTcpSourceOptions {
  readonly tenant: string;
  readonly machine: string;
  readonly host: string;
  readonly port: number;
  readonly sink: SignalSink;
  readonly logger: Logger;
  readonly clock: () => number;
  /** 0 to below 1. */
  readonly random: () => number;
  /** Names the session of one connection; never the same twice. */
  readonly newSession: () => string;
  readonly timing?: Partial<ShdrTiming>;
}

/** Milliseconds. */
export interface ShdrTiming {
  readonly connect: number;
  /** Backoff between attempts, with full jitter. */
  readonly firstBackoff: number;
  readonly longestBackoff: number;
  /** Silence after which an adapter that has answered no PING counts as gone. */
  readonly silence: number;
  /** Heartbeat asked of an adapter that does not name one. */
  readonly heartbeat: number;
}

const TIMING: ShdrTiming = {
  connect: 5_000,
  firstBackoff: 200,
  longestBackoff: 30_000,
  silence: 600_000,
  heartbeat: 10_000,
};

/** Observations held between the socket and Kafka; above, the socket is not read. */
const HELD = 5_000;
const BATCH = 1_000;

type Held =
  | { readonly kind: 'signal'; readonly signal: Signal }
  | { readonly kind: 'refused'; readonly line: RefusedLine };

/**
 * A live SHDR adapter.
 *
 *   connect → session, `$lifecycle connected` → lines → … → lost → `$lifecycle disconnected` → backoff → connect, for ever
 *
 * The adapter sends all its values again on every connection and never repeats history, so a session is one connection.
 * A PING goes out at the pace that the adapter's PONG asks for; an adapter that stays silent for two of these is half-open
 * and dropped: a dead peer gives no error of its own.
 */
export class ShdrTcpSource implements SignalSource {
  readonly tenant: string;
  readonly machine: string;
  readonly recorded = false;
  private readonly source: string;
  private readonly timing: ShdrTiming;
  private readonly stopping = new AbortController();
  private readonly held: Held[] = [];
  private running: Promise<void> = Promise.resolve();
  private pumping: Promise<void> | null = null;
  private socket: Socket | null = null;
  private state: SourceHealth['state'] = 'starting';
  private detail: string | null = null;

  constructor(private readonly options: ShdrTcpSourceOptions) {
    this.tenant = options.tenant;
    this.machine = options.machine;
    this.source = `shdr:${options.machine}`;
    this.timing = { ...TIMING, ...options.timing };
  }

  start(): void {
    this.running = this.run();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    this.socket?.destroy();
    await this.running;
    await this.pumping;
    this.state = 'stopped';
  }

  health(): SourceHealth {
    return { source: this.source, state: this.state, detail: this.detail };
  }

  private async run(): Promise<void> {
    let failures = 0;
    let toldDown = false;
    while (!this.stopping.signal.aborted) {
      const session = this.newSession();
      const ended = await this.connection(session);
      if (this.stopping.signal.aborted) return;
      this.state = 'disconnected';
      this.detail = ended.reason;
      if (ended.connected) failures = 0;
      if (ended.connected || !toldDown) {
        this.hold({
          kind: 'signal',
          signal: lifecycleSignal(session, 'disconnected', ended.nextSeq, this.options.clock()),
        });
        this.options.logger.warn({ source: this.source, reason: ended.reason }, 'source lost');
      }
      toldDown = true;
      failures++;
      await this.wait(
        this.options.random() * Math.min(this.timing.firstBackoff * 2 ** failures, this.timing.longestBackoff),
      );
    }
  }

  private newSession(): ShdrSession {
    return {
      tenant: this.tenant,
      machine: this.machine,
      source: this.source,
      session: this.options.newSession(),
      proto: 'mtc',
    };
  }

  /** One connection from its attempt to its end. */
  private connection(session: ShdrSession): Promise<{ connected: boolean; reason: string; nextSeq: number }> {
    return new Promise((resolve) => {
      const { options, timing } = this;
      let reading: ShdrReading = startShdrReading;
      let connected = false;
      let reason = 'closed by the adapter';
      let heartbeat: number | null = null;
      let pings: NodeJS.Timeout | null = null;
      const splitter = new LineSplitter();
      const socket = connect({ host: options.host, port: options.port });
      this.socket = socket;
      socket.setTimeout(timing.connect);

      let unanswered = 0;
      const ping = (): void => {
        // Counted by hand: the socket's own timeout starts again with every PING that is written.
        if (++unanswered > 2 && !socket.isPaused()) {
          reason = 'silent';
          socket.destroy();
        } else socket.write('* PING\n');
      };
      const beat = (ms: number): void => {
        if (heartbeat === ms) return;
        heartbeat = ms;
        if (pings !== null) clearInterval(pings);
        pings = setInterval(ping, ms);
        socket.setTimeout(0);
      };
      const take = (line: SplitLine): void => {
        const at = options.clock();
        const read = line.kind === 'line' ? readShdrLine(reading, session, line.text, at) : null;
        reading = read?.reading ?? { ...reading, line: reading.line + 1 };
        const refused =
          line.kind === 'refused' ? { code: line.code, detail: 'See the bytes.' } : (read?.refused ?? null);
        if (refused !== null)
          this.hold({
            kind: 'refused',
            line: {
              source: this.source,
              session: session.session,
              line: reading.line,
              bytes: line.kind === 'refused' ? line.bytes : Buffer.from(line.text),
              ...refused,
              at,
            },
          });
        if (read?.command?.name === 'PONG') beat(heartbeatOf(read.command.argument, timing.heartbeat));
        for (const signal of read?.signals ?? []) this.hold({ kind: 'signal', signal });
      };

      socket.on('connect', () => {
        connected = true;
        this.state = 'connected';
        this.detail = null;
        socket.setTimeout(timing.silence);
        socket.setKeepAlive(true, timing.heartbeat);
        this.hold({ kind: 'signal', signal: lifecycleSignal(session, 'connected', 0, options.clock()) });
        reading = { ...reading, nextSeq: 1 };
        options.logger.info({ source: this.source, session: session.session }, 'source connected');
        ping();
      });
      socket.on('data', (chunk: Buffer) => {
        unanswered = 0;
        for (const line of splitter.push(chunk)) take(line);
        if (this.held.length > HELD) socket.pause();
      });
      socket.on('timeout', () => {
        reason = connected ? 'silent' : 'no answer to the attempt to connect';
        socket.destroy();
      });
      socket.on('error', (error: NodeJS.ErrnoException) => {
        reason = error.code ?? error.message;
      });
      socket.on('close', () => {
        if (pings !== null) clearInterval(pings);
        this.socket = null;
        resolve({ connected, reason, nextSeq: reading.nextSeq });
      });
    });
  }

  private hold(one: Held): void {
    this.held.push(one);
    this.startPump();
  }

  private startPump(): void {
    if (this.pumping !== null || this.held.length === 0 || this.stopping.signal.aborted) return;
    this.pumping = this.pump().finally(() => {
      this.pumping = null;
      this.startPump();
    });
  }

  /** Takes what is held to Kafka, in order, one append after the other. */
  private async pump(): Promise<void> {
    // Lets the lines of one chunk gather before the first append.
    await Promise.resolve();
    while (this.held.length > 0 && !this.stopping.signal.aborted) {
      const first = this.held[0]!;
      try {
        if (first.kind === 'refused') {
          await this.options.sink.refuse(first.line, this.stopping.signal);
          this.held.shift();
        } else {
          const signals: Signal[] = [];
          for (const one of this.held) {
            if (one.kind === 'refused' || signals.length >= BATCH) break;
            signals.push(one.signal);
          }
          await this.options.sink.append(signals, this.stopping.signal);
          this.held.splice(0, signals.length);
        }
      } catch {
        // Only the stop of the source ends an append without success.
        return;
      }
      if (this.held.length < HELD / 2 && this.socket?.isPaused()) this.socket.resume();
    }
  }

  private wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(done, ms);
      const { signal } = this.stopping;
      function done(): void {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        resolve();
      }
      signal.addEventListener('abort', done);
    });
  }
}

/** `* PONG 10000`: the adapter asks for a PING every so many milliseconds. */
const heartbeatOf = (argument: string, fallback: number): number => {
  const ms = Number.parseInt(argument, 10);
  return Number.isFinite(ms) && ms >= 100 && ms <= 600_000 ? ms : fallback;
};
