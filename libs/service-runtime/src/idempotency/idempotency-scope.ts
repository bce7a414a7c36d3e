import type { IdempotencyClaim, IdempotencyStore, StoredResponse, Transaction } from '@millrace/postgres';

/** The claim of the request in hand. */
export class IdempotencyScope {
  stored = false;

  constructor(
    private readonly store: IdempotencyStore,
    private readonly claim: IdempotencyClaim,
  ) {}

  /** Stores the response in the transaction of the change, so that a crash between the two cannot repeat the change. */
  async complete(response: StoredResponse, tx?: Transaction): Promise<void> {
    await this.store.complete(this.claim, response, tx);
    this.stored = true;
  }

  async release(): Promise<void> {
    await this.store.release(this.claim);
  }
}
