import { joinBytes } from '../verify/encoding';

/** The part of a `node:http` request that is used. */
export interface IncomingRequest {
  readonly method?: string | undefined;
  readonly headers: { readonly [name: string]: string | string[] | undefined };
  readonly readableEnded?: boolean;
  readonly destroyed?: boolean;
  on(event: 'data', listener: (chunk: Uint8Array) => void): unknown;
  on(event: 'end' | 'close' | 'error', listener: () => void): unknown;
  off(event: 'data', listener: (chunk: Uint8Array) => void): unknown;
  off(event: 'end' | 'close' | 'error', listener: () => void): unknown;
  resume(): unknown;
  destroy(): unknown;
}

export type ReadBody = Uint8Array | 'too_large' | 'incomplete';

/** How long a body that is too large may go on coming, so that its sender gets to read the answer. */
const LINGER_MS = 2_000;

/** The whole body of at most `limit` bytes. */
export const readStream = (request: IncomingRequest, limit: number): Promise<ReadBody> =>
  new Promise((resolve) => {
    const parts: Uint8Array[] = [];
    let size = 0;
    const finish = (read: ReadBody) => {
      request.off('data', take);
      request.off('end', end);
      request.off('close', gone);
      resolve(read);
    };
    const take = (chunk: Uint8Array) => {
      size += chunk.length;
      if (size > limit) finish('too_large');
      else parts.push(chunk);
    };
    const end = () => finish(joinBytes(parts));
    const gone = () => finish('incomplete');
    // Stays: an error of a request that nobody listens to would end the process.
    request.on('error', gone);
    request.on('close', gone);
    if (Number(request.headers['content-length'] ?? 0) > limit) return finish('too_large');
    if (request.destroyed === true) return finish('incomplete');
    request.on('end', end);
    request.on('data', take);
  });

/** After an answer that came before the end of the body: takes and drops the rest, for a while. */
export const dropRest = (request: IncomingRequest): void => {
  const timer = setTimeout(() => request.destroy(), LINGER_MS);
  (timer as { unref?: () => void }).unref?.();
  const stop = () => clearTimeout(timer);
  request.on('end', stop);
  request.on('close', stop);
  request.resume();
};
