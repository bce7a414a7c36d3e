import type { IncomingMessage } from 'node:http';
import { ApiProblem } from './api-problem';

export const DEFAULT_BODY_LIMIT = 256 * 1024;
export const JSON_TYPES = ['application/json'] as const;

/** What a client may still send after its body was refused, before the connection is cut: it may not be listening yet. */
const LINGER_BYTES = 16 * 1024 * 1024;
const LINGER_MS = 2_000;

/** A client that sends no byte for so long is not going to. */
export const BODY_STALLED_MS = 5_000;

const tooLarge = (limit: number): ApiProblem =>
  new ApiProblem('too_large', `The body is larger than ${limit} bytes, the most that this call takes.`);

/**
 * Judges the headers that describe a body. Throws 415 for what is not read here (compression, other types, other
 * charsets), 413 when the announced length is over the limit.
 */
export const checkBodyHeaders = (request: IncomingMessage, types: readonly string[], limit: number): void => {
  const { headers } = request;
  const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
  const encoding = headers['content-encoding']?.trim().toLowerCase();
  if (encoding !== undefined && encoding !== '' && encoding !== 'identity') {
    throw new ApiProblem('unsupported_media_type', 'The body is compressed; send it without Content-Encoding.', {
      headers: { 'accept-encoding': 'identity' },
    });
  }
  const [type = '', ...parameters] = (headers['content-type'] ?? '')
    .split(';')
    .map((part) => part.trim().toLowerCase());
  if (hasBody || type !== '') {
    if (!types.includes('*/*') && !types.includes(type)) {
      throw new ApiProblem('unsupported_media_type', `The body must be sent as ${types.join(' or ')}.`, {
        headers: { accept: types.join(', ') },
      });
    }
    const charset = parameters
      .find((part) => part.startsWith('charset='))
      ?.slice('charset='.length)
      .replaceAll('"', '');
    if (charset !== undefined && !['utf-8', 'utf8', 'us-ascii'].includes(charset)) {
      throw new ApiProblem('unsupported_media_type', 'The body must be UTF-8.');
    }
  }
  if (Number(headers['content-length'] ?? 0) > limit) throw tooLarge(limit);
};

const tooSlow = (detail: string): ApiProblem =>
  new ApiProblem('too_slow', `${detail} Send the request again.`, { headers: { connection: 'close' } });

interface BodyPace {
  /** Between two pieces, ms. */
  readonly stalledMs?: number;
  /** In all, ms; the server ends every request after its own time. */
  readonly withinMs?: number | null;
  /** False: an empty body is given, whatever came. */
  readonly kept?: boolean;
}

/** The whole body, at most `limit` bytes. Rejects 413, 408 for one that does not come, or ClientGone. */
export const readBody = (
  request: IncomingMessage,
  limit: number,
  { stalledMs = BODY_STALLED_MS, withinMs = null, kept = true }: BodyPace = {},
): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const stalled = setTimeout(
      () => finish(() => reject(tooSlow(`No byte of the body came for ${stalledMs / 1000} s.`))),
      stalledMs,
    );
    const late =
      withinMs === null
        ? undefined
        : setTimeout(
            () => finish(() => reject(tooSlow(`The body was not there within ${withinMs / 1000} s.`))),
            withinMs,
          );
    const finish = (act: () => void) => {
      clearTimeout(stalled);
      clearTimeout(late);
      request.off('data', onData).off('end', onEnd).off('error', onGone).off('close', onGone);
      act();
    };
    const onData = (chunk: Buffer) => {
      size += chunk.length;
      if (size > limit) finish(() => reject(tooLarge(limit)));
      else if (kept) chunks.push(chunk);
      stalled.refresh();
    };
    const onEnd = () => finish(() => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)));
    const onGone = () => finish(() => reject(new ClientGone('The client went away while it sent its body.')));
    request.on('data', onData).on('end', onEnd).on('error', onGone).on('close', onGone);
  });

/**
 * After an answer that came before the end of the body: takes and drops the rest, so that the client gets to read the
 * answer, but not without bound.
 */
export const drainRefusedBody = (request: IncomingMessage): void => {
  if (request.complete) return;
  let dropped = 0;
  const cut = () => request.socket.destroy();
  const timer = setTimeout(cut, LINGER_MS).unref();
  request
    .on('data', (chunk: Buffer) => {
      dropped += chunk.length;
      if (dropped > LINGER_BYTES) cut();
    })
    .on('close', () => clearTimeout(timer))
    .on('end', () => clearTimeout(timer))
    .on('error', () => clearTimeout(timer))
    .resume();
};

/** Nobody is left to answer. */
export class ClientGone extends Error {
  override readonly name = 'ClientGone';
}
