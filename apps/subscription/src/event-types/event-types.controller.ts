import { isTypePattern } from '@millrace/domain';
import {
  type ConfigurationPage,
  configurationPageQuery,
  createEventTypeRequest,
  type EventTypeChanges,
  type EventTypeDetailView,
  type EventTypeView,
  type NewEventType,
  type Page,
  updateEventTypeRequest,
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
import { Controller, Get, Inject, Param, Patch, Post } from '@nestjs/common';
import { USE_CASES, type UseCases } from '../subscription.use-cases';
import { noSuchEventType, positionOfEventType } from './event-types.handler';

/** A name that no type can have is not asked of the database, which cannot hold every text. */
const known = (name: string): string => {
  if (!isTypePattern(name)) throw noSuchEventType();
  return name;
};

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

  @Get(':name')
  @RequireScope('webhooks:read')
  find(@CurrentTenant() tenant: string, @Param('name') name: string): Promise<EventTypeDetailView> {
    return this.service.catalogue.find(tenant, known(name));
  }

  @Patch(':name')
  @RequireScope('webhooks:write')
  change(
    @CurrentPrincipal() principal: ApiPrincipal,
    @Param('name') name: string,
    @JsonBody(updateEventTypeRequest) changes: EventTypeChanges,
  ): Promise<EventTypeView> {
    return this.service.changeEventType.handle(changeOf(principal), known(name), changes);
  }
}
