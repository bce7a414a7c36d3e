import type { Signal } from '@millrace/domain';
import type { DurableProducer } from '@millrace/kafka';
import { encodeSourceIntake, type SourceIntake, sourceKey } from '@millrace/protocol';
import type { Logger } from '@millrace/telemetry';
import { withIntake } from '../../counted-intake';
import { sourceMetrics } from '../../source-metrics';
import type { HttpSource } from './http-source-directory';

const EVERY_MS = 1_000;

type Named = Pick<HttpSource, 'tenant' | 'name'>;

export interface TakenMessagesParts {
  readonly producer: Pick<DurableProducer, 'send'>;
  readonly topic: string;
  /** Unix ms. */
  readonly clock: () => number;
  readonly logger: Logger;
  readonly everyMs?: number;
}

/** Counts what peers send to this process, and tells the owners of their sources once a second. */
export class TakenMessages {
  private taken = new Map<string, SourceIntake>();
  private telling: Promise<void> = Promise.resolve();
  private timer: NodeJS.Timeout | null = null;

  constructor(private readonly parts: TakenMessagesParts) {
    sourceMetrics.refused('http', 0);
  }

  stored(source: Named, signals: readonly Signal[]): void {
    const last = signals[signals.length - 1];
    if (last === undefined) return;
    sourceMetrics.stored('http', signals.length);
    const lastSignal = { machine: last.machine, path: last.path, at: this.parts.clock() };
    this.add({ ...nothingFrom(source), received: signals.length, lastSignal });
  }

  refused(source: Named): void {
    sourceMetrics.refused('http');
    this.add({ ...nothingFrom(source), refused: 1, lastRefusedAt: this.parts.clock() });
  }

  start(): void {
    this.timer ??= setInterval(() => void this.tell(), this.parts.everyMs ?? EVERY_MS).unref();
  }

  async stop(): Promise<void> {
    if (this.timer !== null) clearInterval(this.timer);
    await this.tell();
  }

  private tell(): Promise<void> {
    this.telling = this.telling.then(async () => {
      if (this.taken.size === 0) return;
      const { producer, topic, logger } = this.parts;
      const told = [...this.taken.values()];
      this.taken = new Map();
      try {
        await producer.send(told.map((intake) => encodeSourceIntake(topic, intake, intake)));
      } catch (error) {
        for (const intake of told) this.add(intake);
        logger.warn({ error: (error as Error).message, sources: told.length }, 'what peers sent is not counted yet');
      }
    });
    return this.telling;
  }

  private add(intake: SourceIntake): void {
    const key = sourceKey(intake.tenant, intake.name);
    const held = this.taken.get(key);
    this.taken.set(key, held === undefined ? intake : { ...intake, ...withIntake(held, intake) });
  }
}

const nothingFrom = ({ tenant, name }: Named): SourceIntake => ({
  v: 1,
  tenant,
  name,
  received: 0,
  refused: 0,
  lastSignal: null,
});
