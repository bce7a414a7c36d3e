import { type EndpointHealthRecord, encodeEndpointHealth, type OutgoingMessage } from '@millrace/protocol';
import type { PersistentSender } from '../sending/persistent-sender';

/** Writes how endpoints are doing, in flushes, of each endpoint the last. */
export class EndpointHealthPublisher {
  private pending = new Map<string, OutgoingMessage>();
  private flushing = false;
  private waiters: (() => void)[] = [];

  constructor(
    private readonly sender: Pick<PersistentSender, 'send'>,
    private readonly topic: string,
  ) {}

  publish(record: EndpointHealthRecord): void {
    this.pending.set(record.endpointId, encodeEndpointHealth(this.topic, record));
    this.begin();
  }

  /** The endpoint is gone, and nothing of it waits. */
  erase(endpointId: string): void {
    this.pending.set(endpointId, { topic: this.topic, key: endpointId, value: null, headers: {} });
    this.begin();
  }

  /** Resolves when all that was published before the call is acknowledged, or the process stops. */
  flushed(): Promise<void> {
    if (!this.flushing) return Promise.resolve();
    return new Promise((resolve) => this.waiters.push(resolve));
  }

  private begin(): void {
    if (this.flushing) return;
    this.flushing = true;
    setImmediate(() => void this.flush());
  }

  private async flush(): Promise<void> {
    while (this.pending.size > 0) {
      const messages = [...this.pending.values()];
      this.pending = new Map();
      if (!(await this.sender.send(messages))) break;
    }
    this.flushing = false;
    for (const resolve of this.waiters.splice(0)) resolve();
  }
}
