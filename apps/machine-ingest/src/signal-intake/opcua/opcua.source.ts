import { setTimeout as delay } from 'node:timers/promises';
import type { Signal } from '@millrace/domain';
import {
  AttributeIds,
  DataType,
  type NotificationMessage,
  type OPCUAClient,
  type TransferSubscriptionsResponse,
  VariableIds,
  Variant,
} from 'node-opcua-client';
import type { OpenSource, OpenSourceHealth, SourceConnection, SourceContext, SourceCursor } from '../source-kind';
import { ConditionMemory, type KeptCondition } from './condition-memory';
import { dropClient, openSession, reachServer, type ServerSession, within } from './connect-server';
import { connectionProblem, SILENT, spokenLoss } from './connection-problem';
import { type Found, findItems, readLimits, readUnits } from './find-items';
import { MessageQueue } from './message-queue';
import { refusalSignal, signalsOf } from './notification-signals';
import { machinesOf, type OpcuaSettings } from './opcua-settings';
import { type OwnCertificate, ownCertificate } from './own-certificate';
import { Publishing } from './publishing';
import { SignalWriter } from './signal-writer';
import { askAgain, beginWatch, type Watch, type WatchedItem } from './watch';

/** Milliseconds. */
const FIRST_BACKOFF = 200;
const LONGEST_BACKOFF = 30_000;
const ASK_AGAIN = 20_000;
/** A connection that lasted so long was a good one. */
const STABLE = 5_000;
/** How long a stop waits for what was read to be stored, and for the server to hear of it. */
const PARTING = 2_000;

/** Signs of life that may fail to come before a server counts as gone. */
const MOST_MISSED = 3;
/** Failures in a row from which on a source is degraded. */
const DEGRADED_FROM = 3;
/** Messages that are held here while they are not stored; above, the server is not asked. */
const MOST_HELD = 8;

/** Liveness is measured by a clock that nobody sets: a jump of the wall clock is no silence. */
const MONOTONIC = (): number => performance.now();

/** What a successor goes on from. */
interface OpcuaCursor {
  readonly v: 1;
  /** Thumbprint of the certificate that was seen at first use. */
  readonly trusted: string | null;
  readonly conditions: readonly KeptCondition[];
}

const readCursor = (cursor: SourceCursor | null): OpcuaCursor => ({
  v: 1,
  trusted: typeof cursor?.['trusted'] === 'string' ? cursor['trusted'] : null,
  conditions: Array.isArray(cursor?.['conditions']) ? (cursor['conditions'] as KeptCondition[]) : [],
});

/** A server that was lost, and what it may still keep for us. */
interface Lost {
  readonly session: ServerSession;
  readonly watch: Watch;
}

interface Connection extends Lost {
  readonly client: OPCUAClient;
}

/**
 * One OPC UA server.
 *
 *   reach → session → (recover the watch, or begin a new one: a new session of signals) → publish … → lost →
 *   `$lifecycle disconnected` → backoff → reach, for ever
 *
 * The library is used for single connections only; whether a subscription outlived a break decides whether values that come
 * next are changes or a snapshot, so that is not left to a reconnection behind the scenes.
 */
export class OpcuaSource implements OpenSource {
  private readonly stopping = new AbortController();
  private readonly leaving = new AbortController();
  private readonly machines: readonly string[];
  private readonly writer: SignalWriter;
  private readonly conditions: ConditionMemory;
  private readonly queue: MessageQueue;
  private readonly counts: Record<string, number> = {};
  private running: Promise<void> = Promise.resolve();
  private connection: SourceConnection;
  private lastError: OpenSourceHealth['lastError'] = null;
  private trusted: string | null;
  private found: Found | null = null;
  private session: string;
  private publishing: Publishing | null = null;
  private storedCursor = '';

  constructor(
    private readonly settings: OpcuaSettings,
    private readonly context: SourceContext,
  ) {
    const cursor = readCursor(context.cursor);
    this.trusted = cursor.trusted;
    this.conditions = new ConditionMemory(cursor.conditions);
    this.storedCursor = JSON.stringify(this.cursor());
    this.machines = machinesOf(settings);
    this.writer = new SignalWriter({ tenant: context.tenant, source: context.name, monotonic: MONOTONIC });
    this.session = context.newId();
    this.queue = new MessageQueue((signals) => this.append(signals), this.stopping.signal);
    this.connection = { state: 'connecting', since: context.clock() };
  }

