import type { Transaction } from '@millrace/postgres';
import { attemptWrite } from '../projections/attempts/attempt.store';
import { commandWrite } from '../projections/commands/command.store';
import { deliveryWrite } from '../projections/deliveries/delivery.store';
import { eventWrite } from '../projections/events/event.store';
import { quarantineActionWrite } from '../projections/quarantine-actions/quarantine-action.store';
import { refusedFactWrite } from '../projections/refused-facts/refused-fact.store';
import { rejectionWrite } from '../projections/rejected/rejection.store';
import type { HistoryBatch } from './history-batch';
import { parameters, statement, type TableWrite } from './table-write';

/** Rows in key order: two projectors that meet on an event never wait for each other in a circle. */
const inKeyOrder = <Row>(rows: ReadonlyMap<string, Row>): Row[] =>
  [...rows.keys()].sort().map((key) => rows.get(key) as Row);

const write = async <Row>(tx: Transaction, table: TableWrite<Row>, rows: readonly Row[]): Promise<void> => {
  if (rows.length > 0) await tx.query(statement(table), parameters(table, rows));
};

/** All rows of a batch, one statement for each read model, inside the caller's transaction. */
export const writeBatch = async (tx: Transaction, batch: HistoryBatch): Promise<void> => {
  await write(tx, eventWrite, inKeyOrder(batch.events));
  await write(tx, deliveryWrite, inKeyOrder(batch.deliveries));
  await write(tx, attemptWrite, inKeyOrder(batch.attempts));
  await write(tx, commandWrite, inKeyOrder(batch.commands));
  await write(tx, rejectionWrite, batch.rejections);
  await write(tx, quarantineActionWrite, batch.quarantineActions);
  await write(tx, refusedFactWrite, batch.refusedFacts);
};
