import { type Event, type EventReading, readBinaryEvent, readStructuredEvent } from '@millrace/domain';
import type { IncomingMessage, OutgoingMessage } from './message';

/**
 * CloudEvents on Kafka (Kafka protocol binding 1.0.2). Millrace writes binary mode: attributes as `ce_*` headers, the data
 * as the value, byte for byte. It reads binary and structured mode.
 */
export const encodeEvent = (topic: string, event: Event): OutgoingMessage => ({
  topic,
  key: event.subject ?? event.sourceId,
  value: Buffer.from(event.data),
  headers: {
    ce_specversion: '1.0',
    ce_id: event.sourceId,
    ce_type: event.type,
    ce_source: event.source,
    ce_time: event.time,
    ce_tenantid: event.tenant,
    'content-type': 'application/json',
    ...(event.subject === null ? {} : { ce_subject: event.subject }),
    ...(event.traceparent === null ? {} : { traceparent: event.traceparent, ce_traceparent: event.traceparent }),
  },
});

const strictUtf8 = new TextDecoder('utf-8', { fatal: true });

/** The year 9999, the last that RFC 3339 can write. */
const LATEST_MS = Date.UTC(9999, 11, 31);

/** Append times are always good; a topic that keeps the producer's own may hold -1, or anything. */
const timeOf = (timestamp: number): string =>
  new Date(timestamp >= 0 && timestamp <= LATEST_MS ? timestamp : 0).toISOString();

/** Reads one record of an `events.*` topic; garbage becomes a refusal, never an exception. */
export const decodeEvent = (message: IncomingMessage, defaultTenant: string): EventReading => {
  if (message.value === null)
    return {
      kind: 'refused',
      refusal: { code: 'empty_value', detail: 'The record has a null value; an event needs one.' },
    };
  let text: string;
  try {
    text = strictUtf8.decode(message.value);
  } catch {
    return { kind: 'refused', refusal: { code: 'not_utf8', detail: 'The value is not UTF-8 text.' } };
  }
  const context = {
    tenant: defaultTenant,
    fixedTenant: false,
    acceptedAt: timeOf(message.timestamp),
    fallbackId: `${message.topic}/${message.partition}/${message.offset}`,
  };
  const contentType = message.headers['content-type']?.toString('utf8');
  // Producers often call structured mode application/json; what has no attribute in its headers can only be that.
  const structured =
    /^application\/cloudevents/i.test(contentType ?? '') ||
    !Object.keys(message.headers).some((name) => name.startsWith('ce_'));
  if (structured) return readStructuredEvent(text, context);
  const attributes: { [name: string]: string } = {};
  for (const [name, value] of Object.entries(message.headers))
    if (name.startsWith('ce_')) attributes[name.slice(3)] = value.toString('utf8');
  if (attributes['traceparent'] === undefined && message.headers['traceparent'])
    attributes['traceparent'] = message.headers['traceparent'].toString('utf8');
  return readBinaryEvent(attributes, text, contentType, context);
};
