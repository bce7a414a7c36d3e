import { RETRY_TIERS } from '@millrace/domain';
import {
  type DeliveryCreated,
  decodeDispatchState,
  decodeFacts,
  type IncomingMessage,
  type TopicNames,
} from '@millrace/protocol';
import { judge } from '../judging/judge';
import type { Complaint, Horizon, Verdict } from '../judging/verdict';
import { foldFact } from '../ledger/fold-fact';
import { foldRecord, type TaskTopic } from '../ledger/fold-record';
import { Ledger, type LedgerScope, type Unreadable } from '../ledger/ledger';
import type { ParkedPosition } from '../ledger/parked-bits';
import { SIBLINGS_MS } from '../ledger/siblings';
import { readSpan, type TopicReader } from './read-span';
import { RepeatedRecords } from './repeated-records';
import type { Offsets } from './topic-ends';

export interface AuditSettings extends LedgerScope {
  readonly timeScale: number;
  /** Unix ms; null for everything that is kept. */
  readonly since: number | null;
  /** Called for every delivery that the log says fan-out has made, also of those that are not followed. */
  readonly onFannedOut: ((created: DeliveryCreated) => void) | null;
  /** Called with the number of records and of facts that were read since the last call. */
  readonly onRead: (records: number, facts: number) => void;
}

/** A delivery with something that does not add up. */
export interface Suspect {
  readonly row: number;
  readonly verdict: Verdict;
}

/** From when on tasks are read when their `created` facts are read since a time (Unix ms). */
export const tasksSince = (since: number): number => since - 2 * SIBLINGS_MS;

/** The audit of one partition of endpoints: reads its topics up to captured ends, and on to later ones as often as is asked. */
export class PartitionAudit {
  readonly ledger: Ledger;
  /** As judged last, by what the complaints are about. */
  suspects: Suspect[] = [];
  /** Parked bits without a record, at the first reading. */
  looseBits: ParkedPosition[] = [];
  private readonly positions = new Map<string, bigint>();
  private readonly firstAt = new Map<string, number>();
  private readonly repeats = new RepeatedRecords();
  private complained = new Set<string>();
  private first = true;
  private readonly from: ReadonlyMap<string, bigint>;

  /** @param from first offsets to read, for every topic */
  constructor(
    readonly partition: number,
    private readonly topics: TopicNames,
    private readonly settings: AuditSettings,
    from: Offsets,
    private readonly beginnings: Offsets,
  ) {
    this.ledger = new Ledger(partition, settings);
    for (const [topic, offsets] of from) this.positions.set(topic, offsets.get(partition) ?? 0n);
    this.from = new Map(this.positions);
  }

  /** To be read first, soon after the capture: compaction takes what was current then when it is replaced. */
  readState(reader: TopicReader, ends: Offsets): Promise<void> {
    const { topics, ledger } = this;
    return this.readOn(reader, topics.dispatchState, ends, (message) => {
      const reading = decodeDispatchState(message);
      if (reading.kind === 'unreadable')
        this.noteUnreadable(message, 'a record of the dispatch state that cannot be read');
      else ledger.bits.apply(reading);
    });
  }

  async readRest(reader: TopicReader, ends: Offsets): Promise<void> {
    const { topics } = this;
    await this.readOn(reader, topics.deliveryLog, ends, (message) => this.foldLog(message));
    await this.readTasks(reader, topics.deliveries, ends, { kind: 'deliveries' });
    for (const [tier, { name }] of RETRY_TIERS.entries())
      await this.readTasks(reader, topics.retry(name), ends, { kind: 'tier', tier });
    await this.readTasks(reader, topics.deadLetter, ends, { kind: 'dead-letter' });
  }

  /**
   * Judges every delivery that is followed. Those that add up are handed to `settled` and forgotten; the rest stay as
   * suspects, to be judged again when more has been read.
   */
  judgeAll(now: number, settled: (row: number, verdict: Verdict) => void): void {
    const { ledger, settings } = this;
    const options = {
      now,
      graceMs: settings.graceMs,
      timeScale: settings.timeScale,
      tierDelays: TIER_DELAYS,
      deliveries: this.horizonOf(this.topics.deliveries),
      deadLetter: this.horizonOf(this.topics.deadLetter),
      log: this.horizonOf(this.topics.deliveryLog),
    };
    const kept: number[] = [];
    const verdicts: Verdict[] = [];
    for (let row = 0; row < ledger.rows.count; row++) {
      const verdict = judge(ledger, row, options);
      if (verdict.complaints.length === 0) settled(row, verdict);
      else {
        kept.push(row);
        verdicts.push(verdict);
      }
    }
    if (this.first) this.looseBits = this.findLooseBits();
    else this.looseBits = this.looseBits.filter(({ endpointId, offset }) => ledger.bits.has(endpointId, offset));
    ledger.keep(kept);
    this.suspects = verdicts.map((verdict, row) => ({ row, verdict }));
    this.first = false;
  }

