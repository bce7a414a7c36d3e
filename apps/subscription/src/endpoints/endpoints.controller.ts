import {
  type ChangedEndpointView,
  type ConfigurationPage,
  type CreatedEndpointView,
  configurationPageQuery,
  createEndpointRequest,
  type EndpointChanges,
  type EndpointView,
  type NewEndpointSettings,
  type Page,
  type RotatedSecretView,
  rotateSecretRequest,
  type TestDeliveryView,
  testEndpointRequest,
  updateEndpointRequest,
} from '@millrace/protocol';
import {
  type ApiPrincipal,
  CurrentPrincipal,
  CurrentTenant,
  CurrentTrace,
  changeOf,
  IdempotencyKey,
  JsonBody,
  OptionalJsonBody,
  ParsedQuery,
  pageOf,
  RawBody,
  RequireScope,
  writeOf,
} from '@millrace/service-runtime';
import { formatTraceparent, type TraceContext } from '@millrace/telemetry';
import { Controller, Delete, Get, HttpCode, Inject, Param, Patch, Post } from '@nestjs/common';
import { USE_CASES, type UseCases } from '../subscription.use-cases';
import { noSuchEndpoint } from './change-endpoint.handler';
import { isEndpointId } from './endpoint-id';
import { viewOfEndpoint } from './endpoint-view';

const known = (id: string): string => {
  if (!isEndpointId(id)) throw noSuchEndpoint();
  return id;
};

@Controller('v1/endpoints')
export class EndpointsController {
  constructor(@Inject(USE_CASES) private readonly service: UseCases) {}

  @Post()
  @RequireScope('webhooks:write')
  create(
    @CurrentPrincipal() principal: ApiPrincipal,
    @IdempotencyKey() key: string | null,
    @RawBody() body: Buffer,
    @JsonBody(createEndpointRequest) settings: NewEndpointSettings,
  ): Promise<CreatedEndpointView> {
    return this.service.createEndpoint.handle(writeOf(principal, 'POST /v1/endpoints', key, body), settings);
  }

  @Get()
  @RequireScope('webhooks:read')
  list(
    @CurrentTenant() tenant: string,
    @ParsedQuery(configurationPageQuery) query: ConfigurationPage,
  ): Promise<Page<EndpointView>> {
    return pageOf(
      this.service.cursors,
      { tenant, name: 'endpoints' },
      query,
      (position, count) => this.service.endpoints.list(tenant, position, count),
      (endpoint) => endpoint.id,
      (endpoint) => viewOfEndpoint(endpoint, this.service.conditionOf(endpoint.id)),
    );
  }

  @Get(':id')
  @RequireScope('webhooks:read')
  async find(@CurrentTenant() tenant: string, @Param('id') id: string): Promise<EndpointView> {
    const endpoint = await this.service.endpoints.find(tenant, known(id));
    if (!endpoint) throw noSuchEndpoint();
    return viewOfEndpoint(endpoint, this.service.conditionOf(endpoint.id));
  }

  @Patch(':id')
  @RequireScope('webhooks:write')
  change(
    @CurrentPrincipal() principal: ApiPrincipal,
    @Param('id') id: string,
    @JsonBody(updateEndpointRequest) changes: EndpointChanges,
  ): Promise<ChangedEndpointView> {
    return this.service.changeEndpoint.handle(changeOf(principal), known(id), changes);
  }

  @Delete(':id')
  @RequireScope('webhooks:write')
  @HttpCode(204)
  delete(@CurrentPrincipal() principal: ApiPrincipal, @Param('id') id: string): Promise<void> {
    return this.service.deleteEndpoint.handle(changeOf(principal), known(id));
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
    @OptionalJsonBody(testEndpointRequest) request: { eventType: string },
  ): Promise<TestDeliveryView> {
    const write = writeOf(principal, `POST /v1/endpoints/${known(id)}/test`, key, body);
    const origin = { traceId: trace.traceId, traceparent: formatTraceparent(trace) };
    const { deliveryId } = await this.service.testEndpoint.handle(write, id, request.eventType, origin);
    return { deliveryId };
  }

  @Post(':id/rotate-secret')
  @RequireScope('webhooks:write')
  @HttpCode(200)
  rotate(
    @CurrentPrincipal() principal: ApiPrincipal,
    @IdempotencyKey() key: string | null,
    @Param('id') id: string,
    @RawBody() body: Buffer,
    @OptionalJsonBody(rotateSecretRequest) request: { overlapSeconds: number },
  ): Promise<RotatedSecretView> {
    const write = writeOf(principal, `POST /v1/endpoints/${known(id)}/rotate-secret`, key, body);
    return this.service.rotateSecret.handle(write, id, request.overlapSeconds);
  }
}
