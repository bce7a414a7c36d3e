import { MES_FAILING_AFTER } from '@millrace/domain';
import type { DeliveryStatus, DeliveryView, MesLogDetailView, MesLogView, Page } from '@millrace/protocol';
import { CurrentTenant, notFound, ParsedQuery, RequireScope } from '@millrace/service-runtime';
import { Controller, Get, Param } from '@nestjs/common';
import { z } from 'zod';
import { DeliveryHistory } from '../history-api/delivery-history.handler';
import { deliveryView } from '../history-api/delivery-view';
import { deliveryListQuery, pageQuery } from '../history-api/history-query';
import { listOfContract } from './contract-list-query';

const mesLogsQuery = pageQuery.extend({
  endpointId: deliveryListQuery.shape.endpointId,
  eventType: deliveryListQuery.shape.eventType,
});
type MesLogsQuery = z.output<typeof mesLogsQuery>;

/** After five failures a delivery shows as failing and goes on daily; what is parked waits like what is pending. */
export const mesStatusOf = (status: DeliveryStatus, attempts: number): MesLogView['status'] => {
  if (status !== 'retrying' && status !== 'parked') return status;
  if (attempts >= MES_FAILING_AFTER) return 'failing';
  return attempts === 0 ? 'pending' : 'retrying';
};

const viewOf = (view: DeliveryView): MesLogView => ({
  id: view.id,
  endpointId: view.endpointId,
  eventId: view.eventId,
  eventType: view.eventType,
  status: mesStatusOf(view.status, view.attemptCount),
  attempts: view.attemptCount,
  lastOutcome: view.lastOutcome,
  nextAttemptAt: view.nextAttemptAt,
  createdAt: view.createdAt,
  completedAt: view.completedAt,
});

/** Webhooks > Logs of the MES: filtered by endpoint or event type, with payload, response and retry history. */
@Controller('api/v2/webhooks/logs')
@RequireScope('deliveries:read')
export class MesLogsController {
  constructor(private readonly history: DeliveryHistory) {}

  @Get()
  list(@CurrentTenant() tenant: string, @ParsedQuery(mesLogsQuery) query: MesLogsQuery): Promise<Page<MesLogView>> {
    return this.history.listAs(tenant, listOfContract('mes', query), async (rows) =>
      rows.map((row) => viewOf(deliveryView(row))),
    );
  }

  @Get(':id')
  async find(@CurrentTenant() tenant: string, @Param('id') id: string): Promise<MesLogDetailView> {
    const delivery = await this.history.find(tenant, id);
    if (delivery?.contract !== 'mes') throw notFound('log entry');
    return {
      ...viewOf(delivery),
      payload: await this.history.bodyOf(tenant, id),
      history: delivery.attempts.map((attempt) => ({
        attempt: attempt.number,
        at: attempt.startedAt,
        durationMs: attempt.durationMs,
        outcome: attempt.outcome,
        error: attempt.error,
        response: attempt.response && { status: attempt.response.status, body: attempt.response.body },
      })),
    };
  }
}
