import type { EncryptionKey } from '@millrace/domain';
import type { DurableProducer } from '@millrace/kafka';
import { encodeSourceState, partitionOfKey, pathText, type SourceRecord, type TopicNames } from '@millrace/protocol';
import type { Logger } from '@millrace/telemetry';
import type { ReachGuard } from '../source-reach/reach-guard';
import { openSettings } from '../sources/source-settings';
import { KafkaSourceSink } from './kafka-source.sink';
import { SourceGauges } from './source-gauges';
import type { OpenSource, OpenSourceHealth, SourceConnection, SourceCursor } from './source-kind';
import type { ReadySource, SourceRegistry } from './source-registry';
import { lostBefore, SourceReporter } from './source-reporter';
import type { SourceDirectory, SourceStates } from './source-views';
import { LATE, within } from './within';

export interface SourceRunnerParts {
  readonly registry: SourceRegistry;
  readonly guard: Pick<ReachGuard, 'judge' | 'lookupFor'>;
  readonly directory: SourceDirectory;
  readonly states: SourceStates;
  /** Resolves when directory and states hold all that is stored now. */
  readonly caughtUp: () => Promise<void>;
  /** Of `signals`. */
  readonly partitions: number;
  readonly producer: Pick<DurableProducer, 'send'>;
  readonly topics: Pick<TopicNames, 'signals' | 'signalsRejected' | 'sourceState'>;
  readonly encryptionKey: EncryptionKey;
  /** Names this process, in the state of its sources. */
  readonly owner: string;
  /** A folder in which a source may keep files. */
  readonly folderOf: (tenant: string, name: string) => string;
  readonly logger: Logger;
  /** Unix ms. */
  readonly clock: () => number;
  readonly random: () => number;
  readonly newId: () => string;
  readonly timing?: Partial<SourceRunnerTiming>;
}

/** Milliseconds. */
export interface SourceRunnerTiming {
  /** Between looks at how the sources are doing. */
  readonly look: number;
  /** A former owner that has written later than so long ago may live; one that was killed has lost its partitions by then. */
  readonly alive: number;
  /** How long a former owner that lives may take to give a source up. */
  readonly handOver: number;
  /** After which a source that could not be started is tried again. */
  readonly retry: number;
  /** How long a source may take to stop. */
  readonly stop: number;
  /** How long the last word about a source is tried to be stored. */
  readonly lastWord: number;
}

const TIMING: SourceRunnerTiming = {
  look: 250,
  alive: 10_000,
  handOver: 3_000,
  retry: 15_000,
  stop: 10_000,
  lastWord: 3_000,
};

interface Running {
  readonly record: SourceRecord;
  readonly source: OpenSource;
  readonly reporter: SourceReporter;
  readonly sink: KafkaSourceSink;
  readonly ended: AbortController;
  /** False for what stands in the place of a source that could not be started. */
  readonly started: boolean;
}

/** One source of a partition that is ours. */
interface Slot {
  running: Running | null;
  /** Where it was when this process last ran it. */
  last: { readonly createdAt: number; readonly cursor: SourceCursor | null } | null;
  /** What is done with the source, one thing after the other. */
  work: Promise<void>;
  retry: NodeJS.Timeout | null;
}

/**
 * Runs the sources whose partition of `signals` this process translates: the holder of the partition of `<tenant>/<name>`
 * is the one owner, so there is no other election.
 *
 *   partition gained → former owner has given up → cursor of `source-state` → open → start
 *   configuration changed → stop → start anew · disabled, deleted, partition lost → stop → last word to `source-state`
 *
 * An owner that dies says no last word: Kafka gives its partitions to others when its session ends, and these go on from the
 * cursor that it stored. What it had appended since is read again, and dropped by the fold.
 */
export class SourceRunner {
  private readonly slots = new Map<string, Slot>();
  private readonly held = new Set<number>();
  private readonly timing: SourceRunnerTiming;
  private looking: NodeJS.Timeout | null = null;
  private stopped = false;
  private readonly gauges = new SourceGauges();

  constructor(private readonly parts: SourceRunnerParts) {
    this.timing = { ...TIMING, ...parts.timing };
    parts.directory.onChange = (key) => {
      if (this.held.has(this.partitionOf(key))) void this.settle(key);
    };
    parts.states.onTaken = (key, intake) => this.slots.get(key)?.running?.sink.count(intake);
  }

