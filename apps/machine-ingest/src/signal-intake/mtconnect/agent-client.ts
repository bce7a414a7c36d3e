import { Agent as HttpAgent, type IncomingMessage, request as requestHttp } from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import type { LookupFunction } from 'node:net';
import type { MtconnectSettings } from './mtconnect-settings';

/** Bytes of one document of a live agent; 10,000 observations are some 2 MB. */
export const MAX_ANSWER = 32 * 1024 * 1024;

/** The agent could not be asked, or did not answer as an agent does; nothing of the answer counts. */
export class AgentFault extends Error {
  override readonly name = 'AgentFault';
  constructor(
    /** `ECONNREFUSED`, `silent`, `http_502`, `malformed`, … */
    readonly code: string,
    detail: string,
    /** What came instead of a document. */
    readonly bytes: Buffer | null = null,
    /** Of an error that the agent itself tells: `OUT_OF_RANGE`, `NO_DEVICE`. */
    readonly agentCode: string | null = null,
    /** Bytes that came, where `bytes` has their beginning only. */
    readonly length: number | null = bytes?.length ?? null,
  ) {
    super(detail);
  }
}

/** Milliseconds. */
export interface AgentWaits {
  /** Until the answer begins. */
  readonly patience: number;
  /** Between two pieces of it. */
  readonly silence: number;
}

export interface AgentResponse {
  readonly contentType: string;
  /** Ends with AgentFault when the connection breaks or is silent for too long while somebody waits for its bytes. */
  readonly body: AsyncIterable<Buffer>;
  readonly close: () => void;
}

/** Asks an agent over connections that are kept. */
export class AgentClient {
  private readonly agent: HttpAgent;
  private readonly base: URL;

  constructor(
    private readonly settings: MtconnectSettings,
    private readonly lookup: LookupFunction | undefined,
  ) {
    this.base = new URL(settings.url);
    this.agent =
      this.base.protocol === 'https:' ? new HttpsAgent({ keepAlive: true }) : new HttpAgent({ keepAlive: true });
  }

  close(): void {
    this.agent.destroy();
  }

  /** `GET <url>/<device>/<what>?…`. Rejects AgentFault, or with the reason of `stopping`. */
  get(
    device: string | null,
    what: 'probe' | 'current' | 'sample',
    query: { readonly [name: string]: string | number | undefined },
    waits: AgentWaits,
    stopping: AbortSignal,
  ): Promise<AgentResponse> {
    const url = new URL(this.base);
    const folder = url.pathname.replace(/\/+$/, '');
    url.pathname = [folder, ...(device === null ? [] : [encodeURIComponent(device)]), what].join('/');
    for (const [name, value] of Object.entries(query))
      if (value !== undefined) url.searchParams.set(name, String(value));
    return this.ask(url, waits, stopping);
  }

  private ask(url: URL, { patience, silence }: AgentWaits, stopping: AbortSignal): Promise<AgentResponse> {
    const { bearer, header, ca } = this.settings;
    const send = url.protocol === 'https:' ? requestHttps : requestHttp;
    return new Promise((resolve, reject) => {
      const sent = send(url, {
        agent: this.agent,
        signal: stopping,
        headers: {
          accept: 'text/xml, application/xml, multipart/x-mixed-replace',
          'accept-encoding': 'identity',
          ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
          ...(header === undefined ? {} : { [header.name]: header.value }),
        },
        ...(this.lookup === undefined ? {} : { lookup: this.lookup }),
        ...(ca === undefined ? {} : { ca }),
      });
      const timer = setTimeout(() => {
        sent.destroy(
          new AgentFault('silent', `The agent has not begun to answer ${url.pathname} within ${patience} ms.`),
        );
      }, patience);
      sent.on('error', (error) => {
        clearTimeout(timer);
        reject(asFault(error, stopping));
      });
      sent.on('response', (answer) => {
        clearTimeout(timer);
        // a later error of the request is the body's, and told there
        answer.on('error', () => undefined);
        const close = () => void answer.destroy();
        const body = watched(answer, silence, stopping);
        if (answer.statusCode === 200) resolve({ contentType: answer.headers['content-type'] ?? '', body, close });
        else
          void refusal(answer.statusCode ?? 0, url.pathname, body).then((fault) => {
            close();
            reject(fault);
          });
      });
      sent.end();
    });
  }
}

/** Bytes of a page that is no answer of an agent, kept for whoever looks into it. */
const KEPT_BYTES = 64 * 1024;

const refusal = async (status: number, path: string, body: AsyncIterable<Buffer>): Promise<Error> => {
  const hint = status === 401 || status === 403 ? '; the agent, or what stands before it, wants other credentials' : '';
  const bytes: Buffer[] = [];
  let kept = 0;
  try {
    for await (const chunk of body) {
      bytes.push(chunk.subarray(0, KEPT_BYTES - kept));
      kept += chunk.length;
      if (kept >= KEPT_BYTES) break;
    }
  } catch (error) {
    if (!(error instanceof AgentFault)) return error as Error;
  }
  return new AgentFault(
    `http_${status}`,
    `${path} was answered with the status ${status}${hint}.`,
    Buffer.concat(bytes),
    null,
    kept,
  );
};

/** Silence counts only while somebody waits for bytes: who is busy storing the last ones is not told that none come. */
async function* watched(answer: IncomingMessage, silenceMs: number, stopping: AbortSignal): AsyncGenerator<Buffer> {
  const chunks = (answer as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
  try {
    for (;;) {
      const silent = new AgentFault(
        'silent',
        `The agent holds the connection and has said nothing for ${silenceMs} ms.`,
      );
      const patience = setTimeout(() => answer.destroy(silent), silenceMs);
      let next: IteratorResult<Buffer>;
      try {
        next = await chunks.next();
      } catch (error) {
        throw asFault(error as Error, stopping);
      } finally {
        clearTimeout(patience);
      }
      if (next.done) return;
      yield next.value;
    }
  } finally {
    answer.destroy();
  }
}

const asFault = (error: Error, stopping: AbortSignal): Error => {
  if (stopping.aborted) return stopping.reason instanceof Error ? stopping.reason : error;
  if (error instanceof AgentFault) return error;
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ECONNRESET' || error.message === 'aborted')
    return new AgentFault('ECONNRESET', 'The agent closed the connection in the middle of an answer.');
  return new AgentFault(code ?? 'connection', `The agent cannot be reached: ${error.message || code}.`);
};
