import type { EclipsDeliveryView, Page } from '@millrace/protocol';
import { CurrentTenant, ParsedQuery, RequireScope, ScopeRefusal } from '@millrace/service-runtime';
import { Controller, Get } from '@nestjs/common';
import { z } from 'zod';
import { DeliveryHistory } from '../history-api/delivery-history.handler';
import { deliveryView } from '../history-api/delivery-view';
import { deliveryListQuery, pageQuery } from '../history-api/history-query';
import type { StoredDelivery } from '../history-api/history-reader.store';
import { listOfContract } from './contract-list-query';

const eclipsDeliveriesQuery = pageQuery.extend({
  webhook_id: deliveryListQuery.shape.endpointId,
  event: deliveryListQuery.shape.eventType,
  status: deliveryListQuery.shape.status,
});
type EclipsDeliveriesQuery = z.output<typeof eclipsDeliveriesQuery>;

const viewOf = (row: StoredDelivery): EclipsDeliveryView => {
  const view = deliveryView(row);
  return {
    id: view.id,
    webhook_id: view.endpointId,
    event: view.eventType,
    event_id: view.eventId,
    status: view.status,
    http_status: row.last_status,
    outcome: view.lastOutcome,
    attempts: view.attemptCount,
    created_at: view.createdAt,
    completed_at: view.completedAt,
  };
};

/** The recent attempts of an organization's webhooks, run URLs included, as eClips shows them. */
@Controller('v1/webhooks/deliveries')
@RequireScope('deliveries:read')
@ScopeRefusal((_required, provided) => ({ error: 'Insufficient scope', required: ['agents:read'], provided }))
export class EclipsDeliveriesController {
  constructor(private readonly history: DeliveryHistory) {}

  @Get()
  list(
    @CurrentTenant() tenant: string,
    @ParsedQuery(eclipsDeliveriesQuery) { webhook_id: endpointId, event: eventType, ...rest }: EclipsDeliveriesQuery,
  ): Promise<Page<EclipsDeliveryView>> {
    return this.history.listAs(tenant, listOfContract('eclips', { ...rest, endpointId, eventType }), async (rows) =>
      rows.map(viewOf),
    );
  }
}
