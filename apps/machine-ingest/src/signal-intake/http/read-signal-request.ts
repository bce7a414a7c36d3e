import {
  arraySpans,
  nestingDepth,
  objectSpans,
  type Signal,
  type SignalType,
  type Span,
  UNAVAILABLE,
  UNAVAILABLE_CODE,
} from '@millrace/domain';
import { type Problem, problem, SIGNALS_LIMITS, type SignalRequest, signalRequestSchema } from '@millrace/protocol';

/**
 * One request to `POST /v1/signals`, read into signals. Unlike events, the right ones of a batch are taken and the wrong
 * ones named: a gateway that sends 5,000 observations must not lose them for one it cannot mend.
 */
export interface SignalRequestContext {
  readonly tenant: string;
  /** Unix ms. */
  readonly receivedAt: number;
  /** Session of a request that came with an Idempotency-Key; its repeat has the same. */
  readonly repeatable: string | null;
}

export interface RejectedSignal {
  readonly index: number;
  readonly path: string;
  readonly code: string;
  readonly detail: string;
}

export type SignalRequestReading =
  | { readonly kind: 'signals'; readonly signals: readonly Signal[]; readonly rejected: readonly RejectedSignal[] }
  | { readonly kind: 'problem'; readonly problem: Problem };

const failed = (...parts: Parameters<typeof problem>): SignalRequestReading => ({
  kind: 'problem',
  problem: problem(...parts),
});

const strictUtf8 = new TextDecoder('utf-8', { fatal: true });

export const readSignalRequest = (body: Buffer, context: SignalRequestContext): SignalRequestReading => {
  if (body.length > SIGNALS_LIMITS.requestBytes)
    return failed('too_large', `The request has ${body.length} bytes; the limit is ${SIGNALS_LIMITS.requestBytes}.`);
  let text: string;
  let value: unknown;
  try {
    text = strictUtf8.decode(body);
  } catch {
    return failed('invalid_json', 'The body is not UTF-8 text.');
  }
  const depth = nestingDepth(text);
  if (depth > SIGNALS_LIMITS.depth)
    return failed('invalid_request', `The JSON is nested ${depth} levels deep; the limit is ${SIGNALS_LIMITS.depth}.`);
  try {
    value = JSON.parse(text);
  } catch (error) {
    return failed('invalid_json', `The body is not JSON: ${(error as Error).message.slice(0, 200)}.`);
  }
  const items: unknown[] = Array.isArray(value) ? value : [value];
  if (items.length === 0) return failed('invalid_request', 'The array is empty; send at least one signal.');
  if (items.length > SIGNALS_LIMITS.signals)
    return failed('too_large', `The request has ${items.length} signals; the limit is ${SIGNALS_LIMITS.signals}.`);
  const spans: Span[] = Array.isArray(value) ? arraySpans(text) : [{ start: 0, end: text.length }];
  const signals: Signal[] = [];
  const rejected: RejectedSignal[] = [];
  items.forEach((item, index) => {
    const read = signalRequestSchema.safeParse(item);
    if (read.success) signals.push(toSignal(read.data, text, spans[index]!, index, context));
    else
      for (const issue of read.error.issues.slice(0, 10))
        rejected.push({
          index,
          path: issue.path.join('.').slice(0, 128),
          code: 'invalid_signal',
          detail: issue.message.slice(0, 300),
        });
  });
  if (signals.length > 0) return { kind: 'signals', signals, rejected };
  const single = !Array.isArray(value);
  return failed(
    'invalid_request',
    single ? `The signal is not valid: ${rejected[0]!.path} ${rejected[0]!.detail}.` : 'None of the signals is valid.',
    rejected.slice(0, 100).map(({ index, path, code, detail }) => ({
      path: single ? path : `[${index}]${path === '' ? '' : `.${path}`}`,
      code,
      detail,
    })),
  );
};

const toSignal = (
  request: SignalRequest,
  text: string,
  span: Span,
  index: number,
  context: SignalRequestContext,
): Signal => {
  const received = new Date(context.receivedAt).toISOString();
  const kind = request.kind ?? (request.type === 'condition' ? 'condition' : 'event');
  const exact = exactValue(request.value, text, span);
  const unavailable = exact === UNAVAILABLE;
  const unknown = request.value === null || unavailable;
  return {
    v: 1,
    tenant: context.tenant,
    machine: request.machine,
    source: request.source ?? 'http',
    session: request.session ?? context.repeatable ?? '',
    // The key of a request numbers its items, so the repeat of the request has no second effect.
    seq: request.seq ?? (context.repeatable !== null && request.session === undefined ? index : null),
    ...(request.idx === undefined ? {} : { idx: request.idx }),
    path: request.path,
    kind,
    value: unavailable ? null : exact,
    type: request.type ?? typeOf(kind, exact),
    unit: request.unit ?? null,
    quality: request.quality ?? (unknown ? (unavailable ? 'stale' : 'bad') : 'good'),
    qualityCode: request.qualityCode ?? (unavailable ? UNAVAILABLE_CODE : null),
    sourceTs: request.timestamp ?? null,
    serverTs: null,
    receiveTs: received,
    at: received,
    clock: 'device',
    flags: request.flags ?? [],
    raw: { proto: 'http', ref: `item:${index}` },
  };
};

/** Integers above 2^53 do not survive `JSON.parse`; their digits are cut from the text. */
const exactValue = (value: SignalRequest['value'], text: string, span: Span): SignalRequest['value'] => {
  if (typeof value !== 'number' || Number.isSafeInteger(value) || !Number.isInteger(value)) return value;
  const member = objectSpans(text, span).get('value');
  const digits = member === undefined ? '' : text.slice(member.start, member.end);
  return /^-?\d+$/.test(digits) ? digits : value;
};

const typeOf = (kind: string, value: SignalRequest['value']): SignalType => {
  if (kind === 'condition') return 'condition';
  switch (typeof value) {
    case 'boolean':
      return 'bool';
    case 'number':
      return 'double';
    case 'object':
      return value === null ? 'string' : 'json';
    default:
      return /^-?\d{16,}$/.test(value) ? 'int64' : 'string';
  }
};
