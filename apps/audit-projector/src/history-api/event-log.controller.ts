import { CurrentTenant, notFound, ParsedQuery, RequireScope } from '@millrace/service-runtime';
import { Controller, Get, Header, Param } from '@nestjs/common';
import { EventLog } from './event-log.handler';
import { type EventListQuery, eventListQuery } from './history-query';

const JSON_TYPE = 'application/json; charset=utf-8';

/** Answers are text that is JSON already: see event-view.ts. */
@Controller('v1/event-log')
@RequireScope('deliveries:read')
export class EventLogController {
  constructor(private readonly log: EventLog) {}

  @Get()
  @Header('content-type', JSON_TYPE)
  list(@CurrentTenant() tenant: string, @ParsedQuery(eventListQuery) query: EventListQuery): Promise<string> {
    return this.log.list(tenant, query);
  }

  @Get(':id')
  @Header('content-type', JSON_TYPE)
  async find(@CurrentTenant() tenant: string, @Param('id') id: string): Promise<string> {
    const event = await this.log.find(tenant, id);
    if (event === null) throw notFound('event');
    return event;
  }
}