  start(): void {
    this.running = this.run();
  }

  async stop(): Promise<void> {
    this.leaving.abort(new Error('the source is stopped'));
    await this.running;
    // What the server has handed over and believes to be read is stored before another process goes on.
    await Promise.race([this.queue.empty(), delay(PARTING, undefined, { ref: false })]);
    this.stopping.abort(new Error('the source is stopped'));
    await this.queue.empty();
    this.connection = { state: 'stopped', since: this.context.clock() };
  }

  health(): OpenSourceHealth {
    const since = this.queue.since;
    return {
      connection: this.connection,
      lastError: this.lastError,
      counts: { ...this.counts },
      queued: this.queue.size,
      lagMs: since === null ? 0 : Math.max(0, this.context.clock() - since),
    };
  }

  private async run(): Promise<void> {
    const { context, leaving } = this;
    let lost: Lost | null = null;
    let toldDown = false;
    for (let failures = 0; !leaving.signal.aborted; ) {
      let reason: string;
      let client: OPCUAClient | null = null;
      try {
        // What was read is stored before more is: else each return of a server whose values nobody takes adds to the pile.
        await this.whenThereIsRoom();
        const own = await ownCertificate(context.folder, context.clock());
        const reached = await this.reach(own);
        client = reached;
        const before = lost;
        const connection: Connection = await within(reached, leaving.signal, () => this.watchOn(reached, before));
        lost = connection;
        toldDown = false;
        const since = MONOTONIC();
        reason = spokenLoss(await this.read(connection));
        // A server that takes connections and drops them at once is asked at a longer and longer pace as well.
        if (MONOTONIC() - since >= STABLE) failures = 0;
        if (leaving.signal.aborted) await this.part(connection);
      } catch (error) {
        reason = leaving.signal.aborted ? 'stopped' : await this.explain(error);
      }
      if (client !== null) await dropClient(client);
      if (leaving.signal.aborted) return;
      failures++;
      const wait = context.random() * Math.min(FIRST_BACKOFF * 2 ** failures, LONGEST_BACKOFF);
      this.down(reason, failures, wait, toldDown);
      toldDown = true;
      await delay(wait, undefined, { signal: leaving.signal }).catch(() => undefined);
    }
  }

  private async explain(error: unknown): Promise<string> {
    const own = await ownCertificate(this.context.folder, this.context.clock()).catch(() => null);
    return connectionProblem(error, { settings: this.settings, own: own?.thumbprint ?? '(none yet)' }).message;
  }

  private down(reason: string, failures: number, wait: number, toldBefore: boolean): void {
    const now = this.context.clock();
    this.connection = {
      state: failures >= DEGRADED_FROM ? 'degraded' : 'disconnected',
      since:
        this.connection.state === 'connected' || this.connection.state === 'connecting' ? now : this.connection.since,
      reason,
      nextTryAt: now + wait,
    };
    this.lastError = { at: now, detail: reason };
    if (toldBefore) return;
    this.context.logger.warn({ source: this.context.name, reason }, 'source lost');
    this.tell((at) => this.machines.map((machine) => this.writer.lifecycle(machine, 'disconnected', at)));
  }

  private async reach(own: OwnCertificate): Promise<OPCUAClient> {
    const { settings, context } = this;
    const server = { settings, own, remembered: this.trusted, lookup: context.lookup, logger: context.logger };
    const { client, thumbprint } = await reachServer(server, this.leaving.signal);
    const { serverCertificate } = settings;
    if (serverCertificate !== null && 'trust' in serverCertificate) this.trusted = thumbprint;
    return client;
  }

  /** Goes on with what the server kept over the break, else begins anew. */
  private async watchOn(client: OPCUAClient, lost: Lost | null): Promise<Connection> {
    if (lost !== null) {
      const session = await this.takeBack(client, lost);
      if (session !== null) {
        const connection = { client, session, watch: lost.watch };
        const publishing = this.beginPublishing(connection);
        const kept = await publishing.recover();
        if (kept !== null) {
          this.count('recovered');
          this.up(connection);
          for (const [subscriptionId, message] of kept)
            this.take(publishing, session, lost.watch, subscriptionId, message);
          return connection;
        }
        await session.close(true).catch(() => undefined);
      }
    }
    const session = await openSession(client, this.settings);
    try {
      return await this.watchAnew(client, session);
    } catch (error) {
      // Else each attempt that fails half way leaves a session behind, and a small server has few of them.
      await session.close(true).catch(() => undefined);
      throw error;
    }
  }

