import { connect, type MqttClient } from 'mqtt';
import { decodePayload } from '../decode-payload';
import type { MetricToSend } from '../encode-payload';
import { asksForRebirth } from '../node-control';
import { messageTopic } from '../topic';
import { type EdgeLayout, type EdgeMessage, EdgeSession } from './edge-session';

export interface SparkplugEdgeOptions extends EdgeLayout {
  readonly url: string;
  readonly username?: string;
  readonly password?: string;
  /** Number of the first session; each connection has the next one. */
  readonly firstBdSeq?: number;
  /** Unix ms. */
  readonly clock?: () => number;
  /** Wait before it connects again, ms. */
  readonly reconnectMs?: number;
}

/**
 * A small edge node: is born, sends data, answers a rebirth command, dies, and connects again for ever. Stands for a
 * machine's gateway in tests and on the simulated line.
 */
export class SparkplugEdge {
  private client: MqttClient | null = null;
  private session: EdgeSession | null = null;
  private bdSeq: number;
  private readonly clock: () => number;
  private retry: NodeJS.Timeout | null = null;
  private ended = false;
  private last: EdgeMessage | null = null;
  private readonly values: Map<string | null, { [metric: string]: MetricToSend['value'] }> = new Map();
  /** Births since the start, those that were asked for included. */
  births = 0;
  /** Rebirth commands that came. */
  rebirthsAsked = 0;

  constructor(private readonly options: SparkplugEdgeOptions) {
    this.bdSeq = (options.firstBdSeq ?? 0) - 1;
    this.clock = options.clock ?? Date.now;
  }

  /** Connects and is born; resolves after the births are sent. */
  start(): Promise<void> {
    return new Promise((resolve) => this.connect(resolve));
  }

  get online(): boolean {
    return this.client?.connected === true && this.session !== null;
  }

  /** Sends values of a device (or of the edge node itself: null). While it is offline they are only in its next birth. */
  async say(device: string | null, values: { readonly [metric: string]: MetricToSend['value'] }): Promise<void> {
    this.values.set(device, { ...this.values.get(device), ...values });
    if (this.session === null) return;
    this.last = this.session.data(device, values, this.clock());
    await this.publish(this.last);
  }

  /** Sends its last message once more, byte for byte. */
  async sayAgain(): Promise<void> {
    if (this.last !== null) await this.publish(this.last);
  }

  async endDevice(device: string): Promise<void> {
    if (this.session !== null) await this.publish(this.session.deviceDeath(device, this.clock()));
  }

  /** Is born again without having been asked. */
  rebirth(): Promise<void> {
    return this.sendBirths();
  }

  /** Uses up a number of the sequence without a message. */
  loseOne(): void {
    this.session?.skip();
  }

  /** Sends a message as it is, for one that repeats or garbles. */
  raw(topic: string, payload: Buffer, qos: 0 | 1 = 0): Promise<void> {
    return this.publish({ topic, payload }, qos);
  }

  /** Says farewell: NDEATH, then DISCONNECT. */
  async stop(): Promise<void> {
    const session = this.session;
    this.ended = true;
    if (this.retry !== null) clearTimeout(this.retry);
    if (session !== null && this.client?.connected) await this.publish(session.death(this.clock()), 1);
    this.session = null;
    await this.client?.endAsync();
  }

  /** Goes without a word; the broker sends the will. */
  kill(): void {
    this.ended = true;
    if (this.retry !== null) clearTimeout(this.retry);
    this.session = null;
    this.client?.stream.destroy();
    this.client?.end(true);
  }

  private connect(born?: () => void): void {
    const { group, node, url, username, password } = this.options;
    this.bdSeq = (this.bdSeq + 1) % 256;
    const session = new EdgeSession(this.layoutNow(), this.bdSeq);
    const will = session.death(this.clock());
    const client = connect(url, {
      clientId: `edge-${group}-${node}`,
      clean: true,
      keepalive: 15,
      reconnectPeriod: 0,
      will: { topic: will.topic, payload: will.payload, qos: 1, retain: false },
      ...(username === undefined ? {} : { username }),
      ...(password === undefined ? {} : { password }),
    });
    this.client = client;
    const again = () => {
      this.session = null;
      if (this.ended || this.client !== client) return;
      if (this.retry !== null) clearTimeout(this.retry);
      this.retry = setTimeout(() => this.connect(born), this.options.reconnectMs ?? 500);
    };
    client.on('error', () => undefined);
    client.on('close', again);
    client.on('message', (topic, payload) => {
      const read = decodePayload(payload);
      if (topic !== messageTopic('NCMD', group, node) || read.kind !== 'payload') return;
      if (!asksForRebirth(read.payload)) return;
      this.rebirthsAsked++;
      void this.sendBirths();
    });
    client.on('connect', () => {
      void (async () => {
        await client.subscribeAsync(messageTopic('NCMD', group, node), { qos: 1 });
        this.session = session;
        await this.sendBirths();
        born?.();
      })().catch(() => client.stream.destroy());
    });
  }

  private async sendBirths(): Promise<void> {
    const { session } = this;
    if (session === null) return;
    this.births++;
    for (const birth of session.births(this.clock())) await this.publish(birth);
  }

  /** The layout with the values that were said last, so that a new session is born with them. */
  private layoutNow(): EdgeLayout {
    const now = (device: string | null, metrics: EdgeLayout['metrics']) =>
      metrics.map((metric) => ({ ...metric, value: this.values.get(device)?.[metric.name] ?? metric.value }));
    return {
      ...this.options,
      metrics: now(null, this.options.metrics),
      devices: Object.fromEntries(
        Object.entries(this.options.devices).map(([device, metrics]) => [device, now(device, metrics)]),
      ),
    };
  }

  private async publish(message: { readonly topic: string; readonly payload: Buffer }, qos: 0 | 1 = 0): Promise<void> {
    await this.client?.publishAsync(message.topic, message.payload, { qos });
  }
}
