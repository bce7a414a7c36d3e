import {
  type Database,
  type IdempotencyClaim,
  type IdempotencyStore,
  inTenant,
  NotPublished,
  type Outbox,
  type OutboxRelay,
  type OutboxTicket,
  type Transaction,
} from '@millrace/postgres';
import type { ConfigurationWriter, Write, WriteRequest } from './configuration-write';
import { Refused } from './refused';

/** What is kept of a write for a repeat with the same Idempotency-Key. */
interface Stored<T> {
  readonly answer: T;
  readonly ticket: OutboxTicket;
  readonly whenUnacknowledged: string;
}

export interface OutboxWriterParts {
  readonly database: Database;
  readonly outbox: Outbox;
  readonly relay: Pick<OutboxRelay, 'waitPublished'>;
  readonly idempotency: IdempotencyStore;
  /** How long a client waits for Kafka's acknowledgement, in ms. */
  readonly acknowledgeWithinMs: number;
}

const NOTHING: OutboxTicket = { ids: [], xid: '0' };
/** Status under which an answer is kept; the route knows the one that goes out. */
const KEPT_STATUS = 200;

/** ConfigurationWriter over PostgreSQL. `open` gives a use case its view of the transaction. */
export class OutboxWriter<Tx> implements ConfigurationWriter<Tx> {
  constructor(
    private readonly parts: OutboxWriterParts,
    private readonly open: (tx: Transaction, tenant: string) => Tx,
  ) {}

  async write<T>(
    request: WriteRequest,
    work: (tx: Tx) => Promise<Write<T>>,
    prepare: () => Promise<void> = async () => undefined,
  ): Promise<T> {
    const stored = await this.storedOnce(request, work, prepare);
    try {
      await this.parts.relay.waitPublished(stored.ticket, this.parts.acknowledgeWithinMs);
    } catch (error) {
      if (!(error instanceof NotPublished)) throw error;
      throw new Refused('unavailable', stored.whenUnacknowledged);
    }
    return stored.answer;
  }

  async writeWithoutWaiting<T>(request: WriteRequest, work: (tx: Tx) => Promise<Write<T>>): Promise<T> {
    return (await this.storedOnce(request, work, async () => undefined)).answer;
  }

  private async storedOnce<T>(
    request: WriteRequest,
    work: (tx: Tx) => Promise<Write<T>>,
    prepare: () => Promise<void>,
  ): Promise<Stored<T>> {
    const { idempotency } = this.parts;
    if (request.idempotent === null) {
      await prepare();
      return this.store(request, work, null);
    }
    const decision = await idempotency.begin(request.idempotent);
    switch (decision.kind) {
      case 'replay':
        return decision.response.body as Stored<T>;
      case 'conflict':
        throw new Refused(
          'idempotency_conflict',
          'This Idempotency-Key was used with another request; take a new one.',
        );
      case 'in_progress':
        throw new Refused(
          'conflict',
          'A request with this Idempotency-Key is still being carried out; repeat it later.',
        );
      case 'proceed':
        try {
          await prepare();
          return await this.store(request, work, decision.claim);
        } catch (error) {
          // a claim that cannot be released ends by itself; the first error is the one to tell
          await idempotency.release(decision.claim).catch(() => {});
          throw error;
        }
    }
  }

  /** Change, records and kept answer stand or fall together. */
  private async store<T>(
    request: WriteRequest,
    work: (tx: Tx) => Promise<Write<T>>,
    claim: IdempotencyClaim | null,
  ): Promise<Stored<T>> {
    const { database, outbox, idempotency } = this.parts;
    const { stored, tell } = await inTenant(database, request.tenant, async (tx) => {
      const { answer, records, whenUnacknowledged, tell } = await work(this.open(tx, request.tenant));
      const ticket = records.length === 0 ? NOTHING : await outbox.add(tx, records);
      const stored: Stored<T> = { answer, ticket, whenUnacknowledged };
      if (claim) await idempotency.complete(claim, { status: KEPT_STATUS, body: stored }, tx);
      return { stored, tell };
    });
    tell?.();
    return stored;
  }
}
