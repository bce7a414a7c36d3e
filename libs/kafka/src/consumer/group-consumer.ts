import { type Logger, metrics } from '@millrace/telemetry';
import type { Kafka } from 'kafkajs';
import { failureName, isConnectionTrouble } from '../client/failure';
import type { LogWatch } from '../client/kafkajs-log';
import { backoffMs, Pause, within } from '../client/waiting';
import { AssignedPartitions, type JoinOutcome } from './assigned-partitions';
import { GroupMember, type MemberSettings } from './group-member';
import { OffsetCommits } from './offset-commits';
import type { FetchedRecords } from './partition-fetcher';
import type { PartitionTenure } from './partition-tenure';
import { RecordHandOut } from './record-hand-out';
import { type CommittedOffset, placeTrackers } from './starting-points';
import type { ConsumerHealth, WindowedConsumer, WindowedConsumerOptions } from './windowed-consumer';

const consumed = metrics.counter('millrace_kafka_records_consumed_total', 'Records fetched', ['group']);
const crashes = metrics.counter('millrace_kafka_consumer_crashes_total', 'Consumers that ended and were rebuilt', [
  'group',
  'error',
]);
const thrown = metrics.counter('millrace_kafka_handler_errors_total', 'Handlers that threw: a defect', ['group']);
const outOfRange = metrics.counter(
  'millrace_kafka_offset_out_of_range_total',
  'Partitions whose committed offset the log no longer holds: records were missed',
  ['group'],
);

const FIRST_RETRY_MS = 100;
const LONGEST_RETRY_MS = 10_000;
/**
 * After a kill -9 the group waits this long for the dead member before it gives its partitions away. Handlers only enqueue,
 * so heartbeats never wait for work, and a short timeout is safe.
 */
const DEFAULT_SESSION_TIMEOUT_MS = 10_000;
const REBALANCE_MS = 60_000;
const LAST_COMMIT_MS = 3_000;
const LEAVE_MS = 5_000;
const WATCH_MS = 1_000;
const DRAIN_LOOK_MS = 10;
const MIB = 1024 * 1024;
/** Compressed, and handed out in one turn of the event loop: as much again costs others their latency, and saves next to nothing. */
const LONGEST_FETCH_BYTES = 2 * MIB;

export interface GroupConsumerPorts {
  readonly kafka: (watch: LogWatch) => Kafka;
  readonly committed: (groupId: string, topics: readonly string[]) => Promise<CommittedOffset[]>;
  readonly now: () => number;
  readonly logger: Logger;
}

/**
 * The life of a record: it is fetched and left with its partition's tenure; the tenure hands it out when the window has
 * room, mostly at once; the handler finishes it when it likes; the watermark moves over the finished prefix and is committed
 * at intervals.
 *
 * After every join the pauses are derived anew from what the tenures hold, partitions that stayed go on after the last
 * record that was fetched, and partitions that were gained are prepared before they are fetched. When the kafkajs consumer
 * crashes, a new one is built.
 */
export class GroupConsumer implements WindowedConsumer {
  private readonly partitions = new AssignedPartitions((tenure) => this.records.onFinish(tenure));
  private readonly records: RecordHandOut;
  private readonly commits: OffsetCommits;
  private readonly pause = new Pause();
  private readonly memberSettings: MemberSettings;
  private member: GroupMember | null = null;
  private life: Promise<void> | null = null;
  private ended: Promise<void> | null = null;
  private firstAssignment!: () => void;
  private readonly started = new Promise<void>((resolve) => {
    this.firstAssignment = resolve;
  });
  private timers: NodeJS.Timeout[] = [];
  private abandon: (reason: Error) => void = () => {};
  private stopping = false;
  private stopped = false;
  private trouble: string | null = 'has not joined its group yet';
  private fatal: string | null = null;
  private deaf = false;

  constructor(
    private readonly options: WindowedConsumerOptions,
    private readonly ports: GroupConsumerPorts,
  ) {
    const { window } = options;
    this.records = new RecordHandOut(
      this.partitions,
      {
        window,
        wantsMore: () => options.wantsMore?.() ?? true,
        onUnreadable: (error) => this.abandon(error instanceof Error ? error : new Error(String(error))),
        onRecord: (record) => options.onRecord(record),
        onBatchEnd: (topic, partition) => options.onBatchEnd?.(topic, partition),
        onThrow: (error) => this.handlerThrew(error),
      },
      () => this.member,
    );
    this.commits = new OffsetCommits(this.partitions, () => this.member, ports.now);
    this.memberSettings = {
      groupId: options.groupId,
      topics: options.topics,
      maxWaitMs: options.maxWaitMs ?? 100,
      minFetchBytes: options.minFetchBytes ?? 1,
      sessionTimeoutMs: options.sessionTimeoutMs ?? DEFAULT_SESSION_TIMEOUT_MS,
      rebalanceTimeoutMs: REBALANCE_MS,
      fetchBytes: {
        partition: Math.max(64 * 1024, Math.min(MIB, Math.floor(window.bytes / 32))),
        total: Math.max(256 * 1024, Math.min(LONGEST_FETCH_BYTES, Math.floor(window.bytes / 4))),
      },
    };
  }

