import type { Event } from '@millrace/domain';
import { ATTRIBUTE, adoptForeignContext, formatTraceparent, parseTraceparent, startSpan } from '@millrace/telemetry';
import type { EventTrace } from './accept-events.handler';

/**
 * `accept event` is the first span of an event that came by HTTP; its deliveries hang below it. It goes on in the trace
 * that the event brought, else in that of its request.
 */
export const eventTrace: EventTrace = {
  begin: (event: Event, request) => {
    const own = parseTraceparent(event.traceparent);
    const span = startSpan('accept event', {
      kind: 'producer',
      parent: own === null ? parseTraceparent(request) : adoptForeignContext(own),
      attributes: { [ATTRIBUTE.eventId]: event.id, [ATTRIBUTE.tenantId]: event.tenant },
    });
    return {
      traceparent: formatTraceparent(span.context),
      end: (error) => span.end(error === undefined ? undefined : { error }),
    };
  },
};
