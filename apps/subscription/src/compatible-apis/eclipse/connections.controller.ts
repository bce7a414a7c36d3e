import {
  type ConfigurationPage,
  type ConnectionChanges,
  type ConnectionView,
  configurationPageQuery,
  createConnectionRequest,
  type NewConnection,
  type Page,
  updateConnectionRequest,
} from '@millrace/protocol';
import {
  type ApiPrincipal,
  CurrentPrincipal,
  CurrentTenant,
  changeOf,
  IdempotencyKey,
  isSortableId,
  JsonBody,
  ParsedQuery,
  pageOf,
  RawBody,
  RequireScope,
  writeOf,
} from '@millrace/service-runtime';
import { Controller, Delete, Get, HttpCode, Inject, Param, Patch, Post } from '@nestjs/common';
import { USE_CASES, type UseCases } from '../../subscription.use-cases';
import { noSuchConnection, viewOfConnection } from './connections.handler';

const known = (id: string): string => {
  if (!isSortableId('cn', id)) throw noSuchConnection();
  return id;
};

/** Eclipse Pro's first step: where to send, and what to show there. */
@Controller('v1/connections')
export class ConnectionsController {
  constructor(@Inject(USE_CASES) private readonly service: UseCases) {}

  @Post()
  @RequireScope('webhooks:write')
  create(
    @CurrentPrincipal() principal: ApiPrincipal,
    @IdempotencyKey() key: string | null,
    @RawBody() body: Buffer,
    @JsonBody(createConnectionRequest) asked: NewConnection,
  ): Promise<ConnectionView> {
    return this.service.connections.create(writeOf(principal, 'POST /v1/connections', key, body), asked);
  }

  @Get()
  @RequireScope('webhooks:read')
  list(
    @CurrentTenant() tenant: string,
    @ParsedQuery(configurationPageQuery) query: ConfigurationPage,
  ): Promise<Page<ConnectionView>> {
    return pageOf(
      this.service.cursors,
      { tenant, name: 'connections' },
      query,
      (before, limit) => this.service.connectionReads.list(tenant, before, limit),
      (connection) => connection.id,
      viewOfConnection,
    );
  }

  @Get(':id')
  @RequireScope('webhooks:read')
  async find(@CurrentTenant() tenant: string, @Param('id') id: string): Promise<ConnectionView> {
    const connection = await this.service.connectionReads.find(tenant, known(id));
    if (!connection) throw noSuchConnection();
    return viewOfConnection(connection);
  }

  @Patch(':id')
  @RequireScope('webhooks:write')
  change(
    @CurrentPrincipal() principal: ApiPrincipal,
    @Param('id') id: string,
    @JsonBody(updateConnectionRequest) changes: ConnectionChanges,
  ): Promise<ConnectionView> {
    return this.service.connections.change(changeOf(principal), known(id), changes);
  }

  @Delete(':id')
  @RequireScope('webhooks:write')
  @HttpCode(204)
  delete(@CurrentPrincipal() principal: ApiPrincipal, @Param('id') id: string): Promise<void> {
    return this.service.connections.delete(changeOf(principal), known(id));
  }
}
