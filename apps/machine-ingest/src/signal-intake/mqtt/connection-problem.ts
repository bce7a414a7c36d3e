import type { IConnackPacket } from 'mqtt';
import { SourceProblem } from '../source-kind';
import type { ConnectionSettings } from './connection-settings';
import { isTls } from './open-socket';

/** What is wrong between a broker and us, for a person. `refused` tells a CONNACK's or DISCONNECT's code. */
export const connectionProblem = (error: Error & { code?: unknown }, settings: ConnectionSettings): SourceProblem => {
  const { host } = new URL(settings.url);
  const { code } = error;
  if (typeof code === 'number') return refusalProblem(code, settings);
  const name = String(code ?? '');
  if (name === 'ECONNREFUSED')
    return problem('unreachable', `${host} refuses the connection: nothing listens there. Check host and port.`, 'url');
  if (name === 'ENOTFOUND' || name === 'EAI_AGAIN')
    return problem('unreachable', `The name ${host} is not known. Check the url and the name service.`, 'url');
  if (/^(ETIMEDOUT|EHOSTUNREACH|ENETUNREACH)$/.test(name))
    return problem(
      'unreachable',
      `${host} cannot be reached (${name}). Check the network and firewalls between.`,
      'url',
    );
  if (name === 'EACCES') return problem('not_allowed', error.message, 'url');
  if (name === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return problem(
      'certificate',
      `The certificate of ${host} is for another name: ${error.message}. Use that name in the url, or give tls.servername.`,
      'tls.servername',
    );
  if (name === 'CERT_HAS_EXPIRED')
    return problem('certificate', `The certificate of ${host} has expired. Renew it on the broker.`, 'tls');
  if (/CERT|ISSUER|SIGNATURE|SELF_SIGNED/.test(name))
    return problem(
      'certificate',
      `The certificate of ${host} is not trusted (${name}). Give the authority that signed it as tls.ca.`,
      'tls.ca',
    );
  if (/^ERR_SSL_.*(WRONG_VERSION|PACKET_LENGTH|HTTP)/.test(name))
    return problem(
      'not_this_protocol',
      `${host} does not speak TLS. Use mqtt://, or the broker's port for TLS.`,
      'url',
    );
  if (/^ERR_SSL_.*(CERTIFICATE|HANDSHAKE)/.test(name))
    return problem(
      'certificate',
      `${host} refuses our side of TLS (${name}). It may ask for a client's certificate: give tls.cert and tls.key.`,
      'tls.cert',
    );
  if (/ECONNRESET|EPIPE|ERR_STREAM/.test(name))
    return problem('unreachable', `The connection to ${host} broke (${name}).`);
  if (error.message === 'connack timeout')
    return problem(
      'not_this_protocol',
      `${host} takes the connection and does not answer as an MQTT broker. Check the port; ${otherScheme(settings)}.`,
      'url',
    );
  if (error.message === 'Keepalive timeout')
    return problem(
      'silent',
      `${host} holds the connection and has not answered for ${settings.keepaliveSeconds * 1.5} s.`,
    );
  return problem('not_this_protocol', `What ${host} sends is not MQTT: ${error.message.slice(0, 200)}.`, 'url');
};

/**
 * The connection ended without an error.
 *
 * @param short how long it held, where that was not long: most brokers say nothing to a client whose session another takes over
 */
export const closedProblem = (
  settings: ConnectionSettings,
  answered: boolean,
  short: { readonly heldMs: number; readonly clientId: string } | null = null,
): SourceProblem => {
  const { host } = new URL(settings.url);
  if (short !== null)
    return problem(
      'unreachable',
      `${host} closed the connection ${(short.heldMs / 1_000).toFixed(1)} s after it was made. If that goes on, something else ` +
        `uses the clientId ${short.clientId} and takes the session over: give each its own.`,
      'clientId',
    );
  if (answered) return problem('unreachable', `${host} closed the connection.`);
  return problem(
    'not_this_protocol',
    `${host} closed the connection before it answered as an MQTT broker. Check the port; ${otherScheme(settings)}; a broker ` +
      `without MQTT ${settings.protocolVersion === 5 ? '5 needs "protocolVersion": 4' : '3.1.1 needs "protocolVersion": 5'}.`,
    'url',
  );
};

const otherScheme = (settings: ConnectionSettings): string =>
  isTls(settings) ? 'a port without TLS needs mqtt://' : 'a port for TLS needs mqtts://';

/** Codes of CONNACK in MQTT 3.1.1 (table 3.1), of CONNACK and DISCONNECT in MQTT 5 (3.2.2.2, 3.14.2.1). */
const refusalProblem = (code: number, settings: ConnectionSettings): SourceProblem => {
  const { host } = new URL(settings.url);
  switch (code) {
    case 1:
    case 132:
      return problem(
        'invalid_settings',
        `${host} does not speak MQTT ${settings.protocolVersion === 5 ? '5' : '3.1.1'}. Set protocolVersion to ${settings.protocolVersion === 5 ? 4 : 5}.`,
        'protocolVersion',
      );
    case 2:
    case 133:
      return problem('invalid_settings', `${host} does not take the clientId. Choose another.`, 'clientId');
    case 3:
    case 136:
    case 137:
      return problem('unreachable', `${host} says that it is not ready for clients (code ${code}).`);
    case 4:
    case 134:
      return problem('unauthorized', `${host} refuses this username and password.`, 'password');
    case 5:
    case 135:
    case 138:
    case 140:
      return problem(
        'unauthorized',
        `${host} does not let this client in. Check username, password and its rights.`,
        'username',
      );
    case 142:
      return problem(
        'invalid_settings',
        'Another client has taken over the session: something else uses the same clientId. Give each its own.',
        'clientId',
      );
    case 149:
      return problem('too_large', 'A message was larger than this source takes, and the broker sent it all the same.');
    default:
      return problem('unreachable', `${host} refuses the connection (code ${code}).`);
  }
};

/** The broker did not grant a subscription: MQTT 3.1.1 says 0x80, MQTT 5 gives the reason. */
export const subscriptionProblem = (
  error: Error & { code?: unknown },
  filters: readonly string[],
  settings: ConnectionSettings,
): SourceProblem => {
  const { host } = new URL(settings.url);
  if (typeof error.code !== 'number') return connectionProblem(error, settings);
  const asked = filters.length > 3 ? `${filters.slice(0, 3).join(', ')}, …` : filters.join(', ');
  if (error.code === 143 || error.code === 162)
    return problem(
      'invalid_settings',
      `${host} does not take one of the subscriptions ${asked} (code ${error.code}).`,
      'topics',
    );
  return problem(
    'unauthorized',
    `${host} does not let this client read one of ${asked}. Give it the right to, or leave the topic out.`,
    'username',
  );
};

/** MQTT 5 brokers say what they can; one that keeps nothing for us would lose what comes while we are away. */
export const capabilityProblem = (connack: IConnackPacket, settings: ConnectionSettings): SourceProblem | null => {
  const { host } = new URL(settings.url);
  const { maximumQoS, sessionExpiryInterval } = connack.properties ?? {};
  if (maximumQoS === 0)
    return problem(
      'not_reliable',
      `${host} has QoS 0 only: what comes while nobody listens would be lost. Allow QoS 1.`,
    );
  if (sessionExpiryInterval !== undefined && sessionExpiryInterval < Math.min(60, settings.sessionExpirySeconds))
    return problem(
      'not_reliable',
      `${host} keeps a session for ${sessionExpiryInterval} s only: what comes while nobody listens would be lost. ` +
        'Raise the expiry of persistent sessions on the broker.',
      'sessionExpirySeconds',
    );
  return null;
};

const problem = (code: string, detail: string, path: string | null = null): SourceProblem =>
  new SourceProblem(code, detail, path);
