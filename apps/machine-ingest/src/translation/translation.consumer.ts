import {
  type Event,
  type MachineState,
  type MappingByHash,
  machineKey,
  mappingInForce,
  nextDue,
  type Signal,
} from '@millrace/domain';
import type {
  Assignment,
  ConsumedRecord,
  DurableProducer,
  WindowedConsumer,
  WindowedConsumerOptions,
} from '@millrace/kafka';
import {
  encodeEvent,
  encodeMachineState,
  encodeRejection,
  encodeSignal,
  type IncomingMessage,
  moduleOfType,
  type OutgoingMessage,
  type TopicNames,
} from '@millrace/protocol';
import type { Logger } from '@millrace/telemetry';
import type { MachineDirectory } from '../machines/machine-directory';
import { tickSignal } from '../signal-intake/lifecycle-signal';
import { AwaitedMappings, LONGEST_WAIT_FOR_A_MAPPING_MS } from './awaited-mappings';
import { type FailureInPlace, type FoldedBatch, SignalBatch } from './signal-batch';
import type { TranslationReadings } from './translation-metrics';
import { TranslationWriter } from './translation-writer';

/**
 * The life of a signal after it is stored. Consumer group over `signals`, one owner for each partition:
 *
 *   record → folded in memory, at once and in order
 *   end of the fetch → events to `events.<module>`, acknowledged
 *                    → states to `machine-state`, acknowledged
 *                    → records complete, and their offsets are committed
 *
 * After a crash between any two of these the next owner starts from the stored states and makes the same events with the
 * same ids again; a record that a state already holds is passed over. Nothing is written for a partition that is lost.
 *
 * A record whose mapping is not here yet waits with all that follow it in its partition, until `mappingsCame`, or until it
 * is known that the mapping is nowhere. One whose mapping cannot be had goes to the quarantine, and the partition goes on.
 */
export interface TranslationPorts {
  readonly consumer: (options: WindowedConsumerOptions) => WindowedConsumer;
  readonly producer: Pick<DurableProducer, 'send'>;
  readonly directory: MachineDirectory;
  /** Resolves when the directory holds all that is stored now. */
  readonly directoryCaughtUp: () => Promise<void>;
  readonly topics: TopicNames;
  /** Those of a tenant. */
  readonly mappings: (tenant: string) => MappingByHash;
  /** Resolves when all mappings that are stored now are known. */
  readonly mappingsCaughtUp: () => Promise<void>;
  /** How long a mapping that is not stored is waited for. */
  readonly longestWaitForMappingMs?: number;
  readonly clock: () => number;
  readonly logger: Logger;
  /** Told of each signal that had an effect, in the order of its partition. */
  readonly heard: (signal: Signal, message: IncomingMessage) => void;
  /** Told of partitions that came and went, when their states are known. */
  readonly onOwnership: (gained: readonly number[], lost: readonly number[]) => Promise<void>;
  /** Whether the wall clock is this machine's time; a recording brings its own. */
  readonly livesNow: (tenant: string, machine: string) => boolean;
  readonly told: {
    translated(event: Event): void;
    refused(code: string, detail: string): void;
    ruleFailed(failure: FailureInPlace): void;
  };
}

interface Owned {
  readonly states: Map<string, MachineState>;
  batch: { readonly folding: SignalBatch; readonly records: ConsumedRecord[] } | null;
  /** Records that a mapping is missing for, and those after them. */
  waiting: ConsumedRecord[];
  /** Unix ms at which the first record of each batch that is being stored was appended. */
  readonly storing: number[];
  /** How old the last record of the last batch was when it was stored, and when that was. */
  stored: { readonly ageMs: number; readonly at: number };
  writing: Promise<void>;
  lost: boolean;
}

const WINDOW = { recordsPerPartition: 10_000, bytes: 32 * 1024 * 1024 };
/** After a crash a machine is unseen for so long at most. */
const SESSION_TIMEOUT_MS = 10_000;
const TICK_MS = 1_000;
const BETWEEN_BATCHES_MS = 5_000;

