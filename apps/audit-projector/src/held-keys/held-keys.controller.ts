import type { HeldKeyView, Page } from '@millrace/protocol';
import { CurrentTenant, notFound, ParsedQuery, RequireScope } from '@millrace/service-runtime';
import { Controller, Get, Param } from '@nestjs/common';
import { type PageQuery, pageQuery } from '../history-api/history-query';
import { HeldKeys } from './held-keys.handler';

const ENDPOINT_ID = /^[A-Za-z0-9_.:-]{1,128}$/;

/** The rest of `/v1/endpoints` is the subscription service's; what waits is known here. */
@Controller('v1/endpoints')
@RequireScope('deliveries:read')
export class HeldKeysController {
  constructor(private readonly keys: HeldKeys) {}

  @Get(':id/held-keys')
  list(
    @CurrentTenant() tenant: string,
    @Param('id') id: string,
    @ParsedQuery(pageQuery) query: PageQuery,
  ): Promise<Page<HeldKeyView>> {
    if (!ENDPOINT_ID.test(id)) throw notFound('endpoint');
    return this.keys.list(tenant, id, query);
  }
}
