import { createHash } from 'node:crypto';
import type { SourceClaim } from '../source-kind';
import type { ConnectionSettings } from './connection-settings';
import { brokerOf } from './open-socket';

const LONGEST = 128;
/** Hex digits: enough, since of all sources at a broker only those with the same words have to be told apart. */
const DIGITS = 8;

/**
 * Client id whose session a successor finds again. Two sources must never have the same, or each takes the session of the
 * other over: the words alone would be the same of (a-b, c) and (a, b-c), and where what no broker takes is left out or cut.
 */
export const clientIdOf = (settings: Pick<ConnectionSettings, 'clientId'>, tenant: string, name: string): string => {
  if (settings.clientId !== undefined) return settings.clientId;
  const words = `millrace-${tenant}-${name}`.replace(/[^A-Za-z0-9._-]/g, '-').slice(0, LONGEST - DIGITS - 1);
  return `${words}-${createHash('sha256')
    .update(JSON.stringify([tenant, name]))
    .digest('hex')
    .slice(0, DIGITS)}`;
};

/** A session of a broker, which is taken over by whoever comes last with its client id. */
export const sessionAlone = (
  settings: Pick<ConnectionSettings, 'clientId' | 'url'>,
  { tenant, name }: { readonly tenant: string; readonly name: string },
): SourceClaim => {
  const { host, port } = brokerOf(settings);
  const id = clientIdOf(settings, tenant, name);
  const place = `${host.toLowerCase()}:${port}`;
  return {
    key: JSON.stringify(['mqtt session', place, id]),
    path: 'clientId',
    what: `the clientId ${id} at ${place}, and each would throw the other out: give each its own, or leave it out`,
  };
};
