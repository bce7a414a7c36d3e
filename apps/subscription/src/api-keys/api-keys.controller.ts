import {
  type ApiKeyView,
  type ConfigurationPage,
  type CreatedApiKeyView,
  configurationPageQuery,
  createApiKeyRequest,
  type NewApiKeySettings,
  type Page,
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
import { Controller, Delete, Get, HttpCode, Inject, Param, Post } from '@nestjs/common';
import { USE_CASES, type UseCases } from '../subscription.use-cases';
import { viewOfApiKey } from './create-api-key.handler';
import { noSuchApiKey } from './revoke-api-key.handler';

@Controller('v1/api-keys')
@RequireScope('admin')
export class ApiKeysController {
  constructor(@Inject(USE_CASES) private readonly service: UseCases) {}

  @Post()
  create(
    @CurrentPrincipal() principal: ApiPrincipal,
    @IdempotencyKey() key: string | null,
    @RawBody() body: Buffer,
    @JsonBody(createApiKeyRequest) settings: NewApiKeySettings,
  ): Promise<CreatedApiKeyView> {
    return this.service.createApiKey.handle(writeOf(principal, 'POST /v1/api-keys', key, body), settings);
  }

  @Get()
  list(
    @CurrentTenant() tenant: string,
    @ParsedQuery(configurationPageQuery) query: ConfigurationPage,
  ): Promise<Page<ApiKeyView>> {
    return pageOf(
      this.service.cursors,
      { tenant, name: 'api-keys' },
      query,
      (position, count) => this.service.apiKeys.list(tenant, position, count),
      (key) => key.id,
      viewOfApiKey,
    );
  }

  @Delete(':id')
  @HttpCode(204)
  revoke(@CurrentPrincipal() principal: ApiPrincipal, @Param('id') id: string): Promise<void> {
    if (!/^[0-9A-Za-z]{1,64}$/.test(id)) throw noSuchApiKey();
    return this.service.revokeApiKey.handle(changeOf(principal), id);
  }
}