  private async watchAnew(client: OPCUAClient, session: ServerSession): Promise<Connection> {
    const limits = await readLimits(session);
    const found = await findItems(session, this.settings, limits, this.found);
    for (const index of found.missingRoots)
      this.context.logger.warn(
        { source: this.context.name, root: this.settings.browse[index]?.root },
        'no such node to browse',
      );
    const nodeIds = found.items.map(({ nodeId }) => nodeId);
    const units = await readUnits(session, nodeIds, limits);
    const name = this.context.newId();
    const watch = await beginWatch({ session, settings: this.settings, limits, found, units, name });
    this.found = found;
    this.session = name;
    const connection = { client, session, watch };
    this.beginPublishing(connection);
    this.up(connection);
    this.refuse(
      watch,
      [...watch.refused.values()].map(({ item }) => item),
    );
    return connection;
  }

  /** The session of before on the new channel, or its subscriptions in a new one; null where the server has neither. */
  private async takeBack(client: OPCUAClient, { session, watch }: Lost): Promise<ServerSession | null> {
    try {
      await client.reactivateSession(session);
      return session;
    } catch {
      // The server has ended the session, or is another one since: its subscriptions may have outlived that.
    }
    const subscriptionIds = [...watch.subscriptions.keys()];
    const next = await openSession(client, this.settings);
    try {
      const moved = await new Promise<TransferSubscriptionsResponse | undefined>((resolve, reject) =>
        next.transferSubscriptions({ subscriptionIds, sendInitialValues: false }, (error, response) =>
          error === null ? resolve(response) : reject(error),
        ),
      );
      const results = moved?.results ?? [];
      if (results.length === subscriptionIds.length && results.every(({ statusCode }) => statusCode.isGood()))
        return next;
    } catch {
      // Not every server can.
    }
    await next.close(true);
    return null;
  }

  private beginPublishing({ session, watch }: Connection): Publishing {
    const publishing: Publishing = new Publishing(session, watch, {
      room: () => (this.publishing === publishing ? MOST_HELD - this.queue.messages : 0),
      take: (subscriptionId, message) => this.take(publishing, session, watch, subscriptionId, message),
      gap: ({ machines, events }, first, last, lost) => {
        this.count('gaps');
        this.tell((at) =>
          [...machines].map((machine) => this.writer.gap(machine, at, { kind: 'messages', first, last, lost })),
        );
        if (events) void this.refresh(session, watch);
      },
      repeated: () => this.count('duplicates'),
      alive: () => this.alive(),
      over: (reason) => this.over(reason),
    });
    this.publishing = publishing;
    return publishing;
  }

  private alive: () => void = () => {};
  private over: (reason: string) => void = () => {};

  private up({ watch }: Connection): void {
    const since = this.context.clock();
    this.connection = { state: 'connected', since, session: watch.session };
    this.context.logger.info(
      { source: this.context.name, session: watch.session, items: watch.items.size },
      'source connected',
    );
    this.tell((at) => this.machines.map((machine) => this.writer.lifecycle(machine, 'connected', at)));
  }

  /** Reads until the server is lost or the source is to stop; resolves with the reason. */
  private read(connection: Connection): Promise<string> {
    const { client, session, watch } = connection;
    const { keepAliveMs } = this.settings;
    const publishing = this.publishing!;
    return new Promise((resolve) => {
      let lastLife = MONOTONIC();
      let lastAsked = lastLife;
      let looking = false;
      const look = async (): Promise<void> => {
        const now = MONOTONIC();
        if (now - lastLife > MOST_MISSED * keepAliveMs) return end(SILENT);
        if (looking) return;
        looking = true;
        try {
          await session.read({
            nodeId: `ns=0;i=${VariableIds.Server_ServerStatus_State}`,
            attributeId: AttributeIds.Value,
          });
          this.alive();
          if (this.queue.messages >= MOST_HELD) await publishing.touch();
          if (now - lastAsked >= ASK_AGAIN) {
            lastAsked = now;
            this.refuse(watch, await askAgain(session, watch));
          }
        } catch (error) {
          end((error as Error).message);
        } finally {
          looking = false;
        }
      };
      const timer = setInterval(() => void look(), keepAliveMs);
      const end = (reason: string): void => {
        clearInterval(timer);
        publishing.end();
        client.removeListener('close', closed);
        this.leaving.signal.removeEventListener('abort', left);
        this.alive = () => {};
        this.over = () => {};
        resolve(reason);
      };
      const closed = (error?: Error | null): void => end(error?.message ?? 'closed by the server');
      const left = (): void => end('stopped');
      this.alive = () => {
        lastLife = MONOTONIC();
        this.tellAlive();
      };
      this.over = end;
      client.on('close', closed);
      this.leaving.signal.addEventListener('abort', left, { once: true });
      if (this.leaving.signal.aborted) return left();
      publishing.ask();
      if (watch.notifiers.size > 0) void this.refresh(session, watch);
    });
  }