export class TranslationConsumer {
  private readonly owned = new Map<number, Owned>();
  private readonly consumer: WindowedConsumer;
  private readonly stopping = new AbortController();
  private readonly mappings: AwaitedMappings;
  private readonly writer: TranslationWriter;
  private ticking: NodeJS.Timeout | null = null;

  constructor(private readonly ports: TranslationPorts) {
    this.mappings = new AwaitedMappings({
      mappings: ports.mappings,
      mappingsCaughtUp: ports.mappingsCaughtUp,
      longestWaitMs: ports.longestWaitForMappingMs ?? LONGEST_WAIT_FOR_A_MAPPING_MS,
      clock: ports.clock,
      logger: ports.logger,
      stopping: this.stopping.signal,
      onGivenUp: () => this.mappingsCame(),
    });
    this.writer = new TranslationWriter({
      producer: ports.producer,
      topics: ports.topics,
      clock: ports.clock,
      logger: ports.logger,
      stopping: this.stopping.signal,
      refused: ports.told.refused,
    });
    this.consumer = ports.consumer({
      groupId: `${ports.topics.signals}.translation`,
      topics: [ports.topics.signals],
      window: WINDOW,
      sessionTimeoutMs: SESSION_TIMEOUT_MS,
      onRecord: (record) => this.fold(record),
      onBatchEnd: (_topic, partition) => this.write(partition),
      onAssigned: (assignment) => this.assign(assignment),
    });
    ports.directory.onOutrun = (newer) => this.sayAgain(newer);
  }

  async start(): Promise<void> {
    await this.consumer.start();
    this.ticking = setInterval(() => this.tick(), TICK_MS).unref();
  }

  async stop(drainMs: number): Promise<void> {
    if (this.ticking !== null) clearInterval(this.ticking);
    await this.consumer.stop(drainMs);
    this.stopping.abort();
    await Promise.all([...this.owned.values()].map(({ writing }) => writing));
  }

  readings(): TranslationReadings {
    const now = this.ports.clock();
    const ages = [...this.owned.values()].flatMap(({ storing, waiting, stored }) => [
      ...storing.slice(0, 1).map((at) => now - at),
      ...waiting.slice(0, 1).map(({ message }) => now - message.timestamp),
      // between two batches of a long backlog nothing is held
      ...(now - stored.at < BETWEEN_BATCHES_MS ? [stored.ageMs] : []),
    ]);
    return { behindMs: Math.max(0, ...ages), awaited: this.mappings.count };
  }

  health(): { alive: boolean; reason: string | null } {
    return this.consumer.health();
  }

  /** The state as it is folded now, newer than the stored one; null for a machine of another owner. */
  liveState(key: string): MachineState | null {
    for (const { states } of this.owned.values()) {
      const state = states.get(key);
      if (state !== undefined) return state;
    }
    return null;
  }

  private async assign({ gained, lost }: Assignment): Promise<void> {
    for (const { partition } of lost) {
      const owned = this.owned.get(partition);
      if (owned !== undefined) owned.lost = true;
      this.owned.delete(partition);
    }
    const numbers = (list: Assignment['gained']) => list.map(({ partition }) => partition);
    if (gained.length > 0) await this.ports.directoryCaughtUp();
    for (const partition of numbers(gained))
      this.owned.set(partition, {
        states: this.storedStates(partition),
        batch: null,
        waiting: [],
        storing: [],
        stored: { ageMs: 0, at: 0 },
        writing: Promise.resolve(),
        lost: false,
      });
    await this.ports.onOwnership(numbers(gained), numbers(lost));
  }

  /** All of them, not only those of machines that speak again: a run may be waiting for its window to close. */
  private storedStates(partition: number): Map<string, MachineState> {
    const states = new Map<string, MachineState>();
    for (const state of this.ports.directory.all())
      if (state.position?.partition === partition) states.set(machineKey(state.tenant, state.machine), state);
    return states;
  }

