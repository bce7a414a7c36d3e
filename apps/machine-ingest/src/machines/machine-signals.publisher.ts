import type { DurableProducer } from '@millrace/kafka';
import { encodeHeardUpTo, encodeMachineSignals } from '@millrace/protocol';
import type { Logger } from '@millrace/telemetry';
import type { LastSignals } from './last-signals';

/** How late what is shown of a machine that another process folds may be. */
export const WRITE_MS = 5_000;

/** Writes what has changed of the last signals, now and then; what is not stored is written with what changes next. */
export class MachineSignalsPublisher {
  private timer: NodeJS.Timeout | null = null;
  private writing: Promise<void> = Promise.resolve();

  constructor(
    private readonly last: LastSignals,
    private readonly producer: Pick<DurableProducer, 'send'>,
    private readonly topic: string,
    private readonly logger: Logger,
    private readonly everyMs = WRITE_MS,
  ) {}

  start(): void {
    this.timer ??= setInterval(() => void this.write(null), this.everyMs).unref();
  }

  /** The last of these partitions, for the process that folds them from now on. */
  async release(partitions: readonly number[]): Promise<void> {
    if (partitions.length === 0) return;
    await this.write(partitions);
    this.last.forget(partitions);
  }

  async stop(): Promise<void> {
    if (this.timer !== null) clearInterval(this.timer);
    await this.write(null);
  }

  private write(partitions: readonly number[] | null): Promise<void> {
    this.writing = this.writing.then(async () => {
      const upTo = this.last.heardUpTo(partitions);
      const changed = this.last.takeChanged(partitions);
      if (changed.length === 0) return;
      try {
        // Their place comes after them: what it says is written is.
        await this.producer.send([
          ...changed.map((part) => encodeMachineSignals(this.topic, part, part.signals)),
          ...upTo.map((place) => encodeHeardUpTo(this.topic, place)),
        ]);
      } catch (error) {
        this.last.putBack(changed);
        this.logger.warn({ error: (error as Error).message, parts: changed.length }, 'last signals not stored yet');
      }
    });
    return this.writing;
  }
}
