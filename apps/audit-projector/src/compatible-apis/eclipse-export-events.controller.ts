import { eclipseExportId, endpointIdOfExport } from '@millrace/domain';
import {
  type CommandAcceptedView,
  type DeliveryDetailView,
  type DeliveryView,
  type ExportEventDetailView,
  type ExportEventView,
  endDeliveryRequest,
  type Page,
  type RetryWish,
  retryDeliveryRequest,
} from '@millrace/protocol';
import {
  type ApiPrincipal,
  CurrentPrincipal,
  CurrentTenant,
  IdempotencyKey,
  notFound,
  OptionalJsonBody,
  ParsedQuery,
  RequireScope,
} from '@millrace/service-runtime';
import { Controller, Get, HttpCode, Param, Post } from '@nestjs/common';
import { z } from 'zod';
import type { CommandWish } from '../commands/command-rule';
import { DeliveryCommands } from '../commands/delivery-commands.handler';
import { DeliveryHistory } from '../history-api/delivery-history.handler';
import { deliveryView } from '../history-api/delivery-view';
import { deliveryListQuery, pageQuery } from '../history-api/history-query';
import { listOfContract } from './contract-list-query';
import { activityOf, bundleOf } from './export-activity';

const CONTRACT = 'eclipse';

const exportEventsQuery = pageQuery.extend({
  exportId: z
    .string()
    .regex(/^ex_[0-9a-z]{1,64}$/, 'exportId is the id of an export configuration, ex_….')
    .optional(),
  status: deliveryListQuery.shape.status,
  from: deliveryListQuery.shape.from,
  to: deliveryListQuery.shape.to,
});
type ExportEventsQuery = z.output<typeof exportEventsQuery>;

const viewOf = (view: DeliveryView, bundle: ExportEventView['bundle']): ExportEventView => ({
  id: view.id,
  exportId: eclipseExportId(view.endpointId),
  eventId: view.eventId,
  bundle,
  status: view.status,
  attempts: view.attemptCount,
  lastOutcome: view.lastOutcome,
  nextAttemptAt: view.nextAttemptAt,
  createdAt: view.createdAt,
  completedAt: view.completedAt,
});

/** Settings > Integration > Export Events of Eclipse Pro. */
@Controller('v1/export-events')
export class EclipseExportEventsController {
  constructor(
    private readonly history: DeliveryHistory,
    private readonly commands: DeliveryCommands,
  ) {}

  @Get()
  @RequireScope('deliveries:read')
  list(
    @CurrentTenant() tenant: string,
    @ParsedQuery(exportEventsQuery) { exportId, ...rest }: ExportEventsQuery,
  ): Promise<Page<ExportEventView>> {
    const endpointId = exportId === undefined ? undefined : endpointIdOfExport(exportId);
    return this.history.listAs(tenant, listOfContract(CONTRACT, { ...rest, endpointId }), async (rows) => {
      const events = await this.history.eventsOf(tenant, rows);
      return rows.map((row) =>
        viewOf(deliveryView(row), bundleOf(events.get(row.event_key)?.data.toString('utf8') ?? null)),
      );
    });
  }

  @Get(':id')
  @RequireScope('deliveries:read')
  async find(@CurrentTenant() tenant: string, @Param('id') id: string): Promise<ExportEventDetailView> {
    const delivery = await this.known(tenant, id);
    return {
      ...viewOf(delivery, bundleOf(await this.history.bodyOf(tenant, id))),
      activity: activityOf(delivery),
    };
  }

  @Post(':id/retry')
  @RequireScope('deliveries:write')
  @HttpCode(202)
  retry(
    @CurrentPrincipal() principal: ApiPrincipal,
    @IdempotencyKey() key: string | null,
    @Param('id') id: string,
    @OptionalJsonBody(retryDeliveryRequest) { force, reason }: RetryWish,
  ): Promise<CommandAcceptedView> {
    return this.command(principal, key, id, { kind: 'retry', force }, reason);
  }

  @Post(':id/cancel')
  @RequireScope('deliveries:write')
  @HttpCode(202)
  cancel(
    @CurrentPrincipal() principal: ApiPrincipal,
    @IdempotencyKey() key: string | null,
    @Param('id') id: string,
    @OptionalJsonBody(endDeliveryRequest) _body: object,
  ): Promise<CommandAcceptedView> {
    return this.command(principal, key, id, { kind: 'cancel' }, null);
  }

  private async command(
    { tenant, keyId }: ApiPrincipal,
    idempotencyKey: string | null,
    id: string,
    wish: CommandWish,
    reason: string | null,
  ): Promise<CommandAcceptedView> {
    await this.known(tenant, id);
    const accepted = await this.commands.handle({ tenant, by: keyId, idempotencyKey }, id, wish, reason);
    if (accepted === null) throw notFound('export event');
    return accepted;
  }

  private async known(tenant: string, id: string): Promise<DeliveryDetailView> {
    const delivery = await this.history.find(tenant, id);
    if (delivery?.contract !== CONTRACT) throw notFound('export event');
    return delivery;
  }
}
