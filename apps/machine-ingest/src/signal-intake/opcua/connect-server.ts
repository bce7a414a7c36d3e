import { isIP, type LookupFunction } from 'node:net';
import type { Logger } from '@millrace/telemetry';
import {
  type ClientSession,
  type ClientSessionPublishService,
  type ClientSessionRawSubscriptionService,
  crypto_utils,
  type EndpointDescription,
  MessageSecurityMode,
  OPCUAClient,
  type OPCUAClientOptions,
  SecurityPolicy,
  type StatusCode,
  StatusCodes,
  setErrorLogger,
  setWarningLogger,
  UserTokenType,
} from 'node-opcua-client';
import { SourceProblem } from '../source-kind';
import { statusNameOf } from './connection-problem';
import { type OpcuaSettings, peerOf } from './opcua-settings';
import { APPLICATION_NAME, APPLICATION_URI, asKeyPair, type OwnCertificate } from './own-certificate';
import { judgeCertificate } from './server-trust';
import { RefusedUser, userOf } from './user-identity';

/** The library's session with the services that it has and lists apart, or not at all. */
export type ServerSession = ClientSession &
  ClientSessionRawSubscriptionService &
  ClientSessionPublishService & {
    setPublishingMode(publishing: boolean, subscriptionIds: number[]): Promise<StatusCode[]>;
  };

export interface ServerToReach {
  readonly settings: OpcuaSettings;
  readonly own: OwnCertificate;
  /** Thumbprint that was trusted at first use, or null. */
  readonly remembered: string | null;
  readonly lookup: LookupFunction | undefined;
  readonly logger: Logger;
}

export interface ReachedServer {
  readonly client: OPCUAClient;
  /** Of the server's certificate; null without security. */
  readonly thumbprint: string | null;
  readonly endpoint: EndpointDescription;
}

/** How long one answer may take, ms. */
export const ANSWER_MS = 15_000;
/** A server keeps a session without a sign of life so long, and its subscriptions with it: time to come back in. */
const SESSION_MS = 120_000;

/** The library judges nothing here: which certificate is the right one has been decided before it is asked. */
const DECIDED_BEFORE = {
  referenceCounter: 0,
  initialize: async () => {},
  dispose: async () => {},
  checkCertificate: async () => StatusCodes.Good,
  verifyCertificate: async () => 'Good',
  trustCertificate: async () => {},
  rejectCertificate: async () => {},
  getTrustStatus: async () => StatusCodes.Good,
  addIssuer: async () => {},
  addRevocationList: async () => {},
};

const makeClient = (own: OwnCertificate, more: OPCUAClientOptions): OPCUAClient =>
  OPCUAClient.create({
    applicationName: APPLICATION_NAME,
    applicationUri: APPLICATION_URI,
    clientName: APPLICATION_NAME,
    certificateKeyPairProvider: asKeyPair(own),
    clientCertificateManager: { ...DECIDED_BEFORE },
    // One attempt: who comes back and when is for the source to say, and a subscription that is made anew is a new session.
    connectionStrategy: { maxRetry: 0, initialDelay: 100, maxDelay: 100 },
    transportTimeout: ANSWER_MS,
    defaultTransactionTimeout: ANSWER_MS,
    requestedSessionTimeout: SESSION_MS,
    keepPendingSessionsOnDisconnect: true,
    endpointMustExist: false,
    ...more,
  });

/** The address to connect to. A name is looked up by what guards the site's network, and what it said is what is used. */
const addressOf = async ({ settings, lookup }: ServerToReach): Promise<string> => {
  const { host, port } = peerOf(settings);
  if (lookup === undefined || isIP(host) !== 0) return settings.endpointUrl;
  const address = await new Promise<string>((resolve, reject) =>
    lookup(host, { all: false }, (error, found) => (error === null ? resolve(String(found)) : reject(error))),
  );
  const { pathname } = new URL(settings.endpointUrl);
  return `opc.tcp://${isIP(address) === 6 ? `[${address}]` : address}:${port}${pathname === '/' ? '' : pathname}`;
};

const policyName = (uri: string | null): string => (uri ?? '').split('#')[1] ?? String(uri);

export const spokenEndpoint = (endpoint: EndpointDescription): string =>
  `${policyName(endpoint.securityPolicyUri)} with ${MessageSecurityMode[endpoint.securityMode]}`;

const TOKEN_OF = {
  anonymous: UserTokenType.Anonymous,
  username: UserTokenType.UserName,
  certificate: UserTokenType.Certificate,
};

const tokenTypeOf = ({ user }: OpcuaSettings): UserTokenType =>
  user === 'anonymous' ? TOKEN_OF.anonymous : 'username' in user ? TOKEN_OF.username : TOKEN_OF.certificate;

