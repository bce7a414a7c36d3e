import { DEFAULT_OPTIONS, type DeliveryTask, type Endpoint, importEndpointKey, type Outcome } from '@millrace/domain';
import type { ConsumedRecord } from '@millrace/kafka';
import {
  type DeliveryCommand,
  type DeliveryFact,
  type DispatchState,
  decodeDelivery,
  decodeDispatchState,
  type EndpointHealthRecord,
  encodeCommand,
  encodeDelivery,
  type IncomingMessage,
  type OutgoingMessage,
  topicNames,
} from '@millrace/protocol';
import { silentLogger } from '@millrace/telemetry';
import { DispatchStatePublisher } from '../parking/dispatch-state.publisher';
import { Stretch } from '../parking/parked-records.reader';
import { Dispatcher } from './dispatcher';
import type { LaneLimits } from './lanes';

export const topics = topicNames('t.');
export const NOW = 1_760_000_000_000;
export const PARTITION = 3;

export const endpoint = (more: Partial<Endpoint> = {}): Endpoint => ({
  id: 'ep_1',
  tenant: 'default',
  version: 1,
  url: 'https://receiver.example/hook',
  eventTypes: ['*'],
  filter: null,
  contract: 'standard',
  headers: { authorization: 'Bearer of the customer' },
  status: 'active',
  statusReason: null,
  timeoutMs: null,
  ordering: 'none',
  rateLimit: null,
  retry: null,
  options: DEFAULT_OPTIONS,
  runUrls: false,
  description: null,
  createdAt: '2026-01-01T00:00:00Z',
  updatedAt: '2026-01-01T00:00:00Z',
  secrets: [],
  ...more,
});

export const task = (more: Partial<DeliveryTask> = {}): DeliveryTask => ({
  deliveryId: 'd1',
  tenant: 'default',
  endpointId: 'ep_1',
  eventId: `evt_${more.deliveryId ?? 'd1'}`,
  eventKey: 'k1',
  eventType: 'machine.alarm',
  eventTime: '2026-01-01T00:00:00Z',
  subject: null,
  contract: { name: 'standard', version: 1 },
  trigger: { kind: 'event' },
  epoch: 0,
  attempt: 1,
  acceptedAt: NOW,
  firstFailedAt: null,
  expiresAt: NOW + 1_000_000_000_000,
  remainingDelayMs: 0,
  plannedAt: null,
  chain: null,
  destination: null,
  replay: null,
  ...more,
});

export const answer = (status: number, headers: { [name: string]: string } = {}): Outcome => ({
  kind: 'response',
  status,
  headers,
  body: Buffer.from('answer'),
  bodyTruncated: false,
  durationMs: 3,
});

export const refusal: Outcome = { kind: 'failure', failure: 'connection', message: 'refused', durationMs: 1 };

const KEY = importEndpointKey('test-secret-0123456789');

const LIMITS: LaneLimits = {
  perEndpoint: 2,
  initial: 2,
  queuePerEndpoint: 1,
  queueAtAnyPace: 0,
  longestWaitMs: 1_000,
  perTenant: 10,
  total: 10,
  totalBytes: 1_000_000,
};

export interface Request {
  readonly deliveryId: string;
  readonly headers: ReadonlyArray<readonly [string, string]>;
  readonly body: Buffer;
}

/**
 * The world around a dispatcher that owns one partition, in which every write waits until the test lets it be acknowledged
 * (`settleDown`). It keeps the partition of `deliveries`, the delivery log and the dispatch state, so that a dispatcher can be
 * killed and another one started on what was acknowledged (`restart`).
 */
export class DispatcherWorld {
  readonly happened: string[] = [];
  readonly tasks: OutgoingMessage[] = [];
  readonly facts: DeliveryFact[] = [];
  readonly requests: Request[] = [];
  readonly log: IncomingMessage[] = [];
  readonly states = new Map<string, DispatchState>();
  readonly health = new Map<string, EndpointHealthRecord>();
  /** What the receiver answers, in turn; 200 when there is none left. */
  readonly outcomes: (Outcome | 'hangs')[] = [];
  /** What it answers to a certain delivery, before `outcomes`. */
  answerTo: (deliveryId: string) => Outcome | 'hangs' | undefined = () => undefined;
  keysOpen = true;
  /** Told of every fact in the moment of its acknowledgement. */
  onFact: (fact: DeliveryFact) => void = () => {};
  /** Facts are not acknowledged for the rest of this life. */
  holdFacts = false;
  /** Requests without an answer; the test may give it. */
  readonly hanging: ((outcome: Outcome) => void)[] = [];
  /** Of the next life: records that wait behind their keys and are remembered. */
  mostWaiting = 100_000;
  /** Offsets that the topic no longer holds. */
  readonly missing = new Set<number>();
  dispatcher: Dispatcher;
  private readonly handedOut: { current: boolean }[] = [];
  private now = NOW;
  private ticks = 0;
  private life = 0;
  private pending: (() => void)[] = [];
  private directory: Endpoint | undefined;

