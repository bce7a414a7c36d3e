import { type DuplicateWindow, openWindow, type Signal, seeInWindow } from '@millrace/domain';
import type { Logger } from '@millrace/telemetry';
import { eventually } from '@millrace/test-environment';
import type { RefusedLine } from './source';
import type { OpenSource, SourceCursor, SourceKind, SourceSink } from './source-kind';

/**
 * The one test that every kind of source keeps, against a real peer of its protocol on loopback. A kind gives a peer that
 * can say numbers of one item, in order, and misbehave; this file says what must come of it.
 */
export interface SourcePeer<Settings> {
  /** Settings of a source that reads this peer. */
  readonly settings: () => Settings;
  /** Path of the item whose values `say` sends. */
  readonly path: string;
  readonly start: () => Promise<void>;
  /** Ends without a goodbye (kill -9, sockets reset). Its memory is gone with it, unless the protocol keeps it elsewhere. */
  readonly kill: () => Promise<void>;
  /** Sends these values, in this order. */
  readonly say: (values: readonly number[]) => Promise<void>;
  /** Sends its last message again, as the protocol repeats things; null where it cannot (`cannot` says why). */
  readonly repeat: (() => Promise<void>) | null;
  /** Sends what cannot be read; null where it cannot. `refused`: whether it is to be quarantined. */
  readonly garbage: { readonly send: () => Promise<void>; readonly refused: boolean } | null;
  /** Lives, holds its connections, and says nothing at all (SIGSTOP, a frozen event loop); null where it cannot. */
  readonly freeze: {
    readonly begin: () => Promise<void>;
    readonly end: () => Promise<void>;
    readonly noticedWithinMs: number;
  } | null;
  /** Whether the peer keeps what it said while nobody listened, and sends it to a source that comes back. */
  readonly keepsForAbsent: boolean;
}

/** A place for signals that can be made to fail like Kafka, and shows what has come as the fold would see it. */
export class MemorySink implements SourceSink {
  readonly appended: Signal[] = [];
  readonly refused: RefusedLine[] = [];
  cursor: SourceCursor | null = null;
  private open = true;
  private waiting: Array<() => void> = [];

  async append(
    signals: readonly Signal[],
    options: { readonly cursor?: SourceCursor; readonly stopping: AbortSignal },
  ): Promise<void> {
    await this.pass(options.stopping);
    this.appended.push(...signals);
    if (options.cursor !== undefined) this.cursor = JSON.parse(JSON.stringify(options.cursor)) as SourceCursor;
  }

  async refuse(line: RefusedLine, stopping: AbortSignal): Promise<void> {
    await this.pass(stopping);
    this.refused.push(line);
  }

  /** From now on nothing is acknowledged until `recover`. */
  fail(): void {
    this.open = false;
  }

  /** Appends that wait for Kafka. */
  get held(): number {
    return this.open ? 0 : this.waiting.length;
  }

  recover(): void {
    this.open = true;
    for (const go of this.waiting.splice(0)) go();
  }

  /** Signals of a path, each position once, in the order in which they came. */
  distinct(path: string): Signal[] {
    const windows = new Map<string, DuplicateWindow>();
    return this.appended.filter((signal) => {
      if (signal.path !== path) return false;
      if (signal.seq === null) return true;
      const key = `${signal.machine}\n${signal.session}\n${signal.idx ?? 0}`;
      const held = windows.get(key);
      const window = held === undefined ? openWindow(signal.seq) : seeInWindow(held, signal.seq);
      if (window === null) return false;
      windows.set(key, window);
      return true;
    });
  }

  lifecycle(): string[] {
    return this.appended.filter(({ path }) => path === '$lifecycle').map(({ value }) => String(value));
  }

  private async pass(stopping: AbortSignal): Promise<void> {
    stopping.throwIfAborted();
    if (this.open) return;
    await new Promise<void>((resolve, reject) => {
      this.waiting.push(resolve);
      stopping.addEventListener('abort', () => reject(stopping.reason), { once: true });
    });
  }
}

const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} } as unknown as Logger;
let ids = 0;

export const openOn = <S>(kind: SourceKind<S>, settings: S, sink: MemorySink, folder: string): OpenSource => {
  const source = kind.open(settings, {
    tenant: 'default',
    name: 'under-test',
    sink,
    cursor: sink.cursor,
    logger: quiet,
    clock: Date.now,
    random: Math.random,
    newId: () => `session-${++ids}`,
    folder,
  });
  source.start();
  return source;
};

export interface ConformanceOptions<S> {
  readonly kind: SourceKind<S>;
  readonly makePeer: () => SourcePeer<S>;
  readonly folder: () => string;
  /** What is said while Kafka is away. */
  readonly outage: {
    /** How many values: more than the source takes in, where the peer keeps the rest. */
    readonly values: number;
    /** What of them `queued` tells at least, once the source has taken in what it takes; 0 where it reads one thing at a time. */
    readonly queues: number;
    /** And never more than so many. */
    readonly mostQueued: number;
  };
  /** Why a peer of this protocol cannot do it; the test of it is skipped by that name. */
  readonly cannot?: { readonly [act in Act]?: string };
  /** Longest wait for one thing to come about, ms. */
  readonly withinMs?: number;
}

/** What not every peer can do. */
const ACTS = ['repeat', 'garbage', 'freeze'] as const;
type Act = (typeof ACTS)[number];

/** In so many parts a peer says what it says while Kafka is away. */
const PARTS = 10;

