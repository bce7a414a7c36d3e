import { setImmediate as breathe } from 'node:timers/promises';
import type { FilterTestView, FilterTestWish } from '@millrace/protocol';
import { CallsInTurn } from '../history-api/calls-in-turn';
import type { Position } from '../history-api/cursor';
import { attributesOf } from '../history-api/request-body';
import { FilterTrial } from './filter-trial';
import type { LatestEvent, LatestEvents } from './stored-events.store';

const PAGE = 200;
/** A test that has taken so long answers with what it has. */
const TIME_MS = 5_000;
/** Longest stretch in which nothing else of the process runs. */
const STRETCH_MS = 10;
/** Tenants whose tests run at a time, one of each. */
const AT_A_TIME = 4;

/** Tries a filter on the latest stored events; bounded in events, time and number, because it reads and parses them. */
export class FilterTest {
  private readonly turns = new CallsInTurn(AT_A_TIME, {
    detail: 'Another test of a filter is running; try again when it is over.',
    retryAfterS: 2,
  });

  constructor(
    private readonly events: LatestEvents,
    /** Milliseconds, monotonic. */
    private readonly clock: () => number,
  ) {}

  /** 429 `rate_limited` while another test of the tenant runs, or too many do. */
  async handle(tenant: string, wish: FilterTestWish): Promise<FilterTestView> {
    return this.turns.run(tenant, () => this.run(tenant, wish));
  }

  private async run(tenant: string, wish: FilterTestWish): Promise<FilterTestView> {
    const trial = new FilterTrial(wish.filter);
    const deadline = this.clock() + TIME_MS;
    let after: Position | null = null;
    let left = wish.last;
    while (left > 0) {
      const timeLeft = deadline - this.clock();
      const size: number = Math.min(PAGE, left);
      const rows: LatestEvent[] | null =
        timeLeft <= 0 ? null : await this.events.page(tenant, wish.eventTypes, after, size, timeLeft);
      if (rows === null || !(await this.lookAt(trial, rows, deadline))) return trial.result(false);
      const last = rows.at(-1);
      if (rows.length < size || last === undefined) break;
      after = { at: Number(last.accepted_at), id: last.event_key };
      left -= rows.length;
    }
    return trial.result(true);
  }

  /** False when the time was over before all of them. */
  private async lookAt(trial: FilterTrial, rows: readonly LatestEvent[], deadline: number): Promise<boolean> {
    let since = this.clock();
    for (const row of rows) {
      if (this.clock() - since >= STRETCH_MS) {
        await breathe();
        since = this.clock();
        if (since >= deadline) return false;
      }
      const { source, subject, time } = attributesOf(row);
      trial.look({
        id: row.event_id,
        type: row.type,
        source,
        subject,
        time,
        data: row.data.toString('utf8'),
        acceptedAt: Number(row.accepted_at),
      });
    }
    return true;
  }
}
