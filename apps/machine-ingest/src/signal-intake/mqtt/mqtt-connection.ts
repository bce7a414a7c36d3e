import type { LookupFunction } from 'node:net';
import { type IClientOptions, type IConnackPacket, type IPublishPacket, MqttClient } from 'mqtt';
import { SourceProblem } from '../source-kind';
import { capabilityProblem, closedProblem, connectionProblem, subscriptionProblem } from './connection-problem';
import type { ConnectionSettings } from './connection-settings';
import { messageDigest } from './message-digest';
import { openSocket } from './open-socket';

/** A message as the broker gave it. */
export interface MqttMessage {
  readonly topic: string;
  readonly payload: Buffer;
  readonly qos: 0 | 1 | 2;
  readonly retain: boolean;
  readonly dup: boolean;
  /** Unix ms. */
  readonly receivedAt: number;
  /** messageDigest of it, where that has been made. */
  readonly digest?: string;
  /** What came of it is stored: the broker may forget it (PUBACK). */
  readonly settle: () => void;
}

export interface MqttOutgoing {
  readonly topic: string;
  readonly payload: Buffer;
  readonly qos: 0 | 1;
  readonly retain: boolean;
}

export interface MqttConnectionOptions {
  readonly settings: ConnectionSettings;
  readonly clientId: string;
  readonly lookup: LookupFunction | undefined;
  readonly filters: readonly string[];
  /** Filters that the session may still have from earlier settings. */
  readonly formerFilters: readonly string[];
  /** False: an attempt that leaves no session. */
  readonly persistent: boolean;
  /** Called for each connection. */
  readonly will: () => MqttOutgoing | null;
  /** Unix ms. */
  readonly clock: () => number;
  /** 0 to below 1. */
  readonly random: () => number;
  /** After `onUp`, but for those of a connection that ends before it: what a broker has kept it sends before it grants anything. */
  readonly onMessage: (message: MqttMessage) => void;
  /** The broker has granted all subscriptions. */
  readonly onUp: (session: { readonly resumed: boolean; readonly properties: IConnackPacket['properties'] }) => void;
  /** An attempt failed, or a connection ended, the `failures`th in a row. `nextTryAt`: Unix ms. */
  readonly onDown: (
    problem: SourceProblem,
    next: { readonly wasUp: boolean; readonly failures: number; readonly nextTryAt: number },
  ) => void;
}

const FIRST_WAIT_MS = 200;
const LONGEST_WAIT_MS = 30_000;
const CONNECT_TIMEOUT_MS = 10_000;
/** A connection that ends sooner is a failure too: two clients with one id throw each other out, and would for ever at full speed. */
const HOLDS_MS = 10_000;
/** The broker is told not to send larger ones (MQTT 5). */
const LARGEST_PACKET = 8 * 1024 * 1024;

/** Messages that come before the subscriptions are granted; more of them are given out. */
const MOST_EARLY = 1_000;
const MOST_EARLY_BYTES = 16 * 1024 * 1024;
const GRANT_TIMEOUT_MS = 10_000;

/** A QoS 1 message that came and whose acknowledgement the broker may not have seen. */
interface Delivery {
  readonly digest: string;
  /** Connection on which it came last. */
  client: MqttClient;
  settled: boolean;
}

/**
 * A persistent session with a broker, for ever: each end is followed by another attempt. A QoS 1 message is acknowledged
 * when it is settled and not before, so that what is not stored is sent again; one that is sent again after a new
 * connection, and is already under way or stored here, is not given out twice.
 */
export class MqttConnection {
  private client: MqttClient | null = null;
  private up = false;
  /** When the broker let us in last, Unix ms. */
  private letInAt = 0;
  private stopped = false;
  private failures = 0;
  private retry: NodeJS.Timeout | null = null;
  private problem: SourceProblem | null = null;
  private early: MqttMessage[] = [];
  private earlyBytes = 0;
  private readonly deliveries = new Map<number, Delivery>();
  private acks: Buffer[] = [];
  private paused = false;
  private goOn: (() => void) | null = null;
  private pausedPing: NodeJS.Timeout | null = null;

  constructor(private readonly options: MqttConnectionOptions) {}

  start(): void {
    if (!this.stopped) this.attempt();
  }

  /** Says goodbye; the broker keeps the session. `last` is sent before that. */
  async stop(last: MqttOutgoing | null = null): Promise<void> {
    this.stopped = true;
    if (this.retry !== null) clearTimeout(this.retry);
    this.resume();
    const { client } = this;
    this.client = null;
    if (client === null) return;
    client.removeAllListeners('close');
    const ended = async () => {
      if (last !== null && this.up)
        await client.publishAsync(last.topic, last.payload, { qos: last.qos, retain: last.retain });
      await client.endAsync();
    };
    const late = new Promise<void>((resolve) => setTimeout(resolve, 2_000).unref());
    await Promise.race([ended().catch(() => undefined), late]);
    client.stream.destroy();
  }

