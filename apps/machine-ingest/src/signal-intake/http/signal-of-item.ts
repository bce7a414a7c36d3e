import { objectSpans, type Signal, type SignalType, type Span, UNAVAILABLE, UNAVAILABLE_CODE } from '@millrace/domain';
import { pathText, plainWords, type SignalRequest, sentenceOf, signalRequestSchema } from '@millrace/protocol';
import { jsonSignalValue } from '../exact-json';
import type { MachineNumbers } from '../machine-numbers';
import { newSignal } from '../new-signal';
import { isRecordedSignal, requestMembersOf } from './recorded-signal';
import { valueTooLarge } from './value-size';

/** What the signals of one request have in common. */
export interface SignalRequestContext {
  readonly tenant: string;
  /** Unix ms. */
  readonly receivedAt: number;
  /** Session of a request that came with an Idempotency-Key; its repeat has the same. */
  readonly repeatable: string | null;
  /** `source` of a signal that names none. */
  readonly source: string;
  /** Machine of a signal that names none; null: it has to. */
  readonly machine: string | null;
}

export interface RejectedSignal {
  readonly index: number;
  readonly path: string;
  readonly code: string;
  readonly detail: string;
}

export type ItemReading =
  | { readonly kind: 'signal'; readonly signal: Signal }
  | { readonly kind: 'wrong'; readonly rejected: readonly RejectedSignal[] };

/** Wrong members that are named of one item. */
const ISSUES = 10;

/** One item of a request, whose text lies at `span` of `text` and is valid JSON. */
export const signalOfItem = (
  item: unknown,
  { text, span }: { readonly text: string; readonly span: Span },
  index: number,
  context: SignalRequestContext,
  numbers: MachineNumbers,
): ItemReading => {
  const wrong = (path: string, detail: string, code = 'invalid_signal'): ItemReading => ({
    kind: 'wrong',
    rejected: [{ index, path, code, detail }],
  });
  let members = item;
  if (isRecordedSignal(item)) {
    const recorded = requestMembersOf(item, context.tenant);
    if (recorded.kind === 'wrong') return wrong(recorded.path, recorded.detail);
    members = recorded.item;
  }
  if (context.machine !== null && isObject(members) && !Object.hasOwn(members, 'machine'))
    members = { ...members, machine: context.machine };
  const read = signalRequestSchema.safeParse(members, { error: plainWords });
  if (read.success) {
    const exact = exactValue(read.data, text, span);
    const large = valueTooLarge(exact, span.end - span.start);
    if (large !== null) return wrong('value', large, 'too_large');
    return { kind: 'signal', signal: toSignal(read.data, exact, index, context, numbers) };
  }
  return {
    kind: 'wrong',
    rejected: read.error.issues.slice(0, ISSUES).map((issue) => ({
      index,
      path: pathText(issue.path).slice(0, 128),
      code: 'invalid_signal',
      detail: sentenceOf(issue, members).slice(0, 300),
    })),
  };
};

const isObject = (value: unknown): value is { readonly [name: string]: unknown } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const kindOf = ({ kind, type }: SignalRequest): Signal['kind'] =>
  kind ?? (type === 'condition' ? 'condition' : 'event');

const toSignal = (
  request: SignalRequest,
  exact: SignalRequest['value'],
  index: number,
  context: SignalRequestContext,
  numbers: MachineNumbers,
): Signal => {
  const kind = kindOf(request);
  const unavailable = exact === UNAVAILABLE;
  const unknown = request.value === null || unavailable;
  return newSignal({
    tenant: context.tenant,
    machine: request.machine,
    source: request.source ?? context.source,
    session: request.session ?? context.repeatable ?? '',
    // What can be repeated is numbered, so that its repeat has no second effect.
    seq:
      request.seq ??
      (context.repeatable !== null && request.session === undefined ? numbers.of(request.machine) : null),
    idx: request.idx,
    path: request.path,
    kind,
    value: unavailable ? null : exact,
    type: request.type ?? typeOf(kind, request.value, exact),
    unit: request.unit,
    quality: request.quality ?? (unknown ? (unavailable ? 'stale' : 'bad') : 'good'),
    qualityCode: request.qualityCode ?? (unavailable ? UNAVAILABLE_CODE : null),
    sourceTs: request.timestamp,
    receivedAt: context.receivedAt,
    clock: 'device',
    flags: request.flags,
    raw: { proto: 'http', ref: `item:${index}` },
  });
};

/** Integers above 2^53 do not survive `JSON.parse`, nor do long decimals inside an object: their digits are text. */
const exactValue = (request: SignalRequest, text: string, span: Span): SignalRequest['value'] => {
  const { value } = request;
  const lossy = typeof value === 'number' ? !Number.isSafeInteger(value) && Number.isInteger(value) : isObject(value);
  if (!lossy || kindOf(request) === 'condition') return value;
  const member = objectSpans(text, span).get('value');
  const written = member === undefined ? '' : text.slice(member.start, member.end);
  if (isObject(value)) return jsonSignalValue(written);
  return /^-?\d+$/.test(written) ? written : value;
};

const typeOf = (kind: string, value: SignalRequest['value'], exact: SignalRequest['value']): SignalType => {
  if (kind === 'condition') return 'condition';
  switch (typeof value) {
    case 'boolean':
      return 'bool';
    case 'number':
      return typeof exact === 'string' ? 'int64' : 'double';
    case 'object':
      return value === null ? 'string' : 'json';
    default:
      return /^-?\d{16,}$/.test(value) ? 'int64' : 'string';
  }
};
