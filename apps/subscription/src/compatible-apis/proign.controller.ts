import { type EqualityFilter, type Filter, filterOfEqualities } from '@millrace/domain';
import {
  type ConfigurationPage,
  configurationPageQuery,
  createProignSubscriptionRequest,
  type NewProignSubscription,
  noSettings,
  type Page,
  type ProignSubscriptionView,
  type ProignTestView,
} from '@millrace/protocol';
import {
  type ApiPrincipal,
  CurrentPrincipal,
  CurrentTrace,
  changeOf,
  IdempotencyKey,
  JsonBody,
  OptionalJsonBody,
  ParsedQuery,
  pageOf,
  RawBody,
  Refused,
  RequireScope,
  writeOf,
} from '@millrace/service-runtime';
import { formatTraceparent, type TraceContext } from '@millrace/telemetry';
import { Controller, Delete, Get, HttpCode, Inject, Param, Post } from '@nestjs/common';
import type { StoredEndpoint } from '../endpoints/stored-endpoint';
import { USE_CASES, type UseCases } from '../subscription.use-cases';
import { namedUrl } from './field-names';
import { newEndpoint } from './new-endpoint';

const CONTRACT = 'proign';
const SUBSCRIPTION = 'subscription';

/** Names that begin with `@` or `$` are doubled in the endpoint's filter; see filterOfEqualities. */
const equalitiesOf = (filter: Filter): EqualityFilter =>
  Object.fromEntries(
    Object.entries(filter).map(([path, value]) => [path.replace(/^([@$])\1/, '$1'), value as EqualityFilter[string]]),
  );

const viewOf = (endpoint: StoredEndpoint): ProignSubscriptionView => ({
  id: endpoint.id,
  tenant_id: endpoint.tenant,
  event_type: endpoint.eventTypes[0] ?? '',
  target_module: 'external',
  webhook_url: endpoint.url,
  filter: endpoint.filter && equalitiesOf(endpoint.filter),
  active: endpoint.status === 'active',
  created_at: endpoint.createdAt,
});

/** The tenant in the path is the key's; another one is not there, whoever it is. */
const requireOwn = (principal: ApiPrincipal, tenant: string): void => {
  if (tenant !== principal.tenant)
    throw new Refused(
      'not_found',
      `There is no such tenant for this key, which belongs to ${principal.tenant}: /api/${principal.tenant}/subscriptions.`,
    );
};

/** `/api/:tenant/subscriptions` as PROIGN documents it. */
@Controller('api/:tenant/subscriptions')
export class ProignController {
  constructor(@Inject(USE_CASES) private readonly service: UseCases) {}

  @Post()
  @RequireScope('webhooks:write')
  async create(
    @CurrentPrincipal() principal: ApiPrincipal,
    @Param('tenant') tenant: string,
    @IdempotencyKey() key: string | null,
    @RawBody() body: Buffer,
    @JsonBody(createProignSubscriptionRequest) asked: NewProignSubscription,
  ): Promise<ProignSubscriptionView> {
    requireOwn(principal, tenant);
    const { event_type: type, webhook_url: url, secret, filter } = asked;
    await this.service.compatible.requireKnownTypes(principal.tenant, [type], 'event_type');
    const checked = namedUrl('webhook_url', () => this.service.checkUrl(url));
    return this.service.createEndpoint.handleWith(
      writeOf(principal, `POST /api/${tenant}/subscriptions`, key, body),
      async () => ({
        settings: newEndpoint({
          contract: CONTRACT,
          url: checked,
          eventTypes: [type],
          secret,
          filter: filter && filterOfEqualities(filter),
        }),
        more: {},
      }),
      viewOf,
    );
  }

  @Get()
  @RequireScope('webhooks:read')
  list(
    @CurrentPrincipal() principal: ApiPrincipal,
    @Param('tenant') tenant: string,
    @ParsedQuery(configurationPageQuery) query: ConfigurationPage,
  ): Promise<Page<ProignSubscriptionView>> {
    requireOwn(principal, tenant);
    return pageOf(
      this.service.cursors,
      { tenant, name: 'proign subscriptions' },
      query,
      async (before, limit) => (await this.service.endpoints.listOf(tenant, CONTRACT, { before, limit })).endpoints,
      (endpoint) => endpoint.id,
      viewOf,
    );
  }

  @Get(':id')
  @RequireScope('webhooks:read')
  async find(
    @CurrentPrincipal() principal: ApiPrincipal,
    @Param('tenant') tenant: string,
    @Param('id') id: string,
  ): Promise<ProignSubscriptionView> {
    requireOwn(principal, tenant);
    return viewOf(await this.service.compatible.find(tenant, CONTRACT, id, SUBSCRIPTION));
  }

  @Delete(':id')
  @RequireScope('webhooks:write')
  @HttpCode(204)
  async delete(
    @CurrentPrincipal() principal: ApiPrincipal,
    @Param('tenant') tenant: string,
    @Param('id') id: string,
  ): Promise<void> {
    requireOwn(principal, tenant);
    await this.service.compatible.find(tenant, CONTRACT, id, SUBSCRIPTION);
    await this.service.deleteEndpoint.handle(changeOf(principal), id);
  }

  @Post(':id/test')
  @RequireScope('webhooks:write')
  @HttpCode(202)
  async test(
    @CurrentPrincipal() principal: ApiPrincipal,
    @Param('tenant') tenant: string,
    @Param('id') id: string,
    @IdempotencyKey() key: string | null,
    @RawBody() body: Buffer,
    @OptionalJsonBody(noSettings) _none: object,
    @CurrentTrace() trace: TraceContext,
  ): Promise<ProignTestView> {
    requireOwn(principal, tenant);
    const { eventTypes } = await this.service.compatible.find(tenant, CONTRACT, id, SUBSCRIPTION);
    const write = writeOf(principal, `POST /api/${tenant}/subscriptions/${id}/test`, key, body);
    const origin = { traceId: trace.traceId, traceparent: formatTraceparent(trace) };
    const { deliveryId } = await this.service.testEndpoint.handle(write, id, eventTypes[0] ?? 'millrace.test', origin);
    return { delivery_id: deliveryId };
  }
}