  /** Lost when there is no connection. */
  publish(message: MqttOutgoing): void {
    if (this.up) this.client?.publish(message.topic, message.payload, { qos: message.qos, retain: message.retain });
  }

  /**
   * Reads no further from the socket. Signs of life are then behind what is not read, so the watch over them rests; a
   * broken connection is still noticed.
   */
  pause(): void {
    if (this.paused) return;
    this.paused = true;
    this.pausedPing = setInterval(
      () => {
        const { client } = this;
        if (client?.connected !== true) return;
        client.sendPing();
        client.reschedulePing(true);
      },
      (this.options.settings.keepaliveSeconds * 1_000) / 2,
    );
    this.client?.reschedulePing(true);
  }

  resume(): void {
    if (!this.paused) return;
    this.paused = false;
    if (this.pausedPing !== null) clearInterval(this.pausedPing);
    this.client?.reschedulePing(true);
    const { goOn } = this;
    this.goOn = null;
    goOn?.();
  }

  private attempt(): void {
    this.retry = null;
    this.problem = null;
    let client: MqttClient;
    try {
      const { settings, lookup } = this.options;
      client = new MqttClient(() => openSocket(settings, lookup), this.clientOptions());
    } catch (error) {
      // A certificate or key that cannot be read is found before anything is sent.
      const detail = `The certificate or key in tls cannot be used: ${(error as Error).message}.`;
      this.ended(false, new SourceProblem('certificate', detail, 'tls'));
      return;
    }
    this.client = client;
    let reached = false;
    let answered = false;
    client.stream.once('connect', () => {
      reached = true;
    });
    client.handleMessage = (packet, done) => this.handle(client, packet, done);
    client.on('error', (error) => {
      this.problem ??= this.problemOf(error as Error & { code?: unknown }, reached, answered);
      client.stream.destroy();
    });
    client.on('disconnect', (packet) => {
      const code = packet.reasonCode ?? 0;
      this.problem ??= connectionProblem(Object.assign(new Error('disconnected'), { code }), this.options.settings);
    });
    client.on('connect', (connack) => {
      answered = true;
      this.letInAt = this.options.clock();
      void this.subscribe(client, connack).catch((error: Error & { code?: unknown }) => {
        this.problem ??= error instanceof SourceProblem ? error : connectionProblem(error, this.options.settings);
        client.stream.destroy();
      });
    });
    client.on('close', () => {
      if (this.client !== client) return;
      client.removeAllListeners('close');
      client.end(true);
      this.ended(this.up, this.problem ?? this.closed(answered));
    });
  }

  private problemOf(error: Error & { code?: unknown }, reached: boolean, answered: boolean): SourceProblem {
    const { settings } = this.options;
    if (error.message === 'connack timeout' && !reached)
      return connectionProblem(Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' }), settings);
    if (error.code === 'ECONNRESET' && reached && !answered) return closedProblem(settings, false);
    return connectionProblem(error, settings);
  }

  private closed(answered: boolean): SourceProblem {
    const { settings, clientId, clock } = this.options;
    const heldMs = clock() - this.letInAt;
    return closedProblem(settings, answered, answered && heldMs < HOLDS_MS ? { heldMs, clientId } : null);
  }

  private ended(wasUp: boolean, problem: SourceProblem): void {
    this.giveEarly();
    this.up = false;
    this.client = null;
    this.goOn = null;
    if (this.stopped) return;
    const now = this.options.clock();
    if (wasUp && now - this.letInAt >= HOLDS_MS) this.failures = 0;
    const ceiling = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(this.failures++, 10));
    const wait = Math.ceil(ceiling * this.options.random());
    this.options.onDown(problem, { wasUp, failures: this.failures, nextTryAt: now + wait });
    this.retry = setTimeout(() => this.attempt(), wait);
  }

  private clientOptions(): IClientOptions {
    const { settings, clientId, persistent } = this.options;
    const will = this.options.will();
    return {
      clientId,
      protocolVersion: settings.protocolVersion,
      clean: !persistent,
      keepalive: settings.keepaliveSeconds,
      // Another attempt is ours to make, with our waits.
      reconnectPeriod: 0,
      connectTimeout: CONNECT_TIMEOUT_MS,
      resubscribe: false,
      ...(settings.username === undefined ? {} : { username: settings.username }),
      ...(settings.password === undefined ? {} : { password: settings.password }),
      ...(will === null ? {} : { will: { ...will } }),
      ...(settings.protocolVersion === 4
        ? {}
        : {
            properties: {
              receiveMaximum: settings.inFlight,
              maximumPacketSize: LARGEST_PACKET,
              ...(persistent ? { sessionExpiryInterval: settings.sessionExpirySeconds } : {}),
            },
          }),
    };
  }

