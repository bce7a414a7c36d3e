import { isIP } from 'node:net';
import { AddressGuard } from '../address/address-guard';
import type { AllowedDestination, InsecureEndpoints } from '../address/address-policy';

export interface DestinationPolicy {
  readonly insecure: InsecureEndpoints;
  /** Hosts of our own API (`api.example.com` or with a port), which must not call itself. */
  readonly ownHosts?: readonly string[];
  readonly allowedDestinations?: readonly AllowedDestination[];
}

export type DestinationCheck =
  | { readonly ok: true /** The normalised href; this is what is stored and sent to. */; readonly url: string }
  | { readonly ok: false; readonly code: 'invalid_url' | 'destination_not_allowed'; readonly detail: string };

export const URL_LENGTH = 2048;

/** Names that only exist inside a site, a cluster or a host. */
const INSIDE_NAME = /(^|\.)(localhost|internal|local|svc|home\.arpa)$/;
/** The names of the metadata services, refused by name as well as by address. */
const METADATA_NAMES: ReadonlySet<string> = new Set(['metadata.google.internal', 'instance-data.ec2.internal']);

const DEFAULT_PORTS: { readonly [protocol: string]: number } = { 'http:': 80, 'https:': 443 };

/** The port of a parsed http(s) URL, also where it is the scheme's own. */
export const portOf = (url: URL): number => (url.port === '' ? DEFAULT_PORTS[url.protocol]! : Number(url.port));

/** Host of a parsed URL as an address or a name, without the brackets of IPv6. */
export const hostnameOf = (url: URL): string =>
  url.hostname.startsWith('[') ? url.hostname.slice(1, -1) : url.hostname;

const refused = (detail: string): DestinationCheck => ({ ok: false, code: 'destination_not_allowed', detail });

/**
 * The rules for an endpoint's URL, at creation, at change and before each request. The text is parsed first and the parsed
 * URL judged, so every spelling of an address (`0x7f.1`, `2130706433`, `①②⑦.0.0.1`) is the address it stands for. A name
 * that resolves to a refused address is caught when the connection is made.
 */
export const checkDestination = (text: string, policy: DestinationPolicy): DestinationCheck =>
  checkWithGuard(text, policy, new AddressGuard(policy));

export const checkWithGuard = (text: string, policy: DestinationPolicy, guard: AddressGuard): DestinationCheck => {
  if (typeof text !== 'string' || text === '')
    return { ok: false, code: 'invalid_url', detail: 'A URL is needed, for example https://example.com/hooks.' };
  if (text.length > URL_LENGTH) return refused(`The URL has ${text.length} characters; the limit is ${URL_LENGTH}.`);
  if (!URL.canParse(text))
    return { ok: false, code: 'invalid_url', detail: 'This is not a URL; give one such as https://example.com/hooks.' };
  const url = new URL(text);
  // An internationalised label with nothing in it, which some URL parsers let pass.
  if (/(^|\.)xn--(\.|$)/.test(url.hostname))
    return { ok: false, code: 'invalid_url', detail: `The host name ${url.hostname} is not valid.` };
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && policy.insecure === 'allow'))
    return refused(
      policy.insecure === 'allow' ? 'A URL must begin with https:// or http://.' : 'A URL must begin with https://.',
    );
  if (url.href.length > URL_LENGTH)
    return refused(`The URL has ${url.href.length} characters once encoded; the limit is ${URL_LENGTH}.`);
  if (url.username !== '' || url.password !== '') return refused('A URL must not carry a user name or password.');
  if (url.hash !== '' || url.href.endsWith('#')) return refused('A URL must not have a fragment (#…).');
  const host = hostnameOf(url);
  const port = portOf(url);
  if (policy.ownHosts?.some((own) => own.toLowerCase() === url.host || own.toLowerCase() === host))
    return refused('The URL leads to this service itself.');
  if (isIP(host) !== 0)
    return guard.refusal(host, port) === null
      ? { ok: true, url: url.href }
      : refused('The destination is not allowed.');
  if (host.endsWith('.')) return refused('A host name must not end with a dot.');
  if (METADATA_NAMES.has(host)) return refused('The destination is not allowed.');
  if (policy.insecure === 'deny' && (INSIDE_NAME.test(host) || !host.includes('.')))
    return refused('The destination is not allowed: the host name is not a public one.');
  if (!guard.mayUsePort(port)) return refused(`Port ${port} is not allowed; use 443 or 8443.`);
  return { ok: true, url: url.href };
};
