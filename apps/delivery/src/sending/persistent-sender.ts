import { type DurableProducer, ProduceFailed } from '@millrace/kafka';
import type { OutgoingMessage } from '@millrace/protocol';
import type { Logger } from '@millrace/telemetry';

const RETRY_AFTER_MS = 500;
/** While Kafka is away thousands of calls wait; the log says so once in this time. */
const LOG_EVERY_MS = 10_000;

type Answer = { readonly kind: 'sent' | 'stopped' } | { readonly kind: 'failed'; readonly error: unknown };

/**
 * Sends until Kafka has acknowledged; only stopping ends it. What it carries may not be dropped, so a message that Kafka
 * finds too large is sent in its reduced form, where it has one, and otherwise tried until an operator raises the limit.
 */
export class PersistentSender {
  private stopped = false;
  private readonly waiting = new Set<() => void>();
  private loggedAt: number | null = null;

  /**
   * @param reduced the smaller form of a message that Kafka found too large; null when it has none
   * @param ticks ms of a clock that nobody sets
   */
  constructor(
    private readonly producer: Pick<DurableProducer, 'send'>,
    private readonly logger: Logger,
    private readonly reduced: (message: OutgoingMessage) => OutgoingMessage | null = () => null,
    private readonly ticks: () => number = () => performance.now(),
  ) {}

  /** False when the process stopped before an acknowledgement. */
  async send(messages: readonly OutgoingMessage[]): Promise<boolean> {
    let open = messages;
    let whole = true;
    while (!this.stopped) {
      const answer = await this.answerTo(open);
      if (answer.kind === 'sent') this.noteRecovery();
      if (answer.kind !== 'failed') return answer.kind === 'sent';
      this.noteFailure(answer.error, open);
      if (answer.error instanceof ProduceFailed && answer.error.tooLarge && whole) {
        if (open.length > 1) return this.sendOneByOne(open);
        whole = false;
        const smaller = this.reduced(open[0]!);
        if (smaller !== null) {
          this.logger.error(
            { topic: smaller.topic },
            'a message too large for its topic is sent without its large parts',
          );
          open = [smaller];
          continue;
        }
      }
      await this.pause();
    }
    return false;
  }

  /** Ends every call that has no acknowledgement yet. */
  stop(): void {
    this.stopped = true;
    for (const end of this.waiting) end();
  }

  private async sendOneByOne(messages: readonly OutgoingMessage[]): Promise<boolean> {
    for (const message of messages) if (!(await this.send([message]))) return false;
    return true;
  }

  private answerTo(messages: readonly OutgoingMessage[]): Promise<Answer> {
    return new Promise((resolve) => {
      const end = (): void => resolve({ kind: 'stopped' });
      this.waiting.add(end);
      this.producer
        .send(messages)
        .then(
          () => resolve({ kind: 'sent' }),
          (error: unknown) => resolve({ kind: 'failed', error }),
        )
        .finally(() => this.waiting.delete(end));
    });
  }

  private pause(): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        this.waiting.delete(end);
        resolve();
      };
      const timer = setTimeout(end, RETRY_AFTER_MS);
      this.waiting.add(end);
    });
  }

  private noteFailure(error: unknown, messages: readonly OutgoingMessage[]): void {
    const now = this.ticks();
    if (this.loggedAt !== null && now - this.loggedAt < LOG_EVERY_MS) return;
    this.loggedAt = now;
    this.logger.error(
      { error: String(error), topic: messages[0]!.topic, messages: messages.length },
      'Kafka did not acknowledge; trying again',
    );
  }

  private noteRecovery(): void {
    if (this.loggedAt === null || this.ticks() - this.loggedAt < LOG_EVERY_MS) return;
    this.loggedAt = null;
    this.logger.info({}, 'Kafka acknowledges again');
  }
}
