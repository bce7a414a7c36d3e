import { lookup, Resolver } from 'node:dns/promises';
import { NameNotResolved } from '../sending/failures';

export interface ResolvedAddress {
  readonly address: string;
  readonly ttlSeconds: number;
}

/** Turns a host name into all its addresses. May reject; an empty list means that the name has none. */
export interface NameResolver {
  resolve(hostname: string): Promise<readonly ResolvedAddress[]>;
}

/** Names that a hosts file or the local network knows and a DNS server does not. */
const LOCAL_NAME = /^[^.]+$|\.(localhost|local|internal|home\.arpa)$/;
/** How long the IPv6 answer is waited for once the IPv4 answer is there: some name servers never answer for IPv6. */
const SECOND_ANSWER_MS = 300;

/**
 * Asks DNS through c-ares, not through `getaddrinfo`: its four threads are shared by the whole process, and one slow name
 * server would hold up every other endpoint. Local names go to `getaddrinfo`, and only where they may be targets at all.
 */
export class DnsResolver implements NameResolver {
  private readonly dns = new Resolver({ timeout: 2_000, tries: 2 });

  constructor(private readonly localNames: boolean) {}

  async resolve(hostname: string): Promise<readonly ResolvedAddress[]> {
    if (this.localNames && LOCAL_NAME.test(hostname)) {
      const found = await lookup(hostname, { all: true });
      return found.map(({ address }) => ({ address, ttlSeconds: 5 }));
    }
    const none = (): ResolvedAddress[] => [];
    const read = (records: { address: string; ttl: number }[]): ResolvedAddress[] =>
      records.map(({ address, ttl }) => ({ address, ttlSeconds: ttl }));
    const ipv4 = this.dns.resolve4(hostname, { ttl: true }).then(read, none);
    const ipv6 = this.dns.resolve6(hostname, { ttl: true }).then(read, none);
    const first = await ipv4;
    if (first.length === 0) return ipv6;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<ResolvedAddress[]>((resolve) => {
      timer = setTimeout(() => resolve([]), SECOND_ANSWER_MS);
    });
    const second = await Promise.race([ipv6, late]);
    clearTimeout(timer);
    return [...first, ...second];
  }
}

const LONGEST_TTL_MS = 60_000;
const NAMES_KEPT = 10_000;

/**
 * One question at a time for each name, answers kept for their TTL and at most a minute. Rejects with `NameNotResolved`
 * for every failure, and when there is no answer within `timeoutMs`.
 */
export class CachingResolver {
  private readonly answers = new Map<string, { addresses: readonly string[]; until: number }>();
  private readonly asked = new Map<string, Promise<readonly string[]>>();

  constructor(
    private readonly resolver: NameResolver,
    private readonly timeoutMs: number,
    private readonly now: () => number,
  ) {}

  resolve(hostname: string): Promise<readonly string[]> {
    const known = this.answers.get(hostname);
    if (known && known.until > this.now()) return Promise.resolve(known.addresses);
    const running = this.asked.get(hostname);
    if (running) return running;
    const question = this.ask(hostname).finally(() => this.asked.delete(hostname));
    this.asked.set(hostname, question);
    return question;
  }

  private async ask(hostname: string): Promise<readonly string[]> {
    this.answers.delete(hostname);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new NameNotResolved('no answer in time')), this.timeoutMs);
    });
    try {
      const found = await Promise.race([this.resolver.resolve(hostname), late]);
      if (found.length === 0) throw new NameNotResolved('no address');
      const addresses = found.map(({ address }) => address);
      const ttlMs = Math.min(LONGEST_TTL_MS, ...found.map(({ ttlSeconds }) => ttlSeconds * 1000));
      if (ttlMs > 0) this.keep(hostname, addresses, this.now() + ttlMs);
      return addresses;
    } catch (error) {
      throw error instanceof NameNotResolved ? error : new NameNotResolved(String(error));
    } finally {
      clearTimeout(timer);
    }
  }

  private keep(hostname: string, addresses: readonly string[], until: number): void {
    if (this.answers.size >= NAMES_KEPT) {
      const [oldest] = this.answers.keys();
      this.answers.delete(oldest!);
    }
    this.answers.set(hostname, { addresses, until });
  }
}
