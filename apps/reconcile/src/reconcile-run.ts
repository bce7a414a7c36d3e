import { RETRY_TIERS, secretOwnerOf } from '@millrace/domain';
import { type DeliveryCreated, partitionOfKey, type TopicNames } from '@millrace/protocol';
import { CreatedPairs } from './events/created-pairs';
import { CurrentEndpoints } from './events/current-endpoints';
import { EventAudit } from './events/event-audit';
import { findingsOf, neverCreated, type PositionedFinding } from './judging/findings';
import { type EndpointIds, readEndpointIds } from './reading/endpoint-ids';
import { type EventSource, readEventIds } from './reading/event-ids';
import { PartitionAudit, tasksSince } from './reading/partition-audit';
import { type Excuse, readQuarantined } from './reading/quarantined';
import type { TopicReader } from './reading/read-span';
import { readWhole } from './reading/read-whole';
import {
  captureBeginnings,
  captureEnds,
  captureSince,
  endpointTopics,
  type Offsets,
  partitionsOf,
} from './reading/topic-ends';
import type { ReconcileOptions, ReconcileProgress } from './reconcile-options';
import { FINDING_KINDS, type Finding, type KeptFrom, type Reconciliation } from './reconciliation';
import { Tally } from './report/tally';

/** Neither the endpoints nor any delivery that was looked at tells of it. */
export class UnknownEndpoint extends Error {
  override readonly name = 'UnknownEndpoint';

