import type { ContractName } from '../verify/contract-name';
import { utf8 } from '../verify/encoding';
import { type VerificationFailure, WebhookVerificationError } from '../verify/verification-error';
import type {
  EclipseWebhookInput,
  LegacyWebhookInput,
  NentropyWebhookInput,
  StandardWebhookInput,
  VerifyWebhookInput,
} from '../verify/verify-input';
import { verifyWebhookAsync } from '../verify/verify-webhook-async';
import { optionalHeader, type WebhookHeaders } from '../verify/webhook-headers';
import { webhookProofs } from '../verify/webhook-proofs';
import type { WebhookBody } from './webhook-bodies';
import { sequenceOf, type WebhookInfo } from './webhook-info';

type Given<Input> = Omit<Input, 'contract' | 'body' | 'headers' | 'now'>;

/** What each contract is verified with. */
export interface VerificationOptions {
  readonly standard: Given<StandardWebhookInput>;
  readonly eclipse: Given<EclipseWebhookInput>;
  readonly eclips: Given<LegacyWebhookInput>;
  readonly proign: Given<LegacyWebhookInput>;
  readonly mes: Given<LegacyWebhookInput>;
  readonly nentropy: Given<NentropyWebhookInput>;
}

export interface Reception<Contract extends ContractName> {
  /** `standard` unless told. */
  readonly contract?: Contract | undefined;
  /** The largest body that is read, in bytes; 1 MiB. */
  readonly limitBytes?: number | undefined;
  /** Told of each request that was refused, with the answer's status. */
  readonly onRefused?: ((refused: RefusedWebhook) => void) | undefined;
  /** Told of what your function threw, and of settings that cannot work; `console.error` unless given. */
  readonly onError?: ((error: unknown) => void) | undefined;
  /** Unix ms. */
  readonly now?: (() => number) | undefined;
}

export type ReceiverOptions<Contract extends ContractName> = Reception<Contract> & VerificationOptions[Contract];

export interface RefusedWebhook {
  readonly status: number;
  readonly code: RefusalCode;
  readonly message: string;
}

export type RefusalCode =
  | Exclude<VerificationFailure, 'invalid_secret'>
  | 'invalid_json'
  | 'too_large'
  | 'method_not_allowed'
  | 'incomplete';

/** An answer of your own, where 200 says too little: 410 for "no more of these", 429 with `Retry-After`. */
export interface WebhookReply {
  readonly status: number;
  readonly headers?: { readonly [name: string]: string } | undefined;
}

/**
 * What you do with a webhook that is genuine. It is answered with 200 when this returns, and with 500 when it throws, so that
 * it comes again. Do little here: the sender waits, 5 s under the contract `mes`.
 */
export type WebhookFunction<Contract extends ContractName> = (
  event: WebhookBody<Contract>,
  info: WebhookInfo,
  // biome-ignore lint/suspicious/noConfusingVoidType: a function that returns nothing is the usual one
) => void | WebhookReply | Promise<void | WebhookReply>;

export interface WebhookAnswer {
  readonly status: number;
  readonly headers: { readonly [name: string]: string };
  readonly body: string;
}

export const DEFAULT_LIMIT_BYTES = 1024 * 1024;

const json = { 'content-type': 'application/json' };

/** 401 for who is not who they say, 400 for what cannot be read. */
const STATUS_OF: { readonly [code in RefusalCode]: number } = {
  missing_header: 400,
  invalid_header: 400,
  invalid_body: 400,
  timestamp_too_old: 401,
  timestamp_too_new: 401,
  no_matching_signature: 401,
  wrong_token: 401,
  invalid_json: 400,
  incomplete: 400,
  too_large: 413,
  method_not_allowed: 405,
};

/** The answer to what is not accepted; the sender's history keeps the code, and learns no more. */
export const refuse = (
  options: Pick<Reception<ContractName>, 'onRefused'>,
  code: RefusalCode,
  message: string,
): WebhookAnswer => {
  const status = STATUS_OF[code];
  options.onRefused?.({ status, code, message });
  return {
    status,
    headers: status === 405 ? { ...json, allow: 'POST' } : json,
    body: JSON.stringify({ error: code }),
  };
};

