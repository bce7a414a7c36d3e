import type { CursorSeal } from './cursor';
import { deliveryView } from './delivery-view';
import { eventJson, rejectionView } from './event-view';
import { type EventListQuery, filterOf } from './history-query';
import type { HistoryReader } from './history-reader.store';
import { openCursor } from './open-cursor';

/** An event that went to more endpoints than this shows its latest deliveries; the list of deliveries has them all. */
const DELIVERIES_SHOWN = 200;
const EVENT_ID = /^[A-Za-z0-9_-]{1,64}$/;

/** Answers are JSON text, because the events' data is spliced in as it was stored (see event-view.ts). */
export class EventLog {
  constructor(
    private readonly reader: HistoryReader,
    private readonly seal: CursorSeal,
  ) {}

  async list(tenant: string, query: EventListQuery): Promise<string> {
    const filter = filterOf('events', query);
    const after = openCursor(this.seal, tenant, filter, query.cursor);
    const rows = await this.reader.events(tenant, query, after, query.limit + 1);
    const shown = rows.slice(0, query.limit);
    const last = shown.at(-1);
    const nextCursor =
      rows.length > query.limit && last !== undefined
        ? this.seal.seal({ at: Number(last.accepted_at), id: last.event_key }, tenant, filter)
        : null;
    return `{"data":[${shown.map((row) => eventJson(row)).join(',')}],"nextCursor":${JSON.stringify(nextCursor)}}`;
  }

  /** Null for an unknown id and for another tenant's. */
  async find(tenant: string, id: string): Promise<string | null> {
    if (!EVENT_ID.test(id)) return null;
    const event = await this.reader.eventById(tenant, id);
    if (event === undefined) return null;
    const deliveries = await this.reader.deliveriesOfEvent(tenant, event, DELIVERIES_SHOWN);
    const rejections = await this.reader.rejectionsOfEvent(tenant, event.event_key);
    return eventJson(event, { deliveries: deliveries.map(deliveryView), rejections: rejections.map(rejectionView) });
  }
}
