import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Signal } from '@millrace/domain';
import {
  decodeSignal,
  decodeSourceState,
  encodeSourceState,
  type IncomingMessage,
  type MachineView,
  type SourceState,
} from '@millrace/protocol';
import { encodePayload, messageTopic } from '@millrace/sparkplug';
import {
  eventually,
  GroupMembers,
  MosquittoBroker,
  ServiceProcess,
  type TestEnvironment,
} from '@millrace/test-environment';
import { GivenTime } from './given-time';
import { type Answer, ask, IngestSite } from './ingest-site';
import { type Frame, type Moment, PACKAGING, PACKAGING_ROUTE, type Post, ROLL_FORMER } from './two-recordings.fixture';

/** The connection of an edge node that publishes at QoS 1; resolves when the broker has it. */
export interface EdgeConnection {
  publish(topic: string, payload: Buffer): Promise<unknown>;
  close(): Promise<void>;
}

export interface PlayedSiteOptions {
  readonly environment: TestEnvironment;
  readonly connect: (brokerUrl: string) => Promise<EdgeConnection>;
  readonly mappings: readonly string[];
  /** Where the clock stands, Unix ms. */
  readonly now: number;
  /** Where processes that end find each other's compiled code: 30 starts are most of what the test takes. */
  readonly compiled: string;
}

/** What a kill found under way. */
export interface Killed {
  /** Messages sent before it. */
  readonly frames: number;
  readonly posts: number;
  /** Posts without an answer. */
  readonly unanswered: number;
  /** Values of the packaging line that its broker has and the log has not. */
  readonly unread: number;
  /** Whether this process had come to reading the source. */
  readonly reading: boolean;
}

/** An edge node beside the packaging line's, on the same session with the broker: what was said before it is read before it. */
const MARKER = { machine: 'MARK', group: PACKAGING_ROUTE.group, node: 'Marker' } as const;
const SOURCE = 'line';
/** The broker ends the session of a member that was killed after so long (see TranslationConsumer). */
const SESSION_TIMEOUT_MS = 10_000;

/**
 * One machine-ingest as a process of its own, to be killed; on one side the broker of an edge node, which keeps what comes
 * while nobody listens, on the other a gateway that posts until it is answered. Its clock stands still but for what a
 * moment sets: so it receives each message at the same time, killed or not, and all its timers run out in the same places.
 */
export class PlayedSite {
  readonly kills: Killed[] = [];
  /** Answered 202. */
  readonly accepted: Post[] = [];
  private readonly log: Array<{ readonly message: IncomingMessage; readonly signal: Signal }> = [];
  private readonly read = new Map<number, bigint>();
  private readonly sent = { frames: 0, posts: 0, values: 0 };
  private posting: Promise<void> = Promise.resolve();
  private marks = 0;
  private owner: string | null = null;

  private constructor(
    readonly site: IngestSite,
    /** From the start of the process until it reads its source, ms. */
    readonly startMs: number,
    private readonly service: ServiceProcess,
    private readonly broker: MosquittoBroker,
    private readonly edge: EdgeConnection,
    private readonly time: GivenTime,
    private readonly members: GroupMembers,
  ) {}