  /** Whether everything that is complained of now was complained of when this was asked last. */
  complaintsStand(): boolean {
    const now = new Set<string>();
    for (const { row, verdict } of this.suspects)
      for (const complaint of verdict.complaints) now.add(`${this.ledger.rows.idOf(row)} ${nameOf(complaint)}`);
    const stand = [...now].every((name) => this.complained.has(name));
    this.complained = now;
    return stand;
  }

  get unreadable(): readonly Unreadable[] {
    return this.ledger.unreadable;
  }

  /** Append time of the first record that was read of a topic, Unix ms; null when it held none. */
  firstTimeOf(topic: string): number | null {
    return this.firstAt.get(topic) ?? null;
  }

  /** First offset that was read of a topic. */
  firstOffsetOf(topic: string): number {
    return Number(this.from.get(topic) ?? 0n);
  }

  /** Unix ms from which on the log is known to hold every fact; negative infinity when it was read from its beginning. */
  get logFrom(): number {
    return this.horizonOf(this.topics.deliveryLog).at;
  }

  private async readTasks(reader: TopicReader, topic: string, ends: Offsets, kind: TaskTopic): Promise<void> {
    await this.readOn(reader, topic, ends, (message) => {
      const wrong = foldRecord(this.ledger, message, kind);
      if (wrong !== null) this.noteUnreadable(message, wrong);
    });
  }

  private foldLog(message: IncomingMessage): void {
    const { value } = message;
    if (value !== null && this.repeats.isRepeat(value)) return;
    const facts = decodeFacts(message);
    if (facts === null) {
      this.noteUnreadable(message, 'a record that holds no facts');
      return;
    }
    const place = { offset: Number(message.offset), at: message.timestamp };
    for (const fact of facts) {
      const wrong = foldFact(this.ledger, fact, place);
      if (wrong !== null) this.noteUnreadable(message, wrong);
      else if (this.settings.onFannedOut !== null && isFannedOut(fact)) this.settings.onFannedOut(fact);
    }
  }

  private async readOn(
    reader: TopicReader,
    topic: string,
    ends: Offsets,
    onMessage: (message: IncomingMessage) => void,
  ): Promise<void> {
    const { partition, ledger } = this;
    const from = this.positions.get(topic)!;
    const to = ends.get(topic)!.get(partition)!;
    let records = 0;
    let facts = ledger.counts.facts;
    const tell = () => {
      this.settings.onRead(records, ledger.counts.facts - facts);
      records = 0;
      facts = ledger.counts.facts;
    };
    await readSpan(reader, { topic, partition, from, to }, (message) => {
      if (!this.firstAt.has(topic)) this.firstAt.set(topic, message.timestamp);
      onMessage(message);
      if (++records >= 1_000) tell();
    });
    tell();
    if (to > from) this.positions.set(topic, to);
  }

  /** What comes after the first reading is of a later time than the one that is accounted for. */
  private noteUnreadable(message: IncomingMessage, what: string): void {
    if (!this.first) return;
    const { topic, partition, offset } = message;
    this.ledger.unreadable.push({ topic, partition, offset: Number(offset), what });
  }

  private horizonOf(topic: string): Horizon {
    const from = this.from.get(topic)!;
    const offset = this.firstOffsetOf(topic);
    if (from === 0n) return { offset, at: Number.NEGATIVE_INFINITY };
    const { since } = this.settings;
    const byTime = since !== null && from > (this.beginnings.get(topic)?.get(this.partition) ?? 0n);
    const readSince = byTime && topic !== this.topics.deliveryLog ? tasksSince(since) : since;
    return { offset, at: byTime ? readSince! : (this.firstAt.get(topic) ?? Number.POSITIVE_INFINITY) };
  }

  private findLooseBits(): ParkedPosition[] {
    const { since, endpointId } = this.settings;
    const from = since === null ? 0 : this.firstOffsetOf(this.topics.deliveries);
    return this.ledger.bits.unmatched(endpointId, from);
  }
}

const isFannedOut = (fact: unknown): fact is DeliveryCreated => {
  const { kind, trigger, eventKey } = fact as Partial<DeliveryCreated>;
  return kind === 'created' && trigger?.kind === 'event' && typeof eventKey === 'string';
};

const TIER_DELAYS = RETRY_TIERS.map(({ delayMs }) => delayMs);

const nameOf = ({ kind, epoch, attempt }: Complaint): string => `${kind}/${epoch}/${attempt}`;
