import type { Page, ProignDeliveryView } from '@millrace/protocol';
import { CurrentTenant, notFound, ParsedQuery, RequireScope } from '@millrace/service-runtime';
import { Controller, Get, Param } from '@nestjs/common';
import { DeliveryHistory } from '../history-api/delivery-history.handler';
import { deliveryView } from '../history-api/delivery-view';
import { type PageQuery, pageQuery } from '../history-api/history-query';
import type { StoredDelivery } from '../history-api/history-reader.store';
import { listOfContract } from './contract-list-query';

const viewOf = (row: StoredDelivery): ProignDeliveryView => {
  const view = deliveryView(row);
  return {
    id: view.id,
    event_id: view.eventId,
    event_type: view.eventType,
    status: view.status,
    attempts: view.attemptCount,
    last_outcome: view.lastOutcome,
    next_attempt_at: view.nextAttemptAt,
    created_at: view.createdAt,
    completed_at: view.completedAt,
  };
};

/** The delivery history of a subscription, as PROIGN documents it. */
@Controller('api/:tenant/subscriptions/:id/deliveries')
@RequireScope('deliveries:read')
export class ProignDeliveriesController {
  constructor(private readonly history: DeliveryHistory) {}

  @Get()
  list(
    @CurrentTenant() own: string,
    @Param('tenant') tenant: string,
    @Param('id') id: string,
    @ParsedQuery(pageQuery) page: PageQuery,
  ): Promise<Page<ProignDeliveryView>> {
    if (tenant !== own) throw notFound('tenant');
    if (!/^ep_[0-9a-z_]{1,64}$/.test(id)) throw notFound('subscription');
    return this.history.listAs(own, listOfContract('proign', { ...page, endpointId: id }), async (rows) =>
      rows.map(viewOf),
    );
  }
}
