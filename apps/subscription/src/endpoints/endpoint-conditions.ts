import type { CompactedView, KafkaConnection } from '@millrace/kafka';
import { decodeEndpointHealth, type IncomingMessage, type TopicNames } from '@millrace/protocol';
import { type KafkaWorker, Worker } from '@millrace/service-runtime';
import type { Logger } from '@millrace/telemetry';
import { conditionOf, type EndpointCondition } from './endpoint-condition';

/**
 * The latest health record of each endpoint, in short, read from the compacted topic `endpoint-health` at every start and
 * followed live.
 */
@Worker('views')
export class EndpointConditions implements KafkaWorker {
  private readonly conditions = new Map<string, EndpointCondition>();
  private readonly view: CompactedView;

  constructor(
    kafka: Pick<KafkaConnection, 'compactedView'>,
    topics: Pick<TopicNames, 'endpointHealth'>,
    private readonly logger: Logger,
  ) {
    this.view = kafka.compactedView({ topic: topics.endpointHealth, onMessage: (message) => this.apply(message) });
  }

  /** Null for an endpoint that is up with nothing parked, and for one that nothing is known of. */
  of(endpointId: string): EndpointCondition | null {
    return this.conditions.get(endpointId) ?? null;
  }

  start(): Promise<void> {
    return this.view.start();
  }

  stop(): Promise<void> {
    return this.view.close();
  }

  health() {
    return this.view.health();
  }

  private apply(message: IncomingMessage): void {
    const id = message.key?.toString('utf8') ?? '';
    if (message.value === null) {
      this.conditions.delete(id);
      return;
    }
    const record = decodeEndpointHealth(message);
    if (record === null || record.endpointId !== id) {
      this.logger.warn(
        { topic: message.topic, offset: String(message.offset) },
        'a record of endpoint-health is none of ours',
      );
      return;
    }
    const condition = conditionOf(record);
    if (condition === null) this.conditions.delete(id);
    else this.conditions.set(id, condition);
  }
}
