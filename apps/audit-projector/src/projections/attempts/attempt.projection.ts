import { hash } from 'node:crypto';
import { RESPONSE_BODY_KEPT } from '@millrace/domain';
import type { AttemptFinished, AttemptStarted } from '@millrace/protocol';

/**
 * Rule: one row for each HTTP request, keyed by the delivery and the request's random id; `attempt-started` fills one
 * half, `attempt-finished` the other, in any order and any number of times. A request whose sender died keeps an empty
 * second half for ever: what the receiver saw is on record even where its answer is not.
 */
export interface AttemptRow {
  readonly tenant: string;
  readonly deliveryId: string;
  readonly requestId: string;
  readonly epoch: number;
  readonly attempt: number;
  readonly traceId: string;
  readonly spanId: string;
  readonly started: StartedPart | null;
  readonly finished: FinishedPart | null;
}

export interface StartedPart {
  /** Unix ms at which the request was announced. */
  readonly announcedAt: number;
  readonly announcedUrl: Buffer;
}

export interface FinishedPart {
  /** Unix ms of the fact. */
  readonly finishedAt: number;
  /** Decides between two that finished in the same millisecond; only a damaged log has two for one request. */
  readonly finishedTie: string;
  readonly startedAt: number;
  readonly durationMs: number;
  readonly outcome: string;
  readonly responseStatus: number | null;
  /** JSON, see AttemptDetail. Bytes, because headers hold anything. */
  readonly detail: Buffer;
  readonly responseBody: Buffer | null;
}

/** What a request and its answer carried beside their bodies. */
export interface AttemptDetail {
  readonly url: string;
  readonly requestHeaders: { readonly [name: string]: string };
  readonly responseHeaders: { readonly [name: string]: string } | null;
  readonly bodyTruncated: boolean;
  readonly error: string | null;
}

const HEADER_CHARACTERS_KEPT = 64 * 1024;
const INT_MAX = 2_147_483_647;

export const attemptRow = (fact: AttemptStarted | AttemptFinished): AttemptRow => ({
  tenant: fact.tenant,
  deliveryId: fact.deliveryId,
  requestId: fact.requestId,
  epoch: fact.epoch,
  attempt: fact.attempt,
  traceId: fact.traceId,
  spanId: fact.spanId,
  started: fact.kind === 'attempt-started' ? { announcedAt: fact.at, announcedUrl: Buffer.from(fact.url) } : null,
  finished: fact.kind === 'attempt-finished' ? finishedPart(fact) : null,
});

const finishedPart = (fact: AttemptFinished): FinishedPart => {
  const body =
    fact.response === null ? null : Buffer.from(fact.response.body, 'base64').subarray(0, RESPONSE_BODY_KEPT);
  const detail = JSON.stringify({
    url: fact.request.url,
    requestHeaders: keptHeaders(fact.request.headers),
    responseHeaders: fact.response === null ? null : keptHeaders(fact.response.headers),
    bodyTruncated: fact.response?.bodyTruncated ?? false,
    error: fact.error?.slice(0, 2_000) ?? null,
  } satisfies AttemptDetail);
  const durationMs = Math.min(Math.max(Math.round(fact.durationMs), 0), INT_MAX);
  const part = {
    finishedAt: fact.at,
    startedAt: fact.startedAt,
    durationMs,
    outcome: fact.outcome,
    responseStatus: fact.response?.status ?? null,
  };
  const finishedTie = hash('sha256', `${JSON.stringify(part)}${detail}${fact.response?.body ?? ''}`).slice(0, 16);
  return { ...part, finishedTie, detail: Buffer.from(detail), responseBody: body };
};

const keptHeaders = (headers: { readonly [name: string]: string }): { readonly [name: string]: string } => {
  let left = HEADER_CHARACTERS_KEPT;
  return Object.fromEntries(
    Object.entries(headers).filter(([name, value]) => {
      left -= name.length + String(value).length;
      return left >= 0;
    }),
  );
};

const smaller = <T extends number | string>(a: T, b: T): T => (b < a ? b : a);

const earlierStart = (a: StartedPart | null, b: StartedPart | null): StartedPart | null => {
  if (a === null || b === null) return a ?? b;
  const order = a.announcedAt - b.announcedAt || Buffer.compare(a.announcedUrl, b.announcedUrl);
  return order <= 0 ? a : b;
};

const earlierFinish = (a: FinishedPart | null, b: FinishedPart | null): FinishedPart | null => {
  if (a === null || b === null) return a ?? b;
  if (a.finishedAt !== b.finishedAt) return a.finishedAt < b.finishedAt ? a : b;
  return a.finishedTie <= b.finishedTie ? a : b;
};

/** Both rows are of one request. Commutative, associative, idempotent; the SQL merge keeps the same order. */
export const mergeAttempts = (a: AttemptRow, b: AttemptRow): AttemptRow => ({
  tenant: a.tenant,
  deliveryId: a.deliveryId,
  requestId: a.requestId,
  epoch: smaller(a.epoch, b.epoch),
  attempt: smaller(a.attempt, b.attempt),
  traceId: smaller(a.traceId, b.traceId),
  spanId: smaller(a.spanId, b.spanId),
  started: earlierStart(a.started, b.started),
  finished: earlierFinish(a.finished, b.finished),
});
