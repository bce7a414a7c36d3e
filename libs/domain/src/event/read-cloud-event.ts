import { isTenantName } from '../tenant/tenant';
import { EVENT_LIMITS, type Event, type EventReading, type EventRefusal } from './event';
import { eventKey, publicEventId } from './event-identity';
import { nestingDepth, objectSpans } from './json-spans';

/**
 * Reads CloudEvents 1.0 in its two content modes, and Millrace's native form, from text that came from outside.
 * Nothing here throws: what cannot be an event becomes a refusal that says why.
 *
 * Source: CloudEvents 1.0.2, JSON event format, Kafka protocol binding and HTTP protocol binding.
 */
export interface ReadingContext {
  /** Tenant of events that name none, and the only one allowed when `fixedTenant` is set. */
  readonly tenant: string;
  /** True at the HTTP door, where the API key decides the tenant: an event naming another is refused. */
  readonly fixedTenant: boolean;
  /** Time of acceptance, for events without `time`; RFC 3339. */
  readonly acceptedAt: string;
  /** Id for events that may come without one (native form); CloudEvents must bring theirs. */
  readonly fallbackId: string;
}

const refused = (code: EventRefusal['code'], detail: string, field?: string): EventReading => ({
  kind: 'refused',
  refusal: field === undefined ? { code, detail } : { code, detail, field },
});

/** `type` names are dotted lower-case words by custom; any visible ASCII without `*`, which stands in patterns, is taken. */
const TYPE = /^[A-Za-z0-9][A-Za-z0-9_.:/-]*$/;
/** RFC 3339 section 5.6, any number of fraction digits; `Date.parse` checks the ranges. */
const RFC3339 = /^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$/;
export const isTimestamp = (text: string): boolean =>
  RFC3339.test(text) && !Number.isNaN(Date.parse(text.replace(/(\.\d{3})\d+/, '$1')));

/** W3C trace context; anything else is dropped, since tracing must not cost an event. */
const TRACEPARENT = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;
/** What CloudEvents forbids in attributes (1.0.2, section 3.1); NUL and half surrogates also change or fail in storage. */
const FORBIDDEN_CHARACTER = /[\u0000-\u001f\u007f-\u009f]|\p{Surrogate}/u;

/** What was sent, short enough to stand in a message whatever its length. */
const quoted = (value: unknown): string => {
  const text = JSON.stringify(value) ?? String(value);
  return text.length <= 80 ? text : `${text.slice(0, 79)}…`;
};

type Attributes = { readonly [name: string]: unknown };

const textAttribute = (attributes: Attributes, name: string, limit: number): string | EventRefusal | null => {
  const value = Object.hasOwn(attributes, name) ? attributes[name] : undefined;
  if (value === undefined || value === null) return null;
  if (typeof value !== 'string' || value === '')
    return { code: 'invalid_attribute', field: name, detail: `'${name}' must be a non-empty string.` };
  if (value.length > limit)
    return {
      code: 'invalid_attribute',
      field: name,
      detail: `'${name}' has ${value.length} characters; the limit is ${limit}.`,
    };
  if (FORBIDDEN_CHARACTER.test(value))
    return {
      code: 'invalid_attribute',
      field: name,
      detail: `'${name}' ${quoted(value)} holds a control character or half of a surrogate pair.`,
    };
  return value;
};

/** Checks of the data that both modes share. `text` has passed `JSON.parse` or is checked here. */
export const checkData = (text: string): EventRefusal | null => {
  const bytes = Buffer.byteLength(text);
  if (bytes > EVENT_LIMITS.dataBytes)
    return {
      code: 'too_large',
      field: 'data',
      detail: `The data has ${bytes} bytes; the limit is ${EVENT_LIMITS.dataBytes}. Send a link to it instead.`,
    };
  const depth = nestingDepth(text);
  if (depth > EVENT_LIMITS.depth)
    return {
      code: 'too_deep',
      field: 'data',
      detail: `The data is nested ${depth} levels deep; the limit is ${EVENT_LIMITS.depth}.`,
    };
  return null;
};

