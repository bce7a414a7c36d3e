import { attemptWrite } from '../projections/attempts/attempt.store';
import { deliveryWrite } from '../projections/deliveries/delivery.store';
import { eventWrite } from '../projections/events/event.store';
import { refusedFactWrite } from '../projections/refused-facts/refused-fact.store';
import { rejectionWrite } from '../projections/rejected/rejection.store';
import type { HistoryBatch } from './history-batch';
import type { Sql } from './sql';
import { parameters, statement, type TableWrite } from './table-write';

/** Rows in key order: two projectors that meet on an event never wait for each other in a circle. */
const inKeyOrder = <Row>(rows: ReadonlyMap<string, Row>): Row[] =>
  [...rows.keys()].sort().map((key) => rows.get(key) as Row);

const write = async <Row>(sql: Sql, table: TableWrite<Row>, rows: readonly Row[]): Promise<void> => {
  if (rows.length > 0) await sql.query(statement(table), parameters(table, rows));
};

/** All rows of a batch, one statement for each read model, inside the caller's transaction. */
export const writeBatch = async (sql: Sql, batch: HistoryBatch): Promise<void> => {
  await write(sql, eventWrite, inKeyOrder(batch.events));
  await write(sql, deliveryWrite, inKeyOrder(batch.deliveries));
  await write(sql, attemptWrite, inKeyOrder(batch.attempts));
  await write(sql, rejectionWrite, batch.rejections);
  await write(sql, refusedFactWrite, batch.refusedFacts);
};