  private async subscribe(client: MqttClient, connack: IConnackPacket): Promise<void> {
    const { settings, filters, formerFilters } = this.options;
    const incapable = this.options.persistent ? capabilityProblem(connack, settings) : null;
    if (incapable !== null) throw incapable;
    const resumed = connack.sessionPresent;
    if (!resumed) for (const [id, { settled }] of this.deliveries) if (settled) this.deliveries.delete(id);
    const left = formerFilters.filter((filter) => !filters.includes(filter));
    if (resumed && left.length > 0) await client.unsubscribeAsync([...left]);
    // Every time: a broker that has lost the session would else send nothing for ever.
    // What is not read, because it could not be stored, stands before the grant.
    const late = setInterval(() => {
      if (this.paused) return;
      const { host } = new URL(settings.url);
      this.problem ??= new SourceProblem('unreachable', `${host} has not granted the subscriptions in 10 s.`, 'url');
      client.stream.destroy();
    }, GRANT_TIMEOUT_MS);
    await client
      .subscribeAsync([...filters], { qos: 1 })
      .catch((error: Error) => {
        throw subscriptionProblem(error, filters, settings);
      })
      .finally(() => clearInterval(late));
    if (this.client !== client || !client.connected) return;
    this.up = true;
    this.options.onUp({ resumed, properties: connack.properties });
    this.giveEarly();
  }

  /**
   * mqtt.js sends PUBACK when `done` is called without an error, and reads no further before that. With an error it only
   * reads on; the PUBACK then goes out in `acknowledge`.
   */
  private handle(client: MqttClient, packet: IPublishPacket, done: (error?: Error) => void): void {
    if (this.stopped) {
      done(LATER);
      return;
    }
    const message = this.accept(client, packet);
    if (message !== null) this.give(message);
    if (this.paused) this.goOn = () => done(LATER);
    else done(LATER);
  }

  private give(message: MqttMessage): void {
    if (this.up) {
      this.options.onMessage(message);
      return;
    }
    this.early.push(message);
    this.earlyBytes += message.payload.length;
    if (this.early.length >= MOST_EARLY || this.earlyBytes >= MOST_EARLY_BYTES) this.giveEarly();
  }

  private giveEarly(): void {
    this.earlyBytes = 0;
    for (const message of this.early.splice(0)) this.options.onMessage(message);
  }

  private accept(client: MqttClient, packet: IPublishPacket): MqttMessage | null {
    const payload = typeof packet.payload === 'string' ? Buffer.from(packet.payload) : packet.payload;
    const { topic, qos, retain, dup, messageId } = packet;
    const message = { topic, payload, qos, retain, dup, receivedAt: this.options.clock() };
    if (qos === 0 || messageId === undefined) return { ...message, settle: () => undefined };
    const digest = messageDigest(message);
    const known = this.deliveries.get(messageId);
    if (dup && known?.digest === digest) {
      known.client = client;
      if (known.settled) this.acknowledge(client, messageId);
      return null;
    }
    const delivery: Delivery = { digest, client, settled: false };
    // Deleted first, so that the map is in the order of arrival.
    this.deliveries.delete(messageId);
    this.deliveries.set(messageId, delivery);
    return {
      ...message,
      digest,
      settle: () => {
        if (delivery.settled) return;
        delivery.settled = true;
        this.acknowledge(delivery.client, messageId);
        this.forgetOldest();
      },
    };
  }

  /** The broker can send again only what it has in flight, so the last of them are enough to know. */
  private forgetOldest(): void {
    let more = this.deliveries.size - 2 * this.options.settings.inFlight;
    if (more <= 0) return;
    for (const [id, { settled }] of this.deliveries) {
      if (more-- <= 0) return;
      if (settled) this.deliveries.delete(id);
    }
  }

  private acknowledge(client: MqttClient, messageId: number): void {
    if (this.client !== client || !client.connected) return;
    if (this.acks.length === 0)
      queueMicrotask(() => {
        const bytes = Buffer.concat(this.acks);
        this.acks = [];
        if (client.connected) client.stream.write(bytes);
      });
    // PUBACK without reason and properties is the same in MQTT 3.1.1 and 5: success.
    this.acks.push(Buffer.from([0x40, 0x02, messageId >> 8, messageId & 0xff]));
  }
}

const LATER = new Error('acknowledged when it is stored');
