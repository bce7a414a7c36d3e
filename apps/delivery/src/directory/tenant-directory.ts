import { DEFAULT_TENANT } from '@millrace/domain';
import type { CompactedView, KafkaConnection } from '@millrace/kafka';
import { decodeApiKey, type TopicNames } from '@millrace/protocol';
import type { KafkaWorker } from '@millrace/service-runtime';

/** A tenant exists when an API key was made for it; `default` always does. */
export class TenantDirectory implements KafkaWorker {
  private readonly known = new Set<string>([DEFAULT_TENANT]);
  private readonly view: CompactedView;

  constructor(kafka: KafkaConnection, topics: TopicNames) {
    this.view = kafka.compactedView({
      topic: topics.apiKeys,
      onMessage: (message) => {
        const change = decodeApiKey(message);
        // A revoked key does not take its tenant away: its events go on.
        if (change?.record) this.known.add(change.record.tenant);
      },
    });
  }

  /** Asks for the latest keys before it says that a tenant is unknown. */
  async knows(tenant: string): Promise<boolean> {
    if (this.known.has(tenant)) return true;
    await this.view.waitForEnd();
    return this.known.has(tenant);
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
}
