import {
  DEFAULT_OPTIONS,
  type DeliveryTask,
  deliveryId,
  type Endpoint,
  RETRY_TIERS,
  type RetryTierName,
} from '@millrace/domain';
import {
  type DeliveryFact,
  type DispatchState,
  decodeDispatchState,
  encodeDelivery,
  encodeDispatchState,
  encodeEndpoint,
  encodeFacts,
  eraseDispatchState,
  type IncomingMessage,
  type OutgoingMessage,
  PARKED_CHUNK_SIZE,
  topicNames,
} from '@millrace/protocol';
import type { TopicReader } from '../src/reading/read-span';

export const topics = topicNames('p.');
export const T0 = Date.UTC(2026, 1, 17, 13, 0, 0);

interface Written {
  message: IncomingMessage;
  /** Place in the order in which everything was written. */
  readonly order: number;
}

/**
 * Topics on paper: what is written gets the next offset of its partition and is seen by the readers. `show` hides what was
 * written later, as it is for a reader of a running system.
 */
export class PaperSite {
  private readonly lines = new Map<string, Written[]>();
  /** Offset of the first record that retention has left. */
  private readonly first = new Map<string, number>();
  private orders = 0;
  private shown = Number.POSITIVE_INFINITY;
  clock = T0;

  constructor(readonly partitions = 1) {}

  get written(): number {
    return this.orders;
  }

  /** Answers the offset. Every record is a millisecond after the one before it. */
  write(message: OutgoingMessage, partition = message.partition ?? 0): number {
    const line = this.line(message.topic, partition);
    const offset = line.length;
    this.clock++;
    line.push({
      order: this.orders++,
      message: {
        topic: message.topic,
        partition,
        offset: BigInt(offset),
        timestamp: this.clock,
        key: message.key === null ? null : Buffer.from(message.key),
        value: message.value,
        headers: Object.fromEntries(Object.entries(message.headers).map(([name, value]) => [name, Buffer.from(value)])),
      },
    });
    return offset;
  }

  /** The same record again, as a producer that has no acknowledgement repeats it. */
  repeat({ topic, partition, key, value, headers }: IncomingMessage): number {
    const text = Object.fromEntries(Object.entries(headers).map(([name, bytes]) => [name, bytes.toString('utf8')]));
    return this.write({ topic, key: key?.toString('utf8') ?? null, value, headers: text }, partition);
  }

  log(...facts: DeliveryFact[]): number {
    let offset = -1;
    for (const message of encodeFacts(topics.deliveryLog, 0, facts)) offset = this.write(message);
    return offset;
  }

  task(task: DeliveryTask, where: 'deliveries' | 'dead-letter' | RetryTierName = 'deliveries'): number {
    const topic =
      where === 'deliveries' ? topics.deliveries : where === 'dead-letter' ? topics.deadLetter : topics.retry(where);
    return this.write(encodeDelivery(topic, { task, body: Buffer.from('{}'), traceparent: '' }), 0);
  }

  state(state: DispatchState): number {
    return this.write(encodeDispatchState(topics.dispatchState, 0, state));
  }

  /** The chunks of one endpoint with exactly these offsets; an empty one is taken away. */
  bits(endpointId: string, offsets: readonly number[], bases: readonly number[] = []): void {
    const chunks = new Map<number, Buffer>(bases.map((base) => [base, Buffer.alloc(PARKED_CHUNK_SIZE / 8)]));
    for (const offset of offsets) {
      const base = offset - (offset % PARKED_CHUNK_SIZE);
      const bits = chunks.get(base) ?? Buffer.alloc(PARKED_CHUNK_SIZE / 8);
      bits[(offset - base) >> 3]! |= 1 << (offset & 7);
      chunks.set(base, bits);
    }
    for (const [base, bits] of chunks) {
      const state: DispatchState = { kind: 'parked', endpointId, base, bits, earliestExpiry: null };
      if (bits.some((byte) => byte !== 0)) this.state(state);
      else this.write(eraseDispatchState(topics.dispatchState, 0, state));
    }
  }

  /** Takes one bit out of its chunk as it was written last. */
  clearBit(endpointId: string, offset: number): void {
    const base = offset - (offset % PARKED_CHUNK_SIZE);
    const key = `parked/${endpointId}/${base}`;
    const last = this.messages(topics.dispatchState).findLast((message) => message.key?.toString() === key);
    const reading = decodeDispatchState(last!);
    if (reading.kind !== 'put' || reading.state.kind !== 'parked') throw new Error(`nothing is parked at ${offset}`);
    const { bits } = reading.state;
    const offsets = [...Array(PARKED_CHUNK_SIZE).keys()].filter((bit) => (bits[bit >> 3]! & (1 << (bit & 7))) !== 0);
    this.bits(
      endpointId,
      offsets.map((bit) => base + bit).filter((each) => each !== offset),
      [base],
    );
  }

