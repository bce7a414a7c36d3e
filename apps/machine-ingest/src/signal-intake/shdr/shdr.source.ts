import { connect, type Socket } from 'node:net';
import { backoffMs, waitUnlessStopped } from '../backoff';
import { lifecycleSignal } from '../lifecycle-signal';
import type { OpenSource, OpenSourceHealth, SourceConnection, SourceContext } from '../source-kind';
import { notStored } from '../store-loop';
import { StoreQueue } from '../store-queue';
import { LineSplitter, type SplitLine } from './line-splitter';
import { readShdrLine, type ShdrReading, type ShdrSession, startShdrReading } from './shdr-reading';
import type { ShdrSettings } from './shdr-settings';

/** Observations held between the socket and Kafka; above, the socket is not read. */
const HELD = 5_000;
/** A machine whose adapter only answers PINGs is told alive at most so often. */
const ALIVE_MS = 5_000;
/** Failures in a row that are more than a stumble. */
const DEGRADED = 3;

interface Ended {
  readonly connected: boolean;
  readonly reason: string;
  readonly nextSeq: number;
}

/**
 * A live SHDR adapter.
 *
 *   connect → session, `$lifecycle connected` → lines → … → lost → `$lifecycle disconnected` → backoff → connect, for ever
 *
 * The adapter sends all its values again on every connection and never repeats history, so a session is one connection. What
 * it sends again looks like what it sends because it changed: nothing is marked as a snapshot, and the rules compare with what
 * they knew. A PING goes out at the pace that the adapter's PONG asks for; an adapter that stays silent for two of these is
 * half-open and dropped: a dead peer gives no error of its own.
 */
export class ShdrSource implements OpenSource {
  private readonly stopping = new AbortController();
  private readonly queue: StoreQueue;
  private readonly counts = { connections: 0 };
  private readonly messages: ReadonlySet<string>;
  private running: Promise<void> = Promise.resolve();
  private socket: Socket | null = null;
  private connection: SourceConnection;
  private lastError: OpenSourceHealth['lastError'] = null;
  private lastFlow = 0;

  constructor(
    private readonly settings: ShdrSettings,
    private readonly context: SourceContext,
  ) {
    this.messages = new Set(settings.messages);
    const { sink, clock } = context;
    this.queue = new StoreQueue({
      sink,
      clock,
      onFailure: (error) => {
        this.lastError = notStored(context, error);
      },
    });
    this.connection = { state: 'connecting', since: clock() };
  }

  start(): void {
    this.running = this.run();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    this.socket?.destroy();
    await this.running;
    // What an adapter said for a moment only it does not say again to whoever goes on.
    await this.queue.stop();
    this.connection = { state: 'stopped', since: this.context.clock() };
  }

  health(): OpenSourceHealth {
    const { connection, lastError, counts, queue } = this;
    return { connection, lastError, counts: { ...counts }, queued: queue.size, lagMs: null };
  }

  private async run(): Promise<void> {
    const { context, stopping } = this;
    let failures = 0;
    let toldDown = false;
    while (!stopping.signal.aborted) {
      const session = this.newSession();
      const ended = await this.connectionOf(session);
      if (stopping.signal.aborted) return;
      if (ended.connected) failures = 0;
      if (ended.connected || !toldDown) {
        this.queue.put([lifecycleSignal(session, 'disconnected', ended.nextSeq, context.clock())]);
        context.logger.warn({ source: context.name, reason: ended.reason }, 'source lost');
      }
      toldDown = true;
      failures++;
      const now = context.clock();
      const wait = backoffMs(failures, context.random);
      this.lastError = { at: now, detail: ended.reason };
      this.connection = {
        state: failures >= DEGRADED ? 'degraded' : 'disconnected',
        since: now,
        reason: ended.reason,
        nextTryAt: now + wait,
      };
      await waitUnlessStopped(wait, stopping.signal);
    }
  }

