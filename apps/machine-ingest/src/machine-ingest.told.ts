import type { Event, Signal } from '@millrace/domain';
import { moduleOfType } from '@millrace/protocol';
import {
  eventAccepted,
  eventRejected,
  type Logger,
  parseTraceparent,
  type RuleFailed,
  ruleFailed,
  signalsAccepted,
} from '@millrace/telemetry';

/** What this service tells of itself: one function for each thing that happens. */
export const tellings = (logger: Logger) => ({
  accepted: (origin: 'http' | 'signal', event: Event): void =>
    eventAccepted(logger, {
      tenant: event.tenant,
      eventId: event.id,
      eventType: event.type,
      module: moduleOfType(event.type),
      origin,
      traceId: parseTraceparent(event.traceparent)?.traceId ?? '',
    }),
  refused: (origin: string, code: string, detail: string): void => eventRejected(logger, { origin, code, detail }),
  ruleFailed: (failed: RuleFailed, isNew: boolean): void => ruleFailed(logger, failed, isNew),
  unfit: (source: string, path: string, detail: string): void =>
    logger.warn({ source, path, detail }, 'a message does not fit the schema of its type'),
  signals: (kind: string, signals: readonly Signal[]): void => signalsAccepted(logger, { kind, count: signals.length }),
  unavailable: (what: string, tenant: string, reason: string): void =>
    logger.warn({ tenant, reason }, `${what} not acknowledged, answered 503`),
});
