import type { DurableProducer } from '@millrace/kafka';
import type { OutgoingMessage } from '@millrace/protocol';
import type { Logger } from '@millrace/telemetry';

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
