import {
  type ConfigurationPage,
  type CreatedMesEndpointView,
  configurationPageQuery,
  createMesEndpointRequest,
  type MesEndpointChanges,
  type MesEndpointView,
  type MesSecretView,
  type MesTestView,
  type NewMesEndpoint,
  type Page,
  testMesEndpointRequest,
  updateMesEndpointRequest,
} from '@millrace/protocol';
import {
  type ApiPrincipal,
  CurrentPrincipal,
  CurrentTenant,
  CurrentTrace,
  changeOf,
  IdempotencyKey,
  JsonBody,
  ParsedQuery,
  pageOf,
  RawBody,
  RequireScope,
  writeOf,
} from '@millrace/service-runtime';
import { formatTraceparent, type TraceContext } from '@millrace/telemetry';
import { Controller, Delete, Get, Header, HttpCode, Inject, Param, Patch, Post } from '@nestjs/common';
import type { StoredEndpoint } from '../endpoints/stored-endpoint';
import { USE_CASES, type UseCases } from '../subscription.use-cases';
import { newEndpoint } from './new-endpoint';

const CONTRACT = 'mes';
const ENDPOINT = 'endpoint';

const viewOf = (
  endpoint: Pick<StoredEndpoint, 'id' | 'url' | 'eventTypes' | 'createdAt' | 'updatedAt'> & { readonly status: string },
): MesEndpointView => ({
  id: endpoint.id,
  url: endpoint.url,
  events: [...endpoint.eventTypes],
  active: endpoint.status === 'active' || endpoint.status === 'down',
  createdAt: endpoint.createdAt,
  updatedAt: endpoint.updatedAt,
});

/** `/api/v2/webhooks/endpoints` as the MachShop MES documents it. */
@Controller('api/v2/webhooks/endpoints')
export class MesController {
  constructor(@Inject(USE_CASES) private readonly service: UseCases) {}

  @Post()
  @RequireScope('webhooks:write')
  async create(
    @CurrentPrincipal() principal: ApiPrincipal,
    @IdempotencyKey() key: string | null,
    @RawBody() body: Buffer,
    @JsonBody(createMesEndpointRequest) { url, events, active }: NewMesEndpoint,
  ): Promise<CreatedMesEndpointView> {
    await this.service.compatible.requireKnownTypes(principal.tenant, events, 'events');
    return this.service.createEndpoint.handleWith(
      writeOf(principal, 'POST /api/v2/webhooks/endpoints', key, body),
      async () => ({
        settings: newEndpoint({ contract: CONTRACT, url, eventTypes: events }),
        more: { status: active ? 'active' : 'paused' },
      }),
      (endpoint, secret) => ({ ...viewOf(endpoint), secret }),
    );
  }

  @Get()
  @RequireScope('webhooks:read')
  list(
    @CurrentTenant() tenant: string,
    @ParsedQuery(configurationPageQuery) query: ConfigurationPage,
  ): Promise<Page<MesEndpointView>> {
    return pageOf(
      this.service.cursors,
      { tenant, name: 'mes endpoints' },
      query,
      async (before, limit) => (await this.service.endpoints.listOf(tenant, CONTRACT, { before, limit })).endpoints,
      (endpoint) => endpoint.id,
      viewOf,
    );
  }

  @Get(':id')
  @RequireScope('webhooks:read')
  async find(@CurrentTenant() tenant: string, @Param('id') id: string): Promise<MesEndpointView> {
    return viewOf(await this.service.compatible.find(tenant, CONTRACT, id, ENDPOINT));
  }

  @Patch(':id')
  @RequireScope('webhooks:write')
  async change(
    @CurrentPrincipal() principal: ApiPrincipal,
    @Param('id') id: string,
    @JsonBody(updateMesEndpointRequest) { url, events, active }: MesEndpointChanges,
  ): Promise<MesEndpointView> {
    await this.service.compatible.find(principal.tenant, CONTRACT, id, ENDPOINT);
    if (events) await this.service.compatible.requireKnownTypes(principal.tenant, events, 'events');
    return viewOf(
      await this.service.changeEndpoint.handle(changeOf(principal), id, {
        ...(url === undefined ? {} : { url }),
        ...(events === undefined ? {} : { eventTypes: events }),
        ...(active === undefined ? {} : { status: active ? 'active' : 'paused' }),
      }),
    );
  }

  @Delete(':id')
  @RequireScope('webhooks:write')
  @HttpCode(204)
  async delete(@CurrentPrincipal() principal: ApiPrincipal, @Param('id') id: string): Promise<void> {
    await this.service.compatible.find(principal.tenant, CONTRACT, id, ENDPOINT);
    await this.service.deleteEndpoint.handle(changeOf(principal), id);
  }

  @Get(':id/secret')
  @RequireScope('secrets:reveal')
  @Header('cache-control', 'no-store')
  async reveal(@CurrentPrincipal() principal: ApiPrincipal, @Param('id') id: string): Promise<MesSecretView> {
    await this.service.compatible.find(principal.tenant, CONTRACT, id, ENDPOINT);
    return { secret: await this.service.revealSecret.handle(changeOf(principal), id, CONTRACT) };
  }

  @Post(':id/test')
  @RequireScope('webhooks:write')
  @HttpCode(202)
  async test(
    @CurrentPrincipal() principal: ApiPrincipal,
    @IdempotencyKey() key: string | null,
    @CurrentTrace() trace: TraceContext,
    @Param('id') id: string,
    @RawBody() body: Buffer,
    @JsonBody(testMesEndpointRequest) { eventType }: { eventType: string },
  ): Promise<MesTestView> {
    await this.service.compatible.find(principal.tenant, CONTRACT, id, ENDPOINT);
    await this.service.compatible.requireKnownTypes(principal.tenant, [eventType], 'eventType');
    const write = writeOf(principal, `POST /api/v2/webhooks/endpoints/${id}/test`, key, body);
    const origin = { traceId: trace.traceId, traceparent: formatTraceparent(trace) };
    const sent = await this.service.testEndpoint.handle(write, id, eventType, origin);
    return { deliveryId: sent.deliveryId, payload: JSON.parse(sent.body) as unknown };
  }
}