  constructor(
    held: Endpoint | undefined,
    outcomes: (Outcome | 'hangs')[] = [],
    private readonly limits: Partial<LaneLimits> = {},
  ) {
    this.directory = held;
    this.outcomes.push(...outcomes);
    this.dispatcher = this.make();
    void this.own(this.dispatcher);
  }

  /** Appends a task to the partition and hands its record out. */
  give(of: DeliveryTask, current = true, timestamp = this.now): ConsumedRecord & { current: boolean } {
    const record = this.record(of, BigInt(this.log.length), current, timestamp);
    this.log.push(record.message);
    this.dispatcher.accept(record);
    return record;
  }

  command(of: Partial<DeliveryCommand> & Pick<DeliveryCommand, 'kind'>): void {
    const command = {
      v: 1,
      commandId: `c${this.log.length}`,
      by: 'key_1',
      at: this.now,
      tenant: 'default',
      endpointId: 'ep_1',
      deliveryId: 'd1',
      expectedEpoch: 0,
      attempt: 1,
      recordOffset: 0,
      chain: null,
      replay: null,
      force: false,
      ...of,
    } as DeliveryCommand;
    const out = encodeCommand(topics.deliveries, PARTITION, command);
    const message = this.arrived(out, BigInt(this.log.length), this.now);
    this.log.push(message);
    this.dispatcher.accept(this.consumed(message, true));
  }

  record(of: DeliveryTask, offset = 0n, current = true, timestamp = this.now): ConsumedRecord & { current: boolean } {
    const out = encodeDelivery(topics.deliveries, { task: of, body: Buffer.from('{"id":"evt_1"}'), traceparent: '' });
    return this.consumed(this.arrived(out, offset, timestamp), current);
  }

