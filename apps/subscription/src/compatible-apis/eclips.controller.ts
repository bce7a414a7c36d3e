import {
  type CreatedEclipsWebhookView,
  createEclipsWebhookRequest,
  type EclipsPage,
  type EclipsRunSecretView,
  type EclipsWebhookListView,
  type EclipsWebhookView,
  eclipsPageQuery,
  type NewEclipsWebhook,
  noSettings,
} from '@millrace/protocol';
import {
  type ApiPrincipal,
  CurrentPrincipal,
  CurrentTenant,
  changeOf,
  IdempotencyKey,
  JsonBody,
  OptionalJsonBody,
  ParsedQuery,
  RawBody,
  RequireScope,
  ScopeRefusal,
  writeOf,
} from '@millrace/service-runtime';
import { Controller, Delete, Get, HttpCode, Inject, Param, Post } from '@nestjs/common';
import type { StoredEndpoint } from '../endpoints/stored-endpoint';
import { USE_CASES, type UseCases } from '../subscription.use-cases';
import { newEndpoint } from './new-endpoint';

const CONTRACT = 'eclips';
const WEBHOOK = 'webhook';

const viewOf = (endpoint: StoredEndpoint): EclipsWebhookView => ({
  id: endpoint.id,
  url: endpoint.url,
  events: [...endpoint.eventTypes],
  created_at: endpoint.createdAt,
});

/** `/v1/webhooks` as eClips documents it. */
@Controller('v1/webhooks')
@ScopeRefusal((required, provided) => ({ error: 'Insufficient scope', required, provided }))
export class EclipsController {
  constructor(@Inject(USE_CASES) private readonly service: UseCases) {}

  @Post()
  @RequireScope('webhooks:write')
  async create(
    @CurrentPrincipal() principal: ApiPrincipal,
    @IdempotencyKey() key: string | null,
    @RawBody() body: Buffer,
    @JsonBody(createEclipsWebhookRequest) { url, events }: NewEclipsWebhook,
  ): Promise<CreatedEclipsWebhookView> {
    return this.service.createEndpoint.handleWith(
      writeOf(principal, 'POST /v1/webhooks', key, body),
      async () => ({ settings: newEndpoint({ contract: CONTRACT, url, eventTypes: events }), more: {} }),
      (endpoint, secret) => ({ ...viewOf(endpoint), secret }),
    );
  }

  @Get()
  @RequireScope('webhooks:read')
  async list(
    @CurrentTenant() tenant: string,
    @ParsedQuery(eclipsPageQuery) { limit, offset }: EclipsPage,
  ): Promise<EclipsWebhookListView> {
    const { endpoints, total } = await this.service.endpoints.listOf(tenant, CONTRACT, { limit, offset });
    return { data: endpoints.map(viewOf), total, limit, offset };
  }

  @Post('run-secret')
  @RequireScope('webhooks:write')
  createRunSecret(
    @CurrentPrincipal() principal: ApiPrincipal,
    @IdempotencyKey() key: string | null,
    @RawBody() body: Buffer,
    @OptionalJsonBody(noSettings) _none: object,
  ): Promise<EclipsRunSecretView> {
    return this.service.runSecret.create(writeOf(principal, 'POST /v1/webhooks/run-secret', key, body));
  }

  @Delete('run-secret')
  @RequireScope('webhooks:write')
  @HttpCode(204)
  deleteRunSecret(@CurrentPrincipal() principal: ApiPrincipal): Promise<void> {
    return this.service.runSecret.delete(changeOf(principal));
  }

  @Delete(':id')
  @RequireScope('webhooks:write')
  @HttpCode(204)
  async delete(@CurrentPrincipal() principal: ApiPrincipal, @Param('id') id: string): Promise<void> {
    await this.service.compatible.find(principal.tenant, CONTRACT, id, WEBHOOK);
    await this.service.deleteEndpoint.handle(changeOf(principal), id);
  }
}
