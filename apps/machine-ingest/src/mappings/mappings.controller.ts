import { isMachineName } from '@millrace/domain';
import {
  type ActivatedMappingView,
  type ConfigurationPage,
  configurationPageQuery,
  MAPPINGS_LIMITS,
  type MappingDetailView,
  type MappingDocumentView,
  type MappingToTest,
  type MappingValidationView,
  type MappingView,
  type Page,
  testMappingRequest,
} from '@millrace/protocol';
import {
  type ApiPrincipal,
  BodyLimit,
  ContentTypes,
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
import { Controller, Delete, Get, Headers, HttpCode, Inject, Param, Post, Res, StreamableFile } from '@nestjs/common';
import { CONFIGURATION, type LateConfiguration } from '../configuration';
import { noSuchMapping } from './activate-mapping.handler';
import { documentOf, YAML_TYPES } from './mapping-document';
import { detailOfMapping, documentOfVersion, viewOfMapping } from './mapping-view';
import { TryMapping } from './try-mapping.handler';

/** A name that no mapping can have is not asked of the database, which cannot hold every text. */
const known = (name: string): string => {
  // The form of the names of mappings and of machines is one: a mapping may be named after its machine.
  if (!isMachineName(name)) throw noSuchMapping();
  return name;
};

/** What signals mean. Calls are answered 503 while the database is away, but for those that save nothing. */
@Controller('v1/mappings')
export class MappingsController {
  constructor(
    @Inject(CONFIGURATION) private readonly configuration: LateConfiguration,
    @Inject(TryMapping) private readonly trials: TryMapping,
  ) {}

  @Get()
  @RequireScope('machines:read')
  list(
    @CurrentTenant() tenant: string,
    @ParsedQuery(configurationPageQuery) query: ConfigurationPage,
  ): Promise<Page<MappingView>> {
    const { mappings, cursors } = this.configuration.get();
    return pageOf(
      cursors,
      { tenant, name: 'mappings' },
      query,
      (position, count) => mappings.list(tenant, position, count),
      ({ mapping }) => mapping.name,
      viewOfMapping,
    );
  }

  @Post()
  @RequireScope('machines:write')
  @BodyLimit(MAPPINGS_LIMITS.requestBytes)
  @ContentTypes('application/json', ...YAML_TYPES)
  async activate(
    @CurrentPrincipal() principal: ApiPrincipal,
    @IdempotencyKey() key: string | null,
    @Headers('content-type') contentType: string | undefined,
    @RawBody() body: Buffer,
    @Res({ passthrough: true }) response: { statusCode: number },
  ): Promise<ActivatedMappingView> {
    const { activateMapping } = this.configuration.get();
    const request = writeOf(principal, 'POST /v1/mappings', key, body);
    const { changed, view } = await activateMapping.handle(request, documentOf(body, contentType));
    response.statusCode = changed ? 201 : 200;
    return view;
  }

  @Post('validate')
  @HttpCode(200)
  @RequireScope('machines:read')
  @BodyLimit(MAPPINGS_LIMITS.requestBytes)
  @ContentTypes('application/json', ...YAML_TYPES)
  validate(
    @CurrentTenant() tenant: string,
    @Headers('content-type') contentType: string | undefined,
    @RawBody() body: Buffer,
  ): Promise<MappingValidationView> {
    return this.trials.validate(tenant, documentOf(body, contentType));
  }

  @Post('test')
  @HttpCode(200)
  @RequireScope('machines:read')
  @BodyLimit(MAPPINGS_LIMITS.requestBytes)
  async test(
    @CurrentTenant() tenant: string,
    @JsonBody(testMappingRequest) asked: MappingToTest,
  ): Promise<StreamableFile> {
    const json = await this.trials.handle(tenant, asked);
    return new StreamableFile(json, { type: 'application/json; charset=utf-8', length: json.byteLength });
  }

  @Get(':name')
  @RequireScope('machines:read')
  async find(@CurrentTenant() tenant: string, @Param('name') name: string): Promise<MappingDetailView> {
    const { mappings } = this.configuration.get();
    const active = await mappings.find(tenant, known(name));
    if (active === null) throw noSuchMapping();
    return detailOfMapping(active, await mappings.versions(tenant, name));
  }

  @Get(':name/versions/:version')
  @RequireScope('machines:read')
  async version(
    @CurrentTenant() tenant: string,
    @Param('name') name: string,
    @Param('version') text: string,
  ): Promise<MappingDocumentView> {
    const { mappings } = this.configuration.get();
    const found = /^[1-9]\d{0,8}$/.test(text) ? await mappings.version(tenant, known(name), Number(text)) : null;
    if (found === null) throw noSuchMapping();
    return documentOfVersion(found, (await mappings.find(tenant, name))?.mapping.active ?? null);
  }

  @Delete(':name')
  @HttpCode(204)
  @RequireScope('machines:write')
  async delete(@CurrentPrincipal() principal: ApiPrincipal, @Param('name') name: string): Promise<void> {
    await this.configuration.get().activateMapping.delete(changeOf(principal), known(name));
  }
}
