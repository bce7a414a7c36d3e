import type { ConsumedRecord, KafkaConnection, WindowedConsumer } from '@millrace/kafka';
import type { KafkaWorker } from '@millrace/service-runtime';
import type { Logger } from '@millrace/telemetry';
import type { PersistentSender } from '../sending/persistent-sender';
import type { FanOutHandler } from './fan-out.handler';

/** Event records of one round: more only lengthen the wait of the first. */
const RECORDS_PER_ROUND = 500;
const RETRY_AFTER_MS = 500;

/** Reads the topics `events.<module>` and hands them to the handler round by round; what came meanwhile forms the next. */
export class FanOutConsumer implements KafkaWorker {
  private readonly consumer: WindowedConsumer;
  private queue: ConsumedRecord[] = [];
  private running = false;
  private stopping = false;

  constructor(
    kafka: KafkaConnection,
    groupId: string,
    topics: string[],
    private readonly handler: Pick<FanOutHandler, 'handle'>,
    private readonly sender: Pick<PersistentSender, 'stop'>,
    private readonly logger: Logger,
  ) {
    this.consumer = kafka.windowedConsumer({
      groupId,
      topics,
      window: { recordsPerPartition: 1_000, bytes: 64 * 1024 * 1024 },
      onRecord: (record) => this.queue.push(record),
      onBatchEnd: () => void this.work(),
    });
  }

  start(): Promise<void> {
    return this.consumer.start();
  }

  async stop(drainMs: number): Promise<void> {
    await this.consumer.stop(drainMs);
    this.stopping = true;
    this.sender.stop();
  }

  health() {
    return this.consumer.health();
  }

  private async work(): Promise<void> {
    if (this.running) return;
    this.running = true;
    while (this.queue.length > 0 && !this.stopping) {
      const round = this.queue.slice(0, RECORDS_PER_ROUND);
      this.queue = this.queue.slice(round.length);
      const ours = round.filter((record) => record.current);
      try {
        if (ours.length > 0) await this.handler.handle(ours);
      } catch (error) {
        this.logger.error({ error: String(error), records: ours.length }, 'fan-out round failed; trying again');
        this.queue = [...ours, ...this.queue];
        await new Promise((resolve) => setTimeout(resolve, RETRY_AFTER_MS));
      }
    }
    this.running = false;
  }
}