  /** Resolves when the sources of lost partitions have stopped; those of gained ones start meanwhile. */
  async changeOwnership(gained: readonly number[], lost: readonly number[]): Promise<void> {
    for (const partition of lost) this.held.delete(partition);
    await Promise.all(this.keysOf(lost).map((key) => this.settle(key)));
    if (gained.length === 0 || this.stopped) return;
    await this.parts.caughtUp();
    for (const partition of gained) this.held.add(partition);
    for (const key of this.keysOf(gained)) void this.settle(key);
    this.looking ??= setInterval(() => this.look(), this.timing.look).unref();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    if (this.looking !== null) clearInterval(this.looking);
    this.held.clear();
    await Promise.all([...this.slots.keys()].map((key) => this.settle(key)));
  }

  /** Keys of the sources that run here. */
  running(): string[] {
    return [...this.slots].flatMap(([key, slot]) => (slot.running === null ? [] : [key]));
  }

  private partitionOf(key: string): number {
    return partitionOfKey(key, this.parts.partitions);
  }

  private keysOf(partitions: readonly number[]): string[] {
    const keys = new Set([...this.parts.directory.keys(), ...this.slots.keys()]);
    return [...keys].filter((key) => partitions.includes(this.partitionOf(key)));
  }

  /** Brings one source to what is configured; of calls meanwhile the last one's state counts. */
  private settle(key: string): Promise<void> {
    let slot = this.slots.get(key);
    if (slot === undefined) {
      slot = { running: null, last: null, work: Promise.resolve(), retry: null };
      this.slots.set(key, slot);
    }
    const own = slot;
    own.work = own.work
      .then(() => this.bring(key, own))
      .catch((error: unknown) => {
        this.parts.logger.error({ error, source: key }, 'a source could not be brought to its configuration');
        this.tryAgain(key, own);
      });
    return own.work;
  }

  /** The configuration, where this process is to run it. */
  private wanted(key: string): SourceRecord | null {
    const record = this.held.has(this.partitionOf(key)) ? this.parts.directory.get(key) : null;
    return record?.enabled ? record : null;
  }

  private async bring(key: string, slot: Slot): Promise<void> {
    if (slot.retry !== null) clearTimeout(slot.retry);
    slot.retry = null;
    const wanted = this.wanted(key);
    const { running } = slot;
    if (running !== null && (wanted === null || !isSame(running.record, wanted))) await this.end(key, slot, running);
    if (wanted !== null && slot.running === null) await this.begin(key, slot, wanted);
    if (!this.held.has(this.partitionOf(key))) this.slots.delete(key);
  }

  private async begin(key: string, slot: Slot, record: SourceRecord): Promise<void> {
    const { parts } = this;
    const former = parts.states.get(key);
    if (former !== null && parts.clock() - former.at < this.timing.alive)
      await parts.states.givenUp(key, parts.owner, this.timing.handOver);
    if (this.wanted(key) !== record) return;
    const opened = await this.ready(record);
    if (this.wanted(key) !== record) return;
    const cursor = this.cursorOf(key, slot, record);
    const ended = new AbortController();
    const logger = parts.logger.child({ sourceKey: key });
    const sink = new KafkaSourceSink({
      producer: parts.producer,
      topics: parts.topics,
      logger,
      tenant: record.tenant,
      kind: record.type,
      clock: parts.clock,
      ended: ended.signal,
      storeCursor: (stopping) => reporter.store(stopping),
    });
    const source =
      opened.kind === 'ready'
        ? this.open(opened.source, record, sink, cursor, logger)
        : notStarted(opened, parts.clock(), parts.clock() + this.timing.retry);
    const reporter = new SourceReporter({
      record,
      health: () => source.health(),
      passed: () => sink.passed,
      cursor,
      lostSince: lostBefore(former, record),
      producer: parts.producer,
      topic: parts.topics.sourceState,
      owner: parts.owner,
      clock: parts.clock,
      logger,
    });
    slot.running = { record, source, sink, reporter, ended, started: opened.kind === 'ready' };
    source.start();
    reporter.look();
    if (opened.kind === 'refused') this.tryAgain(key, slot);
    logger.info(
      {
        type: record.type,
        version: record.version,
        owner: parts.owner,
        begins: cursor === null ? 'anew' : 'from its cursor',
      },
      'source started',
    );
  }