/** The endpoint that the settings ask for, of those that the server offers. */
const choose = (settings: OpcuaSettings, offered: readonly EndpointDescription[]): EndpointDescription => {
  const fitting = offered.filter(
    (one) =>
      MessageSecurityMode[one.securityMode] === settings.securityMode &&
      policyName(one.securityPolicyUri) === settings.securityPolicy,
  );
  if (fitting.length === 0)
    throw new SourceProblem(
      'not_offered',
      `The server does not offer ${settings.securityPolicy} with ${settings.securityMode}. It offers: ${[...new Set(offered.map(spokenEndpoint))].join('; ')}.`,
      'securityPolicy',
    );
  const wanted = tokenTypeOf(settings);
  const forUser = fitting.find((one) => (one.userIdentityTokens ?? []).some(({ tokenType }) => tokenType === wanted));
  if (forUser === undefined)
    throw new SourceProblem(
      'unauthorized',
      `The server takes no user of this kind (${UserTokenType[wanted]}) here. It takes: ${[
        ...new Set(
          fitting.flatMap((one) => (one.userIdentityTokens ?? []).map(({ tokenType }) => UserTokenType[tokenType])),
        ),
      ].join(', ')}.`,
      'user',
    );
  return forUser;
};

/** Ends a client whatever state it is in; its session stays with the server unless it was closed before. */
export const dropClient = async (client: OPCUAClient): Promise<void> => {
  try {
    await client.disconnect();
  } catch {
    // It is gone, which is all that was wanted.
  }
};

/** Does what needs a client and may not outlast the signal: then the client is dropped, and what waits for it fails. */
export const within = async <T>(client: OPCUAClient, signal: AbortSignal, work: () => Promise<T>): Promise<T> => {
  signal.throwIfAborted();
  const end = () => void dropClient(client);
  signal.addEventListener('abort', end, { once: true });
  try {
    const result = await work();
    signal.throwIfAborted();
    return result;
  } catch (error) {
    throw signal.aborted ? signal.reason : error;
  } finally {
    signal.removeEventListener('abort', end);
  }
};

const connect = async (client: OPCUAClient, address: string): Promise<void> => {
  const timer = setTimeout(() => void dropClient(client), ANSWER_MS);
  try {
    await client.connect(address);
  } catch (error) {
    await dropClient(client);
    throw error;
  } finally {
    clearTimeout(timer);
  }
};

/**
 * Looks what the server offers, decides whether it is the right one, and opens a secure channel to it. What it offers is
 * asked over a channel of its own without security, as the standard has it; nothing of the answer is believed but the
 * certificate, and that only if it is the one that is trusted: the channel proves that the server holds its key.
 */
export const reachServer = async (server: ServerToReach, signal: AbortSignal): Promise<ReachedServer> => {
  const { settings, own } = server;
  hearLibrary(server.logger);
  const address = await addressOf(server);
  const asking = makeClient(own, {});
  let offered: EndpointDescription[];
  try {
    offered = await within(asking, signal, async () => {
      await connect(asking, address);
      return asking.getEndpoints();
    });
  } finally {
    await dropClient(asking);
  }
  const endpoint = choose(settings, offered);
  const certificate = endpoint.serverCertificate?.length
    ? crypto_utils.split_der(endpoint.serverCertificate)[0]
    : undefined;
  const secured = settings.securityMode !== 'None';
  let thumbprint: string | null = null;
  if (secured) {
    if (certificate === undefined)
      throw new SourceProblem('certificate', 'The server names no certificate for this endpoint.', 'serverCertificate');
    const trust = judgeCertificate(settings.serverCertificate, server.remembered, certificate);
    if (trust.kind === 'refused') throw new SourceProblem('certificate', trust.detail, 'serverCertificate');
    thumbprint = trust.thumbprint;
  }
  const client = makeClient(own, {
    securityMode: MessageSecurityMode[settings.securityMode],
    securityPolicy: SecurityPolicy[settings.securityPolicy],
    // The library drops a line on which nothing passes for so long; that it is silent is noticed before.
    transportTimeout: ANSWER_MS + 3 * settings.keepAliveMs,
    ...(certificate !== undefined && { serverCertificate: certificate }),
  });
  await within(client, signal, () => connect(client, address));
  return { client, thumbprint, endpoint };
};

export const openSession = async (client: OPCUAClient, settings: OpcuaSettings): Promise<ServerSession> => {
  const user = userOf(settings);
  try {
    return (await client.createSession(user)) as ServerSession;
  } catch (error) {
    // The line stands, so the certificate of the line was taken.
    const ofUser =
      user.type === UserTokenType.Certificate &&
      /^Bad(?:Certificate|SecurityChecksFailed)/.test(statusNameOf(error) ?? '');
    throw ofUser ? new RefusedUser(error) : error;
  }
};

/** The library speaks to the console, once for all its clients; here it speaks to the log, where nobody need look. */
const hearLibrary = (logger: Logger): void => {
  const hear = (...parts: unknown[]): void =>
    logger.debug({ library: 'node-opcua', said: parts.map(String).join(' ') }, 'said by the library');
  setWarningLogger(hear);
  setErrorLogger(hear);
};
