import type { ContractName } from '../verify/contract-name';
import {
  checkSettings,
  DEFAULT_LIMIT_BYTES,
  type ReceiverOptions,
  receiveWebhook,
  refuse,
  type WebhookAnswer,
  type WebhookFunction,
} from './receive-webhook';

interface FastifyReplyPart {
  code(status: number): FastifyReplyPart;
  headers(values: { readonly [name: string]: string }): FastifyReplyPart;
  send(body: string): FastifyReplyPart;
}

interface FastifyRequestPart {
  readonly headers: { readonly [name: string]: string | string[] | undefined };
  readonly body: unknown;
}

/**
 * The part of a Fastify instance that is used. Its own types are not named, so that they need not be installed; what it is given
 * is `never` here because only Fastify's types could say more.
 */
export interface FastifyPart {
  removeAllContentTypeParsers(): unknown;
  addContentTypeParser(contentType: string, options: never, parser: never): unknown;
  route(route: never): unknown;
}

type Done = (error: Error | null, body?: unknown) => void;

/**
 * A plugin for Fastify with one route. Its parser of the raw body is its own: the rest of the app keeps what it has.
 *
 * @throws TypeError for options by which nothing can be verified, such as a secret that is missing.
 *
 * @example
 * app.register(fastifyWebhook('/hook', { secret: process.env.WEBHOOK_SECRET }, async (event) => { … }));
 */
export const fastifyWebhook = <Contract extends ContractName = 'standard'>(
  url: string,
  options: ReceiverOptions<Contract>,
  handle: WebhookFunction<Contract>,
) => {
  checkSettings(options);
  return async (app: FastifyPart): Promise<void> => {
    const bodyLimit = options.limitBytes ?? DEFAULT_LIMIT_BYTES;
    const send = (reply: FastifyReplyPart, answer: WebhookAnswer) =>
      reply.code(answer.status).headers(answer.headers).send(answer.body);
    app.removeAllContentTypeParsers();
    const asItCame = (_request: unknown, body: unknown, done: Done) => done(null, body);
    app.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit } as never, asItCame as never);
    const route = {
      method: 'POST',
      url,
      bodyLimit,
      errorHandler: (error: { statusCode?: number }, _request: unknown, reply: FastifyReplyPart) =>
        send(
          reply,
          error.statusCode === 413
            ? refuse(options, 'too_large', `The body is larger than ${bodyLimit} bytes.`)
            : refuse(options, 'incomplete', 'The body could not be read.'),
        ),
      handler: async (request: FastifyRequestPart, reply: FastifyReplyPart) => {
        const body = request.body instanceof Uint8Array ? request.body : new Uint8Array();
        return send(reply, await receiveWebhook(options, { headers: request.headers, body }, handle));
      },
    };
    app.route(route as never);
  };
};
