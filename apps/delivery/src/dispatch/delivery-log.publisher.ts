import { type DeliveryFact, encodeFacts, type OutgoingMessage } from '@millrace/protocol';
import type { PersistentSender } from '../sending/persistent-sender';

interface Pending {
  readonly partition: number;
  readonly fact: DeliveryFact;
  readonly acknowledged: () => void;
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