  get held(): { readonly records: number; readonly bytes: number } {
    const { records, heldBytes } = this.partitions.totals;
    return { records, bytes: heldBytes };
  }

  async start(): Promise<void> {
    if (this.life === null) {
      this.life = this.live();
      const { commitIntervalMs = 250 } = this.options;
      if (commitIntervalMs !== null && commitIntervalMs > 0)
        this.timers.push(setInterval(() => this.commitAtInterval(), commitIntervalMs));
      this.timers.push(setInterval(() => this.watch(), WATCH_MS));
    }
    await this.started;
  }

  health(): ConsumerHealth {
    return {
      alive: this.fatal === null && !this.deaf,
      reason: this.fatal ?? this.trouble,
      assigned: this.partitions.names(),
    };
  }

  pausePartition(topic: string, partition: number): void {
    const tenure = this.partitions.get(topic, partition);
    if (!tenure) return;
    tenure.pausedByHandler = true;
    this.records.deriveFetching(tenure);
  }

  resumePartition(topic: string, partition: number): void {
    const tenure = this.partitions.get(topic, partition);
    if (!tenure) return;
    tenure.pausedByHandler = false;
    this.records.handOut(tenure);
  }

  handOutAgain(): void {
    this.records.handOutAgain();
  }

  positionOf(topic: string, partition: number): number | null {
    return this.partitions.get(topic, partition)?.tracker.position ?? null;
  }

  commitNow(): Promise<void> {
    return this.commits.persistently(() => !this.stopped && this.trouble !== null);
  }

  stop(drainMs: number): Promise<void> {
    this.ended ??= this.end(drainMs);
    return this.ended;
  }

  private async end(drainMs: number): Promise<void> {
    this.stopping = true;
    this.records.stop();
    const deadline = this.ports.now() + drainMs;
    while (this.partitions.totals.records > 0 && this.ports.now() < deadline)
      await new Promise((resolve) => setTimeout(resolve, DRAIN_LOOK_MS));
    for (const timer of this.timers) clearInterval(timer);
    if (this.options.commitIntervalMs !== null)
      await within(LAST_COMMIT_MS, 'the last commit', this.commits.afterRunning()).catch((error) =>
        this.warn(error, 'last commit failed'),
      );
    this.stopped = true;
    const { member } = this;
    this.member = null;
    this.pause.end();
    this.abandon(new Error('stopped'));
    this.firstAssignment();
    if (member)
      await within(LEAVE_MS, 'leaving the group', member.stop()).catch((error) =>
        this.warn(error, 'did not leave the group'),
      );
    this.partitions.loseAll();
    this.trouble = 'is stopped';
    await this.life;
  }

  // ---- the kafkajs consumer, one life after the other

  private async live(): Promise<void> {
    for (let failures = 0; !this.stopped; ) {
      const bornAt = this.ports.now();
      const member: GroupMember = new GroupMember(
        this.ports.kafka({
          onOffsetOutOfRange: (topic, partition) => this.onOutOfRange(topic, partition),
        }),
        this.memberSettings,
        {
          onJoin: (id, assignment) => {
            if (this.member === member) this.onJoin(member, id, assignment);
          },
          onBatch: (records) => {
            if (this.member === member) this.onBatch(records);
          },
        },
        this.ports.now,
      );
      this.member = member;
      const error = await this.endOf(member);
      if (this.stopped) return;
      this.member = null;
      this.partitions.loseAll();
      member.stop().catch(() => {});
      failures = this.ports.now() - bornAt > REBALANCE_MS ? 0 : failures + 1;
      this.noteCrash(error);
      await this.pause.wait(backoffMs(failures - 1, FIRST_RETRY_MS, LONGEST_RETRY_MS));
    }
  }

