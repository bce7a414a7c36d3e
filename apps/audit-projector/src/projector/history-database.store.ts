import type { DataSource, EntityManager } from 'typeorm';
import type { Database, Sql } from './sql';

const sqlOf = (runner: Pick<EntityManager, 'query'>): Sql => ({
  query: (text, parameters) => runner.query(text, parameters === undefined ? undefined : [...parameters]),
});

/** The projector's view of a data source: statements and transactions. */
export const historyDatabase = (source: DataSource): Database => ({
  ...sqlOf(source),
  transaction: (work) => source.transaction((manager) => work(sqlOf(manager))),
});