const build = (attributes: Attributes, data: string, context: ReadingContext, idRequired: boolean): EventReading => {
  const id = textAttribute(attributes, 'id', EVENT_LIMITS.idLength);
  const type = textAttribute(attributes, 'type', EVENT_LIMITS.typeLength);
  const source = textAttribute(attributes, 'source', EVENT_LIMITS.sourceLength);
  const subject = textAttribute(attributes, 'subject', EVENT_LIMITS.subjectLength);
  const time = textAttribute(attributes, 'time', 64);
  const tenantId = textAttribute(attributes, 'tenantid', EVENT_LIMITS.tenantLength);
  const traceparent = textAttribute(attributes, 'traceparent', 64);
  for (const value of [id, type, source, subject, time, tenantId])
    if (value !== null && typeof value === 'object') return { kind: 'refused', refusal: value };
  if (type === null)
    return refused('missing_attribute', 'An event needs a \'type\', for example "machine.alarm".', 'type');
  if (!TYPE.test(type as string))
    return refused('invalid_attribute', `'type' ${quoted(type)} may hold letters, digits and . _ : / - only.`, 'type');
  if (idRequired && id === null) return refused('missing_attribute', "A CloudEvent needs an 'id'.", 'id');
  if (idRequired && source === null)
    return refused('missing_attribute', 'A CloudEvent needs a \'source\', for example "/plant-1/order".', 'source');
  if (time !== null && !isTimestamp(time as string))
    return refused(
      'invalid_attribute',
      `'time' ${quoted(time)} is not an RFC 3339 time such as 2026-02-17T13:59:55Z.`,
      'time',
    );
  const tenant = (tenantId as string | null) ?? context.tenant;
  if (!isTenantName(tenant))
    return refused(
      'invalid_attribute',
      `'tenantid' ${quoted(tenant)} may hold letters, digits, _ and - only, 64 at most.`,
      'tenantid',
    );
  if (context.fixedTenant && tenant !== context.tenant)
    return refused(
      'invalid_attribute',
      `'tenantid' is ${quoted(tenant)}, but this API key belongs to another tenant.`,
      'tenantid',
    );
  const badData = checkData(data);
  if (badData) return { kind: 'refused', refusal: badData };
  const sourceId = (id as string | null) ?? context.fallbackId;
  const eventSource = (source as string | null) ?? `urn:millrace:${tenant}`;
  const key = eventKey(tenant, eventSource, sourceId);
  const event: Event = {
    id: publicEventId(key, sourceId),
    key,
    sourceId,
    tenant,
    type: type as string,
    source: eventSource,
    subject: subject as string | null,
    time: (time as string | null) ?? context.acceptedAt,
    data,
    traceparent: typeof traceparent === 'string' && TRACEPARENT.test(traceparent) ? traceparent : null,
  };
  return { kind: 'event', event };
};

const parse = (text: string): { ok: true; value: unknown } | { ok: false; refusal: EventRefusal } => {
  const depth = nestingDepth(text);
  if (depth > EVENT_LIMITS.depth + 2)
    return {
      ok: false,
      refusal: {
        code: 'too_deep',
        detail: `The JSON is nested ${depth} levels deep; the limit is ${EVENT_LIMITS.depth}.`,
      },
    };
  try {
    return { ok: true, value: JSON.parse(text) };
  } catch (error) {
    return { ok: false, refusal: { code: 'not_json', detail: `The body is not JSON: ${(error as Error).message}.` } };
  }
};

