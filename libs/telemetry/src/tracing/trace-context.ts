import { randomFillSync } from 'node:crypto';

/** W3C trace context. It is always there, also when nothing is exported: history and log lines carry its ids. */
export interface TraceContext {
  /** 32 lower-case hex digits, not all zero. */
  readonly traceId: string;
  /** 16 lower-case hex digits, not all zero. */
  readonly spanId: string;
  readonly sampled: boolean;
}

const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const NO_TRACE = '0'.repeat(32);
const NO_SPAN = '0'.repeat(16);

/** Null when the text is not a `traceparent`. A later version than 00 is read by its first four fields, as W3C asks. */
export const parseTraceparent = (text: string | null | undefined): TraceContext | null => {
  if (!text) return null;
  const match = TRACEPARENT.exec(text.trim());
  if (!match) return null;
  const [, version, traceId, spanId, flags, rest] = match;
  if (version === 'ff' || (version === '00' && rest !== undefined)) return null;
  if (traceId === NO_TRACE || spanId === NO_SPAN) return null;
  return { traceId: traceId!, spanId: spanId!, sampled: (Number.parseInt(flags!, 16) & 1) === 1 };
};

export const formatTraceparent = (context: TraceContext): string =>
  `00-${context.traceId}-${context.spanId}-${context.sampled ? '01' : '00'}`;

/** Random bytes are drawn in blocks: one system call serves hundreds of ids. */
const pool = Buffer.alloc(16 * 512);
let used = pool.length;

const randomHex = (bytes: number): string => {
  if (used + bytes > pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const text = pool.toString('hex', used, used + bytes);
  used += bytes;
  return text === NO_SPAN || text === NO_TRACE ? randomHex(bytes) : text;
};

export const newTraceId = (): string => randomHex(16);
export const newSpanId = (): string => randomHex(8);
