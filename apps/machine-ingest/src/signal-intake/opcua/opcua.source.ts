import { setTimeout as delay } from 'node:timers/promises';
import type { NotificationMessage, OPCUAClient } from 'node-opcua-client';
import { backoffMs } from '../backoff';
import type { OpenSource, OpenSourceHealth, SourceConnection, SourceContext } from '../source-kind';
import { notStored } from '../store-loop';
import { dropClient, openSession, reachServer, type ServerSession, within } from './connect-server';
import { connectionProblem, isSessionEmpty, isSubscriptionGone, spokenLoss } from './connection-problem';
import { type Found, findItems, readLimits, readUnits } from './find-items';
import { Listening } from './listening';
import { machinesOf, type OpcuaSettings } from './opcua-settings';
import { type OwnCertificate, ownCertificate } from './own-certificate';
import { Publishing } from './publishing';
import { refreshConditions } from './refresh-conditions';
import { type Connection, type Lost, takeBack } from './server-connection';
import { ToldSignals } from './told-signals';
import { beginWatch, type Watch, type WatchedItem } from './watch';

/** Between looks for room, while what was read is not stored, ms. */
const ROOM_LOOK = 200;
/** A connection that lasted so long was a good one, ms. */
const STABLE = 5_000;
/** How long the end of a session is waited for, ms. */
const PARTING = 2_000;

/** Failures in a row from which on a source is degraded. */
const DEGRADED_FROM = 3;

