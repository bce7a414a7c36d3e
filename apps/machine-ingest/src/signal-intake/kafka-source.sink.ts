import { setTimeout as delay } from 'node:timers/promises';
import type { Signal } from '@millrace/domain';
import { type DurableProducer, ProduceFailed } from '@millrace/kafka';
import {
  encodeRejection,
  encodeSignal,
  type OutgoingMessage,
  type SourceIntake,
  type TopicNames,
  withoutOriginal,
} from '@millrace/protocol';
import { ATTRIBUTE, formatTraceparent, type Logger, messagingSpanName, startSpan } from '@millrace/telemetry';
import { withIntake } from './counted-intake';
import type { RefusedLine } from './source';
import type { SourceCursor, SourceSink } from './source-kind';
import { sourceMetrics } from './source-metrics';

/** Bytes kept of refused input. */
const KEPT_BYTES = 64 * 1024;
const FIRST_WAIT_MS = 200;
const LONGEST_WAIT_MS = 10_000;

export interface KafkaSourceSinkParts {
  readonly producer: Pick<DurableProducer, 'send'>;
  readonly topics: Pick<TopicNames, 'signals' | 'signalsRejected'>;
  readonly logger: Logger;
  /** Whose the source is: its bytes do not say it. */
  readonly tenant: string;
  /** Of the source, for metrics. */
  readonly kind: string;
  /** Unix ms. */
  readonly clock: () => number;
  /** The source is no longer ours: nothing more is written for it. */
  readonly ended: AbortSignal;
  /** Resolves when the cursor of what has passed is stored; rejects when it is stopped before. */
  readonly storeCursor: (stopping: AbortSignal) => Promise<void>;
}

/** What has gone through a sink since it was made. */
export interface Passed {
  readonly received: number;
  readonly refused: number;
  /** Unix ms; absent where nothing was refused. */
  readonly lastRefusedAt?: number;
  /** Stretches that were lost: one that several machines are told of is one. */
  readonly gaps: number;
  readonly lastSignal: { readonly machine: string; readonly path: string; readonly at: number } | null;
  /** Of the last signals that are stored; undefined when none came with one. */
  readonly cursor: SourceCursor | undefined;
}

/**
 * Appends what one source has read. Tried until Kafka takes it, the source is stopped, or another process has it: meanwhile
 * the source reads no further, and the pressure goes back to its peer. A batch that was stored before its failure is stored
 * twice: its positions are the same and the fold drops them.
 *
 * Each append is one trace, from which the events of its signals, and their webhooks, go on: the batch is what the peer sent
 * at one time, and a span for each signal would cost more than the signal.
 */
export class KafkaSourceSink implements SourceSink {
  private state: Passed = { received: 0, refused: 0, gaps: 0, lastSignal: null, cursor: undefined };
  /** Of the last append that told of any: its machines may be in several appends. */
  private stretches: ReadonlySet<string> = new Set();

  constructor(private readonly parts: KafkaSourceSinkParts) {
    sourceMetrics.refused(parts.kind, 0);
    sourceMetrics.lost(parts.kind, 0);
  }

  get passed(): Passed {
    return this.state;
  }

  /** The peer of the source calls, and this came to some process. */
  count(intake: SourceIntake): void {
    this.state = { ...this.state, ...withIntake(this.state, intake) };
  }

  async append(
    signals: readonly Signal[],
    {
      cursor,
      cursorToo = false,
      stopping,
    }: { readonly cursor?: SourceCursor; readonly cursorToo?: boolean; readonly stopping: AbortSignal },
  ): Promise<void> {
    const { topics, kind, clock, ended, storeCursor } = this.parts;
    if (signals.length > 0) {
      const span = startSpan(messagingSpanName('send', 'signals'), {
        kind: 'producer',
        parent: null,
        attributes: {
          [ATTRIBUTE.messagingSystem]: 'kafka',
          [ATTRIBUTE.messagingDestination]: topics.signals,
          [ATTRIBUTE.messagingBatchCount]: signals.length,
          'millrace.source.kind': kind,
        },
      });
      const traceparent = formatTraceparent(span.context);
      let setAside: number;
      try {
        setAside = await this.store(
          signals.map((signal) => encodeSignal(topics.signals, signal, traceparent)),
          stopping,
        );
        span.end();
      } catch (error) {
        span.end({ error: 'stopped' });
        throw error;
      }
      const last = signals[signals.length - 1]!;
      this.state = {
        ...this.state,
        received: this.state.received + signals.length - setAside,
        gaps: this.state.gaps + this.newStretches(signals),
        ...(setAside < signals.length && { lastSignal: { machine: last.machine, path: last.path, at: clock() } }),
      };
      sourceMetrics.stored(kind, signals.length - setAside);
    }
    if (cursor !== undefined) this.state = { ...this.state, cursor };
    if (cursorToo) await storeCursor(AbortSignal.any([stopping, ended]));
  }

