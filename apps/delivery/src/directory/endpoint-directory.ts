import type { CompactedView, KafkaConnection } from '@millrace/kafka';
import { decodeEndpoint, type IncomingMessage, type TopicNames } from '@millrace/protocol';
import type { KafkaWorker } from '@millrace/service-runtime';
import type { Logger } from '@millrace/telemetry';
import { MatchIndex } from './match-index';

/**
 * The local copy of all endpoints, read from the compacted topic. It is rebuilt at every start and follows live.
 *
 * An event published after the 201 of its endpoint lies behind that endpoint's record in time, so whoever has fetched the
 * event and then calls `caughtUp` sees the endpoint.
 */
export class EndpointDirectory implements KafkaWorker {
  readonly index = new MatchIndex();
  private readonly view: CompactedView;

  constructor(
    kafka: KafkaConnection,
    topics: TopicNames,
    private readonly logger: Logger,
  ) {
    this.view = kafka.compactedView({ topic: topics.endpoints, onMessage: (message) => this.apply(message) });
  }

  async start(): Promise<void> {
    await this.view.start();
    this.logger.info({ endpoints: this.index.size }, 'endpoint directory is caught up');
  }

  /** Resolves when every endpoint change that Kafka had accepted at the time of the call has been applied. */
  caughtUp(): Promise<void> {
    return this.view.waitForEnd();
  }

  health() {
    return this.view.health();
  }

  stop(): Promise<void> {
    return this.view.close();
  }

  private apply(message: IncomingMessage): void {
    const change = decodeEndpoint(message);
    if (change.kind === 'put') this.index.put(change.endpoint);
    else if (change.kind === 'deleted') this.index.delete(change.id);
    else
      this.logger.error(
        { topic: message.topic, offset: String(message.offset) },
        'unreadable endpoint record left out of the directory',
      );
  }
}
