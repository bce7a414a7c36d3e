import type { Database } from '@millrace/postgres';
import { Client } from 'pg';
import { READ_MODELS } from '../migrations/history-tables';

export interface Difference {
  readonly table: string;
  /** The schema that has the row; the other has not. */
  readonly onlyIn: string;
  readonly rows: number;
  /** Some of them, as JSON. */
  readonly examples: readonly string[];
}

const EXAMPLES = 5;

/** Rows that one schema has and the other has not, read model by read model; empty when they are the same. */
export const compareSchemas = async (database: Database, left: string, right: string): Promise<Difference[]> => {
  const differences: Difference[] = [];
  for (const table of READ_MODELS) {
    for (const [onlyIn, other] of [
      [left, right],
      [right, left],
    ] as const) {
      const rows = await database.query<{ total: string; row: string }[]>(
        `WITH missing AS (SELECT * FROM ${quoted(onlyIn)}.${table} EXCEPT ALL SELECT * FROM ${quoted(other)}.${table})
         SELECT (SELECT count(*) FROM missing) AS total, to_json(missing)::text AS row FROM missing LIMIT ${EXAMPLES}`,
      );
      if (rows.length > 0)
        differences.push({ table, onlyIn, rows: Number(rows[0]!.total), examples: rows.map(({ row }) => row) });
    }
  }
  return differences;
};

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** For a rebuild, which starts from nothing. */
export const dropSchema = async (url: string, schema: string): Promise<void> => {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(`DROP SCHEMA IF EXISTS ${quoted(schema)} CASCADE`);
  } finally {
    await client.end();
  }
};
