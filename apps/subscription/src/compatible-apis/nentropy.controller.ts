import { nentropyWebhookId } from '@millrace/domain';
import {
  type ChangedNentropyWebhookView,
  type ConfigurationPage,
  type CreatedNentropyWebhookView,
  configurationPageQuery,
  createNentropyWebhookRequest,
  type NentropyWebhookChanges,
  type NentropyWebhookView,
  type NewNentropyWebhook,
  type Page,
  updateNentropyWebhookRequest,
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
import type { StoredEndpoint } from '../endpoints/stored-endpoint';
import { USE_CASES, type UseCases } from '../subscription.use-cases';
import { newEndpoint } from './new-endpoint';

const CONTRACT = 'nentropy';
const WEBHOOK = 'webhook';

const endpointIdOf = (webhookId: string): string =>
  webhookId.startsWith('wh_') ? webhookId.replace('wh_', 'ep_') : '';

const viewOf = (
  endpoint: Pick<StoredEndpoint, 'id' | 'url' | 'eventTypes' | 'createdAt'> & { readonly status: string },
): NentropyWebhookView => ({
  id: nentropyWebhookId(endpoint.id),
  url: endpoint.url,
  events: [...endpoint.eventTypes],
  active: endpoint.status === 'active' || endpoint.status === 'down',
  createdAt: endpoint.createdAt,
});

/** `/api/v1/integration/webhook-events` as N'entropy documents it. */
@Controller('api/v1/integration/webhook-events')
export class NentropyController {
  constructor(@Inject(USE_CASES) private readonly service: UseCases) {}

  @Post()
  @RequireScope('webhooks:write')
  async create(
    @CurrentPrincipal() principal: ApiPrincipal,
    @IdempotencyKey() key: string | null,
    @RawBody() body: Buffer,
    @JsonBody(createNentropyWebhookRequest) { url, events }: NewNentropyWebhook,
  ): Promise<CreatedNentropyWebhookView> {
    await this.service.compatible.requireKnownTypes(principal.tenant, events, 'events');
    return this.service.createEndpoint.handleWith(
      writeOf(principal, 'POST /api/v1/integration/webhook-events', key, body),
      async () => ({ settings: newEndpoint({ contract: CONTRACT, url, eventTypes: events }), more: {} }),
      (endpoint, secret) => ({ ...viewOf(endpoint), secret }),
    );
  }

  @Get()
  @RequireScope('webhooks:read')
  list(
    @CurrentTenant() tenant: string,
    @ParsedQuery(configurationPageQuery) query: ConfigurationPage,
  ): Promise<Page<NentropyWebhookView>> {
    return pageOf(
      this.service.cursors,
      { tenant, name: 'nentropy webhooks' },
      query,
      async (before, limit) => (await this.service.endpoints.listOf(tenant, CONTRACT, { before, limit })).endpoints,
      (endpoint) => endpoint.id,
      viewOf,
    );
  }

  @Get(':id')
  @RequireScope('webhooks:read')
  async find(@CurrentTenant() tenant: string, @Param('id') id: string): Promise<NentropyWebhookView> {
    return viewOf(await this.service.compatible.find(tenant, CONTRACT, endpointIdOf(id), WEBHOOK));
  }

  /** Making it active begins the count towards being disabled anew, and says what may be sent again. */
  @Patch(':id')
  @RequireScope('webhooks:write')
  async change(
    @CurrentPrincipal() principal: ApiPrincipal,
    @Param('id') id: string,
    @JsonBody(updateNentropyWebhookRequest) { url, events, active }: NentropyWebhookChanges,
  ): Promise<ChangedNentropyWebhookView> {
    const endpoint = await this.service.compatible.find(principal.tenant, CONTRACT, endpointIdOf(id), WEBHOOK);
    if (events) await this.service.compatible.requireKnownTypes(principal.tenant, events, 'events');
    const changed = await this.service.changeEndpoint.handle(changeOf(principal), endpoint.id, {
      ...(url === undefined ? {} : { url }),
      ...(events === undefined ? {} : { eventTypes: events }),
      ...(active === undefined ? {} : { status: active ? 'active' : 'paused' }),
    });
    return { ...viewOf(changed), recovery: changed.recovery };
  }

  @Delete(':id')
  @RequireScope('webhooks:write')
  @HttpCode(204)
  async delete(@CurrentPrincipal() principal: ApiPrincipal, @Param('id') id: string): Promise<void> {
    const endpoint = await this.service.compatible.find(principal.tenant, CONTRACT, endpointIdOf(id), WEBHOOK);
    await this.service.deleteEndpoint.handle(changeOf(principal), endpoint.id);
  }
}
