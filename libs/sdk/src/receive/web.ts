import type { ContractName } from '../verify/contract-name';
import { joinBytes } from '../verify/encoding';
import type { ReadBody } from './read-stream';
import {
  checkSettings,
  DEFAULT_LIMIT_BYTES,
  type ReceiverOptions,
  receiveWebhook,
  refuse,
  type WebhookAnswer,
  type WebhookFunction,
} from './receive-webhook';

const readRequest = async (request: Request, limit: number): Promise<ReadBody> => {
  if (Number(request.headers.get('content-length') ?? 0) > limit) return 'too_large';
  const reader = request.body?.getReader() as ReadableStreamDefaultReader<Uint8Array> | undefined;
  if (reader === undefined) return new Uint8Array();
  const parts: Uint8Array[] = [];
  let size = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return joinBytes(parts);
      size += value.length;
      if (size > limit) {
        await reader.cancel().catch(() => {});
        return 'too_large';
      }
      parts.push(value);
    }
  } catch {
    return 'incomplete';
  }
};

const answerTo = async <Contract extends ContractName>(
  options: ReceiverOptions<Contract>,
  request: Request,
  handle: WebhookFunction<Contract>,
): Promise<WebhookAnswer> => {
  if (request.method !== 'POST')
    return refuse(options, 'method_not_allowed', `A webhook is a POST, not ${request.method}.`);
  const limit = options.limitBytes ?? DEFAULT_LIMIT_BYTES;
  const body = await readRequest(request, limit);
  if (body === 'incomplete') return refuse(options, 'incomplete', 'The connection ended before the body did.');
  if (body === 'too_large') return refuse(options, 'too_large', `The body is larger than ${limit} bytes.`);
  return receiveWebhook(options, { headers: request.headers, body }, handle);
};

/**
 * A handler for everything that speaks `Request` and `Response`: workers, edge functions, Hono, Next.js route handlers, Deno, Bun.
 *
 * @throws TypeError for options by which nothing can be verified, such as a secret that is missing.
 *
 * @example
 * export const POST = webWebhook({ secret: process.env.WEBHOOK_SECRET }, async (event) => { … });
 */
export const webWebhook = <Contract extends ContractName = 'standard'>(
  options: ReceiverOptions<Contract>,
  handle: WebhookFunction<Contract>,
) => {
  checkSettings(options);
  return async (request: Request): Promise<Response> => {
    const { status, headers, body } = await answerTo(options, request, handle);
    return new Response(body === '' ? null : body, { status, headers: { ...headers } });
  };
};
