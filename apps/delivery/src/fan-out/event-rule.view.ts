import type { Event } from '@millrace/domain';
import { EventRules, type Violation } from '@millrace/event-schema';
import type { CompactedView, KafkaConnection } from '@millrace/kafka';
import type { TopicNames } from '@millrace/protocol';
import type { KafkaWorker } from '@millrace/service-runtime';
import type { Logger } from '@millrace/telemetry';

/**
 * What the events of each type are held against, read from the compacted topic. An event published after the answer to a
 * change lies behind the rule's record in time, so whoever has fetched it and then calls `caughtUp` holds it to that rule.
 */
export class EventRuleView implements KafkaWorker {
  private readonly rules: EventRules;
  private readonly view: CompactedView;

  constructor(kafka: KafkaConnection, topics: Pick<TopicNames, 'eventRules'>, logger: Logger) {
    this.rules = new EventRules((what) =>
      logger.error(what, 'an event rule cannot be used; the events go on without it'),
    );
    this.view = kafka.compactedView({ topic: topics.eventRules, onMessage: (message) => this.rules.apply(message) });
  }

  judge(event: Event): Violation | null {
    return this.rules.judge(event);
  }

  start(): Promise<void> {
    return this.view.start();
  }

  caughtUp(): Promise<void> {
    return this.view.waitForEnd();
  }

  health() {
    return this.view.health();
  }

  stop(): Promise<void> {
    return this.view.close();
  }
}