  static async start({ environment, connect, mappings, now, compiled }: PlayedSiteOptions): Promise<PlayedSite> {
    const time = new GivenTime(now);
    const broker = await MosquittoBroker.start({ lines: ['max_inflight_messages 0'] });
    const site = await new IngestSite(environment.brokers, environment.freshPrefix()).provision();
    const variables = site.variables({
      ...time.variables,
      NODE_COMPILE_CACHE: compiled,
      MILLRACE_DATABASE_URL: await environment.freshDatabase(),
      MILLRACE_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
      MILLRACE_INSECURE_ENDPOINTS: 'allow',
    });
    const edge = await connect(broker.url);
    const members = await GroupMembers.of(environment.brokers, `${site.topics.signals}.translation`);
    const began = performance.now();
    const service = await (await ServiceProcess.start('machine-ingest', { variables })).waitReady(60_000);
    const create = async (path: string, body: string | object, headers: { [name: string]: string } = {}) => {
      // The configuration answers 503 until it has its database; a process is ready without.
      const answered = async () => {
        const answer = await ask(service.url, 'POST', path, body, headers);
        return answer.status === 503 ? null : answer;
      };
      const { status, body: said } = await eventually(answered, `${path} to be answered`, 60_000);
      if (status !== 201) throw new Error(`${path} answered ${status}: ${JSON.stringify(said)}`);
    };
    for (const text of mappings) await create('/v1/mappings', text, { 'content-type': 'application/yaml' });
    const settings = { url: broker.url, machines: [PACKAGING_ROUTE, MARKER] };
    await create('/v1/sources', { name: SOURCE, type: 'sparkplug', settings, try: false });
    await eventually(
      async () => {
        const { body } = await ask(service.url, 'GET', `/v1/sources/${SOURCE}`);
        return (body as { state: { connection: string } }).state.connection === 'connected';
      },
      'the source to be connected',
      60_000,
    );
    return new PlayedSite(site, performance.now() - began, service, broker, edge, time, members);
  }

  get(path: string): Promise<Answer> {
    return ask(this.service.url, 'GET', path);
  }

  /** What is said at a moment, one after the other, without waiting for what becomes of it; `onSent` is told after each message. */
  async say({ at, says }: Moment, onSent: () => Promise<void> = async () => undefined): Promise<void> {
    await this.goOnTo(at);
    const published: Promise<unknown>[] = [];
    for (const message of says) {
      if (message.kind === 'frame') published.push(this.publish(message));
      else this.post(message);
      await onSent();
    }
    await Promise.all(published);
  }

  /** Resolves when all that was said is in the log. */
  async stored(): Promise<void> {
    const value = ++this.marks;
    const metrics = [{ name: 'Mark', type: 'Int32', value }] as const;
    await this.edge.publish(
      messageTopic('NBIRTH', MARKER.group, MARKER.node),
      encodePayload({ timestamp: value, seq: 0, metrics }),
    );
    await this.posting;
    const isMarked = async () =>
      (await this.signals()).some(({ machine, value: said }) => machine === MARKER.machine && said === value);
    await eventually(isMarked, `all that was said up to mark ${value}`, 90_000);
  }

  /** Kills the process and starts it again at once, as a supervisor does. */
  async kill(): Promise<void> {
    const unanswered = this.sent.posts - this.accepted.length;
    await this.service.kill('SIGKILL');
    const owner = await this.ownerIsGone();
    await this.service.startAgain();
    const { frames, posts, values } = this.sent;
    const unread = values - (await this.heard()).length;
    this.kills.push({ frames, posts, unanswered, unread, reading: owner !== this.owner });
    this.owner = owner;
  }

  /** What the packaging line said, as the fold takes it: each position of a session once. */
  async heard(): Promise<string[]> {
    const seen = new Set<string>();
    return (await this.signals()).flatMap(({ machine, source, session, seq, idx, path, value }) => {
      if (machine !== PACKAGING || source !== SOURCE || path.startsWith('$')) return [];
      const position = `${session} ${seq} ${idx ?? 0}`;
      if (seen.has(position)) return [];
      seen.add(position);
      return [`${path} ${JSON.stringify(value)}`];
    });
  }

  /** All that is in the log, in its order. */
  async signals(): Promise<Signal[]> {
    const { kafka, topics } = this.site;
    const topic = topics.signals;
    const onMessage = (message: IncomingMessage) => {
      this.read.set(message.partition, message.offset + 1n);
      const read = decodeSignal(message);
      if (read.kind === 'refused') throw new Error(read.detail);
      this.log.push({ message, signal: read.signal });
    };
    for (const [partition, end] of await kafka.endOffsets(topic)) {
      const from = this.read.get(partition) ?? 0n;
      if (from < end) await kafka.readRange({ topic, partition, from, onMessage });
    }
    return this.log.map(({ signal }) => signal);
  }

