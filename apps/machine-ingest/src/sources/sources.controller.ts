import {
  type ConfigurationPage,
  configurationPageQuery,
  createSourceRequest,
  isConfiguredName,
  type NewSource,
  type Page,
  type SavedSourceView,
  type SourceChanges,
  type SourceToTry,
  type SourceView,
  type TriedSourceView,
  trySourceRequest,
  updateSourceRequest,
} from '@millrace/protocol';
import {
  type ApiPrincipal,
  CurrentPrincipal,
  CurrentTenant,
  changeOf,
  IdempotencyKey,
  JsonBody,
  ParsedQuery,
  RawBody,
  Refused,
  RequireScope,
  writeOf,
} from '@millrace/service-runtime';
import { Controller, Delete, Get, HttpCode, Inject, Param, Patch, Post } from '@nestjs/common';
import { CONFIGURATION, type LateConfiguration } from '../configuration';
import { SourceDirectory } from '../signal-intake/source-views';
import { noSuchSource } from './save-source.handler';

/** What machines are read from. Calls are answered 503 while the database is away; what runs goes on. */
@Controller('v1/sources')
export class SourcesController {
  constructor(
    @Inject(CONFIGURATION) private readonly configuration: LateConfiguration,
    @Inject(SourceDirectory) private readonly directory: SourceDirectory,
  ) {}

  @Get()
  @RequireScope('machines:read')
  list(
    @CurrentTenant() tenant: string,
    @ParsedQuery(configurationPageQuery) query: ConfigurationPage,
  ): Promise<Page<SourceView>> {
    return this.configuration.get().listSources.page(tenant, query);
  }

  @Post()
  @RequireScope('machines:write')
  create(
    @CurrentPrincipal() principal: ApiPrincipal,
    @IdempotencyKey() key: string | null,
    @RawBody() body: Buffer,
    @JsonBody(createSourceRequest) source: NewSource,
  ): Promise<SavedSourceView> {
    return this.configuration.get().saveSource.create(writeOf(principal, 'POST /v1/sources', key, body), source);
  }

  @Post('try')
  @HttpCode(200)
  @RequireScope('machines:write')
  try(@CurrentTenant() tenant: string, @JsonBody(trySourceRequest) source: SourceToTry): Promise<TriedSourceView> {
    return this.configuration.get().saveSource.try(tenant, source);
  }

  @Get(':name')
  @RequireScope('machines:read')
  async find(@CurrentTenant() tenant: string, @Param('name') name: string): Promise<SourceView> {
    if (!isConfiguredName(name) && !this.isFixed(tenant, name)) throw noSuchSource();
    const source = await this.configuration.get().listSources.find(tenant, name);
    if (source === null) throw noSuchSource();
    return source;
  }

  @Patch(':name')
  @RequireScope('machines:write')
  change(
    @CurrentPrincipal() principal: ApiPrincipal,
    @Param('name') name: string,
    @JsonBody(updateSourceRequest) changes: SourceChanges,
  ): Promise<SavedSourceView> {
    this.requireOwn(principal.tenant, name);
    return this.configuration.get().saveSource.change(changeOf(principal), name, changes);
  }

  @Delete(':name')
  @HttpCode(204)
  @RequireScope('machines:write')
  async delete(@CurrentPrincipal() principal: ApiPrincipal, @Param('name') name: string): Promise<void> {
    this.requireOwn(principal.tenant, name);
    await this.configuration.get().saveSource.delete(changeOf(principal), name);
  }

  private isFixed(tenant: string, name: string): boolean {
    return this.directory.fixed.some((source) => source.tenant === tenant && source.name === name);
  }

  private requireOwn(tenant: string, name: string): void {
    if (this.isFixed(tenant, name))
      throw new Refused(
        'conflict',
        `The source ${name} comes from the environment of the service and is changed there.`,
      );
    if (!isConfiguredName(name)) throw noSuchSource();
  }
}
