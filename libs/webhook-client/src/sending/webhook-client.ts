import { createSecureContext, rootCertificates } from 'node:tls';
import type { Outcome } from '@millrace/domain';
import { Pool } from 'undici';
import { AddressGuard } from '../address/address-guard';
import type { AllowedDestination, InsecureEndpoints } from '../address/address-policy';
import { type ConnectorParts, guardedConnector } from '../connecting/guarded-connector';
import { CachingResolver, DnsResolver, type NameResolver } from '../connecting/name-resolver';
import { checkWithGuard, portOf } from '../destination/check-destination';
import { Attempt } from './attempt';
import type { BlockedDestination } from './failures';
import { PoolDirectory } from './pool-directory';
import type { WebhookRequest } from './webhook-request';

export interface WebhookClientOptions {
  readonly insecure: InsecureEndpoints;
  readonly allowedDestinations?: readonly AllowedDestination[];
  /** See `DestinationPolicy`. */
  readonly ownHosts?: readonly string[];
  /** For IPv6-only networks with DNS64; see `ClassifyOptions`. */
  readonly allowNat64?: boolean;
  /** DNS, TCP and TLS together; 3000. */
  readonly connectTimeoutMs?: number;
  /** 256, the most that one delivery process has under way: fewer would make requests wait inside their deadline. */
  readonly connectionsPerOrigin?: number;
  /** Origins whose connections are kept; 1024. */
  readonly originsKept?: number;
  /** Certificate authorities in PEM, beside the well-known ones: a plant's own. */
  readonly trustedCertificates?: readonly string[];
  /** In place of DNS. */
  readonly resolver?: NameResolver;
  /** For the operator's log: what a refused destination resolved to. Tenants learn only that it was refused. */
  readonly onBlocked?: (blocked: { host: string; address: string; reason: string }) => void;
}

/** A URL that has been checked, and its parts. */
type Target =
  | { readonly ok: true; readonly origin: string; readonly port: number; readonly path: string }
  | { readonly ok: false };

const TARGETS_KEPT = 10_000;
const CONNECT_TIMEOUT_MS = 3_000;
const RESPONSE_HEADER_BYTES = 16 * 1024;
/**
 * An idle connection is kept as long as the receiver says it will keep it, at most 30 s, so that a changed or blocked
 * destination takes effect. Where it says nothing, 4 s: common servers close after 5 s, and a request sent into a closing
 * connection is a failed delivery.
 */
const KEEP_ALIVE = { unsaidMs: 4_000, mostMs: 30_000 } as const;

/** Headers that the client writes itself, or that would change where a request ends. */
const OWN_HEADER = /^(?:host|connection|content-length|transfer-encoding|accept-encoding)$/i;

const failed = (failure: Extract<Outcome, { kind: 'failure' }>['failure'], message: string): Outcome => ({
  kind: 'failure',
  failure,
  message,
  durationMs: 0,
});

/**
 * Sends webhooks, and is the one door to the outside. Each URL is checked before each request and each address before each
 * connection. HTTP/1.1 with keep-alive; no redirects, no proxies, no decompression; at most 16 KiB of a response is read.
 */
export class WebhookClient {
  private readonly guard: AddressGuard;
  private readonly pools: PoolDirectory<Pool>;
  private readonly targets = new Map<string, Target>();
  private closed = false;

  /** Throws a TypeError for an allowed destination that is not a CIDR range. */
  constructor(private readonly options: WebhookClientOptions) {
    const connectTimeoutMs = options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS;
    this.guard = new AddressGuard(options);
    const parts: ConnectorParts = {
      guard: this.guard,
      names: new CachingResolver(
        options.resolver ?? new DnsResolver(options.insecure === 'allow'),
        // Ends before the connect timeout, so that slow DNS is told apart from a slow host.
        Math.floor(connectTimeoutMs * 0.8),
        () => performance.now(),
      ),
      secureContext: createSecureContext({
        minVersion: 'TLSv1.2',
        ...(options.trustedCertificates ? { ca: [...rootCertificates, ...options.trustedCertificates] } : {}),
      }),
      connectTimeoutMs,
      onBlocked: (blocked: BlockedDestination) =>
        options.onBlocked?.({ host: blocked.host, address: blocked.address, reason: blocked.reason }),
    };
    this.pools = new PoolDirectory(options.originsKept ?? 1024, (origin, port) => {
      const connect = guardedConnector(port, parts);
      return () =>
        new Pool(origin, {
          connect,
          connections: options.connectionsPerOrigin ?? 256,
          pipelining: 1,
          allowH2: false,
          keepAliveTimeout: KEEP_ALIVE.unsaidMs,
          keepAliveMaxTimeout: KEEP_ALIVE.mostMs,
          maxHeaderSize: RESPONSE_HEADER_BYTES,
          // The deadline of the attempt covers all phases; these would only restart with every byte.
          headersTimeout: 0,
          bodyTimeout: 0,
        });
    });
  }

  /**
   * One POST. Never rejects and never outlives its deadline: whatever happens becomes an outcome. A request that cannot be
   * formed (a header with a line break, say) is a failure of class `protocol`; nothing was sent then.
   */
  send(request: WebhookRequest): Promise<Outcome> {
    if (this.closed) return Promise.resolve(failed('connection', 'The sender is shutting down.'));
    const target = this.targets.get(request.url) ?? this.judge(request.url);
    if (!target.ok) return Promise.resolve(failed('blocked_destination', 'Destination not allowed.'));
    const headers: string[] = [];
    for (let index = 0; index < request.headers.length; index++) {
      const header = request.headers[index]!;
      const name = header[0];
      if (OWN_HEADER.test(name))
        return Promise.resolve(failed('protocol', `The request cannot be sent: the header ${name} is not free.`));
      headers.push(name, header[1]);
    }
    headers.push('accept-encoding', 'identity');
    const entry = this.pools.use(target.origin, target.port, performance.now());
    return new Promise((resolve) => {
      const attempt = new Attempt(target.path, headers, request.body, request.timeoutMs, (outcome) => {
        entry.inFlight--;
        resolve(outcome);
      });
      try {
        entry.pool.dispatch(attempt, attempt);
      } catch (error) {
        attempt.onResponseError(null, error as Error);
      }
    });
  }

  /** Closes all connections; requests under way end as failures of class `connection`. */
  async close(): Promise<void> {
    this.closed = true;
    await this.pools.destroy();
  }

  private judge(url: string): Target {
    const check = checkWithGuard(url, this.options, this.guard);
    // The host alone: paths and queries of webhook URLs carry tokens, and a log may not.
    if (!check.ok) this.options.onBlocked?.({ host: URL.parse(url)?.host ?? '', address: '', reason: check.detail });
    const target = check.ok ? this.parts(new URL(check.url)) : ({ ok: false } as const);
    if (this.targets.size >= TARGETS_KEPT) {
      const [oldest] = this.targets.keys();
      this.targets.delete(oldest!);
    }
    this.targets.set(url, target);
    return target;
  }

  private parts(url: URL): Target {
    return { ok: true, origin: url.origin, port: portOf(url), path: url.pathname + url.search };
  }
}
