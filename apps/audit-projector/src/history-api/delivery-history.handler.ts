import { isDeliveryId } from '@millrace/domain';
import type { DeliveryDetailView, DeliveryView, Page } from '@millrace/protocol';
import { RANK_ENDED } from '../projections/deliveries/delivery.projection';
import { dayOf } from '../projector/postgres-text';
import { attemptViews } from './attempt-view';
import type { CursorSeal } from './cursor';
import { commandView, deliveryPlace, deliveryView } from './delivery-view';
import { type DeliveryListQuery, filterOf } from './history-query';
import type { HistoryReader, StoredDelivery, StoredEvent } from './history-reader.store';
import { openCursor } from './open-cursor';
import { requestBody } from './request-body';

export class DeliveryHistory {
  constructor(
    private readonly reader: HistoryReader,
    private readonly seal: CursorSeal,
  ) {}

  /** Newest first. One row more than asked for tells whether there is a next page. */
  list(tenant: string, query: DeliveryListQuery): Promise<Page<DeliveryView>> {
    return this.listAs(tenant, query, async (rows) => rows.map(deliveryView));
  }

  /** For the APIs that show deliveries in other shapes. */
  async listAs<View>(
    tenant: string,
    query: DeliveryListQuery,
    viewsOf: (rows: readonly StoredDelivery[]) => Promise<View[]>,
  ): Promise<Page<View>> {
    const filter = filterOf('deliveries', query);
    const after = openCursor(this.seal, tenant, filter, query.cursor);
    const rows = await this.reader.deliveries(tenant, query, after, query.limit + 1);
    const shown = rows.slice(0, query.limit);
    const last = shown.at(-1);
    return {
      data: await viewsOf(shown),
      nextCursor:
        rows.length > query.limit && last !== undefined
          ? this.seal.seal({ at: Number(last.created_at), id: last.delivery_id }, tenant, filter)
          : null,
    };
  }

  /** The events that deliveries were made from, by key; without those that are not kept. */
  async eventsOf(tenant: string, rows: readonly StoredDelivery[]): Promise<Map<string, StoredEvent>> {
    if (rows.length === 0) return new Map();
    const places = rows.map((row) => ({ eventKey: row.event_key, day: dayOf(Number(row.accepted_at)) }));
    const events = await this.reader.eventsOfDeliveries(tenant, places);
    return new Map(events.map((event) => [event.event_key, event]));
  }

  /** The body that its requests have or will have; null where it cannot be shown, for an unknown id and for another tenant's. */
  async bodyOf(tenant: string, id: string): Promise<string | null> {
    if (!isDeliveryId(id)) return null;
    return this.reader.atOneMoment(async (reader) => {
      const delivery = await reader.delivery(tenant, id);
      if (delivery === undefined) return null;
      const event = await reader.eventOfDelivery(tenant, delivery.event_key, dayOf(Number(delivery.accepted_at)));
      return requestBody(tenant, delivery, event).text;
    });
  }

  /** Null for an unknown id and for another tenant's. */
  async find(tenant: string, id: string): Promise<DeliveryDetailView | null> {
    if (!isDeliveryId(id)) return null;
    return this.reader.atOneMoment(async (reader) => {
      const delivery = await reader.delivery(tenant, id);
      if (delivery === undefined) return null;
      const attempts = await reader.attempts(tenant, id);
      const commands = await reader.commands(tenant, id);
      const event = await reader.eventOfDelivery(tenant, delivery.event_key, dayOf(Number(delivery.accepted_at)));
      const body = requestBody(tenant, delivery, event);
      return {
        ...deliveryView(delivery),
        ...deliveryPlace(delivery),
        attempts: attemptViews(attempts, delivery.rank >= RANK_ENDED, body),
        commands: commands.map(commandView),
      };
    });
  }
}