  /** Everything in the log up to now is in the state. */
  checkpoint(logOffset = this.line(topics.deliveryLog, 0).length): void {
    this.state({ kind: 'checkpoint', partition: 0, logOffset });
  }

  endpoint(id: string, over: Partial<Endpoint> = {}): void {
    this.write(encodeEndpoint(topics.endpoints, id, { ...ENDPOINT, ...over, id }));
  }

  deleteEndpoint(id: string): void {
    this.write(encodeEndpoint(topics.endpoints, id, null));
  }

  /** Takes records away, as if they had never been written; the offsets of the others stay. */
  remove(topic: string, wanted: (message: IncomingMessage) => boolean): number {
    const line = this.line(topic, 0);
    const kept = line.map((each) => (wanted(each.message) ? null : each));
    this.holes.set(`${topic}/0`, kept.length);
    const removed = kept.filter((each) => each === null).length;
    this.lines.set(
      `${topic}/0`,
      kept.filter((each) => each !== null),
    );
    return removed;
  }
  /** Ends of lines that have holes. */
  private readonly holes = new Map<string, number>();

  /** Changes the facts of the log; null takes one away. */
  rewriteFacts(change: (fact: DeliveryFact) => DeliveryFact | null): void {
    for (const each of this.line(topics.deliveryLog, 0)) {
      const { facts } = JSON.parse(each.message.value!.toString()) as { facts: DeliveryFact[] };
      const kept = facts.map(change).filter((fact) => fact !== null);
      each.message = { ...each.message, value: Buffer.from(JSON.stringify({ v: 1, facts: kept })) };
    }
  }

  messages(topic: string): readonly IncomingMessage[] {
    return this.line(topic, 0).map(({ message }) => message);
  }

  /** Retention: nothing before the offset is kept. */
  keepFrom(topic: string, offset: number): void {
    this.first.set(`${topic}/0`, offset);
  }

  /** Readers see only what was written before this place. */
  show(orders: number): void {
    this.shown = orders;
  }

  /** @param onEnds called before each capture, which sees what is shown then */
  reader(onEnds: () => void = () => {}): TopicReader {
    const seen = (topic: string, partition: number): Written[] => {
      const line = this.line(topic, partition);
      return line.slice(
        0,
        firstAt(line, ({ order }) => order >= this.shown),
      );
    };
    const perPartition = (of: (partition: number, topic: string) => bigint) => async (topic: string) =>
      new Map(
        [...Array(SINGLE.has(topic) ? 1 : this.partitions).keys()].map((partition) => [
          partition,
          of(partition, topic),
        ]),
      );
    const firstOf = (partition: number, topic: string) => this.first.get(`${topic}/${partition}`) ?? 0;
    const endOf = (partition: number, topic: string): bigint => {
      const last = seen(topic, partition).at(-1);
      const hole = this.shown === Number.POSITIVE_INFINITY ? (this.holes.get(`${topic}/${partition}`) ?? 0) : 0;
      return BigInt(Math.max(hole, last ? Number(last.message.offset) + 1 : 0, firstOf(partition, topic)));
    };
    const ends = perPartition(endOf);
    return {
      beginnings: perPartition((partition, topic) => BigInt(firstOf(partition, topic))),
      ends: (topic) => {
        onEnds();
        return ends(topic);
      },
      offsetsAt: (topic, timestamp) =>
        perPartition((partition) => {
          const found = seen(topic, partition).find(({ message }) => message.timestamp >= timestamp);
          return found ? found.message.offset : -1n;
        })(topic),
      fetch: async (topic, partition, from) => {
        if (from < BigInt(firstOf(partition, topic))) throw new Error('OFFSET_OUT_OF_RANGE');
        const all = seen(topic, partition);
        const start = firstAt(all, ({ message }) => message.offset >= from);
        const messages = all.slice(start, start + FETCHED).map(({ message }) => message);
        const next = start + FETCHED < all.length ? messages.at(-1)!.offset + 1n : endOf(partition, topic);
        return { messages, next: next > from ? next : from };
      },
    };
  }

  private line(topic: string, partition: number): Written[] {
    const name = `${topic}/${partition}`;
    let line = this.lines.get(name);
    if (!line) {
      line = [];
      this.lines.set(name, line);
    }
    return line;
  }
}

const SINGLE: ReadonlySet<string> = new Set([topics.endpoints, topics.recoveries, topics.eventsRejected]);

/** Few, so that a reader has to come again and again. */
const FETCHED = 7;

