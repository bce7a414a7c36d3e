import {
  type ConfigurationPage,
  configurationPageQuery,
  createEventTypeRequest,
  type EventTypeView,
  type NewEventType,
  type Page,
} from '@millrace/protocol';
import {
  type ApiPrincipal,
  CurrentPrincipal,
  CurrentTenant,
  IdempotencyKey,
  JsonBody,
  ParsedQuery,
  RawBody,
  RequireScope,
} from '@millrace/service-runtime';
import { Controller, Get, Inject, Post } from '@nestjs/common';
import { pageOf } from '../paging/page';
import { writeOf } from '../publication/write-request';
import { USE_CASES, type UseCases } from '../subscription.use-cases';
import { positionOfEventType } from './event-types.handler';

@Controller('v1/event-types')
export class EventTypesController {
  constructor(@Inject(USE_CASES) private readonly service: UseCases) {}

  @Post()
  @RequireScope('webhooks:write')
  describe(
    @CurrentPrincipal() principal: ApiPrincipal,
    @IdempotencyKey() key: string | null,
    @RawBody() body: Buffer,
    @JsonBody(createEventTypeRequest) described: NewEventType,
  ): Promise<EventTypeView> {
    return this.service.describeEventType.handle(writeOf(principal, 'POST /v1/event-types', key, body), described);
  }

  @Get()
  @RequireScope('webhooks:read')
  list(
    @CurrentTenant() tenant: string,
    @ParsedQuery(configurationPageQuery) query: ConfigurationPage,
  ): Promise<Page<EventTypeView>> {
    return pageOf(
      this.service.cursors,
      { tenant, name: 'event-types' },
      query,
      (position, count) => this.service.catalogue.list(tenant, position, count),
      positionOfEventType,
      (type) => type,
    );
  }
}
