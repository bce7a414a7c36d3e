import { endpointIdOfExport } from '@millrace/domain';
import {
  type ConfigurationPage,
  type CreatedExportView,
  configurationPageQuery,
  createExportRequest,
  type ExportView,
  type NewExport,
  type Page,
  updateExportRequest,
} from '@millrace/protocol';
import {
  type ApiPrincipal,
  CurrentPrincipal,
  CurrentTenant,
  changeOf,
  IdempotencyKey,
  JsonBody,
  ParsedQuery,
  pageOf,
  RawBody,
  RequireScope,
  writeOf,
} from '@millrace/service-runtime';
import { Controller, Delete, Get, HttpCode, Inject, Param, Patch, Post } from '@nestjs/common';
import type { StoredEndpoint } from '../../endpoints/stored-endpoint';
import { USE_CASES, type UseCases } from '../../subscription.use-cases';
import { noSuchExport, viewOfExport } from './exports.handler';

const CONTRACT = 'eclipse';

/** Eclipse Pro's second step: what is sent to a connection. */
@Controller('v1/exports')
export class ExportsController {
  constructor(@Inject(USE_CASES) private readonly service: UseCases) {}

  @Post()
  @RequireScope('webhooks:write')
  create(
    @CurrentPrincipal() principal: ApiPrincipal,
    @IdempotencyKey() key: string | null,
    @RawBody() body: Buffer,
    @JsonBody(createExportRequest) asked: NewExport,
  ): Promise<CreatedExportView> {
    return this.service.createExport.handle(writeOf(principal, 'POST /v1/exports', key, body), asked);
  }

  @Get()
  @RequireScope('webhooks:read')
  list(
    @CurrentTenant() tenant: string,
    @ParsedQuery(configurationPageQuery) query: ConfigurationPage,
  ): Promise<Page<ExportView>> {
    return pageOf(
      this.service.cursors,
      { tenant, name: 'exports' },
      query,
      async (before, limit) =>
        (await this.service.endpoints.listOf(tenant, CONTRACT, { before, limit, ofConnections: true })).endpoints,
      (endpoint) => endpoint.id,
      (endpoint) => this.viewOf(endpoint),
    );
  }

  @Get(':id')
  @RequireScope('webhooks:read')
  async find(@CurrentTenant() tenant: string, @Param('id') id: string): Promise<ExportView> {
    return this.viewOf(await this.known(tenant, id));
  }

  @Patch(':id')
  @RequireScope('webhooks:write')
  async change(
    @CurrentPrincipal() principal: ApiPrincipal,
    @Param('id') id: string,
    @JsonBody(updateExportRequest) { active }: { active: boolean },
  ): Promise<ExportView> {
    const endpoint = await this.known(principal.tenant, id);
    await this.service.changeEndpoint.handle(changeOf(principal), endpoint.id, {
      status: active ? 'active' : 'paused',
    });
    return this.viewOf(await this.known(principal.tenant, id));
  }

  @Delete(':id')
  @RequireScope('webhooks:write')
  @HttpCode(204)
  async delete(@CurrentPrincipal() principal: ApiPrincipal, @Param('id') id: string): Promise<void> {
    await this.service.deleteEndpoint.handle(changeOf(principal), (await this.known(principal.tenant, id)).id);
  }

  private async known(tenant: string, id: string): Promise<StoredEndpoint> {
    const endpointId = id.startsWith('ex_') ? endpointIdOfExport(id) : '';
    const endpoint = await this.service.compatible.find(tenant, CONTRACT, endpointId, 'export configuration');
    if (endpoint.connectionId === null) throw noSuchExport();
    return endpoint;
  }

  private viewOf(endpoint: StoredEndpoint): ExportView {
    return viewOfExport(endpoint, this.service.conditionOf(endpoint.id));
  }
}
