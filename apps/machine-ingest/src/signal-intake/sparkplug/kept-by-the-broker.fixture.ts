import type { Signal } from '@millrace/domain';
import type { EdgeMessage } from '@millrace/sparkplug';
import type { MqttMessage } from '../mqtt/mqtt-connection';
import type { Outcome } from '../mqtt/mqtt-intake';
import type { SourceCursor } from '../source-kind';
import { SparkplugIntake } from './sparkplug-intake';
import type { SparkplugSettings } from './sparkplug-settings';

/** How far a process gets with what it has taken from the broker, before it is killed. */
export type KilledAt =
  | 'nothing is stored'
  | 'some signals are stored'
  | 'all signals are stored'
  | 'the cursor is stored'
  | 'some acknowledgements have gone';

export interface BrokerTraits {
  /** Of the processes; 0 to below 1. */
  readonly random?: () => number;
  /** It sends again without saying so, as one that has lost its marks. */
  readonly unmarked?: boolean;
}

interface Kept {
  readonly message: EdgeMessage;
  readonly dup: boolean;
}

/**
 * A broker with one persistent session, and the processes that listen under it one after the other, in the order of
 * MqttSource: signals, cursor, acknowledgements. Each process begins at the cursor that is stored; the broker sends it
 * again all that has not been acknowledged, in order and marked (unless it is one that does not), and then what is new.
 */
export class KeptByTheBroker {
  now: number;
  /** What Kafka holds. */
  readonly log: Signal[] = [];
  cursor: SourceCursor | null = null;
  readonly refused: string[] = [];
  /** What is in the quarantine, base64. */
  readonly refusedPayloads = new Set<string>();
  /** When a node was asked for its births. */
  readonly asked: number[] = [];
  private intake: SparkplugIntake;
  private processes = 0;
  private sent: Kept[] = [];
  /** What has been read, of which nothing is stored. */
  private unstored: Outcome[] = [];
  private readonly queue: EdgeMessage[] = [];
  private readonly heldBack = new Map<MqttMessage, Kept>();

  constructor(
    private readonly settings: SparkplugSettings,
    now: number,
    /** Messages that the broker sends without an acknowledgement. */
    private readonly inFlight: number,
    private readonly traits: BrokerTraits = {},
  ) {
    this.now = now;
    this.intake = this.begin(false);
  }

  /** A message at QoS 1. */
  publish(message: EdgeMessage): void {
    this.queue.push(message);
  }

  /** A message at QoS 0: stored, or nobody has heard it. */
  publishUnkept(message: EdgeMessage, cursorStored: boolean): void {
    this.look(this.intake.take({ ...message, ...this.arrival(0, false) }));
    if (cursorStored) this.storeCursor();
  }

  /** What waits at the broker. */
  get waiting(): number {
    return this.queue.length + this.sent.length;
  }

  counts(): { readonly [name: string]: number } {
    return this.intake.counts();
  }

  /** A batch of at most so many messages. `part`: of the signals or acknowledgements that get through, 0 to 1. */
  take(most: number, killed: KilledAt | null = null, part = 0.5): void {
    this.read(most);
    this.finish(killed, part);
  }

  /** At most so many messages, of which nothing is stored yet. */
  read(most: number): void {
    for (let n = 0; n < most; n++) {
      const message = this.next();
      if (message === null) return;
      this.unstored.push(this.intake.take(message));
    }
  }

  /** Stores what has been read, or is killed over it. */
  finish(killed: KilledAt | null = null, part = 0.5): void {
    const outcomes = this.unstored;
    this.unstored = [];
    const settled = outcomes.flatMap((outcome) => outcome.settled).filter(({ qos }) => qos > 0);
    const stored = killed === 'nothing is stored' ? 0 : killed === 'some signals are stored' ? part : 1;
    const signals = outcomes.flatMap((outcome) => outcome.signals);
    this.log.push(...signals.slice(0, Math.ceil(signals.length * stored)));
    for (const { refused, publish } of outcomes) {
      this.refused.push(...refused.map(({ code }) => code));
      for (const { bytes } of refused) this.refusedPayloads.add(Buffer.from(bytes).toString('base64'));
      if (publish.length > 0) this.asked.push(this.now);
    }
    if (settled.length > 0 && (killed === null || killed.startsWith('the cursor') || killed.startsWith('some ack')))
      this.storeCursor();
    const acknowledged = killed === null ? 1 : killed.startsWith('some ack') ? part : 0;
    for (const message of settled.slice(0, Math.floor(settled.length * acknowledged))) this.heldBack.delete(message);
    if (killed !== null) this.kill();
  }

  /** Time passes, looked at each 250 ms. */
  pass(ms: number): void {
    for (const end = this.now + ms; this.now < end; ) {
      this.now = Math.min(end, this.now + 250);
      this.look(this.intake.tick(this.now));
    }
  }

  kill(): void {
    this.sent = [...this.heldBack.values(), ...this.sent].map(({ message }) => ({
      message,
      dup: this.traits.unmarked !== true,
    }));
    this.heldBack.clear();
    this.unstored = [];
    this.intake = this.begin(true);
  }

  /** What comes of no message waits behind the messages that have been read. */
  private look(outcome: Outcome): void {
    const isFirst = this.unstored.length === 0;
    this.unstored.push(outcome);
    if (!isFirst) return;
    this.finish();
    // As the owner of a source does within a second.
    if (outcome.publish.length > 0) this.storeCursor();
  }

  storeCursor(): void {
    this.cursor = JSON.parse(JSON.stringify(this.intake.cursor())) as SourceCursor;
  }

  private next(): MqttMessage | null {
    let kept = this.sent.shift();
    if (kept === undefined) {
      if (this.heldBack.size >= this.inFlight) return null;
      const message = this.queue.shift();
      if (message === undefined) return null;
      kept = { message, dup: false };
    }
    const whole = { ...kept.message, ...this.arrival(1, kept.dup) };
    this.heldBack.set(whole, kept);
    return whole;
  }

  private arrival(qos: 0 | 1, dup: boolean) {
    return { qos, dup, retain: false, receivedAt: this.now, settle: () => undefined };
  }

  private begin(resumed: boolean): SparkplugIntake {
    const place = { tenant: 'default', source: 'line', proto: 'spb' } as const;
    const process = `p${this.processes++}`;
    const { random = () => 0 } = this.traits;
    const intake = new SparkplugIntake(this.settings, place, 'client', this.cursor, this.now, random, process);
    this.look(intake.up(this.now, resumed));
    return intake;
  }
}
