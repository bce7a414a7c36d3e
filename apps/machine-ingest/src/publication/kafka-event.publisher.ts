import type { DurableProducer } from '@millrace/kafka';
import type { OutgoingMessage } from '@millrace/protocol';
import type { EventPublisher } from './accept-events.handler';

/** The caller's patience: the producer gives up a second before, so its own reason is the one that is told. */
export const ACKNOWLEDGE_WITHIN_MS = 10_000;
export const DELIVERY_TIMEOUT_MS = ACKNOWLEDGE_WITHIN_MS - 1_000;

export class AcknowledgementLate extends Error {
  override readonly name = 'AcknowledgementLate';
  constructor() {
    super(`Kafka has not acknowledged within ${ACKNOWLEDGE_WITHIN_MS} ms.`);
  }
}

/** Publishes for a caller that waits: acknowledged by all replicas within 10 s, or rejected. */
export class KafkaEventPublisher implements EventPublisher {
  constructor(
    private readonly producer: Pick<DurableProducer, 'send'>,
    private readonly withinMs = ACKNOWLEDGE_WITHIN_MS,
  ) {}

  async publish(messages: readonly OutgoingMessage[]): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new AcknowledgementLate()), this.withinMs);
    });
    try {
      await Promise.race([this.producer.send(messages), late]);
    } finally {
      clearTimeout(timer);
    }
  }
}
