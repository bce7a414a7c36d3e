import type { DurableProducer } from '@millrace/kafka';
import { type DeliveryCommand, encodeCommand, partitionOfKey } from '@millrace/protocol';

/** Puts commands where the owners of their endpoints meet them: among the deliveries, in the endpoint's partition. */
export class CommandPublisher {
  constructor(
    private readonly producer: DurableProducer,
    private readonly topic: string,
    private readonly partitions: number,
  ) {}

  /** Resolves when Kafka has them all; rejects as DurableProducer.send does. */
  send(commands: readonly DeliveryCommand[]): Promise<void> {
    return this.producer.send(
      commands.map((command) =>
        encodeCommand(this.topic, partitionOfKey(command.endpointId, this.partitions), command),
      ),
    );
  }
}
