import type { DeliveryDetailView, DeliveryView, Page } from '@millrace/protocol';
import { CurrentTenant, notFound, ParsedQuery, RequireScope } from '@millrace/service-runtime';
import { Controller, Get, Param } from '@nestjs/common';
import { DeliveryHistory } from './delivery-history.handler';
import { type DeliveryListQuery, deliveryListQuery } from './history-query';

@Controller('v1/deliveries')
@RequireScope('deliveries:read')
export class DeliveriesController {
  constructor(private readonly history: DeliveryHistory) {}

  @Get()
  list(
    @CurrentTenant() tenant: string,
    @ParsedQuery(deliveryListQuery) query: DeliveryListQuery,
  ): Promise<Page<DeliveryView>> {
    return this.history.list(tenant, query);
  }

  @Get(':id')
  async find(@CurrentTenant() tenant: string, @Param('id') id: string): Promise<DeliveryDetailView> {
    const delivery = await this.history.find(tenant, id);
    if (delivery === null) throw notFound('delivery');
    return delivery;
  }
}