/** Liveness is measured by a clock that nobody sets: a jump of the wall clock is no silence. */
const MONOTONIC = (): number => performance.now();

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
  private readonly leaving = new AbortController();
  private readonly told: ToldSignals;
  private readonly counts: Record<string, number> = {};
  private running: Promise<void> = Promise.resolve();
  private connection: SourceConnection;
  private lastError: OpenSourceHealth['lastError'] = null;
  private found: Found | null = null;
  private publishing: Publishing | null = null;
  private listening: Listening | null = null;

  constructor(
    private readonly settings: OpcuaSettings,
    private readonly context: SourceContext,
  ) {
    this.told = new ToldSignals({
      context,
      machines: machinesOf(settings),
      quietMs: settings.keepAliveMs,
      monotonic: MONOTONIC,
      count: (name) => this.count(name),
      onFailure: (error) => {
        this.lastError = notStored(context, error);
      },
    });
    this.connection = { state: 'connecting', since: context.clock() };
  }

  start(): void {
    this.running = this.run();
  }

  async stop(): Promise<void> {
    this.leaving.abort(new Error('the source is stopped'));
    await this.running;
    await this.told.stop();
    this.connection = { state: 'stopped', since: this.context.clock() };
  }

  health(): OpenSourceHealth {
    return {
      connection: this.connection,
      lastError: this.lastError,
      counts: { ...this.counts },
      ...this.told.waiting,
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
        const end = await this.read(connection);
        reason = spokenLoss(end);
        const lasted = MONOTONIC() - since >= STABLE;
        // A server that takes connections and drops them at once is asked at a longer and longer pace as well.
        if (lasted) failures = 0;
        const wasTakenBack = connection.watch === before?.watch;
        if (isSubscriptionGone(end) || (isSessionEmpty(end) && wasTakenBack && !lasted)) lost = null;
        if (leaving.signal.aborted || lost === null) await this.part(connection);
      } catch (error) {
        reason = leaving.signal.aborted ? 'stopped' : await this.explain(error);
      }
      if (client !== null) await dropClient(client);
      if (leaving.signal.aborted) return;
      failures++;
      const wait = backoffMs(failures, context.random);
      this.down(reason, failures, wait, toldDown);
      toldDown = true;
      await delay(wait, undefined, { signal: leaving.signal }).catch(() => undefined);
    }
  }

  private async explain(error: unknown): Promise<string> {
    const now = this.context.clock();
    const own = await ownCertificate(this.context.folder, now).catch(() => null);
    return connectionProblem(error, { settings: this.settings, own, now }).message;
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
    this.told.lifecycle('disconnected');
  }

  private async reach(own: OwnCertificate): Promise<OPCUAClient> {
    const { settings, context } = this;
    const server = { settings, own, remembered: this.told.trusted, lookup: context.lookup, logger: context.logger };
    const { client, thumbprint } = await reachServer(server, this.leaving.signal);
    const { serverCertificate } = settings;
    if (serverCertificate !== null && 'trust' in serverCertificate) this.told.trusted = thumbprint;
    return client;
  }

  /** Goes on with what the server kept over the break, else begins anew. */
  private async watchOn(client: OPCUAClient, lost: Lost | null): Promise<Connection> {
    if (lost !== null) {
      const session = await takeBack(client, lost, this.settings);
      if (session !== null) {
        const connection = { client, session, watch: lost.watch };
        const publishing = this.beginPublishing(connection);
        const kept = await publishing.recover();
        if (kept !== null) {
          this.count('recovered');
          this.up(connection);
          this.told.unchanged(connection.watch);
          this.refuseAll(connection.watch);
          for (const [subscriptionId, message] of kept) this.take(publishing, connection, subscriptionId, message);
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
    const listened = this.told.enter(name);
    const connection = { client, session, watch };
    this.beginPublishing(connection);
    this.up(connection);
    if (listened) {
      this.count('gaps');
      this.told.unheard();
    }
    this.refuseAll(watch);
    return connection;
  }

  private refuseAll(watch: Watch): void {
    this.refuse(
      watch,
      [...watch.refused.values()].map(({ item }) => item),
    );
  }

  private beginPublishing(connection: Connection): Publishing {
    const publishing: Publishing = new Publishing(connection.session, connection.watch, {
      monotonic: MONOTONIC,
      room: () => (this.publishing === publishing ? this.told.room : 0),
      take: (subscriptionId, message) => this.take(publishing, connection, subscriptionId, message),
      gap: (subscription, first, last, lost) => {
        this.count('gaps');
        this.told.gap(subscription, first, last, lost);
        if (subscription.events) this.refresh(connection);
      },
      repeated: () => this.count('duplicates'),
      alive: () => this.listening?.alive(),
      over: (reason) => this.listening?.end(reason),
    });
    this.publishing = publishing;
    return publishing;
  }

  private up({ watch }: Connection): void {
    const since = this.context.clock();
    this.connection = { state: 'connected', since, session: watch.session };
    this.context.logger.info(
      { source: this.context.name, session: watch.session, items: watch.items.size },
      'source connected',
    );
    this.told.lifecycle('connected');
  }

  /** Reads until the server is lost or the source is to stop; resolves with the reason. */
  private async read(connection: Connection): Promise<string> {
    const { watch } = connection;
    this.listening = new Listening(connection, this.publishing!, {
      monotonic: MONOTONIC,
      keepAliveMs: this.settings.keepAliveMs,
      leaving: this.leaving.signal,
      alive: () => {
        this.told.alive();
        this.told.abandoned(watch);
        if (watch.refreshes.isDue(MONOTONIC())) this.refresh(connection);
      },
      refused: (items) => this.refuse(watch, items),
    });
    const over = this.listening.begin();
    if (watch.notifiers.size > 0 && !this.leaving.signal.aborted) this.refresh(connection);
    const reason = await over;
    this.listening = null;
    return reason;
  }

  private refresh(connection: Lost): void {
    connection.watch.refreshes.asked(connection.watch.notifiers.keys(), MONOTONIC());
    void refreshConditions(connection, () => this.count('refreshesRefused'));
  }

  private take(publishing: Publishing, connection: Lost, subscriptionId: number, message: NotificationMessage): void {
    this.told.message(message, connection, {
      refreshRequired: () => this.refresh(connection),
      stored: () => {
        publishing.acknowledge(subscriptionId, message.sequenceNumber);
        this.publishing?.ask();
      },
    });
  }

  private refuse(watch: Watch, items: readonly WatchedItem[]): void {
    if (items.length === 0) return;
    this.counts['refusedItems'] = watch.refused.size;
    this.told.refused(items, new Map([...watch.refused.values()].map(({ item, status }) => [item, status])));
  }

  private async whenThereIsRoom(): Promise<void> {
    while (this.told.room <= 0) await delay(ROOM_LOOK, undefined, { signal: this.leaving.signal });
  }

  /** Ends the session with the server, which frees what it keeps for us. */
  private async part({ session }: Connection): Promise<void> {
    await Promise.race([session.close(true).catch(() => undefined), delay(PARTING, undefined, { ref: false })]);
  }

  private count(name: string): void {
    this.counts[name] = (this.counts[name] ?? 0) + 1;
  }
}
