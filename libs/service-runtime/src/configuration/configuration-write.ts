import type { IdempotentRequest } from '@millrace/postgres';
import type { OutgoingMessage } from '@millrace/protocol';

/** Who writes, and under which Idempotency-Key if any. */
export interface WriteRequest {
  readonly tenant: string;
  /** Id of the API key, or `engine`; for the record of who did what. */
  readonly actor: string;
  readonly idempotent: IdempotentRequest | null;
}

/** What a use case decided, inside its transaction. */
export interface Write<T> {
  /** JSON; goes to the client, and to a repeat with the same Idempotency-Key. */
  readonly answer: T;
  /** Records that become part of the transaction and are published after it. */
  readonly records: readonly OutgoingMessage[];
  /** One sentence for a client whose change is stored, but not yet acknowledged by Kafka. */
  readonly whenUnacknowledged: string;
  /** Called once the change is committed, and not again for a repeat: tells the world (log, metrics). */
  readonly tell?: () => void;
}

/**
 * The one way in which configuration changes (rule 9 of the architecture): the rows and the records for Kafka in one
 * transaction, the answer after Kafka's acknowledgement.
 *
 * A change that Kafka has not acknowledged in time is refused with 503, but stays: the outbox publishes it when Kafka is
 * back. With an Idempotency-Key a repeat waits for that same change and gets its answer; nothing is made twice.
 */
export interface ConfigurationWriter<Tx> {
  /**
   * Throws Refused: `unavailable` without an acknowledgement, `idempotency_conflict`, and what `work` and `prepare` throw.
   * @param prepare what takes longer than a transaction may; done before it, and not for a repeat that has its answer already
   */
  write<T>(request: WriteRequest, work: (tx: Tx) => Promise<Write<T>>, prepare?: () => Promise<void>): Promise<T>;
  /** Resolves with the commit, for those who need no acknowledgement because the outbox will see to it. */
  writeWithoutWaiting<T>(request: WriteRequest, work: (tx: Tx) => Promise<Write<T>>): Promise<T>;
}
