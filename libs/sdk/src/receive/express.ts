import type { ContractName } from '../verify/contract-name';
import { dropRest, type IncomingRequest, readStream } from './read-stream';
import {
  bytesOfRead,
  checkSettings,
  DEFAULT_LIMIT_BYTES,
  fail,
  type ReceiverOptions,
  receiveWebhook,
  refuse,
  type WebhookAnswer,
  type WebhookFunction,
} from './receive-webhook';

/** The part of Express' request that is used; one of `node:http` fits too. */
export interface ExpressRequest extends IncomingRequest {
  /** Of a parser that ran before. */
  readonly body?: unknown;
  /** Where such a parser was told to keep the bytes. */
  readonly rawBody?: unknown;
}

export interface ExpressResponse {
  statusCode: number;
  setHeader(name: string, value: string): unknown;
  end(body: string): unknown;
}

const PARSED =
  'The body of a webhook was parsed before its handler could read the bytes that are signed. Put the handler before express.json(), give its path express.raw({ type: "*/*" }), or keep the bytes as request.rawBody.';

const answerTo = async <Contract extends ContractName>(
  options: ReceiverOptions<Contract>,
  request: ExpressRequest,
  handle: WebhookFunction<Contract>,
): Promise<WebhookAnswer> => {
  const contract: ContractName = options.contract ?? 'standard';
  const limit = options.limitBytes ?? DEFAULT_LIMIT_BYTES;
  if (request.method !== 'POST')
    return refuse(options, 'method_not_allowed', `A webhook is a POST, not ${request.method}.`);
  const wasRead = request.readableEnded === true;
  const read = wasRead ? bytesOfRead(request.rawBody ?? request.body, contract) : await readStream(request, limit);
  if (read === null) return fail(options, new Error(PARSED));
  if (read === 'incomplete') return refuse(options, 'incomplete', 'The connection ended before the body did.');
  if (read === 'too_large' || read.length > limit)
    return refuse(options, 'too_large', `The body is larger than ${limit} bytes.`);
  return receiveWebhook(options, { headers: request.headers, body: read }, handle);
};

/**
 * A handler for Express, and for any server of `node:http`: reads the raw body, verifies it, and calls `handle` with the event.
 *
 * @throws TypeError for options by which nothing can be verified, such as a secret that is missing.
 *
 * @example
 * app.post('/hook', expressWebhook({ secret: process.env.WEBHOOK_SECRET }, async (event) => { … }));
 */
export const expressWebhook = <Contract extends ContractName = 'standard'>(
  options: ReceiverOptions<Contract>,
  handle: WebhookFunction<Contract>,
) => {
  checkSettings(options);
  return async (request: ExpressRequest, response: ExpressResponse): Promise<void> => {
    const answer = await answerTo(options, request, handle);
    response.statusCode = answer.status;
    for (const [name, value] of Object.entries(answer.headers)) response.setHeader(name, value);
    response.end(answer.body);
    // Closing at once could take the answer from a sender that is still sending.
    if (request.readableEnded !== true) dropRest(request);
  };
};