  /** Has the server name all conditions that stand; its answer comes among the events (OPC 10000-9, 5.5.7). */
  private async refresh(session: ServerSession, watch: Watch): Promise<void> {
    for (const [subscriptionId, { events }] of watch.subscriptions) {
      if (!events) continue;
      try {
        const { statusCode } = await session.call({
          objectId: 'ns=0;i=2782',
          methodId: 'ns=0;i=3875',
          inputArguments: [new Variant({ dataType: DataType.UInt32, value: subscriptionId })],
        });
        if (!statusCode.isGood()) this.count('refreshesRefused');
      } catch {
        this.count('refreshesRefused');
      }
    }
  }

  private take(
    publishing: Publishing,
    session: ServerSession,
    watch: Watch,
    subscriptionId: number,
    message: NotificationMessage,
  ): void {
    const receivedAt = this.context.clock();
    this.count('messages');
    this.queue.put({
      kind: 'message',
      receivedAt,
      size: (message.notificationData ?? []).reduce((sum, data) => sum + sizeOf(data), 0),
      write: () => {
        this.writer.enter(watch.session);
        return signalsOf(
          {
            writer: this.writer,
            conditions: this.conditions,
            session,
            watch,
            count: (name) => this.count(name),
            refreshRequired: () => void this.refresh(session, watch),
          },
          message,
          receivedAt,
        );
      },
      stored: () => {
        publishing.acknowledge(subscriptionId, message.sequenceNumber);
        this.publishing?.ask();
      },
    });
  }

  private refuse(watch: Watch, items: readonly WatchedItem[]): void {
    if (items.length === 0) return;
    const status = new Map([...watch.refused.values()].map((one) => [one.item, one.status]));
    this.counts['refusedItems'] = watch.refused.size;
    this.tell((at) => items.map((item) => refusalSignal(this.writer, item, status.get(item) ?? 0x80000000, at)));
  }

  /** The server's beat, for the machines of which nothing else was written lately. */
  private tellAlive(): void {
    if (this.queue.messages > 0) return;
    const quiet = this.machines.filter((machine) => this.writer.silenceOf(machine) >= this.settings.keepAliveMs);
    if (quiet.length > 0) this.tell((at) => quiet.map((machine) => this.writer.lifecycle(machine, 'alive', at)));
  }

  private tell(write: (at: number) => Signal[]): void {
    const { session } = this;
    const receivedAt = this.context.clock();
    this.queue.put({
      kind: 'word',
      receivedAt,
      size: 0,
      write: () => {
        this.writer.enter(session);
        return write(receivedAt);
      },
      stored: () => {},
    });
  }

  private async append(signals: readonly Signal[]): Promise<void> {
    const cursor = this.cursor();
    const text = JSON.stringify(cursor);
    await this.context.sink.append(signals, {
      ...(text !== this.storedCursor && { cursor: { ...cursor } }),
      stopping: this.stopping.signal,
    });
    this.storedCursor = text;
  }

  private cursor(): OpcuaCursor {
    return { v: 1, trusted: this.trusted, conditions: this.conditions.kept() };
  }

  private async whenThereIsRoom(): Promise<void> {
    while (this.queue.messages >= MOST_HELD) await delay(FIRST_BACKOFF, undefined, { signal: this.leaving.signal });
  }

  /** Ends the session with the server, which frees what it keeps for us. */
  private async part({ session }: Connection): Promise<void> {
    await Promise.race([session.close(true).catch(() => undefined), delay(PARTING, undefined, { ref: false })]);
  }

  private count(name: string): void {
    this.counts[name] = (this.counts[name] ?? 0) + 1;
  }
}

const sizeOf = (data: unknown): number => {
  const { monitoredItems, events } = (data ?? {}) as { monitoredItems?: unknown[] | null; events?: unknown[] | null };
  return (monitoredItems?.length ?? 0) + (events?.length ?? 0);
};
