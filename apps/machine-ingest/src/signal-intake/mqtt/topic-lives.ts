import { createHash } from 'node:crypto';
import { SIGNAL_LIMITS } from '@millrace/domain';

/** The numbering of one topic. */
interface Life {
  readonly session: string;
  readonly last: number;
  /** Unix ms of the device, null where it gives no time. */
  readonly lastMs: number | null;
}

const MOST_TOPICS = 10_000;
/** As many as a cursor has room for; of others a successor begins a new life. */
const MOST_STORED = 200;

/**
 * Where a topic's own numbers stand. A number that falls is a publisher that began anew, and its numbers must not be taken
 * for those of its former life; unless the message is marked as sent again, or its stamp is not later: that is a repeat.
 */
export class TopicLives {
  private readonly lives = new Map<string, Life>();

  constructor(stored: unknown) {
    if (!Array.isArray(stored)) return;
    for (const entry of stored) {
      if (!Array.isArray(entry)) continue;
      const [topic, session, last, lastMs] = entry as unknown[];
      if (typeof topic === 'string' && typeof session === 'string' && typeof last === 'number')
        this.lives.set(topic, { session, last, lastMs: typeof lastMs === 'number' ? lastMs : null });
    }
  }

  /** Session of a message. */
  sessionOf(topic: string, seq: number, atMs: number | null, again: boolean, receivedAt: number): string {
    const life = this.lives.get(topic);
    const repeat = again || (atMs !== null && life !== undefined && life.lastMs !== null && atMs <= life.lastMs);
    const begun = life === undefined || (seq < life.last && !repeat);
    const session = begun ? sessionName(topic, life === undefined ? null : receivedAt) : life.session;
    const last = begun ? seq : Math.max(life.last, seq);
    this.lives.delete(topic);
    this.lives.set(topic, { session, last, lastMs: atMs ?? life?.lastMs ?? null });
    if (this.lives.size > MOST_TOPICS) for (const oldest of this.lives.keys()) return this.forget(oldest, session);
    return session;
  }

  /** The topics that spoke last. */
  stored(): unknown[] {
    return [...this.lives]
      .slice(-MOST_STORED)
      .filter(([topic]) => topic.length <= 128)
      .map(([topic, { session, last, lastMs }]) => [topic, session, last, lastMs]);
  }

  private forget(topic: string, session: string): string {
    this.lives.delete(topic);
    return session;
  }
}

const sessionName = (topic: string, begun: number | null): string => {
  const name = begun === null ? topic : `${topic}@${begun}`;
  return name.length <= SIGNAL_LIMITS.sessionLength ? name : createHash('sha256').update(name).digest('hex');
};
