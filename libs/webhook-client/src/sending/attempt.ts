import { type Outcome, RESPONSE_BODY_KEPT } from '@millrace/domain';
import type { Dispatcher } from 'undici';
import { failureOf } from './failures';

/** Interim (1xx) responses after which a request is given up early: a flood of them must not cost a core until the deadline. */
const INTERIM_RESPONSES = 10_000;
const NO_BODY = Buffer.alloc(0);
/** Reason given to undici for requests that have their outcome already. */
const OVER = new Error('This request has its outcome.');

type Headers = { readonly [name: string]: string };

const joined = (headers: NodeJS.Dict<string | string[]>): Headers => {
  for (const name in headers)
    if (typeof headers[name] !== 'string')
      return Object.fromEntries(
        Object.entries(headers).map(([key, value]) => [key, Array.isArray(value) ? value.join(', ') : (value ?? '')]),
      );
  return headers as Headers;
};

/**
 * One HTTP request and what becomes of it. It is undici's request options and response handler in one object, because one
 * is made for every delivery. It settles exactly once: by the whole response, by what was kept of a long one, by an error
 * or by its deadline; what undici reports afterwards is ignored.
 */
export class Attempt implements Dispatcher.DispatchOptions, Dispatcher.DispatchHandler {
  declare readonly method: 'POST';
  private readonly startedAt = performance.now();
  private readonly deadline: NodeJS.Timeout;
  private controller: Dispatcher.DispatchController | null = null;
  private settled = false;
  private status = 0;
  private responseHeaders: Headers | null = null;
  private interim = 0;
  private kept = 0;
  private chunks: Buffer[] | null = null;

  constructor(
    readonly path: string,
    readonly headers: string[],
    readonly body: Buffer,
    private readonly timeoutMs: number,
    private readonly settle: (outcome: Outcome) => void,
  ) {
    this.deadline = setTimeout(onDeadline, timeoutMs, this);
  }

  expire(): void {
    this.fail('timeout', `There was no complete response within ${this.timeoutMs} ms.`);
    this.controller?.abort(OVER);
  }

  /** undici has a connection. A throw drops the request and leaves the connection to others; an abort would destroy it. */
  onRequestStart(controller: Dispatcher.DispatchController): void {
    if (this.settled) throw OVER;
    this.controller = controller;
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: NodeJS.Dict<string | string[]>,
  ): void {
    if (this.settled) return;
    if (status >= 200) {
      this.status = status;
      this.responseHeaders = joined(headers);
      return;
    }
    if (status === 101) this.fail('protocol', 'The receiver switched protocols, which was not asked for.');
    else if (++this.interim >= INTERIM_RESPONSES)
      this.fail('timeout', `There was no final response, but ${this.interim} interim ones.`);
    if (this.settled) controller.abort(OVER);
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.settled) return;
    const room = RESPONSE_BODY_KEPT - this.kept;
    this.chunks ??= [];
    if (chunk.length <= room) {
      this.chunks.push(chunk);
      this.kept += chunk.length;
      return;
    }
    if (room > 0) this.chunks.push(chunk.subarray(0, room));
    this.respond(true);
    controller.abort(OVER);
  }

  onResponseEnd(): void {
    if (!this.settled) this.respond(false);
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: Error): void {
    if (this.settled) return;
    const { failure, message } = failureOf(error, this.responseHeaders !== null);
    this.fail(failure, message);
  }

  private respond(bodyTruncated: boolean): void {
    this.finish({
      kind: 'response',
      status: this.status,
      headers: this.responseHeaders!,
      // Copied, also when it is one piece: a kept piece would pin the whole 64 KiB read buffer that it is a part of.
      body: this.chunks === null ? NO_BODY : Buffer.concat(this.chunks),
      bodyTruncated,
      durationMs: this.elapsed(),
    });
  }

  private fail(failure: Extract<Outcome, { kind: 'failure' }>['failure'], message: string): void {
    this.finish({ kind: 'failure', failure, message, durationMs: this.elapsed() });
  }

  private finish(outcome: Outcome): void {
    if (this.settled) return;
    this.settled = true;
    clearTimeout(this.deadline);
    this.settle(outcome);
  }

  private elapsed(): number {
    return Math.round(performance.now() - this.startedAt);
  }
}
Object.defineProperty(Attempt.prototype, 'method', { value: 'POST' });

function onDeadline(attempt: Attempt): void {
  attempt.expire();
}
