import { DEFAULT_TENANT } from '@millrace/domain';
import {
  discardRequest,
  type QuarantinedDetailView,
  type QuarantinedView,
  type RedriveManyWish,
  type RedrivenManyView,
  type RedrivenView,
  type RedriveWish,
  redriveManyRequest,
  redriveRequest,
} from '@millrace/protocol';
import {
  type ApiPrincipal,
  CurrentPrincipal,
  JsonBody,
  notFound,
  OptionalJsonBody,
  ParsedQuery,
  RequireScope,
} from '@millrace/service-runtime';
import { Controller, Get, HttpCode, Param, Post } from '@nestjs/common';
import type { Sight } from './quarantine.store';
import { QuarantineList } from './quarantine-list.handler';
import { type QuarantineListQuery, quarantineListQuery } from './quarantine-query';
import { type QuarantineAsker, Redrive } from './redrive.handler';

/** Bytes that nobody's name is on, or that of a tenant that there was not, are for the site's operator: `admin` of the default tenant. */
const sightOf = ({ tenant, scopes }: ApiPrincipal): Sight => ({
  tenant,
  nobodys: tenant === DEFAULT_TENANT && scopes.includes('admin'),
});
const askerOf = (principal: ApiPrincipal): QuarantineAsker => ({ sight: sightOf(principal), by: principal.keyId });

@Controller('v1/quarantine')
export class QuarantineController {
  constructor(
    private readonly items: QuarantineList,
    private readonly redrive: Redrive,
  ) {}

  @Get()
  @RequireScope('deliveries:read')
  list(
    @CurrentPrincipal() principal: ApiPrincipal,
    @ParsedQuery(quarantineListQuery) query: QuarantineListQuery,
  ): Promise<{ data: QuarantinedView[]; nextCursor: string | null }> {
    return this.items.list(sightOf(principal), query);
  }

  @Get(':id')
  @RequireScope('deliveries:read')
  async find(@CurrentPrincipal() principal: ApiPrincipal, @Param('id') id: string): Promise<QuarantinedDetailView> {
    const item = await this.items.find(sightOf(principal), id);
    if (item === null) throw notFound('record in the quarantine');
    return item;
  }

  @Post('redrive')
  @HttpCode(202)
  @RequireScope('deliveries:write')
  redriveMany(
    @CurrentPrincipal() principal: ApiPrincipal,
    @JsonBody(redriveManyRequest) wish: RedriveManyWish,
  ): Promise<RedrivenManyView> {
    return this.redrive.many(askerOf(principal), wish);
  }

  @Post(':id/redrive')
  @HttpCode(202)
  @RequireScope('deliveries:write')
  async redriveOne(
    @CurrentPrincipal() principal: ApiPrincipal,
    @Param('id') id: string,
    @OptionalJsonBody(redriveRequest) wish: RedriveWish,
  ): Promise<RedrivenView> {
    const redriven = await this.redrive.one(askerOf(principal), id, wish);
    if (redriven === null) throw notFound('record in the quarantine');
    return redriven;
  }

  @Post(':id/discard')
  @HttpCode(204)
  @RequireScope('deliveries:write')
  async discard(
    @CurrentPrincipal() principal: ApiPrincipal,
    @Param('id') id: string,
    @OptionalJsonBody(discardRequest) { reason }: { reason?: string | undefined },
  ): Promise<void> {
    if (!(await this.redrive.discard(askerOf(principal), id, reason ?? null)))
      throw notFound('record in the quarantine');
  }
}
