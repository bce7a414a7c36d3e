import { isIP, type LookupFunction, type Socket } from 'node:net';
import type { SecureContext } from 'node:tls';
import { buildConnector } from 'undici';
import type { AddressGuard } from '../address/address-guard';
import { BlockedDestination } from '../sending/failures';
import type { CachingResolver } from './name-resolver';

export interface ConnectorParts {
  readonly guard: AddressGuard;
  readonly names: CachingResolver;
  readonly secureContext: SecureContext;
  /** DNS, TCP and TLS together. */
  readonly connectTimeoutMs: number;
  onBlocked(blocked: BlockedDestination): void;
}

/**
 * The only way to a receiver. An address is judged three times: as a literal in the URL (a lookup function is never asked
 * about those), as the answer of the one DNS lookup whose result is then dialled, and as the peer of the socket that came
 * up. One refused address among several refuses the name.
 */
export const guardedConnector = (port: number, parts: ConnectorParts): buildConnector.connector => {
  const blocked = (host: string, address: string, reason: string): BlockedDestination => {
    const error = new BlockedDestination(host, address, reason);
    parts.onBlocked(error);
    return error;
  };

  const lookup: LookupFunction = (hostname, options, callback) => {
    parts.names.resolve(hostname).then(
      (addresses) => {
        for (const address of addresses) {
          const reason = parts.guard.refusal(address, port);
          if (reason !== null) return callback(blocked(hostname, address, reason), [], 0);
        }
        const found = addresses.map((address) => ({ address, family: isIP(address) }));
        if (options.all) callback(null, found);
        else callback(null, found[0]!.address, found[0]!.family);
      },
      (error: Error) => callback(error, [], 0),
    );
  };

  const connect = buildConnector({
    lookup,
    timeout: parts.connectTimeoutMs,
    allowH2: false,
    secureContext: parts.secureContext,
    rejectUnauthorized: true,
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: 500,
  });

  return (options, callback) => {
    if (isIP(options.hostname) !== 0) {
      const reason = parts.guard.refusal(options.hostname, port);
      if (reason !== null) {
        const error = blocked(options.hostname, options.hostname, reason);
        process.nextTick(() => callback(error, null));
        return;
      }
    }
    connect(options, (...result) => {
      const [error, socket] = result;
      if (error) return callback(...result);
      const peer = (socket as Socket).remoteAddress;
      // A socket without a peer has closed already; undici reports that itself.
      const reason = peer === undefined ? null : parts.guard.refusal(peer, port);
      if (reason === null) return callback(...result);
      socket.destroy();
      callback(blocked(options.hostname, peer!, reason), null);
    });
  };
};
