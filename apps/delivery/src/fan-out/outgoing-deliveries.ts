import {
  type DeliveryFact,
  encodeDelivery,
  encodeFacts,
  type OutgoingMessage,
  type TopicNames,
} from '@millrace/protocol';
import type { PlannedDelivery } from './plan-deliveries';

/** Deliveries of one produce: an event with ten thousand endpoints goes out in several. */
const MESSAGES_PER_SEND = 500;
/** Bytes of one produce, so that large events with many endpoints do not fill the memory. */
const BYTES_PER_SEND = 4 * 1024 * 1024;

/** What goes to Kafka next: deliveries, their `created` facts by partition, and rejections. */
export class OutgoingDeliveries {
  private messages: OutgoingMessage[] = [];
  private facts = new Map<number, DeliveryFact[]>();
  private bytes = 0;

  constructor(private readonly topics: Pick<TopicNames, 'deliveries' | 'deliveryLog'>) {}

  get full(): boolean {
    return this.messages.length >= MESSAGES_PER_SEND || this.bytes >= BYTES_PER_SEND;
  }

  /** @param partition that of the endpoint, in `deliveries` and in the delivery log */
  addDelivery({ record, created }: PlannedDelivery, partition: number): void {
    this.add({ ...encodeDelivery(this.topics.deliveries, record), partition });
    const facts = this.facts.get(partition);
    if (facts) facts.push(created);
    else this.facts.set(partition, [created]);
  }

  add(message: OutgoingMessage): void {
    this.messages.push(message);
    this.bytes += message.value?.length ?? 0;
  }

  /** All of it, and begins anew. */
  take(): OutgoingMessage[] {
    const { messages, facts } = this;
    this.messages = [];
    this.facts = new Map();
    this.bytes = 0;
    for (const [partition, created] of facts)
      messages.push(...encodeFacts(this.topics.deliveryLog, partition, created));
    return messages;
  }
}