  private async endOf(member: GroupMember): Promise<unknown> {
    const abandoned = new Promise<Error>((resolve) => {
      this.abandon = resolve;
    });
    const life = async (): Promise<unknown> => {
      await member.start();
      return member.crashed;
    };
    try {
      return await Promise.race([life(), abandoned]);
    } catch (error) {
      return error;
    }
  }

  /** Brokers that are away are no reason to restart the process; anything else that ends a consumer is, until it is back. */
  private noteCrash(error: unknown): void {
    const name = failureName(error);
    this.deaf = !isConnectionTrouble(error);
    this.trouble = `the consumer of ${this.options.groupId} ended (${name}) and is being rebuilt`;
    crashes.inc({ group: this.options.groupId, error: name });
    this.ports.logger.error(
      { group: this.options.groupId, error: String(error), name },
      'consumer ended; rebuilding it',
    );
  }

  private watch(): void {
    const { member } = this;
    if (member === null || member.silentMs <= REBALANCE_MS + this.memberSettings.sessionTimeoutMs) return;
    this.abandon(new Error(`the consumer did nothing for ${member.silentMs} ms`));
  }

  // ---- assignments

  private onJoin(member: GroupMember, id: string, assignment: { readonly [topic: string]: readonly number[] }): void {
    const outcome = this.partitions.join(id, assignment);
    for (const tenure of outcome.kept) {
      const position = tenure.fetchPosition;
      if (position !== null) member.seek(tenure.topic, tenure.partition, position);
    }
    for (const tenure of this.partitions.all()) {
      tenure.fetching = true;
      this.records.deriveFetching(tenure);
    }
    void this.prepare(member, outcome);
  }

  private async prepare(member: GroupMember, outcome: JoinOutcome): Promise<void> {
    const valid = (): boolean =>
      !this.stopped && this.partitions.currentEpoch === outcome.epoch && this.member === member;
    for (let failures = 0; valid(); failures++) {
      try {
        await placeTrackers(outcome, this.options, {
          committed: (topics) => this.ports.committed(this.options.groupId, topics),
          seek: (topic, partition, offset) => member.seek(topic, partition, offset),
          valid,
        });
        await this.options.onAssigned?.({
          epoch: outcome.epoch,
          gained: outcome.gained.map((tenure) => tenure.name),
          lost: outcome.lost.map((tenure) => tenure.name),
        });
        if (!valid()) return;
        for (const tenure of outcome.gained) tenure.ready = true;
        this.trouble = null;
        this.deaf = false;
        this.firstAssignment();
        for (const tenure of this.partitions.all()) this.records.handOut(tenure);
        return;
      } catch (error) {
        if (!valid()) return;
        this.trouble = `the assignment cannot be prepared: ${failureName(error)}`;
        this.warn(error, 'the assignment could not be prepared; trying again');
        await this.pause.wait(backoffMs(failures, FIRST_RETRY_MS, 2_000));
      }
    }
  }

  private onOutOfRange(topic: string, partition: number): void {
    outOfRange.inc({ group: this.options.groupId });
    const tenure = this.partitions.get(topic, partition);
    this.ports.logger.error(
      { group: this.options.groupId, topic, partition, expected: tenure?.fetchPosition ?? null },
      'offset out of range: records were removed before they were read; going on at the beginning of the log',
    );
    if (tenure) tenure.jumping = true;
  }

  // ---- records

  private onBatch({ topic, partition, runs, next }: FetchedRecords): void {
    let tenure = this.partitions.get(topic, partition);
    if (!tenure || this.stopping) return;
    if (tenure.jumping) tenure = this.jumped(tenure, runs[0]!.start);
    for (const { remaining } of runs) consumed.inc({ group: this.options.groupId }, remaining);
    tenure.accept(runs, next);
    this.records.handOut(tenure);
  }

  private jumped(tenure: PartitionTenure, to: number): PartitionTenure {
    tenure.jumping = false;
    const position = tenure.fetchPosition;
    return position !== null && to < position ? this.partitions.beginAnew(tenure) : tenure;
  }

  private handlerThrew(error: unknown): void {
    thrown.inc({ group: this.options.groupId });
    this.fatal = `a handler of ${this.options.groupId} threw: ${String(error)}`;
    this.ports.logger.error(
      { group: this.options.groupId, error },
      'a handler threw, which is a defect; its record stays incomplete',
    );
  }

  private commitAtInterval(): void {
    if (this.stopping) return;
    void this.commits.atInterval((error) => this.warn(error, 'a commit failed'));
  }

  private warn(error: unknown, what: string): void {
    this.ports.logger.warn({ group: this.options.groupId, error: String(error) }, what);
  }
}
