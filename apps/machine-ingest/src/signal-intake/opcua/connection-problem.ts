import { SourceProblem } from '../source-kind';
import type { OpcuaSettings } from './opcua-settings';
import { OWN_CERTIFICATE_FILE, type OwnCertificate } from './own-certificate';
import { dayOf, RefusedUser, userAdvice } from './user-identity';

/** Name of the StatusCode that an error of the library speaks of, for example `BadIdentityTokenRejected`. */
export const statusNameOf = (error: unknown): string | null =>
  /\b(?:Bad|Uncertain)[A-Z][A-Za-z]+/.exec(error instanceof Error ? error.message : String(error))?.[0] ?? null;

interface Attempt {
  readonly settings: OpcuaSettings;
  /** Our own certificate; null where it could not be had. */
  readonly own: Pick<OwnCertificate, 'thumbprint' | 'validTo'> | null;
  /** Unix ms. */
  readonly now: number;
}

/** What an attempt failed with, told to the person who sets the source up. */
export const connectionProblem = (error: unknown, { settings, own, now }: Attempt): SourceProblem => {
  if (error instanceof SourceProblem) return error;
  const message = error instanceof Error ? error.message : String(error);
  const status = statusNameOf(error);
  const said = status ?? message.split('\n')[0]!.trim();
  if (/ENOTFOUND|EAI_AGAIN/.test(message))
    return new SourceProblem(
      'unreachable',
      `${settings.endpointUrl} names a host that is not known here. Check the name, or write its address.`,
      'endpointUrl',
    );
  if (/waiting for data on socket/.test(message))
    return new SourceProblem(
      'not_this_protocol',
      `What listens at ${settings.endpointUrl} takes the connection and gives no answer in OPC UA. Check the port; if it is the right one, the server hangs.`,
      'endpointUrl',
    );
  if (/ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|EHOSTDOWN|timed? ?out|no answer/i.test(message))
    return new SourceProblem(
      'unreachable',
      `Nothing answers at ${settings.endpointUrl} (${said}). Check host and port, that the server runs, and that a firewall lets this machine through.`,
      'endpointUrl',
    );
  if (
    error instanceof RefusedUser ||
    (status !== null && /^Bad(?:IdentityToken|UserAccessDenied|UserSignature)/.test(status))
  )
    return new SourceProblem(
      'unauthorized',
      `The server rejects the user (${said}). ${userAdvice(settings, now)}`,
      'user',
    );
  if (status === 'BadTooManySessions' || status === 'BadMaxConnectionsReached' || status === 'BadTcpNotEnoughResources')
    return new SourceProblem(
      'busy',
      `The server has no session left (${status}). Close another client of it, or let it have more sessions.`,
      'endpointUrl',
    );
  if (status !== null && /^Bad(?:SecurityMode|SecurityPolicy)/.test(status))
    return new SourceProblem(
      'not_offered',
      `The server refuses ${settings.securityPolicy} with ${settings.securityMode} (${status}).`,
      'securityPolicy',
    );
  if (
    settings.securityMode !== 'None' &&
    (/^Bad(?:SecurityChecks|Certificate|SecureChannel)/.test(status ?? '') ||
      /rejected|disconnected|closed/i.test(message))
  )
    return new SourceProblem(
      'certificate',
      own !== null && own.validTo < now
        ? `The server does not take Millrace's own certificate (${said}), which ran out on ${dayOf(own.validTo)}. Take away ${OWN_CERTIFICATE_FILE} in the source's folder of MILLRACE_SOURCE_STATE: the next try makes a new one, which the server has to trust.`
        : `The server does not take Millrace's own certificate (${said}). In the server's list of rejected certificates, trust the one named "Millrace" with SHA-256 ${own?.thumbprint ?? '(none yet)'}, then try again.`,
      'securityMode',
    );
  if (/rejected|disconnected|closed|BadTcp|BadCommunicationError|parse|invalid message/i.test(message))
    return new SourceProblem(
      'not_this_protocol',
      `What listens at ${settings.endpointUrl} does not speak OPC UA, or hung up (${said}). Check the port.`,
      'endpointUrl',
    );
  return new SourceProblem('failed', `The server at ${settings.endpointUrl} answers with an error: ${said}.`);
};

export const SILENT = 'The server is silent: the connection stands and nothing comes over it.';

/** Whether the server says that it has a subscription no more; one that was taken out of its session may be had again. */
export const isSubscriptionGone = (reason: string): boolean =>
  /\bBadSubscriptionIdInvalid\b|ended the subscription: Bad/.test(reason);

/** Whether it says that this session has none: one that it has ended may have left them to the next. */
export const isSessionEmpty = (reason: string): boolean => statusNameOf(reason) === 'BadNoSubscription';

/** Why a connection that stood came to its end. */
export const spokenLoss = (reason: string): string => {
  const status = statusNameOf(reason);
  if (status === 'BadSessionClosed' || status === 'BadSessionIdInvalid')
    return `The server has ended the session (${status}).`;
  if (isSubscriptionGone(reason) || isSessionEmpty(reason))
    return `The server has dropped the subscriptions (${status}).`;
  if (/GoodSubscriptionTransferred/.test(reason))
    return 'The server has ended the session, or another client took the subscription over (GoodSubscriptionTransferred).';
  if (/timed out|silent/i.test(reason)) return SILENT;
  if (/third party|socket|connection break|ECONNRESET|EPIPE/i.test(reason))
    return 'The connection broke: the server stopped, or the network did.';
  return status === null ? reason : `The server answered with ${status}.`;
};
