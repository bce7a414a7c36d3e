import {
  arraySpans,
  EVENT_LIMITS,
  type Event,
  type EventReading,
  type EventRefusal,
  isJsonContentType,
  isOperationalType,
  nestingDepth,
  OPERATIONS_SOURCE,
  type ReadingContext,
  readBinaryEvent,
  readNativeEvent,
  readStructuredEvent,
} from '@millrace/domain';
import { EVENTS_LIMITS, type Problem, problem } from '@millrace/protocol';

/**
 * One request to `POST /v1/events`, read into events or refused as a whole. Four forms, told apart by the headers:
 *
 *   application/cloudevents+json         one CloudEvent, structured
 *   application/cloudevents-batch+json   an array of them
 *   ce-specversion header                one CloudEvent, binary: attributes in ce-* headers, data as the body
 *   application/json                     the native form, one object or an array; an object that says `specversion` is
 *                                        a structured CloudEvent all the same, since many clients can name no other type
 *
 * All or nothing: with one event wrong, none is published, and the answer names every wrong one.
 */
export interface EventRequest {
  readonly contentType: string | undefined;
  /** Lower-case names. */
  readonly headers: { readonly [name: string]: string | readonly string[] | undefined };
  readonly body: Buffer;
}

export interface EventRequestContext {
  readonly tenant: string;
  readonly acceptedAt: string;
  /** Id of the native event at this index that brings none. */
  readonly fallbackId: (index: number) => string;
}

export type EventRequestReading =
  | { readonly kind: 'events'; readonly events: readonly Event[] }
  | { readonly kind: 'problem'; readonly problem: Problem };

const failed = (...parts: Parameters<typeof problem>): EventRequestReading => ({
  kind: 'problem',
  problem: problem(...parts),
});

const strictUtf8 = new TextDecoder('utf-8', { fatal: true });
/** Levels that an envelope adds around the data: the batch's array and the event's object. */
const ENVELOPE_DEPTH = 2;

export const readEventRequest = (request: EventRequest, context: EventRequestContext): EventRequestReading => {
  const [mediaType, charset] = mediaTypeOf(request.contentType);
  if (charset !== null && charset !== 'utf-8' && charset !== 'utf8' && charset !== 'us-ascii')
    return failed('unsupported_media_type', `The charset ${JSON.stringify(charset)} is not supported; send UTF-8.`);
  if (request.body.length > EVENTS_LIMITS.requestBytes)
    return failed(
      'too_large',
      `The request has ${request.body.length} bytes; the limit is ${EVENTS_LIMITS.requestBytes}. Send it in parts.`,
    );
  let text: string;
  try {
    text = strictUtf8.decode(request.body);
  } catch {
    return failed('invalid_json', 'The body is not UTF-8 text.');
  }
  const reading = (index: number): ReadingContext => ({
    tenant: context.tenant,
    fixedTenant: true,
    acceptedAt: context.acceptedAt,
    fallbackId: context.fallbackId(index),
  });

  if (mediaType === 'application/cloudevents+json') {
    const bad = badSyntax(text);
    return bad ?? collect([readStructuredEvent(text, reading(0))], false);
  }
  if (mediaType === 'application/cloudevents-batch+json') {
    const bad = badSyntax(text);
    if (bad) return bad;
    if (!Array.isArray(JSON.parse(text))) return failed('invalid_event', 'A CloudEvents batch is a JSON array.');
    const spans = arraySpans(text);
    return (
      badCount(spans.length) ??
      collect(
        spans.map((span, n) => readStructuredEvent(text.slice(span.start, span.end), reading(n))),
        true,
      )
    );
  }
  if (mediaType?.startsWith('application/cloudevents'))
    return failed(
      'unsupported_media_type',
      `${JSON.stringify(mediaType)} is not supported; send application/cloudevents+json or application/cloudevents-batch+json.`,
    );
  if (request.headers['ce-specversion'] !== undefined || request.headers['ce-type'] !== undefined)
    return readBinary(request, text, reading(0));
  if (mediaType !== null && !isJsonContentType(mediaType))
    return failed(
      'unsupported_media_type',
      `${JSON.stringify(mediaType)} is not supported; send Content-Type: application/json.`,
    );
  const bad = badSyntax(text);
  if (bad) return bad;
  const value: unknown = JSON.parse(text);
  if (!Array.isArray(value)) return collect([readByForm(text, value, reading(0))], false);
  const tooMany = badCount(value.length);
  if (tooMany) return tooMany;
  const spans = arraySpans(text);
  return collect(
    value.map((element: unknown, n) => readByForm(text.slice(spans[n]!.start, spans[n]!.end), element, reading(n))),
    true,
  );
};