/** The answer when the receiver itself is at fault: it will come again. */
export const fail = (options: Pick<Reception<ContractName>, 'onError'>, error: unknown): WebhookAnswer => {
  // biome-ignore lint/suspicious/noConsole: a webhook that fails in silence would be found by nobody
  (options.onError ?? console.error)(error);
  return { status: 500, headers: json, body: '{"error":"internal"}' };
};

const reply = (own: unknown): WebhookAnswer => {
  if (own === undefined || own === null) return { status: 200, headers: {}, body: '' };
  const { status, headers = {} } = own as WebhookReply;
  if (!Number.isInteger(status) || status < 200 || status > 599)
    throw new TypeError(
      `The function for webhooks answered ${JSON.stringify(own)}: a reply is {status: 200 to 599, headers?}.`,
    );
  return { status, headers, body: '' };
};

const verificationOf = <Contract extends ContractName>(options: ReceiverOptions<Contract>) => {
  const { limitBytes: _limit, onRefused: _refused, onError: _error, now: _now, ...verification } = options;
  return verification;
};

/**
 * Judges the options of a handler when it is made, so that a variable that is not set is found at the start and not by the first
 * webhook.
 *
 * @throws TypeError
 */
export const checkSettings = <Contract extends ContractName>(options: ReceiverOptions<Contract>): void => {
  try {
    webhookProofs({ ...verificationOf(options), body: '', headers: {}, now: 0 } as unknown as VerifyWebhookInput);
  } catch (error) {
    // A request without headers is refused for many reasons; only this one is the settings' own.
    if (error instanceof WebhookVerificationError && error.code !== 'invalid_secret') return;
    const message = error instanceof Error ? error.message : String(error);
    throw new TypeError(`This handler cannot verify webhooks: ${message}`, { cause: error });
  }
};

/** Verifies, parses, hands over and answers: what all handlers have in common. Never rejects. */
export const receiveWebhook = async <Contract extends ContractName>(
  options: ReceiverOptions<Contract>,
  request: { readonly headers: WebhookHeaders; readonly body: Uint8Array },
  handle: WebhookFunction<Contract>,
): Promise<WebhookAnswer> => {
  const { headers, body } = request;
  const contract = (options.contract ?? 'standard') as Contract;
  let info: WebhookInfo;
  try {
    const input = { ...verificationOf(options), body, headers, now: options.now?.() } as unknown as VerifyWebhookInput;
    const { id, timestamp } = await verifyWebhookAsync(input);
    info = {
      contract,
      id,
      timestamp,
      ...sequenceOf(headers),
      replay: optionalHeader(headers, 'millrace-replay'),
      headers,
      body,
    };
  } catch (error) {
    if (error instanceof WebhookVerificationError && error.code !== 'invalid_secret')
      return refuse(options, error.code, error.message);
    return fail(options, error);
  }
  let event: WebhookBody<Contract>;
  try {
    event = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body)) as WebhookBody<Contract>;
  } catch {
    return refuse(options, 'invalid_json', 'The body is signed, but it is not JSON.');
  }
  try {
    return reply(await handle(event, info));
  } catch (error) {
    return fail(options, error);
  }
};

/**
 * The bytes of a body that somebody has read already, or null for one that was parsed and cannot be had back. `proign` and
 * `mes` are sent as `JSON.stringify` writes them, so a parsed body of theirs has the same bytes.
 */
export const bytesOfRead = (body: unknown, contract: ContractName): Uint8Array | null => {
  if (body instanceof Uint8Array) return body;
  if (typeof body === 'string') return utf8(body);
  if ((contract === 'proign' || contract === 'mes') && typeof body === 'object' && body !== null)
    return utf8(JSON.stringify(body));
  return null;
};