export const itConforms = <S>({
  kind,
  makePeer,
  folder,
  outage,
  cannot = {},
  withinMs = 20_000,
}: ConformanceOptions<S>): void => {
  const itCan = (act: Act, title: string, test: () => Promise<void>): void => {
    const why = cannot[act];
    if (why === undefined) it(title, test);
    else it.skip(`${title} (${why})`, test);
  };
  const able = <T>(act: T | null): T => {
    if (act === null) throw new Error('The peer cannot do it, and `cannot` does not say why.');
    return act;
  };
  let peer: SourcePeer<S>;
  let sink: MemorySink;
  let source: OpenSource | null;

  beforeEach(async () => {
    peer = makePeer();
    sink = new MemorySink();
    await peer.start();
    source = null;
    expect(ACTS.filter((act) => peer[act] === null)).toEqual(ACTS.filter((act) => cannot[act] !== undefined));
  });
  afterEach(async () => {
    sink.recover();
    await source?.stop();
    await peer.kill();
  });

  const values = () =>
    sink
      .distinct(peer.path)
      .filter(({ flags }) => !flags.includes('snapshot'))
      .map(({ value }) => Number(value));
  const open = async () => {
    source = openOn(kind, peer.settings(), sink, folder());
    await connected();
  };
  const connected = (within = withinMs) =>
    eventually(() => source!.health().connection.state === 'connected', 'the source to be connected', within);
  const comes = (expected: readonly number[]) =>
    eventually(
      () => JSON.stringify(values().slice(-expected.length)) === JSON.stringify(expected) || Promise.reject(values()),
      `the values ${expected.join(' ')}`,
      withinMs,
    );
  const lost = (within = withinMs) =>
    eventually(
      () => sink.lifecycle().some((word) => word === 'disconnected' || word === 'death'),
      'the source to tell of the loss',
      within,
    );

  it('sees the peer when it is tried, and leaves it as it was', async () => {
    const tried = await kind.tryOnce(peer.settings(), {
      signal: AbortSignal.timeout(withinMs),
      logger: quiet,
      folder: folder(),
    });
    expect(tried.summary).not.toBe('');
    await open();
  });

  it('says in plain words that nobody answers', async () => {
    await peer.kill();
    await expect(
      kind.tryOnce(peer.settings(), { signal: AbortSignal.timeout(withinMs), logger: quiet, folder: folder() }),
    ).rejects.toMatchObject({ name: 'SourceProblem' });
    await peer.start();
  });

  it('stores every value once and in order', async () => {
    await open();
    await peer.say([1, 2, 3, 4, 5]);
    await comes([1, 2, 3, 4, 5]);
    expect(sink.distinct(peer.path).every(({ quality }) => quality === 'good')).toBe(true);
    expect(sink.lifecycle()[0]).toMatch(/connected|birth/);
  });

  itCan('repeat', 'takes a repeat for what it is', async () => {
    const repeat = able(peer.repeat);
    await open();
    await peer.say([1, 2, 3]);
    await comes([1, 2, 3]);
    await repeat();
    await peer.say([4]);
    await comes([1, 2, 3, 4]);
    expect(values()).toEqual([1, 2, 3, 4]);
  });

  it('reads no further while Kafka is away, and loses nothing', async () => {
    await open();
    await peer.say([1]);
    await comes([1]);
    sink.fail();
    const before = sink.appended.length;
    const said = Array.from({ length: outage.values }, (_, n) => n + 2);
    const part = Math.ceil(said.length / PARTS);
    let most = 0;
    const queued = (): number => {
      const now = source!.health().queued;
      most = Math.max(most, now);
      return now;
    };
    for (let at = 0; at < said.length; at += part) {
      await peer.say(said.slice(at, at + part));
      queued();
    }
    await eventually(
      () => (sink.held > 0 && queued() >= outage.queues) || Promise.reject([sink.held, queued()]),
      `${outage.queues} to be queued`,
      withinMs,
    );
    expect(sink.appended).toHaveLength(before);
    expect(most).toBeLessThanOrEqual(outage.mostQueued);
    sink.recover();
    await comes([1, ...said]);
    expect(values()).toEqual([1, ...said]);
  });

  it('goes on where its predecessor stopped', async () => {
    await open();
    await peer.say([1, 2]);
    await comes([1, 2]);
    await source!.stop();
    if (peer.keepsForAbsent) await peer.say([3, 4]);
    await open();
    if (!peer.keepsForAbsent) await peer.say([3, 4]);
    await comes([3, 4]);
    expect(values()).toEqual([1, 2, 3, 4]);
  });

  it('tells of a peer that died, and of its return', async () => {
    await open();
    await peer.say([1]);
    await comes([1]);
    await peer.kill();
    await lost();
    expect(source!.health().lastError).not.toBeNull();
    await peer.start();
    await connected(withinMs * 2);
    await peer.say([7, 8]);
    await comes([7, 8]);
  });

  itCan('freeze', 'notices a peer that holds the line and says nothing', async () => {
    const freeze = able(peer.freeze);
    await open();
    await peer.say([1]);
    await comes([1]);
    await freeze.begin();
    await lost(freeze.noticedWithinMs);
    await freeze.end();
    await connected(withinMs * 2);
    await peer.say([5]);
    await comes([5]);
  });

  itCan('garbage', 'lives through garbage', async () => {
    const garbage = able(peer.garbage);
    await open();
    await peer.say([1]);
    await comes([1]);
    await garbage.send();
    await peer.say([2]);
    await comes([2]);
    if (garbage.refused) await eventually(() => sink.refused.length > 0, 'the garbage to be refused', withinMs);
  });
};
