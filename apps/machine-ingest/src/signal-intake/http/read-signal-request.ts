import { arraySpans, nestingDepth, type Signal } from '@millrace/domain';
import { type Problem, problem, SIGNALS_LIMITS } from '@millrace/protocol';
import { MachineNumbers } from '../machine-numbers';
import { readNdjsonLines } from './ndjson-lines';
import { type ItemReading, type RejectedSignal, type SignalRequestContext, signalOfItem } from './signal-of-item';

/**
 * One request with signals, read. Unlike events, the right ones of a batch are taken and the wrong ones named: a gateway that
 * sends 5,000 observations must not lose them for one it cannot mend.
 */
export type SignalRequestReading =
  | { readonly kind: 'signals'; readonly signals: readonly Signal[]; readonly rejected: readonly RejectedSignal[] }
  | { readonly kind: 'problem'; readonly problem: Problem };

export interface SignalRequestBody {
  readonly body: Buffer;
  /** As the header says it; undefined is JSON. */
  readonly contentType?: string | undefined;
}

const failed = (...parts: Parameters<typeof problem>): SignalRequestReading => ({
  kind: 'problem',
  problem: problem(...parts),
});

/** One JSON document on each line (ndjson.org); the two names that are in use for it. */
export const NDJSON_TYPES = ['application/x-ndjson', 'application/jsonl'] as const;

const isNdjson = (contentType: string | undefined): boolean =>
  (NDJSON_TYPES as readonly string[]).includes(contentType?.split(';')[0]?.trim().toLowerCase() ?? '');

const strictUtf8 = new TextDecoder('utf-8', { fatal: true });

export const readSignalRequest = (
  { body, contentType }: SignalRequestBody,
  context: SignalRequestContext,
): SignalRequestReading => {
  if (body.length > SIGNALS_LIMITS.requestBytes)
    return failed('too_large', `The request has ${body.length} bytes; the limit is ${SIGNALS_LIMITS.requestBytes}.`);
  return isNdjson(contentType) ? readLines(body, context) : readDocument(body, context);
};

const readDocument = (body: Buffer, context: SignalRequestContext): SignalRequestReading => {
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
  const numbers = new MachineNumbers();
  if (!Array.isArray(value)) {
    const whole = { text, span: { start: 0, end: text.length } };
    return answerOf([signalOfItem(value, whole, 0, context, numbers)], 'single');
  }
  if (value.length === 0) return failed('invalid_request', 'The array is empty; send at least one signal.');
  if (value.length > SIGNALS_LIMITS.signals) return tooMany();
  const spans = arraySpans(text);
  return answerOf(
    value.map((item, index) => signalOfItem(item, { text, span: spans[index]! }, index, context, numbers)),
    'list',
  );
};

const readLines = (body: Buffer, context: SignalRequestContext): SignalRequestReading => {
  const lines = readNdjsonLines(body, SIGNALS_LIMITS.depth, SIGNALS_LIMITS.signals);
  if (lines.kind === 'too_many') return tooMany();
  if (lines.lines.length === 0) return failed('invalid_request', 'The body has no line; send at least one signal.');
  const numbers = new MachineNumbers();
  return answerOf(
    lines.lines.map((line): ItemReading => {
      if (line.kind === 'wrong')
        return { kind: 'wrong', rejected: [{ index: line.index, path: '', code: line.code, detail: line.detail }] };
      const whole = { text: line.text, span: { start: 0, end: line.text.length } };
      return signalOfItem(line.value, whole, line.index, context, numbers);
    }),
    'list',
  );
};

const tooMany = (): SignalRequestReading =>
  failed('too_large', `The request has more than ${SIGNALS_LIMITS.signals} signals; send them in several requests.`);

/** What is refused as a whole has nothing right in it. */
const answerOf = (items: readonly ItemReading[], form: 'single' | 'list'): SignalRequestReading => {
  const signals: Signal[] = [];
  const rejected: RejectedSignal[] = [];
  for (const item of items)
    if (item.kind === 'signal') signals.push(item.signal);
    else rejected.push(...item.rejected);
  if (signals.length > 0) return { kind: 'signals', signals, rejected };
  const single = form === 'single';
  return failed(
    rejected.every(({ code }) => code === 'too_large') ? 'too_large' : 'invalid_request',
    single ? `The signal is not valid: ${rejected[0]!.path} ${rejected[0]!.detail}.` : 'None of the signals is valid.',
    rejected.slice(0, 100).map(({ index, path, code, detail }) => ({
      path: single ? path : `[${index}]${path === '' ? '' : `.${path}`}`,
      code,
      detail,
    })),
  );
};