  /** Resolves when the packaging line is known to be alive at this time (Unix ms), and what is shown holds all of the log. */
  async folded(now: number): Promise<void> {
    const isFolded = async () => {
      const alive = (await this.signals())
        .filter(({ path, source }) => path === '$lifecycle' && source === SOURCE)
        .at(-1);
      if (alive === undefined || Date.parse(alive.at) < now) return false;
      const last = new Map(this.log.map(({ message, signal }) => [signal.machine, message.offset]));
      for (const [machine, offset] of last) {
        const state = await this.site.state(`default/${machine}`);
        if (BigInt(state?.position?.offset ?? -1) < offset) return false;
        const { counts } = (await this.get(`/v1/machines/${machine}`)).body as MachineView;
        if (counts['signals'] !== state!.counts.signals) return false;
      }
      return true;
    };
    await eventually(isFolded, 'what is shown to hold all of the log', 60_000);
  }

  async close(): Promise<void> {
    await this.edge.close();
    await this.service.stop();
    await this.members.close();
    await this.site.close();
    await this.broker.remove();
    this.time.remove();
  }

  private async publish({ topic, payload, values }: Frame): Promise<void> {
    this.sent.frames++;
    this.sent.values += values;
    await this.edge.publish(topic, payload);
  }

  /**
   * A time of its own for each moment, to which it has gone on when anything is said: what is due then is told by a signal
   * that no mapping knows, and not, as it happens, by the next tick or by the first message.
   */
  private async goOnTo(at: number): Promise<void> {
    this.time.set(at);
    const lines = [ROLL_FORMER, PACKAGING].map((machine) => ({
      machine,
      source: 'millrace',
      path: 'Clock',
      value: at,
    }));
    await this.accept(`clock-${at}`, lines);
  }

  private post(post: Post): void {
    this.sent.posts++;
    const lines = post.signals.map((signal) => {
      const { machine, source, session, seq, path, value, type, unit, quality, sourceTs: timestamp, flags } = signal;
      return { machine, source, session, seq, path, value, type, unit, quality, timestamp, flags };
    });
    this.posting = this.posting.then(() => this.accept(post.key, lines)).then(() => void this.accepted.push(post));
    // Said where it is waited for.
    this.posting.catch(() => undefined);
  }

  /** Again under the same key until it is answered 202. */
  private async accept(key: string, lines: readonly object[]): Promise<void> {
    const headers = { 'content-type': 'application/x-ndjson', 'idempotency-key': key };
    const body = lines.map((line) => JSON.stringify(line)).join('\n');
    for (;;) {
      const answer = await ask(this.service.url, 'POST', '/v1/signals', body, headers).catch(() => null);
      if (answer?.status === 202) return;
      if (answer !== null && answer.status < 500)
        throw new Error(`${key} was answered ${answer.status}: ${JSON.stringify(answer.body)}`);
      await delay(20);
    }
  }

  /**
   * Brings about what else takes 10 s, and takes them from nobody: the group has given the killed member up, and its last
   * word about the source is so old that it lives no more. Resolves with who had written that.
   */
  private async ownerIsGone(): Promise<string | null> {
    await this.members.leave();
    const last = await this.lastWord();
    if (last === null) return null;
    const older = { ...last, at: last.at - SESSION_TIMEOUT_MS };
    const producer = this.site.kafka.producer('ten-seconds-later');
    await producer.send([encodeSourceState(this.site.topics.sourceState, older, older)]);
    await producer.close();
    return last.owner;
  }

  private async lastWord(): Promise<SourceState | null> {
    const { kafka, topics } = this.site;
    let last: SourceState | null = null;
    for (const [partition, end] of await kafka.endOffsets(topics.sourceState))
      await kafka.readRange({
        topic: topics.sourceState,
        partition,
        from: end > 20n ? end - 20n : 0n,
        onMessage: (message) => {
          const change = decodeSourceState(message);
          if (change.kind === 'put' && change.state.name === SOURCE) last = change.state;
        },
      });
    return last;
  }
}