/** Index of the first entry for which `holds`, which it does for all after it; the length when it holds for none. */
const firstAt = (line: readonly Written[], holds: (each: Written) => boolean): number => {
  let low = 0;
  let high = line.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(line[middle]!)) high = middle;
    else low = middle + 1;
  }
  return low;
};

const ENDPOINT: Endpoint = {
  id: '',
  tenant: 'default',
  version: 1,
  url: 'https://receiver.example/hooks',
  eventTypes: ['*'],
  filter: null,
  contract: 'standard',
  headers: {},
  status: 'active',
  statusReason: null,
  timeoutMs: null,
  ordering: 'none',
  rateLimit: null,
  retry: null,
  options: DEFAULT_OPTIONS,
  runUrls: false,
  description: null,
  createdAt: new Date(T0).toISOString(),
  updatedAt: new Date(T0).toISOString(),
  secrets: [],
};

/** Makes the records and facts of one delivery. */
export class PaperDelivery {
  readonly id: string;
  private requests = 0;
  /** Of the request that began last. */
  requestId = '';

  constructor(
    readonly name: string,
    readonly endpointId = 'ep_a',
  ) {
    this.id = deliveryId(name, T0, endpointId, { kind: 'event' });
  }

  private get subject() {
    return { deliveryId: this.id, tenant: 'default', endpointId: this.endpointId, at: T0 };
  }

  task(attempt: number, over: Partial<DeliveryTask> = {}): DeliveryTask {
    return {
      deliveryId: this.id,
      tenant: 'default',
      endpointId: this.endpointId,
      eventId: `evt_${this.name}`,
      eventKey: this.name,
      eventType: 'machine.alarm',
      eventTime: new Date(T0).toISOString(),
      subject: null,
      contract: { name: 'standard', version: 1 },
      trigger: { kind: 'event' },
      epoch: 0,
      attempt,
      acceptedAt: T0,
      firstFailedAt: null,
      expiresAt: null,
      remainingDelayMs: 0,
      plannedAt: null,
      chain: null,
      destination: null,
      replay: null,
      ...over,
    };
  }

  created(): DeliveryFact {
    return {
      ...this.subject,
      kind: 'created',
      eventId: `evt_${this.name}`,
      eventKey: this.name,
      eventType: 'machine.alarm',
      subject: null,
      contract: 'standard',
      contractVersion: 1,
      trigger: { kind: 'event' },
      acceptedAt: T0,
      bodySha256: '00',
      traceId: '00',
    };
  }

  started(attempt: number, recordOffset: number, epoch = 0): DeliveryFact {
    this.requestId = `${this.name}-request-${++this.requests}`;
    return {
      ...this.subject,
      kind: 'attempt-started',
      epoch,
      attempt,
      requestId: this.requestId,
      url: 'https://receiver.example/hooks',
      traceId: '00',
      spanId: '00',
      recordOffset,
      chain: null,
      eventId: `evt_${this.name}`,
    };
  }

  finished(
    attempt: number,
    result: 'succeeded' | 'retry' | 'failed' | 'expired',
    epoch = 0,
    requestId = this.requestId,
  ): DeliveryFact {
    return {
      ...this.subject,
      kind: 'attempt-finished',
      epoch,
      attempt,
      requestId,
      startedAt: T0,
      durationMs: 5,
      outcome: result === 'succeeded' ? 'success' : 'http_503',
      request: { url: 'https://receiver.example/hooks', headers: {} },
      response: null,
      error: null,
      traceId: '00',
      spanId: '00',
      result:
        result === 'retry'
          ? { kind: 'retry', nextAttemptAt: T0 + 5_000 }
          : result === 'failed'
            ? { kind: 'failed', reason: 'exhausted' }
            : { kind: result },
    };
  }

  parked(attempt: number, recordOffset: number, epoch = 0): DeliveryFact {
    return { ...this.subject, kind: 'parked', epoch, attempt, reason: 'endpoint_paused', recordOffset, behind: null };
  }

  ended(
    attempt: number,
    status: 'cancelled' | 'expired' | 'failed',
    epoch = 0,
    reason: 'cancelled_by_command' | 'endpoint_deleted' | 'expired' = 'cancelled_by_command',
  ): DeliveryFact {
    const by = { by: 'key_1', commandId: 'cmd_1', recordOffset: null };
    return { ...this.subject, kind: 'ended', epoch, attempt, status, reason, ...by };
  }

  reopened(epoch: number, commandId = `cmd-${epoch}`): DeliveryFact {
    return { ...this.subject, kind: 'reopened', epoch, commandId, by: 'key_1', replay: null };
  }
}

/** The tier of the name, and a record in it that has this left to wait. */
export const tierDelay = (name: RetryTierName): number => RETRY_TIERS.find((tier) => tier.name === name)!.delayMs;
