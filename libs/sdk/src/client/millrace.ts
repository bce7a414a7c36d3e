import { apiKeyCalls } from './calls/api-keys';
import { auditLogCalls, contractCalls } from './calls/contracts';
import { deliveryCalls } from './calls/deliveries';
import { createWebhook, endpointCalls } from './calls/endpoints';
import { eventCalls, eventLogCalls, eventTypeCalls } from './calls/events';
import { filterCalls } from './calls/filters';
import { machineCalls, signalCalls } from './calls/machines';
import { mappingCalls } from './calls/mappings';
import { quarantineCalls } from './calls/quarantine';
import { recoveryCalls } from './calls/recoveries';
import { siteCalls } from './calls/site';
import { sourceCalls } from './calls/sources';
import { realEffects } from './effects';
import { DEFAULT_RETRIES } from './retry-rule';
import { type CallOptions, type Effects, type FetchLike, Transport } from './transport';
import type { CreatedWebhook } from './types/endpoint';

export interface MillraceOptions {
  /** Address of the site, `https://millrace.example.com`; a path in front of the API is kept. */
  readonly url: string | URL;
  /** `mr_…`; null for the calls that need none. */
  readonly apiKey: string | null;
  /** Of one attempt, in ms; 30,000. */
  readonly timeoutMs?: number | undefined;
  /** Attempts after the first one that fails for a passing reason; 3. */
  readonly maxRetries?: number | undefined;
  /** The longest `Retry-After` that is waited for, in seconds; 60. */
  readonly maxRetryAfterSeconds?: number | undefined;
  /** Sent with every call, for proxies in between. */
  readonly headers?: { readonly [name: string]: string } | undefined;
  /** Instead of the global one. */
  readonly fetch?: FetchLike | undefined;
  /** Clock, randomness and waits, for tests. */
  readonly effects?: Partial<Effects> | undefined;
}

/** `localhost:8080`, `10.0.0.5:8080/path`: `URL` takes the first for a protocol, and the second for nothing. */
const WITHOUT_PROTOCOL = /^[a-z0-9.-]+:\d+(\/|$)/i;

/** The address that was meant by one without `http://`; null for other text. Pure. */
export const withProtocol = (text: string): string | null => (WITHOUT_PROTOCOL.test(text) ? `http://${text}` : null);

const baseUrlOf = (url: string | URL): string => {
  const meant = withProtocol(String(url));
  if (meant !== null) throw new TypeError(`url must begin with https:// or http://: write ${meant}.`);
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch {
    throw new TypeError(`url is not an address: ${String(url)}. It is like https://millrace.example.com.`);
  }
  if (parsed.protocol !== 'https:' && parsed.protocol !== 'http:')
    throw new TypeError(`url must begin with https:// or http://, not ${parsed.protocol}//.`);
  if (parsed.username !== '' || parsed.password !== '')
    throw new TypeError('url must not hold a user or a password: the key goes into apiKey.');
  return `${parsed.origin}${parsed.pathname.replace(/\/+$/, '')}`;
};

const keyOf = (apiKey: unknown): string | null => {
  if (apiKey === null) return null;
  if (typeof apiKey === 'string' && /^[!-~]+$/.test(apiKey)) return apiKey;
  throw new TypeError(
    'apiKey must be the text of an API key (mr_…), or null for none; is the variable that holds it set?',
  );
};

const wholeNumber = (name: string, value: number, least: number): number => {
  if (Number.isInteger(value) && value >= least) return value;
  throw new TypeError(`${name} must be a whole number from ${least} on, not ${value}.`);
};

/**
 * The client of Millrace's own HTTP API, `/v1/…`, and of {@link Millrace.createWebhook}; the other calls that follow the documents of
 * the five older systems are not in it. Passing failures (no answer, 429, 502, 503, 504) are tried again, POSTs too: each carries an
 * Idempotency-Key, so that a repeat has no second effect.
 *
 * @throws TypeError for options that cannot be meant. Calls reject with a {@link MillraceError}.
 */
export class Millrace {
  readonly events: ReturnType<typeof eventCalls>;
  readonly eventLog: ReturnType<typeof eventLogCalls>;
  readonly eventTypes: ReturnType<typeof eventTypeCalls>;
  readonly endpoints: ReturnType<typeof endpointCalls>;
  readonly quarantine: ReturnType<typeof quarantineCalls>;
  readonly recoveries: ReturnType<typeof recoveryCalls>;
  readonly deliveries: ReturnType<typeof deliveryCalls>;
  readonly filters: ReturnType<typeof filterCalls>;
  readonly contracts: ReturnType<typeof contractCalls>;
  readonly auditLog: ReturnType<typeof auditLogCalls>;
  readonly apiKeys: ReturnType<typeof apiKeyCalls>;
  readonly machines: ReturnType<typeof machineCalls>;
  readonly signals: ReturnType<typeof signalCalls>;
  readonly sources: ReturnType<typeof sourceCalls>;
  readonly mappings: ReturnType<typeof mappingCalls>;
  /** Health and documents of the site; these need no key. */
  readonly site: ReturnType<typeof siteCalls>;
  private readonly transport: Transport;

  constructor(options: MillraceOptions) {
    const settings = {
      baseUrl: baseUrlOf(options.url),
      apiKey: keyOf(options.apiKey),
      timeoutMs: wholeNumber('timeoutMs', options.timeoutMs ?? 30_000, 1),
      maxRetries: wholeNumber('maxRetries', options.maxRetries ?? DEFAULT_RETRIES.maxRetries, 0),
      maxRetryAfterSeconds: wholeNumber(
        'maxRetryAfterSeconds',
        options.maxRetryAfterSeconds ?? DEFAULT_RETRIES.maxRetryAfterSeconds,
        0,
      ),
      headers: options.headers ?? {},
    };
    const transport = new Transport(settings, { ...realEffects(options.fetch), ...options.effects });
    this.transport = transport;
    this.events = eventCalls(transport);
    this.eventLog = eventLogCalls(transport);
    this.eventTypes = eventTypeCalls(transport);
    this.endpoints = endpointCalls(transport);
    this.quarantine = quarantineCalls(transport);
    this.recoveries = recoveryCalls(transport);
    this.deliveries = deliveryCalls(transport);
    this.filters = filterCalls(transport);
    this.contracts = contractCalls(transport);
    this.auditLog = auditLogCalls(transport);
    this.apiKeys = apiKeyCalls(transport);
    this.machines = machineCalls(transport);
    this.signals = signalCalls(transport);
    this.sources = sourceCalls(transport);
    this.mappings = mappingCalls(transport);
    this.site = siteCalls(transport);
  }

  /**
   * Registers a webhook as eClips documents it: `POST /v1/webhooks` with `{url, events}`. Scope `webhooks:write`; a key without it
   * gets a {@link MillraceApiError} `insufficient_scope` with `required` and `provided`.
   */
  createWebhook(url: string, events: readonly string[], options?: CallOptions): Promise<CreatedWebhook> {
    return createWebhook(this.transport, url, events, options);
  }
}