  /** What was lost is told to each of its machines, at one moment and in one session. */
  private newStretches(signals: readonly Signal[]): number {
    const stretches = new Set(
      signals
        .filter(({ path }) => path === '$gap')
        .map(({ session, receiveTs, value }) => JSON.stringify([session, receiveTs, value])),
    );
    if (stretches.size === 0) return 0;
    const news = [...stretches].filter((stretch) => !this.stretches.has(stretch)).length;
    this.stretches = stretches;
    sourceMetrics.lost(this.parts.kind, news);
    return news;
  }

  async refuse(line: RefusedLine, stopping: AbortSignal): Promise<void> {
    const { topics, tenant } = this.parts;
    const origin = {
      topic: `${line.source}/${line.session}`,
      partition: 0,
      offset: BigInt(line.line),
      timestamp: line.at,
      key: null,
      value: line.bytes.subarray(0, KEPT_BYTES),
      headers: {},
    };
    const { code, detail } = line;
    const why = { code, detail, tenant, originalBytes: line.length ?? line.bytes.length };
    await this.send([encodeRejection(topics.signalsRejected, origin, why, line.at)], stopping);
    this.countRefused();
  }

  private countRefused(): void {
    const { kind, clock } = this.parts;
    this.state = { ...this.state, refused: this.state.refused + 1, lastRefusedAt: clock() };
    sourceMetrics.refused(kind);
  }

  /**
   * What no broker takes for its size is looked for and set aside, so that it does not hold up what is behind it; how many
   * were is the answer.
   */
  private async store(messages: readonly OutgoingMessage[], stopping: AbortSignal): Promise<number> {
    try {
      await this.send(messages, stopping);
      return 0;
    } catch (error) {
      if (!(error instanceof ProduceFailed)) throw error;
      if (messages.length > 1) {
        const half = Math.ceil(messages.length / 2);
        const before = await this.store(messages.slice(0, half), stopping);
        return before + (await this.store(messages.slice(half), stopping));
      }
      const { topics, clock, tenant } = this.parts;
      const [message] = messages as [OutgoingMessage];
      const origin = {
        topic: message.topic,
        partition: -1,
        offset: -1n,
        timestamp: clock(),
        key: message.key === null ? null : Buffer.from(message.key),
        value: message.value,
        headers: {},
      };
      const why = { code: 'not_storable', detail: `Kafka does not take the signal: ${error.message}`, tenant };
      const rejection = encodeRejection(topics.signalsRejected, origin, why, clock());
      await this.send([withoutOriginal(rejection) ?? rejection], stopping);
      this.countRefused();
      return 1;
    }
  }

  /** Rejects when the source is stopped, and with ProduceFailed when the broker refuses the messages for what they are. */
  private async send(messages: readonly OutgoingMessage[], stopping: AbortSignal): Promise<void> {
    const { producer, ended, logger, kind } = this.parts;
    for (let wait = FIRST_WAIT_MS; ; wait = Math.min(wait * 2, LONGEST_WAIT_MS)) {
      stopping.throwIfAborted();
      ended.throwIfAborted();
      try {
        await producer.send(messages);
        return;
      } catch (error) {
        if (error instanceof ProduceFailed && !error.retriable) throw error;
        sourceMetrics.retried(kind);
        logger.warn({ error: (error as Error).message, waitMs: wait }, 'signals not appended, trying again');
        await delay(wait, undefined, { signal: AbortSignal.any([stopping, ended]) });
      }
    }
  }
}
