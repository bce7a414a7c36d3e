import type { FailureClass } from '@millrace/domain';
import { errors } from 'undici';

/** Why no request went out; the detail is for operators, never for tenants. */
export class BlockedDestination extends Error {
  readonly code = 'MILLRACE_BLOCKED_DESTINATION';
  constructor(
    readonly host: string,
    readonly address: string,
    readonly reason: string,
  ) {
    super('Destination not allowed.');
  }
}

export class NameNotResolved extends Error {
  readonly code = 'MILLRACE_NAME_NOT_RESOLVED';
}

export interface Failure {
  readonly failure: FailureClass;
  /** For people and for tenants: made of fixed texts, so no address can slip in. */
  readonly message: string;
}

const NOT_HTTP: Failure = { failure: 'protocol', message: 'The response is not valid HTTP/1.1.' };
const CLOSED = 'The connection was closed before the response was complete.';
const CONNECTION_MESSAGES: { readonly [code: string]: string } = {
  ECONNREFUSED: 'The connection was refused.',
  ECONNRESET: CLOSED,
  EPIPE: CLOSED,
  EHOSTUNREACH: 'The host could not be reached.',
  ENETUNREACH: 'The host could not be reached.',
};

const CERTIFICATE_MESSAGES: { readonly [code: string]: string } = {
  CERT_HAS_EXPIRED: 'The certificate has expired.',
  CERT_NOT_YET_VALID: 'The certificate is not yet valid.',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'The certificate is self-signed.',
  SELF_SIGNED_CERT_IN_CHAIN: 'The certificate chain ends in a self-signed certificate that is not trusted.',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'The certificate was issued by an authority that is not trusted.',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'The certificate chain is incomplete or its authority is not trusted.',
  ERR_TLS_CERT_ALTNAME_INVALID: 'The certificate is for another host name.',
};
const TLS_CODE =
  /^(ERR_TLS_|ERR_SSL_|EPROTO$|CERT_|CRL_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|ERROR_IN_C|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH|HOSTNAME_MISMATCH)/;

const codeOf = (error: Error): string => {
  const code = (error as NodeJS.ErrnoException).code;
  return typeof code === 'string' ? code : '';
};

/**
 * Class and text of what undici or the socket reported. `headersSeen` tells a response that broke off (`connection`) from
 * one that never was HTTP (`protocol`) where the parser reports both alike.
 */
export const failureOf = (error: Error, headersSeen: boolean): Failure => {
  if (error instanceof BlockedDestination) return { failure: 'blocked_destination', message: error.message };
  if (error instanceof NameNotResolved) return { failure: 'dns', message: 'The host name could not be resolved.' };
  if (error instanceof errors.ConnectTimeoutError)
    return { failure: 'timeout', message: 'The connection was not made in time.' };
  if (error instanceof errors.HeadersOverflowError)
    return { failure: 'protocol', message: 'The response headers are larger than 16 KiB.' };
  if (error instanceof errors.ResponseContentLengthMismatchError)
    return headersSeen ? { failure: 'connection', message: CLOSED } : NOT_HTTP;
  if (error instanceof errors.InvalidArgumentError || error instanceof errors.NotSupportedError)
    return { failure: 'protocol', message: `The request cannot be sent: ${error.message}.` };
  if (error instanceof errors.SocketError)
    return /^bad (response|upgrade)$/.test(error.message) ? NOT_HTTP : { failure: 'connection', message: CLOSED };
  const code = codeOf(error);
  // The parser sets no code in all cases, so its one complaint about a missing end is told by its text.
  if (error instanceof errors.HTTPParserError && error.message.includes('Invalid EOF state'))
    return { failure: 'connection', message: CLOSED };
  if (error instanceof errors.HTTPParserError || code === 'ERR_ASSERTION') return NOT_HTTP;
  if (TLS_CODE.test(code))
    return { failure: 'tls', message: CERTIFICATE_MESSAGES[code] ?? 'The TLS handshake failed.' };
  return { failure: 'connection', message: CONNECTION_MESSAGES[code] ?? 'The connection failed.' };
};
