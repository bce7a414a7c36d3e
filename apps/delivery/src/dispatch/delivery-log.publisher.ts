import type { DurableProducer } from '@millrace/kafka';
import { type DeliveryFact, encodeFacts, type OutgoingMessage } from '@millrace/protocol';
import type { Logger } from '@millrace/telemetry';

interface Pending {
  readonly partition: number;
  readonly fact: DeliveryFact;
  readonly acknowledged: () => void;
}

const RETRY_AFTER_MS = 500;

/** Sends until Kafka has acknowledged; only stopping ends it. What it carries may not be dropped. */
export class PersistentSender {
  private stopped = false;
  private wake: (() => void) | null = null;

  constructor(
    private readonly producer: DurableProducer,
    private readonly logger: Logger,
  ) {}

  /** False when the process stopped before an acknowledgement. */
  async send(messages: readonly OutgoingMessage[]): Promise<boolean> {
    while (!this.stopped) {
      try {
        await this.producer.send(messages);
        return true;
      } catch (error) {
        this.logger.error(
          { error: String(error), messages: messages.length },
          'Kafka did not acknowledge; trying again',
        );
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, RETRY_AFTER_MS);
          this.wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
    }
    return false;
  }

  stop(): void {
    this.stopped = true;
    this.wake?.();
  }
}

/**
 * Writes facts to the delivery log in flushes: whatever gathered while the previous flush was under way goes into the next,
 * one Kafka record for each partition. Nothing is sent by itself, so a thousand facts cost a few records.
 */
export class DeliveryLogPublisher {
  private pending: Pending[] = [];
  private flushing = false;

  constructor(
    private readonly sender: PersistentSender,
    private readonly topic: string,
  ) {}

  append(partition: number, fact: DeliveryFact, acknowledged: () => void): void {
    this.pending.push({ partition, fact, acknowledged });
    if (this.flushing) return;
    this.flushing = true;
    setImmediate(() => void this.flush());
  }

  private async flush(): Promise<void> {
    while (this.pending.length > 0) {
      const batch = this.pending;
      this.pending = [];
      const byPartition = new Map<number, DeliveryFact[]>();
      for (const { partition, fact } of batch) {
        const facts = byPartition.get(partition);
        if (facts) facts.push(fact);
        else byPartition.set(partition, [fact]);
      }
      const messages: OutgoingMessage[] = [];
      for (const [partition, facts] of byPartition) messages.push(...encodeFacts(this.topic, partition, facts));
      if (!(await this.sender.send(messages))) return;
      for (const { acknowledged } of batch) acknowledged();
    }
    this.flushing = false;
  }
}
