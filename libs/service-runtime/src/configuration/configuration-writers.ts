import type { EncryptionKey } from '@millrace/domain';
import { type Database, IdempotencyStore, Outbox, type OutboxRelay, type Transaction } from '@millrace/postgres';
import { answerSealing } from './answer-sealing';
import type { ConfigurationWriter } from './configuration-write';
import { OutboxWriter } from './outbox-writer';

export interface ConfigurationWritersInput {
  readonly database: Database;
  /** The service's own, with outbox and kept answers in it. */
  readonly schema: string;
  /** The one that empties that outbox. */
  readonly relay: Pick<OutboxRelay, 'waitPublished'>;
  /** Seals the answers that are kept. */
  readonly encryptionKey: EncryptionKey;
  readonly random: (bytes: number) => Buffer;
  /** How long a client waits for Kafka's acknowledgement, in ms. */
  readonly acknowledgeWithinMs: number;
}

/** Makes a service's writers: each gives its use cases, by `open`, what they may do inside the transaction of a tenant. */
export const configurationWriters = (input: ConfigurationWritersInput) => {
  const { database, schema, relay, encryptionKey, random, acknowledgeWithinMs } = input;
  const parts = {
    database,
    outbox: new Outbox(schema),
    relay,
    idempotency: new IdempotencyStore(database, answerSealing(encryptionKey, random)),
    acknowledgeWithinMs,
  };
  return <Tx>(open: (tx: Transaction, tenant: string) => Tx): ConfigurationWriter<Tx> => new OutboxWriter(parts, open);
};
