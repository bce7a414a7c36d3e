import { createHash } from 'node:crypto';
import { SIGNAL_LIMITS } from '@millrace/domain';
import { fitting } from '../cursor-room';

/** The numbering of one topic. */
interface Life {
  /** Unix ms at which it began anew, a part of its session's name; null where that is the topic alone. */
  readonly begun: number | null;
  readonly last: number;
  /** Unix ms of the device, null where it gives no time. */
  readonly lastMs: number | null;
}

/** What a successor knows of the topics; `all`: no other has ever been numbered. */
interface StoredLives {
  readonly all: boolean;
  readonly topics: ReadonlyArray<readonly [key: string, begun: number | null, last: number, lastMs: number | null]>;
}

const MOST_TOPICS = 10_000;
const MOST_STORED = 1_000;
/** Names of topics that are kept as they are; of a longer one the hash is. */
const NAME_LENGTH = 64;

/**
 * Where a topic's own numbers stand. A number that falls is a publisher that began anew, and its numbers must not be taken
 * for those of its former life; unless the message is marked as sent again, or its stamp is not later: that is a repeat.
 *
 * A topic that is not known begins under its own name only as long as no other process, and no earlier time of this one,
 * can have numbered it: under a name that was used before, the fold would drop all that is below what it has seen.
 */
export class TopicLives {
  private readonly lives = new Map<string, Life>();
  private readonly succeeds: boolean;
  /** Whether every topic that was ever numbered is known here. */
  private all: boolean;

  /** `stored`: what a predecessor left; undefined where there was none. */
  constructor(stored: unknown) {
    this.succeeds = stored !== undefined;
    const { all, topics } = readStored(stored);
    this.all = all;
    for (const [key, begun, last, lastMs] of topics) this.lives.set(key, { begun, last, lastMs });
  }

  /** Session of a message. */
  sessionOf(topic: string, seq: number, atMs: number | null, again: boolean, receivedAt: number): string {
    const key = keyOf(topic);
    const life = this.lives.get(key);
    const repeat = again || (atMs !== null && life !== undefined && life.lastMs !== null && atMs <= life.lastMs);
    const isNew = life === undefined || (seq < life.last && !repeat);
    const begun = !isNew ? life.begun : life === undefined && this.isFirst(again) ? null : receivedAt;
    this.lives.delete(key);
    this.lives.set(key, {
      begun,
      last: isNew ? seq : Math.max(life.last, seq),
      lastMs: atMs ?? life?.lastMs ?? null,
    });
    if (this.lives.size > MOST_TOPICS) this.forgetOldest();
    return sessionName(topic, begun);
  }

  /** The topics that spoke last, as many as so many bytes of JSON have room for. */
  stored(bytes: number): StoredLives {
    const latest = [...this.lives].slice(-MOST_STORED).reverse();
    const entries = latest.map(([key, { begun, last, lastMs }]) => [key, begun, last, lastMs] as const);
    const topics = fitting(entries, bytes).reverse();
    return { all: this.all && topics.length === this.lives.size, topics };
  }

  /**
   * Whether a topic that is not known has never been numbered. After a predecessor that knew all, one that came in its last
   * second may not be stored with it; what the broker then gives again is known by its mark.
   */
  private isFirst(again: boolean): boolean {
    return this.all && (!this.succeeds || again);
  }

  private forgetOldest(): void {
    this.all = false;
    for (const oldest of this.lives.keys()) {
      this.lives.delete(oldest);
      return;
    }
  }
}

const NONE: StoredLives = { all: false, topics: [] };

const readStored = (stored: unknown): StoredLives => {
  if (stored === undefined) return { all: true, topics: [] };
  if (typeof stored !== 'object' || stored === null || !('topics' in stored) || !Array.isArray(stored.topics))
    return NONE;
  const topics = (stored.topics as unknown[]).flatMap((entry) => {
    if (!Array.isArray(entry)) return [];
    const [key, begun, last, lastMs] = entry as unknown[];
    return typeof key === 'string' && typeof last === 'number'
      ? [[key, numberOr(begun), last, numberOr(lastMs)] as const]
      : [];
  });
  return { all: 'all' in stored && stored.all === true, topics };
};

const numberOr = (value: unknown): number | null => (typeof value === 'number' ? value : null);

const keyOf = (topic: string): string => (topic.length <= NAME_LENGTH ? topic : hashOf(topic).slice(0, 32));

const sessionName = (topic: string, begun: number | null): string => {
  const name = begun === null ? topic : `${topic}@${begun}`;
  return name.length <= SIGNAL_LIMITS.sessionLength ? name : hashOf(name);
};

const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex');
