import type { Database } from '@millrace/postgres';
import type { Logger } from '@millrace/telemetry';
import { deleteCommandsBefore } from '../projections/commands/command.store';
import { deleteRejectionsBefore } from '../projections/rejected/rejection.store';
import { type DayPartitions, firstIdOf } from './day-partitions.store';
import { dayOf } from './postgres-text';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** As long as the topics keep them. */
const REJECTIONS_DAYS = 90;

/** Once an hour, drops the days that the history no longer keeps. Two instances that meet do no harm. */
export class HistoryRetention {
  private timer: NodeJS.Timeout | null = null;
  private running: Promise<void> = Promise.resolve();

  constructor(
    private readonly database: Database,
    private readonly days: DayPartitions,
    private readonly keepDays: number,
    private readonly now: () => number,
    private readonly logger: Logger,
  ) {}

  async start(): Promise<void> {
    const run = () => {
      this.running = this.dropOld();
    };
    this.timer = setInterval(run, HOUR_MS);
    run();
  }

  async stop(): Promise<void> {
    if (this.timer !== null) clearInterval(this.timer);
    await this.running;
  }

  health(): { alive: boolean; reason: string | null } {
    return { alive: true, reason: null };
  }

  async dropOld(): Promise<void> {
    try {
      const first = dayOf(this.now() - this.keepDays * DAY_MS);
      const dropped = await this.days.dropBefore(first);
      await deleteCommandsBefore(this.database, firstIdOf(Date.parse(first)));
      await deleteRejectionsBefore(this.database, dayOf(this.now() - REJECTIONS_DAYS * DAY_MS));
      if (dropped.length > 0) this.logger.info({ partitions: dropped }, 'history older than kept dropped');
    } catch (error) {
      this.logger.warn({ error }, 'old history not dropped, trying again in an hour');
    }
  }
}
