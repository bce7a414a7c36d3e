import type { CompactedView, KafkaConnection } from '@millrace/kafka';
import { type DispatchState, decodeDispatchState, type IncomingMessage } from '@millrace/protocol';
import type { KafkaWorker } from '@millrace/service-runtime';
import type { Logger } from '@millrace/telemetry';

export const WRITER_HEADER = 'writer';

/**
 * The dispatch state of all partitions as the topic has it. Every process keeps it, so that a new owner of a partition has
 * what it needs as soon as the view is caught up.
 *
 * A process that was stopped and lost its partitions may still have a write under way, which would replace its successor's.
 * The successor hears of every record that it has not written itself, and writes its own again.
 */
export class DispatchStateView implements KafkaWorker {
  private readonly states = new Map<number, Map<string, DispatchState>>();
  private readonly view: CompactedView;
  private foreign: (partition: number, key: string) => void = () => {};

  constructor(
    kafka: Pick<KafkaConnection, 'compactedView'>,
    topic: string,
    private readonly writer: string,
    private readonly logger: Logger,
  ) {
    this.view = kafka.compactedView({ topic, onMessage: (message) => this.apply(message) });
  }

  onForeignWrite(listener: (partition: number, key: string) => void): void {
    this.foreign = listener;
  }

  /** Everything that was written before the call. */
  async statesOf(partitions: readonly number[]): Promise<Map<number, DispatchState[]>> {
    await this.view.waitForEnd();
    return new Map(partitions.map((partition) => [partition, [...(this.states.get(partition)?.values() ?? [])]]));
  }

  start(): Promise<void> {
    return this.view.start();
  }

  async stop(): Promise<void> {
    await this.view.close();
  }

  health() {
    return this.view.health();
  }

  private apply(message: IncomingMessage): void {
    const reading = decodeDispatchState(message);
    if (reading.kind === 'unreadable') {
      this.logger.error(
        { topic: message.topic, partition: message.partition, offset: String(message.offset) },
        'a record of the dispatch state cannot be read',
      );
      return;
    }
    let states = this.states.get(message.partition);
    if (!states) {
      states = new Map();
      this.states.set(message.partition, states);
    }
    if (reading.kind === 'put') states.set(reading.key, reading.state);
    else states.delete(reading.key);
    if (message.headers[WRITER_HEADER]?.toString('utf8') !== this.writer) this.foreign(message.partition, reading.key);
  }
}