  /** Lets Kafka acknowledge what was written so far, and everything that follows happen. */
  async settleDown(rounds = 30): Promise<void> {
    for (let round = 0; round < rounds; round++) {
      const acknowledged = this.pending;
      this.pending = [];
      for (const each of acknowledged) each();
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** Lets Kafka acknowledge and timers fire until it is so. What never comes about is told well within the time of a test. */
  async until(isSo: () => boolean): Promise<void> {
    for (const end = performance.now() + 20_000; !isSo(); await this.settleDown(1))
      if (performance.now() > end) throw new Error(`It never came about; so far: ${this.happened.join(', ')}`);
  }

  /** Time passes, and the dispatcher looks around. */
  async pass(ms: number): Promise<void> {
    this.ticks += ms;
    this.now += ms;
    this.dispatcher.lookAround();
    await this.settleDown();
  }

  change(to: Endpoint | undefined): void {
    this.directory = to;
  }

  /** Tasks that went to a topic, decoded; all of them, or the one at an index of `tasks`. */
  sent(topic: string, at?: number): DeliveryTask[] {
    const messages = at === undefined ? this.tasks : this.tasks.slice(at, at + 1);
    return messages
      .filter((message) => message.topic === topic)
      .flatMap((message) => decodeDelivery(this.arrived(message, 0n, this.now))?.task ?? []);
  }

  /** kill -9 and a successor: what was not acknowledged is gone, records from `from` on are handed out again. */
  async restart(from: number, beforeTheLog: () => Promise<void> = async () => {}): Promise<void> {
    this.life++;
    this.pending = [];
    this.holdFacts = false;
    const position = this.log.length;
    this.dispatcher = this.make();
    await this.own(this.dispatcher, beforeTheLog);
    for (let offset = from; offset < position; offset++) this.dispatcher.accept(this.consumed(this.log[offset]!, true));
    await this.settleDown();
  }

  /**
   * The partition goes to another process and comes back, in the same life; records from `from` on are handed out again.
   * `rounds`: how much of what was being written is acknowledged before.
   */
  async regain(from: number, rounds = 30): Promise<void> {
    this.loseAll();
    await this.settleDown(rounds);
    await this.own(this.dispatcher);
    for (let offset = from; offset < this.log.length; offset++)
      this.dispatcher.accept(this.consumed(this.log[offset]!, true));
    await this.settleDown();
  }

  /** The partition goes to another process. */
  loseAll(): void {
    for (const record of this.handedOut.splice(0)) record.current = false;
    this.dispatcher.lose(PARTITION);
  }

  times(what: string): number {
    return this.happened.filter((each) => each === what).length;
  }

  private consumed(message: IncomingMessage, current: boolean): ConsumedRecord & { current: boolean } {
    const record = {
      message,
      epoch: 1,
      current,
      complete: () => {
        if (record.current) this.happened.push(`finished ${message.offset}`);
      },
    };
    this.handedOut.push(record);
    return record;
  }

  private arrived(out: OutgoingMessage, offset: bigint, timestamp: number): IncomingMessage {
    return {
      topic: out.topic,
      partition: PARTITION,
      offset,
      timestamp,
      key: Buffer.from(out.key!),
      value: out.value,
      headers: Object.fromEntries(Object.entries(out.headers).map(([name, value]) => [name, Buffer.from(value)])),
    };
  }

  private make(): Dispatcher {
    const life = this.life;
    const alive = () => life === this.life;
    /** Done when the test lets it be acknowledged, and never when the process was killed before. */
    const later = (write: () => void, acknowledged?: () => void) => {
      this.pending.push(() => {
        if (!alive()) return;
        write();
        acknowledged?.();
      });
    };
    const dispatcher = new Dispatcher(
      {
        lanes: { ...LIMITS, ...this.limits },
        timeScale: 1,
        topics,
        seenCapacity: 100,
        retriesAtOnce: 100,
        mostWaiting: this.mostWaiting,
      },
      {
        directory: {
          get: () => (this.directory ? { endpoint: this.directory, matchesData: null } : undefined) as never,
          caughtUp: async () => {},
        },
        keys: {
          activeFor: () => {
            if (!this.keysOpen) throw new Error('another encryption key');
            return [KEY];
          },
          headersOf: ({ headers }) => headers,
        },
        client: {
          send: async (request) => {
            const body = request.body as Buffer;
            const deliveryId = request.headers.find(([name]) => name === 'webhook-id')![1].slice('evt_'.length);
            this.happened.push('request');
            this.requests.push({ deliveryId, headers: request.headers, body });
            const outcome = this.answerTo(deliveryId) ?? this.outcomes.shift() ?? answer(200);
            return outcome === 'hangs' ? new Promise<Outcome>((resolve) => this.hanging.push(resolve)) : outcome;
          },
        },
        tasks: {
          send: async (messages) => {
            if (!alive()) return new Promise(() => {});
            for (const message of messages) this.happened.push(message.topic.slice(2));
            this.tasks.push(...messages);
            return true;
          },
        },
        log: {
          append: (_partition, fact, acknowledged) => {
            if (alive()) this.happened.push(fact.kind);
            const held = this.holdFacts;
            later(
              () => {
                if (!held) this.facts.push(fact);
              },
              () => {
                if (held) return;
                this.onFact(fact);
                acknowledged();
              },
            );
          },
        },
        state: new DispatchStatePublisher(
          {
            send: (messages) =>
              new Promise((resolve) => {
                later(
                  () => {
                    for (const message of messages) this.noteState(message);
                  },
                  () => resolve(true),
                );
              }),
          },
          topics.dispatchState,
          'this process',
        ),
        health: {
          publish: (record) => later(() => this.health.set(record.endpointId, record)),
          erase: (id) => later(() => this.health.delete(id)),
        },
        records: {
          forget: () => {},
          fetch: async (partition, offset) => {
            const to = Math.min(offset + 100, this.log.length);
            const held = this.log.slice(offset, to).filter((each) => !this.missing.has(Number(each.offset)));
            return new Stretch(partition, offset, to, held);
          },
        },
        position: () => this.log.length,
        now: () => this.now,
        ticks: () => this.ticks,
        random: () => 0,
        newRequestId: () => `r${this.requests.length + 1}`,
      },
      silentLogger,
    );
    return dispatcher;
  }

  private async own(dispatcher: Dispatcher, beforeTheLog?: () => Promise<void>): Promise<void> {
    const owner = dispatcher.own({
      partition: PARTITION,
      states: [...this.states.values()],
      health: [...this.health.values()].map((record) => JSON.parse(JSON.stringify(record)) as EndpointHealthRecord),
    });
    if (beforeTheLog) await beforeTheLog();
    for (const fact of this.facts) dispatcher.noteFact(owner, fact);
    dispatcher.takenOver(owner);
  }

  private noteState(message: OutgoingMessage): void {
    const reading = decodeDispatchState(this.arrived(message, 0n, this.now));
    if (reading.kind === 'unreadable') throw new Error(`unreadable: ${message.key}`);
    const name = reading.key.replace('/ep_1', '');
    if (reading.kind === 'put') this.states.set(name, reading.state);
    else this.states.delete(name);
  }
}