  constructor(endpointId: string, since: number | null) {
    const span = since === null ? '' : ` since ${new Date(since).toISOString()}`;
    super(
      `${endpointId}: no endpoint with this id is in the topics, neither among the endpoints nor in a delivery${span}.`,
    );
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** One audit: of all partitions of endpoints, or of that of one endpoint. */
export class ReconcileRun {
  private readonly names: string[];
  private readonly tally = new Tally();
  private audits: PartitionAudit[] = [];
  private beginnings: Offsets = new Map();
  private ends: Offsets = new Map();
  private readonly since: number | null;
  private readonly endpointId: string | null;
  private readonly pairs = new CreatedPairs();
  private readonly events: EventAudit | null;
  private quarantined: Map<string, Excuse> | null = null;
  private progress: { -readonly [member in keyof ReconcileProgress]: number };

  constructor(
    private readonly reader: TopicReader,
    private readonly topics: TopicNames,
    private readonly options: ReconcileOptions,
    private readonly at: number,
  ) {
    this.names = endpointTopics(topics);
    this.since = options.since ?? null;
    this.endpointId = options.endpointId ?? null;
    this.events = options.eventModules ? new EventAudit(reader, topics, options.eventModules) : null;
    this.progress = { done: 0, partitions: 0, records: 0, facts: 0, pass: 0, suspects: 0 };
  }

  async start(): Promise<void> {
    const { reader, topics, names, since, endpointId } = this;
    await this.events?.capture();
    this.ends = await captureEnds(reader, names);
    this.beginnings = await captureBeginnings(reader, names);
    const count = partitionsOf(this.ends);
    const from = new Map(this.beginnings);
    if (since !== null) {
      for (const [topic, offsets] of await captureSince(reader, [topics.deliveryLog], since, this.ends))
        from.set(topic, offsets);
      const tasks = names.filter((name) => name !== topics.deliveryLog && name !== topics.dispatchState);
      for (const [topic, offsets] of await captureSince(reader, tasks, tasksSince(since), this.ends))
        from.set(topic, offsets);
    }
    const all = [...Array(count).keys()];
    const partitions = endpointId === null ? all : [partitionOfKey(endpointId, count)];
    this.progress.partitions = partitions.length;
    this.audits = partitions.map(
      (partition) =>
        new PartitionAudit(
          partition,
          topics,
          {
            endpointId,
            graceMs: this.options.graceMs ?? 900_000,
            timeScale: this.options.timeScale ?? 1,
            since,
            onFannedOut: this.events === null ? null : (created) => this.noteFannedOut(created),
            onRead: (records, facts) => {
              this.progress.records += records;
              this.progress.facts += facts;
              this.tell();
            },
          },
          from,
          this.beginnings,
        ),
    );
  }

  async readAll(): Promise<void> {
    for (const audit of this.audits) await audit.readState(this.reader, this.ends);
    for (const audit of this.audits) {
      await audit.readRest(this.reader, this.ends);
      this.judge(audit);
      audit.complaintsStand();
      this.progress.done++;
      this.tell();
    }
    await this.readEvents();
  }

  /** After the log, so that what it tells of fan-out was matched by endpoints at least as old as those that are read here. */
  private async readEvents(): Promise<void> {
    const { reader, topics, events, since } = this;
    if (events === null) return;
    const endpoints = new CurrentEndpoints(this.endpointId);
    await readWhole(reader, topics.endpoints, (message) => endpoints.apply(message));
    await readWhole(reader, topics.recoveries, (message) => endpoints.applyRecovery(message));
    const quarantined = await this.quarantine();
    const logFrom = Math.max(...this.audits.map((audit) => audit.logFrom));
    await events.read({
      since,
      logFrom,
      endpoints,
      pairs: this.pairs,
      excuseOf: (place) => quarantined.get(place),
      onRead: (records) => {
        this.progress.records += records;
        this.tell();
      },
    });
  }

  private noteFannedOut({ eventKey, endpointId, acceptedAt }: DeliveryCreated): void {
    if (this.endpointId === null || this.endpointId === endpointId) this.pairs.add(eventKey, endpointId, acceptedAt);
  }

  private async quarantine(): Promise<Map<string, Excuse>> {
    this.quarantined ??= await readQuarantined(this.reader, this.topics.eventsRejected);
    return this.quarantined;
  }

  /** Reads on until nothing is suspected any more, or everything that is has been for as long as was asked. */
  async settle(): Promise<number> {
    const { passes = 3, settleMs = 3_000, wait = pause } = this.options;
    let pass = 0;
    for (let stand = false; this.doubtful().length > 0 && pass < 2 * passes && !(stand && pass >= passes); ) {
      await wait(settleMs);
      this.progress.pass = ++pass;
      this.ends = await captureEnds(this.reader, this.names);
      stand = true;
      for (const audit of this.doubtful()) await audit.readState(this.reader, this.ends);
      for (const audit of this.doubtful()) {
        await audit.readRest(this.reader, this.ends);
        this.judge(audit);
        if (!audit.complaintsStand()) stand = false;
      }
      this.events?.recheck(this.pairs);
      this.tell();
    }
    return pass;
  }

  async result(passes: number, durationMs: number): Promise<Reconciliation> {
    const { reader, topics, tally, audits } = this;
    for (const audit of audits)
      for (const { row, verdict } of audit.suspects) {
        const { id, tenant } = audit.ledger.endpointOf(row);
        tally.add(id, tenant, verdict.standing, verdict.overdueSince);
      }
    const endpointIds = await readEndpointIds(reader, topics.endpoints);
    const anyUnreadable = audits.some(({ unreadable }) => unreadable.length > 0);
    const quarantined = anyUnreadable ? await this.quarantine() : new Map<string, Excuse>();
    const positioned = [
      ...audits.flatMap((audit) => findingsOf(audit, topics, quarantined)),
      ...(this.events?.missing ?? []).map(neverCreated),
    ];
    this.refuseUnknown(endpointIds, positioned);
    const findings = await this.named(positioned);
    const counts = audits.map(({ ledger }) => ledger.counts);
    const sum = (of: (each: (typeof counts)[number]) => number) => counts.reduce((total, each) => total + of(each), 0);
    const { totals } = tally;
    return {
      v: 1,
      addsUp: findings.length === 0,
      at: new Date(this.at).toISOString(),
      scope: { since: this.since === null ? null : new Date(this.since).toISOString(), endpointId: this.endpointId },
      totals,
      endpoints: tally.endpoints(endpointIds.living),
      findings,
      createdBefore: tally.createdBefore,
      overdue: {
        deliveries: tally.overdue,
        oldestDueAt: tally.oldestDueAt === null ? null : new Date(tally.oldestDueAt).toISOString(),
      },
      attempts: {
        requests: sum(({ requests }) => requests),
        answers: sum(({ answers }) => answers),
        repeats: sum(({ repeats }) => repeats),
        commandsRefused: sum(({ refused }) => refused),
      },
      events: this.events && { ...this.events.counts },
      quarantined: audits
        .flatMap(({ unreadable }) => unreadable)
        .filter(({ topic, partition, offset }) => quarantined.has(`${topic}/${partition}/${offset}`)).length,
      keptFrom: this.keptFrom(),
      read: {
        facts: this.progress.facts,
        records: this.progress.records,
        partitions: this.progress.partitions,
        passes,
        durationMs,
      },
    };
  }

  /** Nothing of an endpoint that nobody knows adds up as well; the id is more likely wrong. */
  private refuseUnknown({ living, deleted }: EndpointIds, positioned: readonly PositionedFinding[]): void {
    const { endpointId, since, audits } = this;
    if (
      endpointId !== null &&
      !living.has(secretOwnerOf(endpointId)) &&
      !deleted.has(secretOwnerOf(endpointId)) &&
      audits.every(({ ledger }) => ledger.endpoints.length === 0) &&
      positioned.every(({ finding }) => finding.endpointId !== endpointId)
    )
      throw new UnknownEndpoint(endpointId, since);
  }

  private judge(audit: PartitionAudit): void {
    const before = audit.suspects.length;
    audit.judgeAll(this.options.now?.() ?? Date.now(), (row, verdict) => {
      const { id, tenant } = audit.ledger.endpointOf(row);
      this.tally.add(id, tenant, verdict.standing, verdict.overdueSince);
    });
    this.progress.suspects += audit.suspects.length - before;
  }

  private doubtful(): PartitionAudit[] {
    const count = this.ends.get(this.topics.deliveryLog)!.size;
    const missing = new Set(this.events?.missing.map(({ endpointId }) => partitionOfKey(endpointId, count)));
    return this.audits.filter(
      ({ suspects, looseBits, partition }) => suspects.length > 0 || looseBits.length > 0 || missing.has(partition),
    );
  }

  private tell(): void {
    this.options.onProgress?.({ ...this.progress });
  }

  /** With the ids of their events, in the order of the kinds. */
  private async named(positioned: readonly PositionedFinding[]): Promise<Finding[]> {
    const sources = new Map<string, EventSource>();
    for (const { finding, source } of positioned)
      if (source !== null && finding.deliveryId !== null) sources.set(finding.deliveryId, source);
    const sorted = [...sources.values()].sort(
      (a, b) => a.partition - b.partition || (a.topic < b.topic ? -1 : a.topic > b.topic ? 1 : a.offset - b.offset),
    );
    const ids = await readEventIds(this.reader, sorted);
    return positioned
      .map(({ finding }) => ({ ...finding, eventId: ids.get(finding.deliveryId ?? '') ?? finding.eventId }))
      .sort((a, b) => FINDING_KINDS.indexOf(a.kind) - FINDING_KINDS.indexOf(b.kind));
  }

  /** Topics whose beginning retention has taken, as far as it matters to what was asked. */
  private keptFrom(): KeptFrom[] {
    const { topics, since } = this;
    if (since !== null) return [];
    const tiers = RETRY_TIERS.map(({ name }) => topics.retry(name));
    return this.audits.flatMap((audit) =>
      [topics.deliveryLog, topics.deliveries, ...tiers, topics.deadLetter].flatMap((topic) => {
        const offset = this.beginnings.get(topic)!.get(audit.partition)!;
        if (offset === 0n) return [];
        const time = audit.firstTimeOf(topic);
        return [
          {
            topic,
            partition: audit.partition,
            offset: String(offset),
            time: time === null ? null : new Date(time).toISOString(),
          },
        ];
      }),
    );
  }
}