  private open(
    ready: ReadySource,
    record: SourceRecord,
    sink: KafkaSourceSink,
    cursor: SourceCursor | null,
    logger: Logger,
  ): OpenSource {
    const { clock, random, newId, guard, folderOf, directory } = this.parts;
    const { tenant, name } = record;
    try {
      return ready.open({
        tenant,
        name,
        sink,
        cursor,
        logger,
        clock,
        random,
        newId,
        folder: folderOf(tenant, name),
        ...(directory.isFixed(record) ? {} : { lookup: guard.lookupFor(ready.reaches) }),
      });
    } catch (error) {
      return notStarted({ reason: (error as Error).message }, clock(), null);
    }
  }

  /** The settings as their kind takes them, where they lead to places that may be reached. */
  private async ready(
    record: SourceRecord,
  ): Promise<{ kind: 'ready'; source: ReadySource } | { kind: 'refused'; reason: string }> {
    const { registry, encryptionKey, guard, directory } = this.parts;
    const kind = registry.find(record.type);
    if (kind === null) return { kind: 'refused', reason: `This release has no kind of source '${record.type}'.` };
    let settings: unknown;
    try {
      settings = openSettings(encryptionKey, record, kind.secrets, record.settings);
    } catch {
      return { kind: 'refused', reason: 'Its secrets do not open with MILLRACE_ENCRYPTION_KEY; give them again.' };
    }
    const read = kind.read(settings);
    if (read.kind === 'wrong') {
      const [first] = read.wrong;
      return {
        kind: 'refused',
        reason: `Its settings do not fit this release: ${pathText(first?.path ?? [])} ${first?.detail}`,
      };
    }
    if (directory.isFixed(record)) return read;
    const judged = await guard.judge(record.tenant, read.source.reaches);
    return judged.kind === 'allowed' ? read : { kind: 'refused', reason: judged.detail };
  }

  private cursorOf(key: string, slot: Slot, { createdAt }: SourceRecord): SourceCursor | null {
    // What this process knows itself is newer than what has come back to it by the topic.
    const known = slot.last ?? this.parts.states.get(key);
    return known?.createdAt === createdAt ? known.cursor : null;
  }

  private async end(key: string, slot: Slot, running: Running): Promise<void> {
    const { parts, timing } = this;
    slot.running = null;
    const how = await within(
      running.source.stop().catch((error: unknown) => error),
      timing.stop,
    );
    if (how !== undefined)
      parts.logger.error(
        { sourceKey: key, error: how === LATE ? `not within ${timing.stop} ms` : how },
        'a source did not stop',
      );
    running.ended.abort(new Error('The source was stopped.'));
    const { record, reporter } = running;
    if (parts.directory.get(key) === null) {
      slot.last = null;
      const forgotten = parts.producer
        .send([encodeSourceState(parts.topics.sourceState, record, null)])
        .catch((error: Error) =>
          parts.logger.warn({ sourceKey: key, error: error.message }, 'state of a deleted source stays'),
        );
      await within(forgotten, timing.lastWord);
    } else {
      slot.last = { createdAt: record.createdAt, cursor: reporter.cursor };
      await reporter.giveUp(timing.lastWord);
    }
    parts.logger.info({ sourceKey: key }, 'source stopped');
  }

  /** A source that could not be started is begun anew after a while: a name may resolve then, a folder be there. */
  private tryAgain(key: string, slot: Slot): void {
    slot.retry = setTimeout(() => {
      if (slot.running !== null && !slot.running.started) slot.running = null;
      void this.settle(key);
    }, this.timing.retry).unref();
  }

  private look(): void {
    const running = [...this.slots.values()].flatMap((slot) => slot.running ?? []);
    for (const { reporter } of running) reporter.look();
    const gauged = running.map(({ record, source, sink }) => ({
      kind: record.type,
      health: source.health(),
      lastAt: sink.passed.lastSignal?.at ?? null,
    }));
    this.gauges.tell(gauged, this.parts.clock());
  }
}

const isSame = (one: SourceRecord, other: SourceRecord): boolean =>
  one.version === other.version && one.createdAt === other.createdAt;

/** Stands for a source that could not be started, so that people see why. */
const notStarted = ({ reason }: { readonly reason: string }, since: number, nextTryAt: number | null): OpenSource => {
  const connection: SourceConnection = { state: 'degraded', since, reason, nextTryAt };
  const health: OpenSourceHealth = {
    connection,
    lastError: { at: since, detail: reason },
    counts: {},
    queued: 0,
    lagMs: null,
  };
  return { start: () => undefined, stop: () => Promise.resolve(), health: () => health };
};