const isObject = (value: unknown): value is Attributes =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Structured mode: the whole event in one JSON object, attributes and `data` (or `data_base64`) side by side. */
export const readStructuredEvent = (text: string, context: ReadingContext): EventReading => {
  const parsed = parse(text);
  if (!parsed.ok) return { kind: 'refused', refusal: parsed.refusal };
  if (!isObject(parsed.value)) return refused('not_json', 'A structured CloudEvent is one JSON object.');
  const attributes = parsed.value;
  if (attributes['specversion'] !== '1.0')
    return attributes['specversion'] === undefined
      ? refused('missing_attribute', 'A CloudEvent needs \'specversion\': "1.0".', 'specversion')
      : refused(
          'unsupported_specversion',
          `'specversion' ${quoted(attributes['specversion'])} is not supported; send "1.0".`,
          'specversion',
        );
  if (attributes['data_base64'] !== undefined)
    return refused(
      'unsupported_content_type',
      "'data_base64' carries binary data; webhooks carry JSON. Send 'data'.",
      'data_base64',
    );
  const contentType = attributes['datacontenttype'];
  if (contentType !== undefined && contentType !== null && !isJsonContentType(contentType))
    return refused(
      'unsupported_content_type',
      `'datacontenttype' ${quoted(contentType)} is not JSON.`,
      'datacontenttype',
    );
  const span = objectSpans(text).get('data');
  return build(attributes, span ? text.slice(span.start, span.end) : 'null', context, true);
};

/** Binary mode: attributes beside the data (`ce_*` Kafka headers, `ce-*` HTTP headers), the data as the whole value. */
export const readBinaryEvent = (
  attributes: { readonly [name: string]: string },
  data: string,
  contentType: string | undefined,
  context: ReadingContext,
): EventReading => {
  if (attributes['specversion'] === undefined)
    return refused(
      'missing_attribute',
      "A CloudEvent in binary mode needs the attribute 'specversion' in its headers.",
      'specversion',
    );
  if (attributes['specversion'] !== '1.0')
    return refused(
      'unsupported_specversion',
      `'specversion' ${quoted(attributes['specversion'])} is not supported; send "1.0".`,
      'specversion',
    );
  if (contentType !== undefined && !isJsonContentType(contentType))
    return refused(
      'unsupported_content_type',
      `The content type ${quoted(contentType)} is not JSON.`,
      'datacontenttype',
    );
  if (data === '') return build(attributes, 'null', context, true);
  const parsed = parse(data);
  if (!parsed.ok) return { kind: 'refused', refusal: parsed.refusal };
  return build(attributes, data.trim(), context, true);
};

/** Millrace's native form: `{type, data, id?, timestamp?, subject?}`. `text` has passed `JSON.parse` as `value`. */
export const readNativeEvent = (text: string, value: unknown, context: ReadingContext): EventReading => {
  if (!isObject(value))
    return refused('not_json', 'An event is a JSON object: {type, data, id?, timestamp?, subject?}.');
  const known = new Set(['type', 'data', 'id', 'timestamp', 'subject']);
  for (const name of Object.keys(value))
    if (!known.has(name))
      return refused(
        'invalid_attribute',
        `'${name.slice(0, 64)}' is not a member of the native form; it has type, data, id, timestamp and subject.`,
        name.slice(0, 64),
      );
  if (!Object.hasOwn(value, 'data'))
    return refused('missing_attribute', "An event needs 'data'; send null if it has none.", 'data');
  const span = objectSpans(text).get('data')!;
  const timestamp = value['timestamp'];
  const attributes = { type: value['type'], id: value['id'], subject: value['subject'], time: timestamp };
  const reading = build(attributes, text.slice(span.start, span.end), context, false);
  if (reading.kind === 'refused' && reading.refusal.field === 'time')
    return {
      kind: 'refused',
      refusal: {
        ...reading.refusal,
        field: 'timestamp',
        detail: reading.refusal.detail.replace("'time'", "'timestamp'"),
      },
    };
  return reading;
};

export const isJsonContentType = (value: unknown): boolean =>
  typeof value === 'string' && /^[a-z0-9.+-]+\/([a-z0-9.+-]*\+)?json\s*(;|$)/i.test(value.trim());