  /** Mappings have come that may be waited for, or one is given up. */
  mappingsCame(): void {
    for (const [partition, owned] of this.owned) {
      if (owned.waiting.length === 0) continue;
      const records = owned.waiting;
      owned.waiting = [];
      for (const record of records) this.fold(record);
      this.write(partition);
      if (owned.waiting.length === 0) this.consumer.resumePartition(this.ports.topics.signals, partition);
    }
  }

  private fold(record: ConsumedRecord): void {
    const { partition } = record.message;
    const owned = this.owned.get(partition);
    if (owned === undefined) return;
    if (owned.waiting.length > 0) {
      owned.waiting.push(record);
      return;
    }
    owned.batch ??= { folding: new SignalBatch((tenant) => this.mappings.of(tenant), this.ports.heard), records: [] };
    const missing = owned.batch.folding.fold(record.message, owned.states, (key) => this.ports.directory.get(key));
    if (missing === null) {
      owned.batch.records.push(record);
      return;
    }
    owned.waiting.push(record);
    this.consumer.pausePartition(this.ports.topics.signals, partition);
    this.mappings.missing(missing);
  }

  private write(partition: number): void {
    const owned = this.owned.get(partition);
    if (owned === undefined || owned.batch === null) return;
    const { folding, records } = owned.batch;
    owned.batch = null;
    const folded = folding.take();
    owned.storing.push(records[0]?.message.timestamp ?? this.ports.clock());
    owned.writing = owned.writing.then(() => this.store(owned, folded, records));
  }

  private async store(owned: Owned, folded: FoldedBatch, records: readonly ConsumedRecord[]): Promise<void> {
    const { ports } = this;
    const facts = [...folded.events.map((event) => this.encode(event)), ...this.encodeRefused(folded)];
    const states = [...folded.states.values()].map((state) => encodeMachineState(ports.topics.machineState, state));
    for (const messages of [facts, states]) if (!(await this.writer.write(messages, () => owned.lost))) return;
    for (const record of records) record.complete();
    const now = ports.clock();
    owned.storing.shift();
    owned.stored = { ageMs: now - (records[records.length - 1]?.message.timestamp ?? now), at: now };
    for (const event of folded.events) ports.told.translated(event);
    for (const { code, detail } of folded.refused) ports.told.refused(code, detail);
    for (const failure of folded.failures) ports.told.ruleFailed(failure);
  }

  private encode(event: Event): OutgoingMessage {
    return encodeEvent(this.ports.topics.events(moduleOfType(event.type)), event);
  }

  private encodeRefused(folded: FoldedBatch): OutgoingMessage[] {
    return folded.refused.map(({ message, code, detail }) =>
      encodeRejection(this.ports.topics.signalsRejected, message, { code, detail }, this.ports.clock()),
    );
  }

  /** Brings time to machines that are silent while a window waits: the rules know no clock but the log. */
  private tick(): void {
    const { ports } = this;
    const now = ports.clock();
    // Also what was written before this process had the partition, and what could not be said at once.
    for (const newer of ports.directory.outrunStates()) this.sayAgain(newer);
    const due: Signal[] = [];
    for (const { states } of this.owned.values())
      for (const state of states.values()) {
        const at = this.dueOf(state);
        if (at === null || at > now || state.played || !ports.livesNow(state.tenant, state.machine)) continue;
        due.push(tickSignal({ ...state, source: 'millrace', session: '' }, null, now));
      }
    if (due.length === 0) return;
    ports.producer
      .send(due.map((signal) => encodeSignal(ports.topics.signals, signal)))
      .catch((error: Error) => ports.logger.warn({ error: error.message }, 'tick not stored'));
  }

  private dueOf(state: MachineState): number | null {
    const mapping = mappingInForce(state, this.ports.mappings(state.tenant));
    return mapping === null ? null : nextDue(state, mapping);
  }

  /** A former owner wrote an older state after ours; the last record of a key must be the newest. */
  private sayAgain(newer: MachineState): void {
    if (this.liveState(machineKey(newer.tenant, newer.machine)) === null) return;
    this.ports.producer
      .send([encodeMachineState(this.ports.topics.machineState, newer)])
      .catch((error: Error) => this.ports.logger.warn({ error: error.message }, 'state not said again'));
  }
}
