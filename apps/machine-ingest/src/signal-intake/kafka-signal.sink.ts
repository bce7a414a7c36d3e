import { setTimeout as delay } from 'node:timers/promises';
import type { Signal } from '@millrace/domain';
import type { DurableProducer } from '@millrace/kafka';
import { encodeRejection, encodeSignal, type OutgoingMessage, type TopicNames } from '@millrace/protocol';
import type { Logger } from '@millrace/telemetry';
import type { RefusedLine, SignalSink } from './source';

/** Bytes kept of a refused line. */
const KEPT_BYTES = 64 * 1024;
const FIRST_WAIT_MS = 200;
const LONGEST_WAIT_MS = 10_000;

/**
 * Appends what sources read. A source cannot send its observations again, so an append that fails is tried until Kafka
 * takes it or the source is stopped; meanwhile the source reads no further, and the pressure goes back to the machine.
 * A batch that was in fact stored before its failure is stored twice: its positions are the same and the fold drops them.
 */
export class KafkaSignalSink implements SignalSink {
  constructor(
    private readonly producer: Pick<DurableProducer, 'send'>,
    private readonly topics: TopicNames,
    private readonly logger: Logger,
  ) {}

  append(signals: readonly Signal[], stopping: AbortSignal): Promise<void> {
    return this.send(
      signals.map((signal) => encodeSignal(this.topics.signals, signal)),
      stopping,
    );
  }

  refuse(line: RefusedLine, stopping: AbortSignal): Promise<void> {
    const origin = {
      topic: `${line.source}/${line.session}`,
      partition: 0,
      offset: BigInt(line.line),
      timestamp: line.at,
      key: null,
      value: line.bytes.subarray(0, KEPT_BYTES),
      headers: {},
    };
    return this.send([encodeRejection(this.topics.signalsRejected, origin, line, line.at)], stopping);
  }

  private async send(messages: readonly OutgoingMessage[], stopping: AbortSignal): Promise<void> {
    for (let wait = FIRST_WAIT_MS; ; wait = Math.min(wait * 2, LONGEST_WAIT_MS)) {
      stopping.throwIfAborted();
      try {
        await this.producer.send(messages);
        return;
      } catch (error) {
        this.logger.warn({ error: (error as Error).message, waitMs: wait }, 'signals not appended, trying again');
        await delay(wait, undefined, { signal: stopping });
      }
    }
  }
}