  private newSession(): ShdrSession {
    const { tenant, name, newId } = this.context;
    return {
      tenant,
      machine: this.settings.machine,
      source: name,
      session: newId(),
      proto: 'mtc',
      messages: this.messages,
    };
  }

  /** One connection from its attempt to its end. */
  private connectionOf(session: ShdrSession): Promise<Ended> {
    return new Promise((resolve) => {
      const { context, settings } = this;
      const { heartbeatMs, silenceMs, connectMs } = settings;
      let reading: ShdrReading = startShdrReading;
      let connected = false;
      let reason = 'The adapter closed the connection.';
      let heartbeat: number | null = null;
      let pings: NodeJS.Timeout | null = null;
      const splitter = new LineSplitter();
      const { host, port } = settings;
      const socket = connect({ host, port, ...(context.lookup === undefined ? {} : { lookup: context.lookup }) });
      this.socket = socket;
      socket.setTimeout(connectMs);

      let unanswered = 0;
      const ping = (): void => {
        // counted by hand: the socket's own timeout starts again with every PING that is written
        if (++unanswered > 2 && !socket.isPaused()) {
          reason = 'The adapter holds the connection and has answered no PING for two heartbeats.';
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
        const at = context.clock();
        const read = line.kind === 'line' ? readShdrLine(reading, session, line.text, at) : null;
        reading = read?.reading ?? { ...reading, line: reading.line + 1 };
        const refused =
          line.kind === 'refused' ? { code: line.code, detail: 'See the bytes.' } : (read?.refused ?? null);
        if (refused !== null) {
          const bytes = line.kind === 'refused' ? line.bytes : Buffer.from(line.text);
          const place = { source: context.name, session: session.session, line: reading.line };
          this.queue.refuse({ ...place, bytes, ...refused, at }, this.goOn);
        }
        if (read?.command?.name === 'PONG') {
          beat(heartbeatOf(read.command.argument, heartbeatMs));
          if (at - this.lastFlow >= ALIVE_MS) {
            this.lastFlow = at;
            this.queue.put([lifecycleSignal(session, 'alive', null, at)], this.goOn);
          }
        }
        if (read === null || read.signals.length === 0) return;
        this.lastFlow = at;
        this.queue.put(read.signals, this.goOn);
      };

      socket.on('connect', () => {
        connected = true;
        const now = context.clock();
        this.counts.connections++;
        this.connection = { state: 'connected', since: now, session: session.session };
        this.lastFlow = now;
        socket.setTimeout(silenceMs);
        socket.setKeepAlive(true, heartbeatMs);
        this.queue.put([lifecycleSignal(session, 'connected', 0, now)]);
        reading = { ...reading, nextSeq: 1 };
        context.logger.info({ source: context.name, session: session.session }, 'source connected');
        ping();
      });
      socket.on('data', (chunk: Buffer) => {
        unanswered = 0;
        for (const line of splitter.push(chunk)) take(line);
        if (this.queue.size > HELD) socket.pause();
      });
      socket.on('timeout', () => {
        reason = connected
          ? `The adapter has said nothing for ${silenceMs} ms.`
          : `${host}:${port} has not answered the attempt to connect within ${connectMs} ms.`;
        socket.destroy();
      });
      socket.on('error', (error: NodeJS.ErrnoException) => {
        reason = `${host}:${port} cannot be reached: ${error.code ?? error.message}.`;
      });
      socket.on('close', () => {
        if (pings !== null) clearInterval(pings);
        this.socket = null;
        resolve({ connected, reason, nextSeq: reading.nextSeq });
      });
    });
  }

  /** Reads on when enough of what was read is stored. */
  private readonly goOn = (): void => {
    if (this.queue.size < HELD / 2 && this.socket?.isPaused()) this.socket.resume();
  };
}

/** `* PONG 10000`: the adapter asks for a PING every so many milliseconds. */
const heartbeatOf = (argument: string, fallback: number): number => {
  const ms = Number.parseInt(argument, 10);
  return Number.isFinite(ms) && ms >= 100 && ms <= 600_000 ? ms : fallback;
};
