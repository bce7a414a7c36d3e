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

/** An event may be 30 days old when it comes, and what becomes of it lives for 30 more, anew after a recovery. */
const LONGEST_LIFE_DAYS = 60;

/** `2026-02-17` of `20260217`. */
const dashed = (day: string): string => `${day.slice(0, 4)}-${day.slice(4, 6)}-${day.slice(6)}`;

/**
 * Once an hour, drops the days that the history no longer keeps, and keeps those longer whose deliveries have not all ended: what is
 * still sent, or can be retried or cancelled, is still shown.
 * Two instances that meet do no harm.
 */
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
      const last = dayOf(this.now() - (this.keepDays + LONGEST_LIFE_DAYS) * DAY_MS);
      const dropped = await this.days.dropBefore(last);
      const open = await this.days.openBefore(first);
      dropped.push(...(await this.days.dropBefore(first, open)));
      const [oldest] = [...open].sort();
      const commands = oldest === undefined ? first : dashed(oldest);
      await deleteCommandsBefore(this.database, firstIdOf(Date.parse(commands)));
      await deleteRejectionsBefore(this.database, dayOf(this.now() - REJECTIONS_DAYS * DAY_MS));
      if (dropped.length > 0) this.logger.info({ partitions: dropped }, 'history older than kept dropped');
    } catch (error) {
      this.logger.warn({ error }, 'old history not dropped, trying again in an hour');
    }
  }
}