const readByForm = (text: string, value: unknown, context: ReadingContext): EventReading =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, 'specversion')
    ? readStructuredEvent(text, context)
    : readNativeEvent(text, value, context);

const mediaTypeOf = (contentType: string | undefined): [mediaType: string | null, charset: string | null] => {
  if (contentType === undefined || contentType.trim() === '') return [null, null];
  const [mediaType, ...parameters] = contentType.split(';').map((part) => part.trim());
  const charset = parameters.map((parameter) => /^charset="?([^"]*)"?$/i.exec(parameter)?.[1]).find((name) => name);
  return [mediaType!.toLowerCase(), charset?.toLowerCase() ?? null];
};

/** Depth is looked at before the text is parsed: deep nesting costs a parser its stack. */
const badSyntax = (text: string): EventRequestReading | null => {
  const depth = nestingDepth(text);
  if (depth > EVENT_LIMITS.depth + ENVELOPE_DEPTH)
    return failed(
      'invalid_event',
      `The JSON is nested ${depth} levels deep; the data of an event may have ${EVENT_LIMITS.depth}.`,
      [{ path: '', code: 'too_deep', detail: `Nested ${depth} levels deep.` }],
    );
  try {
    JSON.parse(text);
    return null;
  } catch (error) {
    return failed('invalid_json', `The body is not JSON: ${(error as Error).message.slice(0, 200)}.`);
  }
};

const badCount = (count: number): EventRequestReading | null => {
  if (count === 0) return failed('invalid_event', 'The array is empty; send at least one event.');
  if (count > EVENTS_LIMITS.events)
    return failed(
      'too_large',
      `The request has ${count} events; the limit is ${EVENTS_LIMITS.events}. Send it in parts.`,
    );
  return null;
};

const readBinary = (request: EventRequest, text: string, context: ReadingContext): EventRequestReading => {
  if (text !== '' && (request.contentType === undefined || isJsonContentType(request.contentType))) {
    const bad = badSyntax(text);
    if (bad) return bad;
  }
  const attributes: { [name: string]: string } = {};
  for (const [name, value] of Object.entries(request.headers)) {
    if (!name.startsWith('ce-') || value === undefined) continue;
    const decoded = decodeHeader(Array.isArray(value) ? value[value.length - 1]! : (value as string));
    if (decoded === null)
      return failed('invalid_event', `The header ${name.slice(0, 64)} is not percent-encoded UTF-8.`, [
        { path: name.slice(3, 67), code: 'invalid_attribute', detail: 'Not percent-encoded UTF-8.' },
      ]);
    attributes[name.slice(3)] = decoded;
  }
  return collect([readBinaryEvent(attributes, text, request.contentType, context)], false);
};

/** HTTP protocol binding 3.1.3.2: values are percent-encoded UTF-8; Node gives the bytes of a header as Latin-1. */
const decodeHeader = (value: string): string | null => {
  try {
    return decodeURIComponent(value.replace(/%(?![0-9a-fA-F]{2})/g, '%25'));
  } catch {
    return null;
  }
};

/** What Millrace says about itself may come from nobody else. */
const forgeryIn = ({ source, type }: Event): EventRefusal | null => {
  if (source === OPERATIONS_SOURCE)
    return {
      code: 'invalid_attribute',
      field: 'source',
      detail: `The source ${OPERATIONS_SOURCE} is Millrace's own; name yours.`,
    };
  if (isOperationalType(type))
    return {
      code: 'invalid_attribute',
      field: 'type',
      detail: `Events of the type ${type} come from Millrace alone; name yours otherwise.`,
    };
  return null;
};

const collect = (readings: readonly EventReading[], batch: boolean): EventRequestReading => {
  const events: Event[] = [];
  const refusals: Array<EventRefusal & { index: number }> = [];
  readings.forEach((reading, index) => {
    const refusal = reading.kind === 'refused' ? reading.refusal : forgeryIn(reading.event);
    if (refusal !== null) refusals.push({ ...refusal, index });
    else if (reading.kind === 'event') events.push(reading.event);
  });
  if (refusals.length === 0) return { kind: 'events', events };
  const errors = refusals.slice(0, 100).map(({ index, field, code, detail }) => ({
    path: batch ? `[${index}]${field === undefined ? '' : `.${field}`}` : (field ?? ''),
    code,
    detail,
  }));
  const first = errors[0]!;
  const nothing = batch ? ' Nothing was published.' : '';
  const summary =
    refusals.length === 1
      ? `${batch ? `Event ${first.path}: ` : ''}${first.detail}${nothing}`
      : `${refusals.length} of ${readings.length} events are not valid; the first, ${first.path}: ${first.detail}${nothing}`;
  if (refusals.every(({ code }) => code === 'too_large')) return failed('too_large', summary, errors);
  return failed('invalid_event', summary, errors);
};
