import { isDeliveryId } from '@millrace/domain';
import type { DeliveryDetailView, DeliveryView, Page } from '@millrace/protocol';
import { RANK_ENDED } from '../projections/deliveries/delivery.projection';
import { dayOf } from '../projector/postgres-text';
import { attemptViews } from './attempt-view';
import type { CursorSeal } from './cursor';
import { commandView, deliveryPlace, deliveryView } from './delivery-view';
import { type DeliveryListQuery, filterOf } from './history-query';
import type { HistoryReader } from './history-reader.store';
import { openCursor } from './open-cursor';
import { requestBody } from './request-body';

export class DeliveryHistory {
  constructor(
    private readonly reader: HistoryReader,
    private readonly seal: CursorSeal,
  ) {}

  /** Newest first. One row more than asked for tells whether there is a next page. */
  async list(tenant: string, query: DeliveryListQuery): Promise<Page<DeliveryView>> {
    const filter = filterOf('deliveries', query);
    const after = openCursor(this.seal, tenant, filter, query.cursor);
    const rows = await this.reader.deliveries(tenant, query, after, query.limit + 1);
    const shown = rows.slice(0, query.limit);
    const last = shown.at(-1);
    return {
      data: shown.map(deliveryView),
      nextCursor:
        rows.length > query.limit && last !== undefined
          ? this.seal.seal({ at: Number(last.created_at), id: last.delivery_id }, tenant, filter)
          : null,
    };
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
