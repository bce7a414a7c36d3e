import { connect as connectTcp, isIP, type LookupFunction, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { SourceReach } from '../source-kind';
import type { ConnectionSettings } from './connection-settings';

/** Where the broker listens; 1883 and 8883 are the registered ports. */
export const brokerOf = ({ url }: Pick<ConnectionSettings, 'url'>): Extract<SourceReach, { kind: 'peer' }> => {
  const { hostname, port, protocol } = new URL(url);
  return {
    kind: 'peer',
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? (protocol === 'mqtts:' ? 8883 : 1883) : Number(port),
    path: 'url',
  };
};

export const isTls = ({ url }: Pick<ConnectionSettings, 'url'>): boolean => new URL(url).protocol === 'mqtts:';

/** Throws where a certificate or key of the settings cannot be read. */
export const openSocket = (settings: ConnectionSettings, lookup: LookupFunction | undefined): Socket => {
  const { host, port } = brokerOf(settings);
  const place = { host, port, ...(lookup === undefined ? {} : { lookup }) };
  if (!isTls(settings)) return connectTcp(place).setNoDelay();
  const { ca, cert, key, servername } = settings.tls ?? {};
  const name = servername ?? (isIP(host) === 0 ? host : undefined);
  return connectTls({
    ...place,
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(name === undefined ? {} : { servername: name }),
  }).setNoDelay();
};
